"""The engagement rate of accounts."""

from __future__ import annotations

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.learning.pooling import Vectors, account_vectors

RATE = "engagement_rate"
"""The column of the engagement slot: likes and comments over followers."""

LEAST = 1e-3
"""The rate that lower ones, of which a few likes decide, are taken for."""
ROUNDING = 1e-9
"""Of the mean: what numbers that are equal may differ by."""


def rate_of(dataset: Dataset, accounts: np.ndarray) -> Vectors:
    """(n, 1) mean engagement rate of the posts of each account."""
    column = dataset.slots["engagement"].columns.index(RATE)
    found = account_vectors(dataset, "engagement", accounts=accounts)
    return Vectors(found.values[:, column : column + 1], found.present)


def levels(dataset: Dataset, accounts: np.ndarray) -> dict[str, np.ndarray]:
    """Column of the engagement slot to (n,) numbers on a scale of logarithms, NaN where an account has
    none."""
    found = account_vectors(dataset, "engagement", accounts=accounts)
    values = np.where(found.present[:, None], found.values, np.nan).astype(np.float64)
    columns = dataset.slots["engagement"].columns or tuple(map(str, range(values.shape[1])))
    return {
        name: np.log(np.maximum(values[:, n], LEAST)) if name == RATE else values[:, n]
        for n, name in enumerate(columns)
    }


def campaign_rates(dataset: Dataset) -> dict[tuple[str, str], float]:
    """(brand, influencer) to the mean ``weight`` of their endorsements, how well their campaign posts did;
    those that have one.

    It exists for pairs that work together alone: whoever scores by it reads the label.
    """
    links = dataset.links_of_kinds("endorses").select(["target", "source", "weight"])
    found: dict[tuple[str, str], list[float]] = {}
    for brand, influencer, weight in zip(
        *(links[c].to_pylist() for c in ("target", "source", "weight")), strict=True
    ):
        if weight is not None:
            found.setdefault((brand, influencer), []).append(weight)
    return {pair: float(np.mean(weights)) for pair, weights in found.items()}


def scale(known: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of numbers (n,); (0, 1) of none, and a deviation of 1 where they differ by
    rounding alone."""
    if not len(known):
        return 0.0, 1.0
    mean, deviation = float(known.mean()), float(known.std())
    return mean, float(unrounded(mean, deviation))


def unrounded(mean: np.ndarray | float, deviation: np.ndarray | float) -> np.ndarray:
    """Standard deviations; 1 where numbers differ by rounding alone: nothing may be divided by what is left
    of that."""
    return np.where(deviation > ROUNDING * np.maximum(np.abs(mean), 1e-300), deviation, 1.0)


def standardised(rate: Vectors, mean: float, deviation: float) -> Vectors:
    """Rates less the mean, over the standard deviation; 0 where there is none."""
    return Vectors(
        np.where(rate.present[:, None], (rate.values - mean) / deviation, 0).astype(np.float32), rate.present
    )
