"""Audience overlap: by hand, exact against sets, sketches within the error that they state."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brandfit.data.audience import Audiences, Sketch
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Link, Post, link_id
from brandfit.errors import DataError


def dataset(pairs: list[tuple[str, str, str]]) -> Dataset:
    names = sorted({target for _, _, target in pairs})
    links = [Link(id=link_id(k, s, t, nth=n), kind=k, source=s, target=t) for n, (k, s, t) in enumerate(pairs)]
    return Dataset.of([Account(id=name) for name in names], [Post(id="p", account=names[0])], links=links)


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
    assert (overlap.one, overlap.other, overlap.common, overlap.low, overlap.high) == (2, 3, 1, 1, 1)
    assert overlap.jaccard == pytest.approx(1 / 4)
    assert overlap.share == pytest.approx((1 / 2, 1 / 3))
    assert found.overlap("x", "z").jaccard == 0
    assert found.common().toarray().tolist() == [[2, 1, 0], [1, 3, 0], [0, 0, 1]]


@given(st.lists(st.tuples(st.sampled_from(["comments", "follows"]), st.sampled_from("abcdef"), st.sampled_from("xyz")), min_size=1))
def test_exact_overlaps_are_those_of_sets(pairs):
    accounts = sorted({target for _, _, target in pairs})
    found = Audiences(dataset(pairs), accounts)
    sets = {a: {source for _, source, target in pairs if target == a} for a in accounts}
    expected = [[len(sets[a] & sets[b]) for b in accounts] for a in accounts]
    assert found.common().toarray().tolist() == expected


def test_a_small_sketch_is_exact():
    overlap = Sketch(["a", "b", "c", "a"]).overlap(Sketch(["b", "c", "d"]))
    assert (overlap.one, overlap.other, overlap.common, overlap.low, overlap.high) == (3, 3, 2, 2, 2)


def test_large_sketches_are_within_what_they_state_in_nineteen_of_twenty_cases():
    random = np.random.default_rng(0)
    inside = 0
    for n in range(40):
        size, common = int(random.integers(8_000, 20_000)), int(random.integers(2_000, 8_000))
        one = Sketch(f"{n}-{i}" for i in range(size))
        other = Sketch(f"{n}-{i}" for i in range(size - common, 2 * size - common))
        overlap = one.overlap(other)
        inside += overlap.low <= common <= overlap.high
        assert abs(overlap.common - common) < 4 * np.sqrt(2 * size * common / 2**12)
        assert one.members == pytest.approx(size, rel=4 / np.sqrt(2**12))
        assert len(one.to_bytes()) <= 8 * 2**12 * 2
    assert inside >= 36  # of 40 at 95 %: fewer has a chance below 2 %


def test_merged_added_to_and_read_back_it_is_the_sketch_of_all():
    whole = Sketch(f"m{i}" for i in range(9_000))
    parts = Sketch(f"m{i}" for i in range(5_000)).merged(Sketch(f"m{i}" for i in range(4_000, 8_500)))
    again = Sketch.from_bytes(parts.to_bytes()).add(f"m{i}" for i in range(8_000, 9_000))
    assert again.members == whole.members
    assert again.overlap(whole).common == pytest.approx(whole.members)
    with pytest.raises(DataError, match="no sketch"):
        Sketch.from_bytes(b"nonsense")
