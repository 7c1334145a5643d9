"""A query has one form, however it is written, and files name what it does."""

from __future__ import annotations

import csv

import pytest

from brandfit import pipeline
from brandfit.errors import UsageError
from brandfit.pipeline import RankingQuery
from brandfit.workspace import Workspace

BRAND, INFLUENCER = "northpeak.outdoor", "arvid.peaks"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("query") / "demo"
    with Workspace(folder, create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        pipeline.encode(workspace, "text.hashing")
    return folder


@pytest.fixture
def workspace(folder):
    with Workspace(folder) as opened:
        yield opened


@pytest.mark.parametrize("field", ["like", "dislike", "exclude", "not_this"])
def test_accounts_are_one_text_or_several_in_any_spelling(field):
    expected = ("arvid.peaks",)
    assert getattr(RankingQuery(**{field: "@Arvid.Peaks"}), field) == expected
    assert getattr(RankingQuery(**{field: ["arvid.peaks", " @ARVID.peaks"]}), field) == expected
    assert getattr(RankingQuery(**{field: None}), field) == ()
    with pytest.raises(UsageError, match=field):
        RankingQuery(**{field: 5})


def test_keywords_are_one_text_or_several():
    assert RankingQuery(keywords="hiking boots").keywords == ("hiking boots",)
    assert RankingQuery(keywords=["hiking", "boots"]).keywords == ("hiking", "boots")
    assert RankingQuery(keywords="").is_default == RankingQuery().is_default
    with pytest.raises(UsageError, match="weights"):
        RankingQuery(weights={"text": "2"})


def test_a_query_as_text_gives_the_list_of_the_function(workspace):
    first, second = pipeline.rank(workspace, BRAND, k=2).candidates.tolist()
    for options in (
        {"keywords": "hiking"},
        {"like": f"@{first.upper()}", "dislike": second},
        {"exclude": first, "not_this": second},
    ):
        by_keywords = pipeline.rank(workspace, BRAND, **options)
        by_query = pipeline.rank_query(workspace, BRAND, query=RankingQuery(**options))
        assert by_query.candidates.tolist() == by_keywords.candidates.tolist()
        assert by_query.notes == by_keywords.notes


def exported(workspace, file, **options):
    pipeline.export(workspace, "rankings", file=file, brands=BRAND, **options)
    with file.open(newline="") as handle:
        return next(csv.DictReader(handle))


@pytest.mark.parametrize(
    ("options", "narrowed_by", "adjusted_by"),
    [
        ({}, "", ""),
        ({"followers": "..20k"}, "20,000 or less followers", ""),
        ({"query": RankingQuery(exclude=INFLUENCER)}, "excluded by name: 1", ""),
        ({"query": RankingQuery(not_this=INFLUENCER)}, "“Not this”: 1", ""),
        ({"query": RankingQuery(dislike=INFLUENCER)}, "“Not this”: 1", "“Not this”: 1"),
        ({"query": RankingQuery(like=[INFLUENCER, "@Arvid.Peaks"])}, "", "likes: 1"),
        (
            {"query": RankingQuery(where="followers:..20k")},
            "condition: 20,000 or less followers",
            "",
        ),
        ({"data": {"endorsements.max_followers": 20_000}}, "5,000 to 20,000 followers", ""),
    ],
)
def test_a_file_says_what_makes_the_list_another_one(workspace, tmp_path, options, narrowed_by, adjusted_by):
    row = exported(workspace, tmp_path / "r.csv", **options)
    assert (row["narrowed_by"], row["adjusted_by"]) == (narrowed_by, adjusted_by)
