"""Exposure by follower tier against a slow oracle, and the order with parity."""

from __future__ import annotations

from itertools import pairwise, permutations
from math import ceil, floor, log2

import numpy as np
import pytest

from brandfit.exposure import (
    DEPTH,
    TIERS,
    UNKNOWN,
    TierShares,
    distance,
    exposures,
    parity_order,
    parity_scores,
    tiers_of,
)


def test_tiers_have_the_bounds_of_micro_influencers_and_of_the_paper():
    followers = np.array([0, 4_999, 5_000, 9_999, 10_000, 25_000, 49_999, 50_000, 100_000, 100_001, np.nan])
    assert tiers_of(followers).tolist() == [0, 0, 1, 1, 2, 3, 3, 4, 4, 5, UNKNOWN]
    assert TIERS[4] == "50,000 to 100,000"


@pytest.mark.parametrize("scores", [[3, 1, 2, 0], [1, 1, 2, 1], [1, np.nan, np.nan, 2], [0, 0, 0, 0]])
def test_exposure_is_the_mean_over_all_orders_of_equal_scores(scores):
    depth, n = 2, len(scores)
    keys = [-np.inf if np.isnan(score) else score for score in scores]
    totals, n_orders = np.zeros(n), 0
    for order in permutations(range(n)):
        if all(keys[a] >= keys[b] for a, b in pairwise(order)):
            n_orders += 1
            for place, row in enumerate(order[:depth], start=1):
                totals[row] += 1 / log2(1 + place)
    assert exposures(np.array(scores, float), depth=depth) == pytest.approx(totals / n_orders)


def test_a_known_list_has_known_shares():
    # Three places with exposure 1, 1/log2(3) and 1/2; the candidate of the first tier is best.
    tiers, scores = np.array([1, 4, 4]), np.array([9.0, 5.0, 4.0])
    shares = TierShares.of_brand(scores, tiers, is_partner=np.array([False, True, False]))
    total = 1 + 1 / log2(3) + 1 / 2
    assert shares.exposure[[1, 4]] == pytest.approx([1 / total, 1 - 1 / total])
    assert shares.candidates[[1, 4]] == pytest.approx([1 / 3, 2 / 3])
    assert shares.partners[[1, 4]] == pytest.approx([0, 1])
    both = (shares + shares).means()
    assert both.exposure == pytest.approx(shares.exposure)
    assert distance(both.exposure, both.candidates) == pytest.approx(1 / total - 1 / 3)


def test_two_tiers_have_their_share_of_every_prefix_and_keep_their_order():
    rng = np.random.default_rng(0)
    for n in (1, 7, 60):
        tiers = np.sort(rng.integers(1, 3, n))  # the first tier has all the best places
        rows = parity_order(tiers)
        assert sorted(rows.tolist()) == list(range(n))
        for tier in set(tiers.tolist()):
            share = (tiers == tier).sum() / n
            assert np.all(np.diff(rows[tiers[rows] == tier]) > 0)
            for k in range(1, n + 1):
                count = int((tiers[rows[:k]] == tier).sum())
                assert floor(share * k - 1e-9) <= count <= ceil(share * k + 1e-9)


def test_a_fair_list_stays_as_it_is():
    assert parity_order(np.array([1, 2, 1, 2, 1, 2])).tolist() == [0, 1, 2, 3, 4, 5]


def test_many_tiers_are_late_by_few_places():
    tiers = np.repeat(np.arange(7), 10)
    rows = parity_order(tiers)
    for k in range(1, 71):
        counts = np.bincount(tiers[rows[:k]], minlength=7)
        assert np.abs(counts - k / 7).max() < 2


def test_parity_moves_exposure_to_the_share_of_the_candidates():
    tiers = np.repeat([1, 4], [30, 70])
    scores = -np.arange(100.0)
    scores[-5:] = np.nan
    order = np.arange(100)
    fair = parity_scores(scores, tiers, order=order)
    assert np.isnan(fair[-5:]).all()
    assert sorted(fair[:-5].tolist()) == list(range(-94, 1))
    is_partner = np.arange(100) < 5
    before = TierShares.of_brand(scores, tiers, is_partner=is_partner)
    after = TierShares.of_brand(fair, tiers, is_partner=is_partner)
    assert before.exposure[1] == 1  # the best ten are of the small tier
    assert DEPTH == 10
    assert distance(before.exposure, before.candidates) == pytest.approx(0.7)
    # Counts are equal to the shares, and the small tier still has the first place.
    assert distance(after.exposure, after.candidates) < 0.2
