"""Intervals against other people's, by simulation, and by what must hold whatever the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.oracles import audience as oracle

from brandfit.audience.sampling import sameness, share, typical


@given(st.integers(1, 500), st.data())
@settings(max_examples=100, deadline=None)
def test_a_share_has_the_interval_of_wilson(n, data):
    hits = data.draw(st.integers(0, n))
    found = share(np.array([hits]), np.array([n]))
    known = stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert (found.value[0], found.low[0], found.high[0]) == pytest.approx(
        (hits / n, known.low, known.high), abs=1e-6
    )


@given(st.lists(st.lists(st.floats(-5, 5), max_size=8), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_a_typical_value_is_that_of_a_loop(samples):
    if sum(max(len(xs) - 1, 0) for xs in samples) == 0:
        return
    owner = np.repeat(np.arange(len(samples)), [len(xs) for xs in samples])
    found = typical(owner, np.concatenate([np.array(xs, float) for xs in samples]), len(samples)).enough(3)
    known = oracle.typical({str(n): xs for n, xs in enumerate(samples)})
    assert {str(n) for n in np.flatnonzero(~np.isnan(found.value))} == set(known)
    for name, values in known.items():
        assert [column[int(name)] for column in found[:3]] == pytest.approx(values)


@given(st.lists(st.lists(st.integers(0, 4), max_size=15), min_size=1, max_size=5))
@settings(max_examples=150, deadline=None)
def test_sameness_is_the_share_of_equal_pairs_and_lies_in_its_interval(samples):
    owner = np.repeat(np.arange(len(samples)), [len(xs) for xs in samples])
    found = sameness(owner, np.concatenate([np.array(xs, np.int64) for xs in samples]), len(samples))
    for n, things in enumerate(samples):
        if len(things) < 2:
            assert np.isnan(found.value[n])
            continue
        assert 0 <= found.low[n] <= found.value[n] <= found.high[n] <= 1
        assert found.sample[n] == len(things)
        if (known := oracle.same(things)) is not None:
            assert found.value[n] == pytest.approx(known)


def drawn(chances: np.ndarray, size: int, accounts: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(len(chances), (accounts, size), p=chances)


LONG_TAIL = 1 / np.arange(1, 400)
SHAPES = {
    "long tail": LONG_TAIL,
    "alike": np.ones(300),
    "one loud": np.r_[60.0, np.ones(100)],
    "few": np.ones(4),
    "a ring": np.r_[np.full(5, 20.0), np.ones(100)],
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [12, 40, 150])
def test_the_interval_of_sameness_holds_the_truth_and_samples_of_any_size_agree(shape, size):
    chances = SHAPES[shape] / SHAPES[shape].sum()
    truth, accounts = float((chances**2).sum()), 1500
    kinds = drawn(chances, size, accounts, 0)
    found = sameness(np.repeat(np.arange(accounts), size), kinds.ravel(), accounts)
    assert ((found.low <= truth) & (truth <= found.high)).mean() > 0.9
    # the mean over accounts is the truth whatever the size: it may be compared between accounts of which more
    # or less is known
    assert found.value.mean() == pytest.approx(truth, abs=4 * found.value.std() / np.sqrt(accounts))


@pytest.mark.parametrize("size", [3, 5, 12])
def test_the_interval_of_a_typical_value_holds_the_truth(size):
    rng = np.random.default_rng(1)
    truth = rng.normal(-3, 0.6, 2000)
    logs = truth[:, None] + rng.normal(0, 0.5, (2000, size))
    found = typical(np.repeat(np.arange(2000), size), logs.ravel(), 2000)
    assert ((found.low <= np.exp(truth)) & (np.exp(truth) <= found.high)).mean() > 0.93
