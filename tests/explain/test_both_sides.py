"""An explanation can say whether the pair suits both sides, alone and together (C-18)."""

from __future__ import annotations

import json

import pytest

from brandfit import pipeline
from brandfit.cli import main
from brandfit.pipeline.brand_matches import BrandMatch, Pair
from brandfit.pipeline.brands import _basis
from brandfit.pipeline.query import RankingQuery
from brandfit.workspace import Workspace

BRAND = "northpeak.outdoor"


def test_the_decision_is_the_one_of_pair(sample, capsys):
    with Workspace(sample) as workspace:
        influencer = pipeline.rank(workspace, BRAND, ranker="simcos", k=1).rows()[0]["influencer"]
        expected = pipeline.pair(workspace, BRAND, influencer, ranker="simcos")
        without, _ = pipeline.explain(workspace, BRAND, influencer, ranker="simcos", kinds=())
    main(["explain", BRAND, influencer, "--ranker", "simcos", "--both", "-w", str(sample), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["both_sides"] == json.loads(json.dumps(expected.to_dict()))
    assert found["sentences"][-2:] == [expected.sentence, expected.joint_sentence]
    assert "both_sides" not in without.to_dict()
    assert expected.sentence not in without.sentences


@pytest.mark.parametrize(
    ("candidate_rank", "brand_rank", "joint"), [(1, 1, 0.05), (2, 10, 0.5), (100, 1, 1.0), (1, 20, 1.0)]
)
def test_the_joint_objective_is_the_worse_of_both_places(candidate_rank, brand_rank, joint):
    """A pair that is best for the brand alone is jointly as bad as it is for the influencer."""
    match = BrandMatch(rank=brand_rank, brand="b", candidate_rank=candidate_rank, among=100, probability=None)
    pair = Pair(influencer="i", suited=match, brands=20)
    assert pair.joint_share == pytest.approx(joint)
    assert pair.joint_sentence.endswith(f"the first {100 * joint:.0f} %.")


@pytest.mark.parametrize(
    ("query", "basis"),
    [
        ({}, ""),
        ({"not_this": ["lisbet.outthere"]}, ""),
        ({"weights": {"picture": 1}}, ""),
        ({"partners": True}, "without past partners"),
        ({"where": "followers:..30k"}, "without past partners"),
        ({"keywords": ["tent"]}, "without past partners"),
        ({"exclude": ["lisbet.outthere"]}, "without past partners"),
        ({"exposure": "parity"}, "without past partners"),
        ({"weights": {"picture": 2}}, "without past partners"),
        ({"like": ["lisbet.outthere"]}, "without past partners"),
    ],
)
def test_the_places_of_another_list_are_named_as_such(query, basis):
    """Whatever changes ranks in the list of a brand changes none of the pair, which says so."""
    found = _basis(RankingQuery(**query), with_partners=False)
    assert bool(found) == bool(basis)
    assert basis in found


def test_a_past_partner_has_its_places_among_past_partners():
    assert _basis(RankingQuery(partners=True), with_partners=True) == ""
    assert "with past partners" in _basis(RankingQuery(), with_partners=True)
    assert _basis(None, with_partners=True) == ""


def test_the_command_says_which_places_they_are(sample, capsys):
    with Workspace(sample) as workspace:
        influencer = pipeline.rank(workspace, BRAND, ranker="simcos", k=1).rows()[0]["influencer"]
    options = ["--ranker", "simcos", "--both", "-w", str(sample), "--json"]
    main(["explain", BRAND, influencer, "--partners", *options])
    found = json.loads(capsys.readouterr().out)
    assert found["candidates"] != found["both_sides"]["among"]
    assert found["sentences"][-1] == found["both_sides"]["basis"]
    assert "among all candidates, without past partners" in found["sentences"][-1]
