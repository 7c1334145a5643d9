"""Uncertainty of figures: intervals and tests over brands, the unit that is sampled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brandfit import seeds
from brandfit.evaluation.metrics import Metric

RESAMPLES = 2_000
BLOCK = 200
"""Bootstrap samples in memory at once."""
EXACT = 13
"""Brands up to which all 2^b sign flips are computed."""


def interval(
    metric: Metric, values: np.ndarray, *, confidence: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Low and high end of the percentile bootstrap interval of a metric over brands (b,).

    Brands without a value (NaN) are left out; if none is left, both ends are NaN.
    """
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    rng = seeds.generator(seed, "bootstrap")
    means = []
    for _ in range(RESAMPLES // BLOCK):
        rows = rng.integers(0, len(values), (BLOCK, len(values)))  # (BLOCK, b) brands with replacement
        means.append(metric.resampled(values[rows]))
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    # A median of few brands may lie outside the quantiles of its resamples.
    value = metric.aggregate(values)
    return float(min(low, value)), float(max(high, value))


def paired_test(left: np.ndarray, right: np.ndarray, *, resamples: int = 10_000, seed: int = 0) -> float:
    """Two-sided p of "no difference" between two rankers on the same brands (b,).

    Sign-flip permutation of the differences: exact over all 2^b flips for up to 13 brands that differ, else
    by ``resamples`` random flips, counting the observed one.
    """
    has_both = ~(np.isnan(left) | np.isnan(right))
    differences = (left - right)[has_both]
    differences = differences[differences != 0]
    n = len(differences)
    if not n:
        return 1.0
    # The tolerance counts flips whose sum equals the observed one but for rounding.
    threshold = abs(differences.sum()) * (1 - 1e-12)
    if n <= EXACT:
        signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)  # (2^n, n) of -1 and 1
        return float((np.abs(signs @ differences) >= threshold).mean())
    rng = seeds.generator(seed, "sign flips")
    n_extreme = 1
    for start in range(0, resamples, 1000):
        n_flips = min(1000, resamples - start)
        signs = rng.integers(0, 2, (n_flips, n), dtype=np.int8) * np.int8(2) - np.int8(1)
        n_extreme += int((np.abs(signs @ differences) >= threshold).sum())
    return n_extreme / (resamples + 1)


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted p values of m comparisons (Holm 1979): the smallest times m, the next times m - 1, and so on;
    an adjusted value is never smaller than the one before."""
    adjusted = [0.0] * len(p)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        largest = max(largest, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = largest
    return adjusted
