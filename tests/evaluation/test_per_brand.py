"""Values and ranks brand by brand (B-15), and every metric under every tie rule (B-14)."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import rankdata

from brandfit.cli import cli
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Link, Post
from brandfit.evaluation.evaluate import evaluate
from brandfit.evaluation.metrics import TIES, parse, ranks_of_relevant
from brandfit.evaluation.protocol import get
from brandfit.rankers.base import Ranker

METHOD_BY_RULE = {"expected": "average", "pessimistic": "max", "optimistic": "min", "published": "max"}
"""The same rules in SciPy."""


@pytest.mark.parametrize("ties", TIES)
def test_ranks_are_those_of_scipy(ties):
    rng = np.random.default_rng(0)
    for n in (1, 5, 40):
        scores = rng.integers(0, 6, n).astype(float)
        relevant = rng.random(n) < 0.4
        ranks = rankdata(-scores, method=METHOD_BY_RULE[ties])[relevant]
        assert ranks_of_relevant(scores, relevant, ties=ties).tolist() == ranks.tolist()


def published_script(scores, relevant, k):
    """AUC, Recall@k, MRR, MAP and best rank by the rule of the authors' script: scores ascending, the rank of
    a candidate is n minus the index of the first equal score."""
    ascending = sorted(scores.tolist())
    ranks = sorted(len(scores) - ascending.index(score) for score in scores[relevant].tolist())
    right = sum(a > b for a in scores[relevant] for b in scores[~relevant])
    return {
        "AUC": right / (relevant.sum() * (~relevant).sum()),
        f"Recall@{k}": np.mean([rank <= k for rank in ranks]),
        "MRR": 1 / ranks[0],
        "MAP": np.mean([(n + 1) / rank for n, rank in enumerate(ranks)]),
        "MedR": ranks[0],
    }


def test_the_published_rule_is_that_of_the_script():
    rng = np.random.default_rng(1)
    for _ in range(200):
        n = int(rng.integers(4, 30))
        scores = rng.integers(0, 5, n).astype(float)
        relevant = rng.permutation(n) < rng.integers(1, n)
        for name, value in published_script(scores, relevant, 5).items():
            found = parse(name).per_brand(scores, relevant, ties="published")
            assert found == pytest.approx(value), name


def test_a_missing_score_is_ranked_last():
    scores = np.array([np.nan, -np.inf, 1.0, np.nan])
    relevant = np.array([True, True, False, False])
    assert ranks_of_relevant(scores, relevant, ties="pessimistic").tolist() == [4, 2]
    assert ranks_of_relevant(scores, relevant, ties="optimistic").tolist() == [3, 2]


class Length(Ranker):
    """Scores a candidate by the digits of its name: all candidates of one number of digits are equal."""

    def parts(self, dataset, brands, candidates):
        row = np.array([float(len(id)) for id in candidates])
        return {"length": np.repeat(row[None], len(brands), axis=0)}


@pytest.fixture(scope="module")
def report():
    """Brand a: partners i1 (score 2) and i100 (4); brand b: partner i10 (3); candidates are these three."""
    accounts = [Account(id=id, role="brand", category="shoes") for id in ("a", "b")]
    accounts += [Account(id=id, followers=10_000) for id in ("i1", "i100", "i200", "i10")]
    posts = [Post(id=f"{id}-0", account=id, time=0) for id in ("i1", "i100", "i200", "i10")]
    pairs = (("i1", "a"), ("i100", "a"), ("i10", "b"), ("i200", "b"))
    links = [Link(id=f"{i}-{b}", kind="endorses", source=i, target=b) for i, b in pairs]
    dataset = Dataset.from_rows(accounts, posts, images=[], links=links)
    protocol = get("cv5", {"k": 2}).replace(metrics=(parse("AUC"), parse("MRR")), compares_ties=True)
    # One fold judges a against its two partners; make all four the candidates by judging both brands.
    protocol = protocol.replace(split=lambda dataset, **_: [_one_fold(dataset)])
    return evaluate({"length": lambda seed: Length(None, seed)}, dataset, protocol=protocol)


def _one_fold(dataset):
    from brandfit.data.split import Fold

    candidates = np.array(["i1", "i10", "i100", "i200"], dtype=object)
    relevant = np.array([[True, False, True, False], [False, True, False, True]])
    return Fold(
        name="all",
        train=dataset,
        test=dataset,
        brands=np.array(["a", "b"], dtype=object),
        candidates=candidates,
        relevant=relevant,
        eligible=np.ones((2, 4), bool),
    )


def test_the_ranks_of_partners_are_listed_by_brand(report):
    """Scores: i100 and i200 are tied on top (4), then i10 (3), then i1 (2)."""
    rows = report.per_brand("length")
    assert [row["brand"] for row in rows] == ["a", "b"]
    assert rows[0]["partners"] == [
        {"influencer": "i100", "rank": 1.5},
        {"influencer": "i1", "rank": 4.0},
    ]
    assert rows[1]["partners"] == [
        {"influencer": "i200", "rank": 1.5},
        {"influencer": "i10", "rank": 3.0},
    ]
    assert rows[0]["candidates"] == 4
    # a: of 4 pairs of a partner and another one i100 wins over i10 and is tied with i200: 1.5 of 4.
    assert rows[0]["values"]["AUC"] == pytest.approx(1.5 / 4)
    assert rows[1]["values"]["MRR"] == pytest.approx((1 + 1 / 2) / 2)


def test_every_tie_rule_is_beside_the_others(report):
    table = report.by_tie_rule("length")
    # b: i200 wins over i1, is tied with i100; i10 wins over i1: 2, 2.5 or 3 of 4 pairs.
    assert table["pessimistic"]["AUC"] == pytest.approx((1 / 4 + 2 / 4) / 2)
    assert table["expected"]["AUC"] == pytest.approx((1.5 / 4 + 2.5 / 4) / 2)
    assert table["optimistic"]["AUC"] == pytest.approx((2 / 4 + 3 / 4) / 2)
    assert table["pessimistic"]["MRR"] == pytest.approx(0.5)
    assert table["optimistic"]["MRR"] == pytest.approx(1.0)
    assert table["brands"] == {"AUC": 2, "MRR": 2}
    text = report.to_text()
    assert "Every tie rule:" in text
    assert "brands that differ" in text
    # The main table has the rule of the protocol.
    assert report.value("length", parse("AUC"))["mean"] == pytest.approx(table["expected"]["AUC"])


def test_published_tables_name_no_account(report):
    assert "per_brand" not in report.to_dict()
    assert set(report.to_dict(per_brand=True)["per_brand"]) == {"length"}


def test_the_command_writes_a_row_for_each_brand(sample, tmp_path):
    file = tmp_path / "brands.csv"
    arguments = ["evaluate", "simcos", "--protocol", "cv5", "--ties", "all", "--per-brand", str(file)]
    done = CliRunner().invoke(cli, [*arguments, "--json", "-w", str(sample)], catch_exceptions=False)
    result = json.loads(done.stdout)
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    by_brand = {row["brand"]: row for row in result["per_brand"]["simcos"]}
    assert len(rows) == result["brands"] == len(by_brand)
    for row in rows:
        of_json = by_brand[row["brand"]]
        assert float(row["MRR"]) == pytest.approx(of_json["values"]["MRR"])
        first = of_json["partners"][0]
        assert row["partners"].split("|")[0] == f"{first['influencer']} {first['rank']:g}"
    rules = result["by_tie_rule"]["simcos"]
    assert rules["pessimistic"]["AUC"] <= rules["expected"]["AUC"] <= rules["optimistic"]["AUC"]
    # The best rank of each brand gives the median of the table, because no partner is tied here.
    best = [row["partners"][0]["rank"] for row in by_brand.values()]
    assert np.median(best) == pytest.approx(result["results"]["simcos"]["MedR"]["mean"])
