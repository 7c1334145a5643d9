"""Radial kernels over several slots, and ridge regression with them in closed form."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import linalg

from brandfit.learning.similarity import inner

Rows = Mapping[str, np.ndarray]
"""Slot to (n, d) rows of length one, zeros where an account has nothing."""


def kernel(left: Rows, right: Rows, weights: Mapping[str, float], gamma: float) -> np.ndarray:
    """(m, n) exp(-gamma D), D the weighted mean over slots of squared distances; float32 values.

    Rows of zeros are as far from all: what is unknown is like nothing in particular.
    """
    total = sum(weights.values())
    distance = np.zeros((len(next(iter(left.values()))), len(next(iter(right.values())))))
    for slot, weight in weights.items():
        squared = [np.einsum("nd,nd->n", rows, rows, dtype=np.float64) for rows in (left[slot], right[slot])]
        distance += weight / total * np.maximum(squared[0][:, None] + squared[1] - 2 * inner(left[slot], right[slot]), 0)
    return np.exp(-gamma * distance).astype(np.float32)


def ridge(gram: np.ndarray, targets: np.ndarray, strength: float) -> np.ndarray:
    """(n, t) dual coefficients (K + strength I)^-1 Y of a kernel (n, n) and targets (n, t)."""
    wide = gram.astype(np.float64)
    wide[np.diag_indices_from(wide)] += strength
    return linalg.cho_solve(linalg.cho_factor(wide, overwrite_a=True, check_finite=False), targets, check_finite=False)
