"""A typed search means the same wherever it is typed, and however a shell or a program has split it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brandfit import pipeline
from brandfit.search.query import parse_query
from brandfit.workspace import Workspace


@pytest.mark.parametrize(
    "text",
    ["hiking boots", "hiking boots -food", 'hiking "slow travel" tea -"fast food"', "“slow travel” tea"],
)
def test_one_text_and_its_words_are_the_same_query(text):
    assert parse_query([text]) == parse_query(text.split())


WORD = st.text("abcäß0", min_size=1, max_size=4)


@given(st.lists(st.one_of(WORD, WORD.map("-{}".format), st.tuples(WORD, WORD).map('"{0[0]} {0[1]}"'.format))))
def test_no_split_of_a_typed_text_changes_the_query(parts):
    text = " ".join(parts)
    whole = parse_query([text])
    assert parse_query(text.split()) == whole
    assert parse_query(parts) == whole
    n_expected = sum(not part.startswith("-") for part in parts)
    assert len(whole.keywords) == n_expected


def test_search_and_ranking_find_the_same_for_a_text_as_for_its_words(sample):
    with Workspace(sample) as workspace:
        one, words = (
            pipeline.search(workspace, texts, k=500) for texts in ("hiking boots", ["hiking", "boots"])
        )
        assert [row["influencer"] for row in one.rows] == [row["influencer"] for row in words.rows]
        assert one.total == words.total
        rankings = [
            pipeline.rank(workspace, "northpeak.outdoor", ranker="simcos", keywords=texts)
            for texts in ("hiking boots", ["hiking", "boots"])
        ]
        assert rankings[0].candidates.tolist() == rankings[1].candidates.tolist()
        assert rankings[0].excluded == rankings[1].excluded
