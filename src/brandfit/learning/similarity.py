"""Similarity of brands and candidates, and the combination of the similarities of several slots.

The value of a pair depends on this pair alone, to the last bit: a brand has the same score alone and in a
batch, and candidates may come in any order. BLAS sums in an order that depends on the shape of the whole
product. Products are therefore summed in float64 and rounded to float32 once, which hides the difference
(except for about one value in 10^8).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.learning.pooling import Rows, Vectors, account_vectors, one_account_vector

MAXSIM_ROWS = 256
"""Posts of brands whose products with all posts of candidates are in memory at the same time."""
STREAMED_MAX_ROWS, STREAMED_MIN_SIZE = 12, 4_000_000
"""``inner`` streams the right side without a float64 copy if the left side has at most this many rows and the
right side at least this many values."""
BLOCK_BYTES = 64 * 2**20
"""Size of the float64 copies of blocks of the right side."""
BLOCK_ROWS = 512
"""Rows of the left side per product: BLAS computes one product at a time, and other threads wait for it."""


def unit(vectors: Vectors) -> Vectors:
    """Rows of length one. A row of zeros has no direction and counts as absent."""
    length = _lengths(vectors.values)
    present = vectors.present & (length > 0)
    return Vectors(vectors.values / np.where(present, length, np.float32(1))[:, None], present)


def bounded(vectors: Vectors) -> Vectors:
    """Rows longer than one are scaled to length one. Shares that add up to one are unchanged."""
    length = np.maximum(_lengths(vectors.values), np.float32(1))
    return Vectors(vectors.values / length[:, None], vectors.present)


def shares(vectors: Vectors, columns: Sequence[str], name: str) -> Vectors:
    """Rows (n, dim) whose blocks of columns are divided by their sums; a block of zeros stays (psi of
    MORNING, Wang et al. 2022, Eq. 4-6).

    columns  names "BLOCK: CLASS" of the columns; all are one block if they have no such names
    name     of the Features, for the message

    Raises UsageError for a negative value, which is no share.
    """
    if (vectors.values < 0).any():
        raise UsageError(
            f"{name} has negative values: they are no shares that add up to one.",
            "Set pictures=bounded, or encode pictures by image.objects_scenes.",
        )
    values = vectors.values.copy()
    block_names = blocks_of(columns) or [""] * values.shape[1]
    for block in sorted(set(block_names)):
        is_block = np.array([name == block for name in block_names], bool)  # (dim,)
        total = values[:, is_block].sum(axis=1, dtype=np.float64, keepdims=True)  # (n, 1)
        values[:, is_block] /= np.where(total > 0, total, 1.0)
    return Vectors(values, vectors.present)


def blocks_of(columns: Sequence[str]) -> list[str]:
    """The block of each of the columns named "BLOCK: CLASS"; empty if any has no such name."""
    blocks = [block for block, separator, _ in (name.partition(": ") for name in columns) if separator]
    return blocks if len(blocks) == len(columns) else []


def _lengths(rows: np.ndarray) -> np.ndarray:
    """(n,) float32 Euclidean lengths of rows (n, d), summed in float64."""
    return np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float64)).astype(np.float32)


def inner(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(b, n) inner products of left (b, d) and right (n, d): float64 arrays of float32 values."""
    is_narrow = len(left) <= STREAMED_MAX_ROWS and right.size >= STREAMED_MIN_SIZE
    if is_narrow and right.dtype == np.float32 and (product := _streamed_inner()) is not None:
        return np.asarray(product(left.astype(np.float64), right))
    # Blocks of the right side bound the memory of its float64 copy.
    step = max(1, BLOCK_BYTES // (8 * max(1, right.shape[1])))
    result = np.empty((len(left), len(right)))
    for start in range(0, len(right), step):
        wide = right[start : start + step].astype(np.float64).T
        for row in range(0, len(left), BLOCK_ROWS):
            part = left[row : row + BLOCK_ROWS].astype(np.float64) @ wide
            result[row : row + BLOCK_ROWS, start : start + step] = part.astype(np.float32)
    return result


@cache
def _streamed_inner() -> Callable[[np.ndarray, np.ndarray], np.ndarray] | None:
    """``inner`` for few left rows, limited by memory bandwidth only; None if numba is not installed.

    It runs on one thread, because a service calls it from several threads and numba cannot start its own
    threads from more than one.
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
    """Late interaction of posts (MaxSim of Khattab and Zaharia, SIGIR 2020): (b, n) twice.

    First: the mean over the candidate's posts of the largest inner product with a post of the brand. Second:
    the mean over the brand's posts of the largest inner product with a post of the candidate. NaN if a side
    has no posts. A mean over posts hides a single post that fits; this does not.
    """
    shape = len(left.counts), len(right.counts)
    of_candidate_posts, of_brand_posts = np.full(shape, np.nan), np.full(shape, np.nan)
    candidates = np.flatnonzero(right.counts)  # rows of candidates with posts
    if not len(candidates):
        return of_candidate_posts, of_brand_posts
    n_posts = right.counts[candidates]
    candidate_start = np.cumsum(n_posts) - n_posts
    stop = np.cumsum(left.counts)
    # Brands are processed in blocks of about MAXSIM_ROWS posts.
    block_ends = np.flatnonzero(np.diff(stop // MAXSIM_ROWS)) + 1
    for block in np.split(np.arange(shape[0]), block_ends):
        brands = block[left.counts[block] > 0]
        if not len(brands):
            continue
        first = stop[brands] - left.counts[brands]
        product = inner(left.values[first[0] : stop[brands[-1]]], right.values)  # (brand posts, posts)
        brand_start = first - first[0]
        block_index = np.ix_(brands, candidates)
        best_for_candidate_post = np.maximum.reduceat(product, brand_start)
        of_candidate_posts[block_index] = (
            np.add.reduceat(best_for_candidate_post, candidate_start, axis=1) / n_posts
        )
        best_for_brand_post = np.maximum.reduceat(product, candidate_start, axis=1)
        of_brand_posts[block_index] = (
            np.add.reduceat(best_for_brand_post, brand_start) / left.counts[brands][:, None]
        )
    return of_candidate_posts, of_brand_posts


def shared(left: Vectors, right: Vectors) -> np.ndarray:
    """(b, n) bool: pairs with both sides present."""
    return left.present[:, None] & right.present[None, :]


def weighted_mean(
    similarities: Mapping[str, np.ndarray], weights: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The parts (b, n) that add up to the weighted mean of similarities (b, n): ``w_s s_s / sum of w``.

    A weight of 0 leaves this factor out of this pair and distributes its share to the others. The parts are
    NaN if all weights are 0.
    """
    total = sum(weights.values(), np.zeros(1))
    total = np.where(total > 0, total, np.nan)
    return {name: weights[name] * similarities[name] / total for name in similarities}


def proper(rows: np.ndarray, mean: np.ndarray | None = None, shares: bool = False) -> np.ndarray:
    """(n, d) rows as directions.

    Hellinger's square root of shares, scaled to length one, minus a mean (d,) of such rows, scaled again.
    """
    values = _length_one(np.sqrt(np.maximum(rows, 0)) if shares else rows)
    return values if mean is None else _length_one(values - mean)


def _length_one(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)


def are_shares(rows: np.ndarray) -> bool:
    """Whether all values lie between 0 and 1."""
    return bool(rows.size and (rows >= 0).all() and (rows <= 1).all())


def typical(dataset: Dataset, slot: str, like: str) -> tuple[np.ndarray, np.ndarray]:
    """(1, d) mean over the posts of one account, and (d,) mean over all influencers.

    The second is subtracted before a comparison: content that all influencers post is no fit. Raises
    UsageError if the account has no features in this slot.
    """
    vector = one_account_vector(dataset, slot, account=like)
    if not vector.present[0]:
        has_posts = dataset.representation.get(like, "posts") == "posts"
        hint = "Encode its posts first." if has_posts else "It has no posts here: name an account with posts."
        raise UsageError(f"{like} has no features in the slot {slot}.", hint)
    influencers = account_vectors(dataset, slot, accounts=dataset.influencers)
    mean = np.zeros(vector.values.shape[1], np.float32)
    if influencers.present.any():
        mean = influencers.values[influencers.present].mean(axis=0)
    return vector.values, mean


def cosine(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(n,) cosines of left (n, d) and right (n, d), or (1, d); 0 for a row of zeros."""
    length = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return np.asarray((left * right).sum(axis=1) / np.maximum(length, 1e-12))
