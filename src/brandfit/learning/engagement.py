"""The engagement rate of accounts."""

from __future__ import annotations

import numpy as np

from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset
from brandfit.learning.pooling import Vectors, account_vectors

RATE = "engagement_rate"
"""The column of the engagement slot: likes and comments over followers."""

MIN_RATE = 1e-3
"""Lower rates are replaced by this one: a few likes decide about them."""
ROUNDING = 1e-9
"""Relative difference of equal numbers due to rounding."""


def rate_of(dataset: Dataset, accounts: np.ndarray) -> Vectors:
    """(n, 1) mean engagement rate of the posts of each account."""
    column = dataset.slots["engagement"].columns.index(RATE)
    vectors = account_vectors(dataset, "engagement", accounts=accounts)
    return Vectors(vectors.values[:, column : column + 1], vectors.present)


def levels(dataset: Dataset, accounts: np.ndarray) -> dict[str, np.ndarray]:
    """Column of the engagement slot to (n,) values, rates as logarithms; NaN if an account has none."""
    vectors = account_vectors(dataset, "engagement", accounts=accounts)
    values = np.where(vectors.present[:, None], vectors.values, np.nan).astype(np.float64)
    columns = dataset.slots["engagement"].columns or tuple(map(str, range(values.shape[1])))
    return {
        name: np.log(np.maximum(values[:, n], MIN_RATE)) if name == RATE else values[:, n]
        for n, name in enumerate(columns)
    }


def campaign_rates(dataset: Dataset) -> dict[tuple[str, str], float]:
    """(brand, influencer) to the mean ``weight`` of their endorsements, the engagement of campaign posts.

    Pairs without a weight are left out. It exists only for pairs that work together, so a score that reads it
    reads the label.
    """
    links = dataset.links_of_kinds("endorses").select(["target", "source", "weight"])
    weights_by_pair: dict[tuple[str, str], list[float]] = {}
    columns = column_lists(links, ("target", "source", "weight"))
    for brand, influencer, weight in zip(*columns, strict=True):
        if weight is not None:
            weights_by_pair.setdefault((brand, influencer), []).append(weight)
    return {pair: float(np.mean(weights)) for pair, weights in weights_by_pair.items()}


def scale(known: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of numbers (n,); (0, 1) without numbers; see ``unrounded``."""
    if not len(known):
        return 0.0, 1.0
    mean, deviation = float(known.mean()), float(known.std())
    return mean, float(unrounded(mean, deviation))


def unrounded(mean: np.ndarray | float, deviation: np.ndarray | float) -> np.ndarray:
    """Standard deviations that may be divided by: 1 if the numbers differ by rounding only."""
    return np.where(deviation > ROUNDING * np.maximum(np.abs(mean), 1e-300), deviation, 1.0)


def standardised(rate: Vectors, mean: float, deviation: float) -> Vectors:
    """Rates minus the mean, over the standard deviation; 0 if absent."""
    return Vectors(
        np.where(rate.present[:, None], (rate.values - mean) / deviation, 0).astype(np.float32), rate.present
    )
