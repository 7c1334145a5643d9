"""How sure a number is: intervals and tests over brands, the unit that is sampled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brandfit import seeds
from brandfit.evaluation.metrics import Metric

RESAMPLES = 2_000
BLOCK = 200


def interval(
    metric: Metric, values: np.ndarray, *, confidence: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of a metric over brands (b,); those without a value are left out. NaN
    with none."""
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    rng = seeds.generator(seed, "bootstrap")
    means = np.concatenate(
        [
            metric.resampled(values[rng.integers(0, len(values), (BLOCK, len(values)))])
            for _ in range(RESAMPLES // BLOCK)
        ]
    )
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    value = metric.aggregate(values)
    return float(min(low, value)), float(max(high, value))


def paired_test(left: np.ndarray, right: np.ndarray, *, resamples: int = 10_000, seed: int = 0) -> float:
    """Two-sided p of "no difference" between two rankers on the same brands (b,): sign-flip permutation of
    the differences.

    Exact over all 2^b flips for up to 13 brands that differ, else by ``resamples`` random flips, counting the
    observed one.
    """
    both = ~(np.isnan(left) | np.isnan(right))
    differences = (left - right)[both]
    differences = differences[differences != 0]
    if not len(differences):
        return 1.0
    observed = abs(differences.sum())
    if len(differences) <= 13:
        signs = 1 - 2 * ((np.arange(2 ** len(differences))[:, None] >> np.arange(len(differences))) & 1)
        return float((np.abs(signs @ differences) >= observed * (1 - 1e-12)).mean())
    rng = seeds.generator(seed, "sign flips")
    extreme = 1
    for start in range(0, resamples, 1000):
        n = min(1000, resamples - start)
        signs = rng.integers(0, 2, (n, len(differences)), dtype=np.int8) * np.int8(2) - np.int8(1)
        extreme += int((np.abs(signs @ differences) >= observed * (1 - 1e-12)).sum())
    return extreme / (resamples + 1)


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted p values of many comparisons (Holm 1979): the smallest times m, the next times m - 1, ...,
    never falling."""
    adjusted = [0.0] * len(p)
    worst = 0.0
    for n, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        worst = max(worst, min(1.0, (len(p) - n) * p[i]))
        adjusted[i] = worst
    return adjusted
