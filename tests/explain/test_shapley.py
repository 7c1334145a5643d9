"""Shapley shares against the formula, and faithfulness against sums by hand."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brandfit.explain.faithfulness import faithfulness
from brandfit.explain.shapley import EXACT, shapley


def game(table):
    """A value for every subset, by its number in binary."""
    table = np.asarray(table, float)
    return lambda kept: table[kept @ (1 << np.arange(kept.shape[1]))]


def by_the_definition(value, n):
    """Mean over all orders of what each adds."""
    total = np.zeros(n)
    orders = list(permutations(range(n)))
    for order in orders:
        kept = np.zeros(n, bool)
        for i in order:
            before = value(kept[None])[0]
            kept[i] = True
            total[i] += value(kept[None])[0] - before
    return total / len(orders)


@given(st.integers(1, 4), st.integers(0, 10**6))
def test_of_few_things_it_is_the_definition(n, seed):
    value = game(np.random.default_rng(seed).normal(size=2**n))
    np.testing.assert_allclose(shapley(value, n).values, by_the_definition(value, n), atol=1e-12)


@given(st.integers(1, 12), st.integers(0, 10**6), st.integers(1, 9))
def test_shares_add_up_however_few_orders_are_drawn(n, seed, orders):
    table = np.random.default_rng(seed).normal(size=2**n)
    found = shapley(game(table), n, orders=orders, seed=seed)
    assert found.base == pytest.approx(table[0])
    assert found.base + found.values.sum() == pytest.approx(table[-1])


@given(st.lists(st.floats(-5, 5), min_size=EXACT + 1, max_size=12))
def test_of_things_that_add_up_it_finds_each_exactly_and_knows_it(weights):
    weights = np.array(weights)
    found = shapley(lambda kept: 2 + kept @ weights, len(weights), orders=2)
    np.testing.assert_allclose(found.values, weights, atol=1e-9)
    np.testing.assert_allclose(found.errors, 0, atol=1e-9)


def test_errors_cover_the_orders_that_were_drawn():
    rng = np.random.default_rng(0)
    n = 8
    value = game(rng.normal(size=2**n))
    many = shapley(value, n, orders=4000).values
    drawn = [shapley(value, n, orders=40, seed=seed) for seed in range(20)]
    missed = np.array([found.values - many for found in drawn])
    assert 0.7 < np.sqrt((missed**2).mean() / np.mean([found.errors**2 for found in drawn])) < 1.4


@pytest.mark.parametrize("n", [3, 8])
def test_errors_cover_what_was_drawn_to_stand_in(n):
    """Things weigh otherwise with every account that stands in; 16 of them are drawn of very many."""
    rng = np.random.default_rng(0)
    scale = np.linspace(0.1, 2, n)
    missed, told, base_missed, base_told = [], [], [], []
    for _ in range(200):
        weights, base = 1 + scale * rng.normal(size=(16, n)), rng.normal(size=16)
        found = shapley(lambda kept, w=weights, b=base: kept @ w.T + b, n, orders=8)
        missed.append(found.values - 1)
        told.append(found.errors)
        base_missed.append(found.base)
        base_told.append(found.base_error)
    ratio = np.sqrt((np.array(missed) ** 2).mean(axis=0) / (np.array(told) ** 2).mean(axis=0))
    np.testing.assert_allclose(ratio, 1, atol=0.2)  # of each item, small and large
    assert np.std(base_missed) / np.mean(base_told) == pytest.approx(1, abs=0.2)


def test_nothing_to_share():
    found = shapley(lambda kept: np.full(len(kept), 3.0), 0)
    assert (found.base, len(found.values)) == (3.0, 0)


def test_deletion_and_insertion_by_hand():
    weights = np.array([3.0, 1.0])
    found = faithfulness(lambda kept: kept @ weights, weights)
    assert found.deletion == pytest.approx((4 + 1 + 0) / 3)  # the heavy one goes first
    assert found.insertion == pytest.approx((0 + 3 + 4) / 3)
    wrong = faithfulness(lambda kept: kept @ weights, -weights)
    assert wrong.deletion == pytest.approx((4 + 3 + 0) / 3)
    assert found.deletion < found.random_deletion < wrong.deletion
    assert found.insertion > found.random_insertion > wrong.insertion
