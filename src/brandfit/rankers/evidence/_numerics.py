"""Numerics that several ideas share."""

from __future__ import annotations

import numpy as np

from brandfit.learning.pooling import Vectors
from brandfit.learning.similarity import inner, unit

NEIGHBOURS = 5
"""Training brands that define the hubness of a candidate."""
HUBNESS_BLOCK = 2048
"""Influencers whose cosines with all training brands are in memory at the same time."""
AXES = 150


def unit_rows(values: np.ndarray) -> np.ndarray:
    """(n, d) float32 rows of length one; a row of zeros stays."""
    return unit(Vectors(values.astype(np.float32), np.ones(len(values), bool))).values


def hubness(brands: np.ndarray, influencers: np.ndarray) -> np.ndarray:
    """(n,) mean cosine of each influencer (n, d) with the nearest training brands (b, d).

    A hub is near to all brands (CSLS, Conneau et al. 2018).
    """
    k = min(NEIGHBOURS, len(brands))
    if not k or not len(influencers):
        return np.zeros(len(influencers))
    nearest = []
    for start in range(0, len(influencers), HUBNESS_BLOCK):
        cosines = inner(influencers[start : start + HUBNESS_BLOCK], brands)
        # Sorted, so that the sum does not depend on the order in which partition leaves the largest values.
        nearest.append(np.sort(np.partition(cosines, len(brands) - k, axis=1)[:, -k:], axis=1))
    mean: np.ndarray = np.concatenate(nearest).mean(axis=1)
    return mean


def principal_axes(brands: np.ndarray, influencers: np.ndarray) -> np.ndarray:
    """(d, k) float64 first principal axes of the rows of both sides.

    The entry of largest magnitude of each axis is positive, because the sign of an axis is arbitrary.
    """
    from sklearn.utils.extmath import randomized_svd

    # A randomised decomposition with a fixed seed: exact enough for the first axes, and much faster.
    rows = np.concatenate([brands, influencers])
    *_, right = randomized_svd(rows, min(AXES, *rows.shape), n_oversamples=20, n_iter=2, random_state=0)
    axes = right.T.astype(np.float64)
    heaviest = np.abs(axes).argmax(axis=0)
    return axes * np.sign(axes[heaviest, np.arange(axes.shape[1])])


def second_moment(rows: np.ndarray) -> np.ndarray:
    """(d, d) mean outer product of rows (n, d)."""
    return rows.T @ rows / max(len(rows), 1)


def shrunk(matrix: np.ndarray, share: float) -> np.ndarray:
    """A covariance (d, d) moved towards the multiple of the identity with the same trace."""
    dim = len(matrix)
    return (1 - share) * matrix + share * np.trace(matrix) / dim * np.eye(dim) + 1e-9 * np.eye(dim)
