"""Training examples: pools and buckets for listwise losses, triplets for pairwise losses.

Each call draws one epoch. Pairs are (p, 2) distinct (brand, candidate) numbers. Negatives are drawn from the
``candidates``, sorted numbers that include the candidates of all pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from brandfit.learning.pooling import Sides

TRIES = 20
"""Attempts to draw a hard negative; after these, the random negative stays."""


class Pools(NamedTuple):
    """Pools of candidates, one brand each.

    brand       (m,) int64
    candidates  (m, k) int64, -1 after the end of a shorter pool
    positive    (m, k) bool
    """

    brand: np.ndarray
    candidates: np.ndarray
    positive: np.ndarray


def pools(pairs: np.ndarray, candidates: np.ndarray, *, k: int, rng: np.random.Generator) -> Pools:
    """Pools of k candidates with 1 ... k positives, k pools for each positive pair (W-09; Elwood et al. 2021,
    III-D).

    A brand with 5 positives and k = 3 gets 15 pools: 5 with one positive, 5 with two, 5 with three. Every
    positive is in the same number of pools. Negatives are drawn without replacement inside a pool, from all
    candidates that are not positives of the brand.

    The paper leaves open the case of a brand with fewer positives than a pool needs: the pool then contains
    all of them and more negatives. With too few negatives the pool is shorter.
    """
    pairs, n = _with_candidate_rows(pairs, candidates), len(candidates)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    brand, positive = pairs[:, 0], pairs[:, 1]  # (p,)
    _, first, owner, count = np.unique(brand, return_index=True, return_inverse=True, return_counts=True)
    first, count = first[owner], count[owner]
    rank_in_brand = np.arange(len(pairs)) - first
    # The r-th candidate that is no positive of a brand is r + the number of positives p_i (sorted) with p_i -
    # i <= r. Brands are kept distinct by multiples of n + 1.
    gaps = owner * (n + 1) + positive - rank_in_brand
    column = np.arange(k)
    chosen, is_chosen_positive = [], []
    for n_positives in range(1, k + 1):
        # Pool j of a brand contains the positives j ... j + n_positives - 1 (cyclic) of its shuffled list, so
        # that each positive is in the same number of pools.
        shuffled = positive[np.lexsort((rng.random(len(pairs)), owner))]
        windows = shuffled[first[:, None] + (rank_in_brand[:, None] + column) % count[:, None]]  # (p, k)
        size = np.minimum(n_positives, count)
        rank = _distinct(n - count, k - size, width=k, rng=rng)  # (p, k) ranks of negatives, or -1
        code = np.where(rank >= 0, owner[:, None] * (n + 1) + rank, -1)
        n_before = np.searchsorted(gaps, code, side="right") - first[:, None]
        negatives = np.where(rank >= 0, rank + n_before, -1)
        # Positives first, then negatives from their first column on.
        is_positive = column < size[:, None]
        fill = np.take_along_axis(negatives, np.maximum(column - size[:, None], 0), axis=1)
        chosen.append(np.where(is_positive, windows, fill))
        is_chosen_positive.append(is_positive)
    return Pools(
        brand=np.tile(brand, k),
        candidates=_candidates_at(np.concatenate(chosen), candidates),
        positive=np.concatenate(is_chosen_positive),
    )


def full_lists(pairs: np.ndarray, candidates: np.ndarray) -> Pools:
    """One list of all candidates for each brand (the listwise mode before pools; Elwood et al. 2021, III-D).

    With ``losses.listnet`` the target of a positive is 1 / |I+|, the number of all positives of the brand.
    """
    pairs = _with_candidate_rows(pairs, candidates)
    brands, owner = np.unique(pairs[:, 0], return_inverse=True)
    is_positive = np.zeros((len(brands), len(candidates)), bool)
    is_positive[owner, pairs[:, 1]] = True
    # A copy of the candidates for each list: callers shuffle and slice the rows.
    return Pools(brands, np.tile(candidates, (len(brands), 1)), is_positive)


class Lists(NamedTuple):
    """Lists of candidates, one brand each.

    brand       (m,) int64
    candidates  (m, k) int64
    grades      (m, k) float32, from k - 1 for the best bucket to 0 for the negative
    """

    brand: np.ndarray
    candidates: np.ndarray
    grades: np.ndarray


def buckets(
    pairs: np.ndarray, grades: np.ndarray, *, candidates: np.ndarray, k: int, rng: np.random.Generator
) -> Lists:
    """Lists of k candidates, one of each of k buckets (R-04; Gan et al. 2019, "k-buckets sampling").

    The positives of a brand are sorted by their grades (p,) and split into k - 1 buckets of about equal size;
    equal grades are in random order. The last bucket contains all other candidates. Every positive is in at
    least one list: a smaller bucket is repeated. A brand with fewer positives than buckets has its positives
    in several buckets.
    """
    _brands, owner, count = np.unique(pairs[:, 0], return_inverse=True, return_counts=True)
    order = np.lexsort((rng.random(len(pairs)), -grades, owner))
    lists = []  # per brand (longest bucket, k): brand, then a positive of each bucket
    for of_brand in np.split(order, np.cumsum(count)[:-1]):
        positives = pairs[of_brand, 1]
        if len(positives) >= k - 1:
            parts = np.array_split(positives, k - 1)
        else:
            parts = [positives[n % len(positives) :][:1] for n in range(k - 1)]
        longest = max(map(len, parts))
        columns = [rng.permutation(part)[np.arange(longest) % len(part)] for part in parts]
        lists.append(np.column_stack([np.full(longest, pairs[of_brand[0], 0]), *columns]))
    sampled = np.concatenate(lists)
    negative = random_negatives(pairs, sampled[:, 0], candidates=candidates, rng=rng)
    has_negative = negative >= 0
    chosen = np.column_stack([sampled[:, 1:], negative])[has_negative]
    grade_row = np.arange(k - 1, -1, -1, dtype=np.float32)
    return Lists(
        brand=sampled[has_negative, 0],
        candidates=chosen,
        grades=np.broadcast_to(grade_row, chosen.shape).copy(),
    )


class Triplets(NamedTuple):
    """brand, positive and negative (m,) int64."""

    brand: np.ndarray
    positive: np.ndarray
    negative: np.ndarray


def triplets(
    pairs: np.ndarray,
    candidates: np.ndarray,
    *,
    rng: np.random.Generator,
    random: int = 1,
    hard: int = 0,
    categories: Sides[np.ndarray] | None = None,
) -> Triplets:
    """For every positive pair, ``random`` negatives, then ``hard`` negatives of the brand's category (B-09).

    categories  of brands and of candidates by their numbers, int64, -1 if unknown. If the category of a brand
                has no other candidate, its negative is a random one.

    A negative is never a positive of the brand. A brand without negatives has no triplets.
    """
    n_negatives = random + hard
    brand, positive = np.repeat(pairs[:, 0], n_negatives), np.repeat(pairs[:, 1], n_negatives)
    negative = random_negatives(pairs, brand, candidates=candidates, rng=rng)
    if hard and categories is not None:
        is_hard = np.tile(np.arange(n_negatives) >= random, len(pairs))
        negative[is_hard] = _category_negatives(
            pairs,
            brand[is_hard],
            negative=negative[is_hard],
            candidates=candidates,
            categories=categories,
            rng=rng,
        )
    is_kept = negative >= 0
    return Triplets(brand[is_kept], positive[is_kept], negative[is_kept])


def random_negatives(
    pairs: np.ndarray, brand: np.ndarray, *, candidates: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(m,) a uniformly drawn candidate for each of these brands (m,) that is no positive of it, or -1."""
    pairs, n = _with_candidate_rows(pairs, candidates), len(candidates)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    brands, first, count = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    owner = np.searchsorted(brands, brand)
    n_free = n - count[owner]  # (m,) candidates that are no positives
    rank = np.where(n_free > 0, rng.integers(0, np.maximum(n_free, 1)), -1)
    # The r-th candidate that is no positive p_0 < p_1 ... is r + the number of i with p_i - i <= r.
    rank_in_brand = np.arange(len(pairs)) - np.repeat(first, count)
    gaps = np.repeat(np.arange(len(brands)), count) * (n + 1) + pairs[:, 1] - rank_in_brand
    n_before = np.searchsorted(gaps, owner * (n + 1) + rank, side="right") - first[owner]
    return _candidates_at(np.where(rank >= 0, rank + n_before, -1), candidates)


