"""Audience overlap: by hand, and exact against sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brandfit.data.audience import Audiences
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Link, Post, link_id


def dataset(pairs: list[tuple[str, str, str]]) -> Dataset:
    names = sorted({target for _, _, target in pairs})
    links = [
        Link(id=link_id(k, s, target=t, nth=n), kind=k, source=s, target=t)
        for n, (k, s, t) in enumerate(pairs)
    ]
    return Dataset.from_rows(
        [Account(id=name) for name in names], [Post(id="p", account=names[0])], links=links
    )


def test_worked_by_hand():
    found = Audiences(
        dataset(
            [
                ("comments", "ann", "x"),
                ("comments", "ann", "x"),
                ("follows", "ben", "x"),
                ("comments", "x", "x"),
                ("comments", "ann", "y"),
                ("follows", "cat", "y"),
                ("follows", "dan", "y"),
                ("comments", "eve", "z"),
            ]
        ),
        ["x", "y", "z"],
    )
    overlap = found.overlap("x", "y")
    assert (overlap.one, overlap.other, overlap.common) == (2, 3, 1)
    assert overlap.share_of_other == pytest.approx(1 / 3)
    assert found.overlap("x", "z").common == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["comments", "follows"]), st.sampled_from("abcdef"), st.sampled_from("xyz")
        ),
        min_size=1,
    )
)
def test_exact_overlaps_are_those_of_sets(pairs):
    accounts = sorted({target for _, _, target in pairs})
    found = Audiences(dataset(pairs), accounts)
    sets = {a: {source for _, source, target in pairs if target == a} for a in accounts}
    for a in accounts:
        for b in accounts:
            told = found.overlap(a, b)
            assert (told.one, told.other, told.common) == (len(sets[a]), len(sets[b]), len(sets[a] & sets[b]))
