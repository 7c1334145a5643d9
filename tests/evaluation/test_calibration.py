from __future__ import annotations

import numpy as np
import pytest

from brandfit.evaluation.calibration import reliability


def test_numbers_worked_by_hand():
    found = reliability(np.array([0.1, 0.1, 0.9, 0.9]), np.array([False, True, True, True]), bins=2)
    assert found.predicted.tolist() == pytest.approx([0.1, 0.9])
    assert found.true.tolist() == [0.5, 1.0]
    assert found.error == pytest.approx((0.4 + 0.1) / 2)
    assert found.base == 0.75
    assert found.skill == pytest.approx(1 - (0.01 + 0.81 + 0.01 + 0.01) / 4 / (0.75 * 0.25))


def test_telling_the_share_of_all_has_no_error_and_no_skill():
    positive = np.arange(600) % 4 == 0
    found = reliability(np.full(600, 0.25), positive)
    assert found.error < 0.01
    assert found.skill == pytest.approx(0)
    assert reliability(positive.astype(float), positive).skill == 1
    assert np.isnan(reliability(np.full(4, 0.5), np.ones(4, bool)).skill)


def test_honest_probabilities_have_hardly_any_error_and_boasting_ones_have():
    rng = np.random.default_rng(0)
    p = rng.beta(1, 30, 200_000)
    positive = rng.random(len(p)) < p
    assert reliability(p, positive).error < 0.002
    assert reliability(np.minimum(3 * p, 1), positive).error > 0.05


def test_what_has_no_probability_is_left_out():
    found = reliability(np.array([np.nan, 0.5, 0.5]), np.array([True, True, False]))
    assert found.pairs.sum() == 2
    assert found.error == pytest.approx(0.5)  # two bins of one pair each
    assert np.isnan(reliability(np.array([np.nan]), np.array([True])).error)