def _with_candidate_rows(pairs: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """The pairs with row numbers in ``candidates`` instead of candidates."""
    return np.column_stack([pairs[:, 0], np.searchsorted(candidates, pairs[:, 1])])


def _candidates_at(rows: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """The candidates in these rows; -1 stays."""
    return np.where(rows >= 0, candidates[np.maximum(rows, 0)], -1)


def _category_negatives(
    pairs: np.ndarray,
    brand: np.ndarray,
    *,
    negative: np.ndarray,
    candidates: np.ndarray,
    categories: Sides[np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """These negatives (m,), replaced by candidates of the category of their brand (m,) if possible."""
    result = negative.copy()
    by_category = candidates[np.argsort(categories.influencer[candidates], kind="stable")]
    sorted_categories = categories.influencer[by_category]
    positives = set(map(tuple, pairs.tolist()))
    for n, one_brand in enumerate(brand.tolist()):
        category = categories.brand[one_brand]
        if category < 0:
            continue
        start, stop = np.searchsorted(sorted_categories, [category, category + 1])
        for _ in range(TRIES if stop > start else 0):
            candidate = int(by_category[rng.integers(start, stop)])
            if (one_brand, candidate) not in positives:
                result[n] = candidate
                break
    return result


def _distinct(below: np.ndarray, wanted: np.ndarray, *, width: int, rng: np.random.Generator) -> np.ndarray:
    """(m, width) distinct random numbers per row, ``wanted`` of them (or all) from 0 ... below - 1; then -1.

    Floyd's sampling (CACM 30(9), 1987), one column at a time: every subset is equally likely.
    """
    wanted = np.minimum(wanted, below)
    chosen = np.full((len(below), width), -1, np.int64)
    for n in range(width):
        is_active = n < wanted
        top = np.where(is_active, below - wanted + n, 0)
        candidate = rng.integers(0, top + 1)
        is_repeated = (chosen == candidate[:, None]).any(axis=1)
        chosen[:, n] = np.where(is_active, np.where(is_repeated, top, candidate), -1)
    return chosen
