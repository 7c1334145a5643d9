"""The engagement rate of accounts."""

from __future__ import annotations

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.learning.pooling import Vectors, account_vectors

RATE = "engagement_rate"
"""The column of the engagement slot: likes and comments over followers."""


def rate_of(dataset: Dataset, accounts: np.ndarray) -> Vectors:
    """(n, 1) mean engagement rate of the posts of each account."""
    column = dataset.slots["engagement"].columns.index(RATE)
    found = account_vectors(dataset, "engagement", accounts)
    return Vectors(found.values[:, column : column + 1], found.present)


def standardised(rate: Vectors, mean: float, deviation: float) -> Vectors:
    """Rates less the mean, over the standard deviation; 0 where there is none."""
    return Vectors(np.where(rate.present[:, None], (rate.values - mean) / deviation, 0).astype(np.float32), rate.present)
