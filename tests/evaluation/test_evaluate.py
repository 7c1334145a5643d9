"""Evaluation end to end on planted pairs: an oracle is perfect, chance is chance, and the report says all that it must."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Link, Post
from brandfit.errors import ConfigError, UnknownName
from brandfit.evaluation.evaluate import evaluate, same_category
from brandfit.evaluation.metrics import AUC, LowerMedR, parse
from brandfit.evaluation.protocol import PROTOCOLS, STANDARD, get
from brandfit.rankers.base import Ranker
from brandfit.rankers.random import Random

TRUTH: set[tuple[str, str]] = set()


class Oracle(Ranker):
    """Knows the answer."""

    def parts(self, dataset, brands, candidates):
        return {"oracle": np.array([[float((b, c) in TRUTH) for c in candidates] for b in brands])}


class Silent(Ranker):
    """Has no evidence of anything."""

    def parts(self, dataset, brands, candidates):
        return {"silent": np.full((len(brands), len(candidates)), np.nan)}

    def notes(self, dataset):
        return ["says nothing"]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    rng = np.random.default_rng(0)
    accounts = [Account(id=f"b{n:02}", role="brand", category=f"c{n % 3}", split="test" if n < 6 else "train") for n in range(20)]
    accounts += [Account(id=f"i{n:03}", followers=10_000) for n in range(120)]
    posts = [Post(id=f"i{n:03}-{k}", account=f"i{n:03}", time=k) for n in range(120) for k in range(2)]
    links = [
        Link(id=f"{n}-{b}", kind="endorses", source=f"i{n:03}", target=f"b{b:02}", time=int(rng.integers(2, 100)))
        for n in range(120)
        for b in rng.choice(20, 2, replace=False)
    ]
    dataset = Dataset.of(accounts, posts, [], links)
    TRUTH.update(map(tuple, dataset.endorsements.tolist()))
    return dataset


MAKE = {
    "random": lambda seed: Random(None, seed),
    "oracle": lambda seed: Oracle(None, seed),
    "silent": lambda seed: Silent(None, seed),
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_judges_an_oracle_perfect_and_silence_as_chance(dataset, name):
    protocol = get(name, {"date": 50} if name == "temporal" else {})
    report = evaluate(MAKE, dataset, protocol, seeds=(0, 1)).to_dict()
    perfect, silent = report["results"]["oracle"], report["results"]["silent"]
    for metric in ("AUC", "cAUC", "MRR", "MAP", "nDCG@10", "MedR"):
        assert perfect[metric]["mean"] == pytest.approx(1.0), metric
    assert silent["AUC"]["mean"] == pytest.approx(0.5)
    assert report["results"]["random"]["AUC"]["low"] < 0.55
    assert report["seeds"] == [0, 1]
    assert report["ties"] == "expected"
    for ranker in MAKE:
        for metric in STANDARD:
            value = report["results"][ranker][str(metric)]
            assert value["low"] <= value["mean"] <= value["high"]
            assert value["seed_std"] >= 0
    assert json.loads(msgspec.json.encode(report)) == json.loads(msgspec.json.encode(report))


def test_the_tie_rule_is_the_protocols(dataset):
    protocol = get("cv5")
    values = {
        ties: evaluate({"silent": MAKE["silent"]}, dataset, protocol.replace(ties=ties)).to_dict()["results"]["silent"]["AUC"][
            "mean"
        ]
        for ties in ("pessimistic", "expected", "optimistic")
    }
    assert values == {"pessimistic": 0.0, "expected": pytest.approx(0.5), "optimistic": 1.0}


def test_the_report_compares_brand_by_brand_and_by_category(dataset):
    report = evaluate(MAKE, dataset, get("cv5").replace(metrics=(AUC(), parse("Recall@3"), LowerMedR())))
    rows = {(r["ranker"], r["metric"]): r for r in report.comparisons()}
    assert set(rows) == {(n, m) for n in ("oracle", "silent") for m in ("AUC", "Recall@3", "MedR-lower")}
    assert rows["oracle", "AUC"]["difference"] > 0.4
    assert rows["oracle", "AUC"]["p_holm"] < 0.01
    assert rows["silent", "AUC"]["p_holm"] > 0.05
    table = report.by_category("oracle")
    assert set(table) == {"c0", "c1", "c2"}
    assert sum(row["brands"] for row in table.values()) == 20
    text = report.to_text()
    for word in (
        "oracle",
        "Recall@3",
        "1.000",
        "95 % interval",
        "brands that a candidate endorses",
        "silent: says nothing",
        "p < .001",
    ):
        assert word in text


def test_brands_are_scored_in_blocks_with_the_same_result(dataset, monkeypatch):
    whole = evaluate(MAKE, dataset, get("cv5")).to_dict()["results"]
    monkeypatch.setattr("brandfit.evaluation.evaluate.CELLS", 1)
    assert evaluate(MAKE, dataset, get("cv5")).to_dict()["results"] == whole


def test_a_candidate_is_of_its_own_category_before_that_of_its_brands(dataset):
    (fold,) = PROTOCOLS["official"].folds(dataset)
    by_brand, source = same_category(dataset, fold)
    assert "brands that a candidate endorses" in source
    for row, brand in enumerate(fold.brands.tolist()):
        of = {b for b in fold.brands.tolist() if int(b[1:]) % 3 == int(brand[1:]) % 3}
        expected = {c for n, c in enumerate(fold.candidates.tolist()) if any((b, c) in TRUTH for b in of)}
        assert set(fold.candidates[by_brand[row]].tolist()) == expected
    own = dataset.with_accounts([Account(id=i, category=f"c{n % 2}") for n, i in enumerate(fold.candidates.tolist())])
    (fold,) = PROTOCOLS["official"].folds(own)
    by_own, source = same_category(own, fold)
    assert "candidates' accounts" in source
    mine = own.of_accounts("category", fold.candidates)
    for row, brand in enumerate(fold.brands.tolist()):
        partners = mine[fold.relevant[row]].tolist()
        most = max(("c0", "c1"), key=lambda c: (partners.count(c), c == "c0"))
        category = f"c{int(brand[1:]) % 3}"
        assert (by_own[row] == (mine == (category if category != "c2" else most))).all()


def test_protocols_are_frozen_values_with_checked_settings():
    assert get("cv5", {"k": "3"}).Config.of({"k": "3"}).k == 3
    with pytest.raises(UnknownName, match="Did you mean cv5"):
        get("cv6")
    with pytest.raises(UnknownName, match="share"):
        get("expansion", {"shares": 0.5})
    with pytest.raises(ConfigError, match="date is needed"):
        get("temporal")
    with pytest.raises(AttributeError):
        get("cv5").name = "other"
