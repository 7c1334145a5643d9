"""Every report has the exposure by follower tier, and on request the order with parity and its cost."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from brandfit.cli import cli
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Link, Post
from brandfit.evaluation.evaluate import evaluate
from brandfit.evaluation.metrics import parse
from brandfit.evaluation.protocol import get
from brandfit.experiments.store import load_report, save_report
from brandfit.exposure import distance
from brandfit.rankers.base import Ranker

N_SMALL, N_LARGE = 30, 10


class Largest(Ranker):
    """Scores a candidate by its followers: accounts of the large tier have all the first places."""

    def parts(self, dataset, brands, candidates):
        followers = dataset.account_values("followers", candidates).astype(float)
        return {"followers": np.repeat(followers[None], len(brands), axis=0)}


def dataset_of(followers) -> Dataset:
    """Four brands; every influencer works with one of them, so that the large ones are a quarter of the
    partners of each brand or close to it."""
    accounts = [Account(id=f"b{n}", role="brand") for n in range(4)]
    accounts += [Account(id=f"i{n:02}", followers=count) for n, count in enumerate(followers)]
    posts = [Post(id=f"p{n}", account=f"i{n:02}", time=0) for n in range(len(followers))]
    links = [
        Link(id=f"l{n}", kind="endorses", source=f"i{n:02}", target=f"b{n % 4}")
        for n in range(len(followers))
    ]
    return Dataset.from_rows(accounts, posts, images=[], links=links)


def reported(followers, **changes):
    protocol = get("cv5", {"k": 2}).replace(metrics=(parse("AUC"), parse("MRR")), **changes)
    return evaluate(
        {"largest": lambda seed: Largest(None, seed)}, dataset_of(followers), protocol=protocol, seeds=(0, 1)
    )


@pytest.fixture(scope="module")
def report():
    # All numbers differ, so that there are no ties.
    followers = [6_000 + n for n in range(N_SMALL)] + [60_000 + n for n in range(N_LARGE)]
    return reported(followers, compares_parity=True)


def test_the_large_tier_has_all_places_that_it_can_fill(report):
    found = report.exposure(report.results["largest"])
    small, large = found["tiers"]
    assert (small["followers"], large["followers"]) == ("5,000 to 9,999", "50,000 to 100,000")
    # Each fold has half of the candidates: 5 large ones, who fill the first five of ten places.
    discounts = 1 / np.log2(1 + np.arange(1, 11))
    assert large["exposure"] == pytest.approx(discounts[:5].sum() / discounts.sum(), abs=0.01)
    assert large["candidates"] == pytest.approx(N_LARGE / (N_SMALL + N_LARGE), abs=0.02)
    assert small["exposure"] + large["exposure"] == pytest.approx(1)
    assert found["from_candidates"] == pytest.approx(abs(large["exposure"] - large["candidates"]))
    assert found["from_partners"] == pytest.approx(abs(large["exposure"] - large["partners"]))


def test_chance_shows_every_tier_by_its_share_of_the_candidates(report):
    assert report.exposure(report.references["random"])["from_candidates"] == pytest.approx(0, abs=1e-9)


def test_parity_brings_exposure_close_to_the_candidates_and_tells_its_cost(report):
    parity = report.parity("largest")
    own = report.exposure(report.results["largest"])
    assert parity["exposure"]["from_candidates"] < own["from_candidates"] / 2
    for metric, cost in parity["cost"].items():
        before = report.value("largest", parse(metric))["mean"]
        assert parity["results"][metric]["mean"] - before == pytest.approx(cost["difference"])
        assert 0 <= cost["p"] <= cost["p_holm"] <= 1
    assert set(report.to_dict()["parity"]) == {"largest"}
    text = report.to_text()
    assert "With parity of exposure" in text
    assert "5,000 to 9,999" in text


def test_without_followers_equal_shares_are_not_measured():
    """A cost of +0.000 would look like a measurement."""
    report = reported([None] * (N_SMALL + N_LARGE), compares_parity=True)
    assert report.parity("largest")["exposure"] is None
    text = report.to_text()
    assert "With parity of exposure: not measured" in text
    assert "+0.000" not in text.partition("With parity of exposure")[2].partition("\n\n")[0]


def test_the_rows_of_brands_have_both_orders(report):
    rows = report.per_brand_rows()
    by_order = {order: [row for row in rows if row["order"] == order] for order in ("own", "parity")}
    assert [row["brand"] for row in by_order["own"]] == [row["brand"] for row in by_order["parity"]]
    assert by_order["own"] != by_order["parity"]
    for order, result in (("own", report.results["largest"]), ("parity", report.results["largest"].parity)):
        of_brand = [row["MRR"] for row in by_order[order]]
        assert of_brand == pytest.approx(result.mean(parse("MRR")).tolist())
        # No ties: MRR is one by the rank of the best partner.
        best = [float(row["partners"][0].rpartition(" ")[2]) for row in by_order[order]]
        assert [1 / rank for rank in best] == pytest.approx(of_brand)
    of_json = report.to_dict(per_brand=True)["parity"]["largest"]["per_brand"]
    assert [row["values"]["AUC"] for row in of_json] == [row["AUC"] for row in by_order["parity"]]
    assert "per_brand" not in report.to_dict()["parity"]["largest"]
    assert "order" not in reported([6_000 + n for n in range(40)]).per_brand_rows()[0]


def test_the_own_order_does_not_depend_on_parity(report):
    followers = [6_000 + n for n in range(N_SMALL)] + [60_000 + n for n in range(N_LARGE)]
    plain = reported(followers)
    assert plain.to_dict()["results"] == report.to_dict()["results"]
    assert plain.to_dict()["exposure"] == report.to_dict()["exposure"]
    assert "parity" not in plain.to_dict()


def test_unknown_followers_are_said_to_be_not_measured():
    report = reported([None] * 40)
    assert report.to_dict()["exposure"] == {}
    assert "not measured, no candidate's followers are known" in report.to_text()


def test_a_stored_report_keeps_its_shares(report, tmp_path):
    save_report(report, tmp_path / "row")
    loaded = load_report(tmp_path / "row", report.protocol)
    before, after = (one.exposure(one.results["largest"]) for one in (report, loaded))
    assert after == before


def test_the_table_has_the_number_of_parameters(monkeypatch):
    monkeypatch.setattr(Largest, "n_parameters", 1_234)
    lines = reported([6_000 + n for n in range(40)]).to_text().splitlines()
    head = next(line for line in lines if line.endswith("parameters"))
    row = next(line for line in lines if line.startswith("largest"))
    assert row.rindex("1,234") == head.rindex("parameters")


def test_the_command_prints_exposure_and_its_cost(sample):
    arguments = ["evaluate", "simcos", "--protocol", "cv5", "--exposure", "parity", "-w", str(sample)]
    printed = CliRunner().invoke(cli, arguments, catch_exceptions=False).output
    assert "Exposure by number of followers" in printed
    assert "distance to candidates" in printed
    found = json.loads(CliRunner().invoke(cli, [*arguments, "--json"], catch_exceptions=False).output)
    tiers = found["exposure"]["simcos"]["tiers"]
    for key in ("exposure", "candidates", "partners"):
        assert sum(tier[key] for tier in tiers) == pytest.approx(1)
    shares = [np.array([tier[key] for tier in tiers]) for key in ("exposure", "candidates")]
    assert found["exposure"]["simcos"]["from_candidates"] == pytest.approx(distance(*shares))
    assert found["parity"]["simcos"]["exposure"]["from_candidates"] < 0.3
