"""Concept shares of accounts of which only the mean concept vector was released."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

ENOUGH = 2
"""Accounts with shares and vectors that are needed for each concept; with fewer, nothing is recovered."""
EXACT = 0.01
"""Median relative error up to which the vectors count as means of concept vectors."""
CLOSE = 0.05
"""Relative error up to which recovered shares count as the shares of an account."""
SMALL = 1e-3
"""Smaller shares are rounding errors."""


class RecoveredShares(NamedTuple):
    """shares     (n, c), each row stated, recovered, or zeros
    is_known  (n,) whether the row was stated or recovered
    """

    shares: np.ndarray
    is_known: np.ndarray


def recovered(shares: np.ndarray, vectors: np.ndarray, is_stated: np.ndarray) -> RecoveredShares:
    """Concept shares (n, c) of all accounts, from vectors (n, d) that are means of concept vectors weighted
    by the shares.

    is_stated  (n,) bool, which rows of ``shares`` are stated

    Least squares over the stated rows gives the concept vectors. For each other row, non-negative least
    squares (NNLS) gives the shares; they are unique if the account has few of the concepts. A row stays
    unknown if no shares explain its vector; all other rows do if the vectors are not such means.
    """
    used = np.flatnonzero(shares[is_stated].any(axis=0))  # (u,) concepts of a stated row
    result, is_known = shares.copy(), is_stated.copy()
    if is_stated.all() or is_stated.sum() < ENOUGH * max(len(used), 1):
        return RecoveredShares(result, is_known)

    # float64: the least squares of many similar rows loses digits in float32.
    wide = vectors.astype(np.float64)
    stated = shares[np.ix_(is_stated, used)]  # (s, u)
    concepts = np.linalg.lstsq(stated.astype(np.float64), wide[is_stated], rcond=None)[0]  # (u, d)
    if np.median(_relative_error(stated @ concepts, wide[is_stated])) > EXACT:
        return RecoveredShares(result, is_known)

    for row in np.flatnonzero(~is_stated):
        if not wide[row].any():
            continue
        try:
            weights, _ = nnls(concepts.T, wide[row])  # (u,)
        except RuntimeError:  # it did not converge
            continue
        if not weights.any() or _relative_error(weights @ concepts, wide[row]) > CLOSE:
            continue
        # Scale to shares, remove rounding errors, and scale again.
        weights /= weights.sum()
        weights[weights < SMALL] = 0
        result[row, used] = weights / weights.sum()
        is_known[row] = True
    return RecoveredShares(result, is_known)


def _relative_error(estimate: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Length of the difference by the length of the target, over the last axis."""
    length = np.linalg.norm(target, axis=-1)
    return np.linalg.norm(estimate - target, axis=-1) / np.maximum(length, 1e-12)
