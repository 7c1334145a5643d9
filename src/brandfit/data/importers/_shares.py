"""Concept shares of accounts of which only the mean concept vector was released."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

ENOUGH = 2
"""Accounts with both, for each concept used, below which the concept vectors are not told."""
EXACT = 0.01
"""Relative error of most stated accounts up to which the vectors are taken for means of concept vectors."""
CLOSE = 0.05
"""Relative error up to which the shares that were found explain a vector."""
SMALL = 1e-3
"""Shares below are rounding."""


def recovered(shares: np.ndarray, vectors: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares (n, c) that are not known, from vectors (n, d) that are means of concept vectors weighted by the
    shares.

    ``known`` (n,) bool says which rows of ``shares`` are stated. They and their vectors tell the concept
    vectors, by least squares; the other rows are shares, none negative, that give their vector: the only such
    where an account has few of the concepts. Returns all shares, and which are stated or recovered (n,): a
    row whose vector no shares give, and all where the vectors are no such means, are not.
    """
    used = np.flatnonzero(shares[known].any(axis=0))
    result, good = shares.copy(), known.copy()
    if known.all() or known.sum() < ENOUGH * max(len(used), 1):
        return result, good
    wide = vectors.astype(np.float64)
    concepts = np.linalg.lstsq(shares[np.ix_(known, used)].astype(np.float64), wide[known], rcond=None)[0]
    if np.median(_error(shares[np.ix_(known, used)] @ concepts, wide[known])) > EXACT:
        return result, good
    for row in np.flatnonzero(~known):
        if not wide[row].any():
            continue
        try:
            found, _ = nnls(concepts.T, wide[row])
        except RuntimeError:  # it does not come to an end
            continue
        if not found.any() or _error(found @ concepts, wide[row]) > CLOSE:
            continue
        found /= found.sum()
        found[found < SMALL] = 0
        result[row, used] = found / found.sum()
        good[row] = True
    return result, good


def _error(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(wanted, axis=-1)
    return np.linalg.norm(found - wanted, axis=-1) / np.maximum(length, 1e-12)
