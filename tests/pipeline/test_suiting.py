"""Brands for an influencer: places are those of ``rank``, the order is that of places or probabilities,
whatever a brand adds to all."""

from __future__ import annotations

import json
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brandfit import pipeline
from brandfit.cli import main
from brandfit.errors import UnknownName, UsageError
from brandfit.pipeline.brand_matches import BrandMatch, Pair
from brandfit.rankers.simcos import SimCos
from brandfit.ranking import order, rank_at
from brandfit.workspace import Workspace


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suiting") / "demo"
    with Workspace(folder, create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        for name in ("text.hashing", "audience.hashing"):
            pipeline.encode(workspace, name)
        pipeline.train(workspace, "brandfit")
    return folder


@pytest.fixture
def workspace(folder):
    with Workspace(folder) as opened:
        yield opened


@given(st.lists(st.one_of(st.integers(0, 3).map(float), st.just(float("nan"))), min_size=1, max_size=20))
def test_a_place_is_where_sorting_puts_it(scores):
    ids = [f"i{n}" for n in range(len(scores))]
    best = order(np.array(scores), ids).tolist()
    assert [rank_at(np.array(scores), ids, n) for n in range(len(scores))] == [
        best.index(n) + 1 for n in range(len(scores))
    ]


@pytest.mark.parametrize("ranker", ["simcos", "brandfit"])
@pytest.mark.parametrize("partners", [False, True])
def test_places_are_those_of_rank(workspace, ranker, partners):
    found = pipeline.brands_for(workspace, "@Arvid.Peaks", ranker=ranker, partners=partners)
    past = {b for b, of in pipeline.load(workspace).partners.items() if "arvid.peaks" in of}
    assert past
    assert past & {one.brand for one in found.brands} == (past if partners else set())
    assert [one.rank for one in found.brands] == list(range(1, len(found.brands) + 1))
    for one in found.brands[:4] + found.brands[-2:]:
        ranking = pipeline.rank(workspace, one.brand, ranker=ranker, partners=partners)
        assert ranking.candidates[one.candidate_rank - 1] == "arvid.peaks"
        assert one.among == len(ranking)


def test_in_order_of_probability_where_there_is_one_else_of_place(workspace):
    told, silent = (pipeline.brands_for(workspace, "arvid.peaks", ranker=r) for r in ("brandfit", "simcos"))
    assert (told.by, silent.by) == ("probability", "rank")
    chances = [one.probability[0] for one in told.brands]
    assert chances == sorted(chances, reverse=True)
    assert all(low <= value <= high for value, low, high in (one.probability for one in told.brands))
    shares = [(one.candidate_rank - 0.5) / one.among for one in silent.brands]
    assert shares == sorted(shares)
    assert {one.probability for one in silent.brands} == {None}


def test_what_a_brand_adds_to_all_of_its_scores_changes_nothing(workspace):
    before = pipeline.brands_for(workspace, "arvid.peaks", ranker="simcos")
    parts = SimCos.parts

    def louder(self, dataset, brands, candidates):
        offset = np.array([[len(brand) * 10.0] for brand in brands.tolist()])
        return {name: values + offset for name, values in parts(self, dataset, brands, candidates).items()}

    with patch.object(SimCos, "parts", louder):
        assert pipeline.brands_for(workspace, "arvid.peaks", ranker="simcos").brands == before.brands


def test_the_brands_of_its_interest_come_first(workspace):
    category = {a["id"]: a["category"] for a in pipeline.load(workspace).accounts.to_pylist()}
    shares = []
    for influencer in pipeline.load(workspace).influencers[::12].tolist():
        found = pipeline.brands_for(workspace, influencer, partners=True)
        shares.append(np.mean([category[one.brand] == category[influencer] for one in found.brands[:3]]))
    assert np.mean(shares) > 0.5  # one in eight by chance


def test_a_pair_from_both_sides(workspace):
    found = pipeline.brands_for(workspace, "arvid.peaks")
    for one in (found.brands[0], found.brands[-1]):
        both = pipeline.pair(workspace, one.brand, influencer="arvid.peaks")
        assert both.suited == one
        assert both.brands == len(found.brands)
        assert f"number {one.candidate_rank} of {one.among} candidates" in both.sentence
        assert f"number {one.rank} of {both.brands} brands" in both.sentence
    past = next(b for b, of in pipeline.load(workspace).partners.items() if "arvid.peaks" in of)
    assert pipeline.pair(workspace, past, influencer="arvid.peaks").suited.among > found.brands[0].among


def test_an_influencer_outside_the_bounds_is_no_candidate_of_a_pair(workspace, capsys):
    brand = "northpeak.outdoor"
    ranking = pipeline.rank(workspace, brand, followers="0..")
    small = next(
        id for id in ranking.candidates.tolist() if pipeline.load(workspace).account(id)["followers"] == 2_900
    )
    inside = pipeline.rank(workspace, brand)
    assert small not in inside.candidates.tolist()
    both = pipeline.pair(workspace, brand, influencer=small)
    assert (
        f"{small} is no candidate: it has 2,900 followers, and candidates have 5,000 to 100,000 followers"
        in both.sentence
    )
    assert (
        f"It would be number {both.suited.candidate_rank}, next to {inside.among} candidates" in both.sentence
    )
    assert not both.for_brand
    assert (both.to_dict()["candidate"], both.suited.among) == (False, inside.among + 1)
    main(["brands", small, "--with", brand, "-w", str(workspace.path)])
    assert both.sentence in capsys.readouterr().out
    (note,) = (n for n in pipeline.brands_for(workspace, small).notes if "does not list it" in n)
    assert "places are those that it would have" in note
    within = pipeline.pair(workspace, brand, influencer=small, followers="0..")
    assert within.to_dict()["candidate"]
    assert f"is number {within.suited.candidate_rank} of {ranking.among} candidates" in within.sentence


@pytest.mark.parametrize(
    ("place_", "rank", "said"),
    [
        (10, 2, "both sides"),
        (10, 3, "the brand alone"),
        (11, 1, "the influencer alone"),
        (90, 20, "neither side"),
    ],
)
def test_the_first_tenth_is_told_of_each_side(place_, rank, said):
    both = Pair(
        "ana", BrandMatch(rank=rank, brand="shop", candidate_rank=place_, among=100, probability=None), 20
    )
    assert both.sentence.endswith(f"first tenth for {said}.")
    assert json.loads(json.dumps(both.to_dict()))["first_tenth_for_brand"] == both.for_brand


@pytest.mark.parametrize(
    ("among", "brands", "end"),
    [
        (9, 2, "shop is number 1 of 2 brands."),
        (10, 2, "That is among the first tenth for the brand."),
        (9, 10, "That is among the first tenth for the influencer."),
        (10, 10, "That is among the first tenth for both sides."),
    ],
)
def test_a_tenth_is_mentioned_if_it_is_at_least_one(among, brands, end):
    best = Pair(
        "ana", BrandMatch(rank=1, brand="shop", candidate_rank=1, among=among, probability=None), brands
    )
    assert best.sentence.endswith(end)
    assert best.to_dict()["first_tenth_for_brand"] == (True if among == 10 else None)
    second = replace(best, suited=replace(best.suited, candidate_rank=2, rank=2))
    assert ("That is not among" in second.sentence) == ((among < 10) != (brands < 10))


def test_what_cannot_be_told_is_said(workspace):
    with pytest.raises(UnknownName, match="no influencer named"):
        pipeline.brands_for(workspace, "northpeak.outdoor")
    with pytest.raises(UnknownName, match="no brand named"):
        pipeline.pair(workspace, "arvid.peaks", influencer="arvid.peaks")
    assert any(
        "the same score for every brand" in note
        for note in pipeline.brands_for(workspace, "arvid.peaks", ranker="miv").notes
    )
    outside = pipeline.brands_for(workspace, "arvid.peaks", data={"endorsements.max_followers": 6_000})
    assert any("outside the bounds of 5,000 to 6,000 followers" in note for note in outside.notes)
    silent = patch.object(SimCos, "parts", lambda _, __, b, c: {"simcos": np.full((len(b), len(c)), np.nan)})
    with silent, pytest.raises(UsageError, match="No brand can be ranked"):
        pipeline.brands_for(workspace, "arvid.peaks", ranker="simcos")


def test_the_commands(folder, capsys):
    def run(*args: str) -> str:
        main([*args, "-w", str(folder)])
        return capsys.readouterr().out

    told = json.loads(run("brands", "arvid.peaks", "-k", "3", "--json"))
    assert [row["rank"] for row in told["brands"]] == [1, 2, 3]
    assert told["total"] > 3
    shown = run("brands", "arvid.peaks", "-k", "3")
    assert all(row["brand"] in shown for row in told["brands"])
    assert "By probability" in shown
    first = told["brands"][0]["brand"]
    assert json.loads(run("brands", "arvid.peaks", "--with", first, "--json"))["sentence"] in run(
        "brands", "arvid.peaks", "--with", first
    )
    audience = json.loads(run("audience", "@northpeak.outdoor", "--with", "arvid.peaks", "--json"))
    assert audience["people"] == len({r["source"] for r in comments(folder, "northpeak.outdoor")}) > 5
    assert {hint["name"] for hint in audience["hints"]} >= {"engagement", "comment_repetition"}
    shown = run("audience", "@northpeak.outdoor", "--with", "arvid.peaks")
    assert all(sentence in shown for sentence in audience["sentences"])
    assert all(hint["sentence"] in shown for hint in audience["hints"])
    match = "audience_match:northpeak.outdoor"
    found = json.loads(run("search", "--where", f"{match}>=90%", "--sort", match, "--json"))
    assert 10 <= found["total"] <= 17
    assert "audience more like that of northpeak.outdoor" in found["filters"]
    with pytest.raises(SystemExit):
        main(["search", "--where", "imported_posts:1..", "--sort", "audience_match", "-w", str(folder)])
    assert "an account to compare with" in capsys.readouterr().err


def comments(folder, account: str) -> list[dict]:
    with Workspace(folder) as workspace:
        links = workspace.dataset().stored_links.to_pylist()
    return [
        link for link in links if link["kind"] == "comments" and link["target"] == account != link["source"]
    ]
