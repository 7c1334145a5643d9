"""Intervals and tests: by hand, and by what they promise over many repetitions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from brandfit.evaluation.metrics import AUC, MedR
from brandfit.evaluation.significance import holm, interval, paired_test


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for n in range(200):
        low, high = interval(AUC(), rng.normal(0.7, 0.1, 60), seed=n)
        covered += low <= 0.7 <= high
    assert 0.90 <= covered / 200 <= 0.99


def test_the_interval_holds_its_own_value_leaves_out_the_unjudged_and_repeats():
    values = np.array([1.0, 1.0, 9.0, np.nan])
    low, high = interval(MedR(), values)
    assert low <= 1.0 <= high
    assert interval(MedR(), values) == (low, high)
    assert all(np.isnan(interval(AUC(), np.array([np.nan]))))


def test_the_paired_test_is_exact_for_few_brands():
    left, right = np.array([0.9, 0.8, 0.7, 0.4]), np.array([0.5, 0.5, 0.6, 0.5])
    differences = left - right
    flips = [
        abs(np.dot(signs, differences)) >= abs(differences.sum()) - 1e-12
        for signs in itertools.product([1, -1], repeat=4)
    ]
    assert paired_test(left, right) == pytest.approx(np.mean(flips))
    assert paired_test(left, left) == 1.0


def test_the_paired_test_finds_what_is_there_and_not_what_is_not():
    rng = np.random.default_rng(1)
    base = rng.random(100)
    assert paired_test(base + 0.05 + rng.normal(0, 0.05, 100), base) < 0.001
    false = [
        paired_test(base, base + rng.normal(0, 0.05, 100), resamples=500, seed=n) < 0.05 for n in range(200)
    ]
    assert np.mean(false) < 0.1


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
