"""Similarity of brands and candidates, and how similarities of several slots become one score.

What is computed for a pair depends on that pair alone, to the last bit: a brand scores the same alone and in
a batch, and candidates in any order. BLAS sums in an order that depends on the shape of the whole product, so
products are summed in float64 and rounded to float32 once, which hides the difference (but for about one
value in 10^8).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.learning.pooling import Rows, Vectors, account_vectors, one_account_vector

ROWS = 256
"""Posts of brands whose products with all of the other side are held at once."""
FEW, MANY = 12, 4_000_000
"""Rows of brands up to which, and numbers of candidates from which on, candidates are read as they lie, not
widened first."""
BLOCK_BYTES = 64 * 2**20
"""Candidates are widened to float64 a block of this size at a time."""
BLOCK_ROWS = 512
"""Of the left side that are multiplied at once: BLAS takes one product at a time, and other threads wait for
its end."""


def unit(vectors: Vectors) -> Vectors:
    """Rows of length one. A row of zeros points nowhere: it counts as absent."""
    length = np.sqrt(np.einsum("nd,nd->n", vectors.values, vectors.values, dtype=np.float64)).astype(
        np.float32
    )
    present = vectors.present & (length > 0)
    return Vectors(vectors.values / np.where(present, length, np.float32(1))[:, None], present)


def bounded(vectors: Vectors) -> Vectors:
    """Rows longer than one brought to length one. Shares that add up to one stay as they are."""
    length = np.sqrt(np.einsum("nd,nd->n", vectors.values, vectors.values, dtype=np.float64)).astype(
        np.float32
    )
    return Vectors(vectors.values / np.maximum(length, np.float32(1))[:, None], vectors.present)


def inner(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(b, d) and (n, d) to their (b, n) inner products, float64 that hold float32 values."""
    if (
        len(left) <= FEW
        and right.size >= MANY
        and right.dtype == np.float32
        and (product := _streamed()) is not None
    ):
        return np.asarray(product(left.astype(np.float64), right))
    step = max(1, BLOCK_BYTES // (8 * max(1, right.shape[1])))
    result = np.empty((len(left), len(right)))
    for start in range(0, len(right), step):
        wide = right[start : start + step].astype(np.float64).T
        for row in range(0, len(left), BLOCK_ROWS):
            part = left[row : row + BLOCK_ROWS].astype(np.float64) @ wide
            result[row : row + BLOCK_ROWS, start : start + step] = part.astype(np.float32)
    return result


@cache
def _streamed() -> Callable[[np.ndarray, np.ndarray], np.ndarray] | None:
    """``inner`` of a few rows, which then waits for memory alone; None where numba is not installed.

    On one thread: numba's own threads may not be started from several threads at once, as a service would.
    """
    try:
        import numba
    except ImportError:
        return None

    def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        result = np.empty((left.shape[0], right.shape[0]))
        for n in range(right.shape[0]):
            for b in range(left.shape[0]):
                total = 0.0
                for d in range(right.shape[1]):
                    total += left[b, d] * np.float64(right[n, d])
                result[b, n] = np.float64(np.float32(total))
        return result

    compiled: Callable[[np.ndarray, np.ndarray], np.ndarray] = numba.njit(fastmath=True, nogil=True)(product)
    return compiled


def maxsim(left: Rows, right: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Late interaction of posts (MaxSim of Khattab and Zaharia, SIGIR 2020): (b, n) twice, NaN where a side
    has no posts.

    First the mean over the candidate's posts of the best inner product with a post of the brand; then the
    mean over the brand's posts of the best with one of the candidate's. A mean of posts hides that one of
    them fits; this does not.
    """
    shape = len(left.counts), len(right.counts)
    met, meets = np.full(shape, np.nan), np.full(shape, np.nan)
    here = np.flatnonzero(right.counts)
    if not len(here):
        return met, meets
    start = np.cumsum(right.counts[here]) - right.counts[here]
    stop = np.cumsum(left.counts)
    for rows in np.split(np.arange(shape[0]), np.flatnonzero(np.diff(stop // ROWS)) + 1):
        asked = rows[left.counts[rows] > 0]
        if not len(asked):
            continue
        first = stop[asked] - left.counts[asked]
        product = inner(left.values[first[0] : stop[asked[-1]]], right.values)
        at = first - first[0]
        met[np.ix_(asked, here)] = (
            np.add.reduceat(np.maximum.reduceat(product, at), start, axis=1) / right.counts[here]
        )
        best = np.maximum.reduceat(product, start, axis=1)
        meets[np.ix_(asked, here)] = np.add.reduceat(best, at) / left.counts[asked][:, None]
    return met, meets


def shared(left: Vectors, right: Vectors) -> np.ndarray:
    """(b, n) bool: pairs of which both sides are present."""
    return left.present[:, None] & right.present[None, :]


def weighted_mean(
    similarities: Mapping[str, np.ndarray], weights: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The parts (b, n) that add up to the weighted mean of similarities (b, n): ``w_s s_s / sum of w``.

    A weight of 0 leaves that factor out of that pair and gives its share to the others; where all weights are
    0 the parts are NaN.
    """
    total = sum(weights.values(), np.zeros(1))
    total = np.where(total > 0, total, np.nan)
    return {name: weights[name] * similarities[name] / total for name in similarities}


def proper(rows: np.ndarray, mean: np.ndarray | None = None, shares: bool = False) -> np.ndarray:
    """(n, d) as directions: Hellinger's square root of shares, length one, less a mean (d,) of such rows,
    length one again."""
    values = _length_one(np.sqrt(np.maximum(rows, 0)) if shares else rows)
    return values if mean is None else _length_one(values - mean)


def _length_one(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)


def are_shares(rows: np.ndarray) -> bool:
    """Whether all values lie between 0 and 1."""
    return bool(rows.size and (rows >= 0).all() and (rows <= 1).all())


def typical(dataset: Dataset, slot: str, like: str) -> tuple[np.ndarray, np.ndarray]:
    """(1, d) the mean of what a brand or influencer posts, and (d,) of what all influencers do: what
    everybody shows is no fit.

    Raises UsageError where nothing of it is there.
    """
    wanted = one_account_vector(dataset, slot, account=like)
    if not wanted.present[0]:
        raise UsageError(f"Nothing of {like} is there to compare in {slot}.", "Encode its posts first.")
    all_ = account_vectors(dataset, slot, accounts=dataset.influencers)
    mean = (
        all_.values[all_.present].mean(axis=0)
        if all_.present.any()
        else np.zeros(wanted.values.shape[1], np.float32)
    )
    return wanted.values, mean


def cosine(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(n, d) and (n, d), or (1, d), to (n,), 0 of a row of zeros."""
    length = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return np.asarray((left * right).sum(axis=1) / np.maximum(length, 1e-12))
