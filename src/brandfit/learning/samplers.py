"""What a loss is computed on: pools and buckets for listwise losses, triplets for pairwise ones.

Each call draws one epoch. Pairs are (p, 2) distinct (brand, candidate) numbers; negatives are drawn from the
``candidates``, sorted numbers, those of all pairs among them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

TRIES = 20
"""Draws of a hard negative before a random one is taken."""


class Pools(NamedTuple):
    """brand (m,) int64; candidates (m, k) int64, -1 where a pool is shorter; positive (m, k) bool."""

    brand: np.ndarray
    candidates: np.ndarray
    positive: np.ndarray


def pools(pairs: np.ndarray, candidates: np.ndarray, *, k: int, rng: np.random.Generator) -> Pools:
    """Pools of k candidates with 1 ... k positives, k pools for each positive pair (W-09; Elwood et al. 2021,
    III-D).

    A brand with 5 positives and k = 3 gets 15 pools: 5 with one positive, 5 with two, 5 with three. Every
    positive is in equally many. Negatives are drawn without replacement inside a pool, from all candidates
    that are not positives of the brand.

    The paper does not say what becomes of a brand with fewer positives than a pool asks for: the pool then
    holds all of them and more negatives. Where there are too few negatives the pool is shorter.
    """
    pairs, n = _numbered(pairs, candidates), len(candidates)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    brand, positive = pairs[:, 0], pairs[:, 1]
    _, first, owner, count = np.unique(brand, return_index=True, return_inverse=True, return_counts=True)
    first, count = first[owner], count[owner]
    place = np.arange(len(pairs)) - first
    # The r-th candidate that is no positive of a brand is r + the number of positives p_i (sorted) with p_i -
    # i <= r.
    gaps = owner * (n + 1) + positive - place
    column = np.arange(k)
    parts = []
    for wanted in range(1, k + 1):
        # Pool n of a brand holds the positives n ... n + wanted - 1 (cyclic) of its shuffled list: each one
        # equally often.
        shuffled = positive[np.lexsort((rng.random(len(pairs)), owner))]
        windows = shuffled[first[:, None] + (place[:, None] + column) % count[:, None]]
        size = np.minimum(wanted, count)
        rank = _distinct(n - count, k - size, width=k, rng=rng)
        at = np.where(rank >= 0, owner[:, None] * (n + 1) + rank, -1)
        negatives = np.where(rank >= 0, rank + np.searchsorted(gaps, at, side="right") - first[:, None], -1)
        is_positive = column < size[:, None]
        fill = np.take_along_axis(negatives, np.maximum(column - size[:, None], 0), axis=1)
        parts.append((brand, np.where(is_positive, windows, fill), is_positive))
    brands, chosen, positives = zip(*parts, strict=True)
    return Pools(
        np.concatenate(brands), _candidates_at(np.concatenate(chosen), candidates), np.concatenate(positives)
    )


class Lists(NamedTuple):
    """brand (m,) int64; candidates (m, k) int64; grades (m, k) float32, k - 1 for the best bucket down to 0
    for the negative."""

    brand: np.ndarray
    candidates: np.ndarray
    grades: np.ndarray


def buckets(
    pairs: np.ndarray, grades: np.ndarray, *, candidates: np.ndarray, k: int, rng: np.random.Generator
) -> Lists:
    """Lists of k candidates, one of each of k buckets of a brand (R-04; Gan et al. 2019, "k-buckets
    sampling").

    The positives of a brand are sorted by their grades (p,), how well they did for it, and dealt into k - 1
    buckets of about equal size; equal grades fall in the order of a draw. The last bucket holds all others.
    Every positive is in one list at least: a smaller bucket starts anew. A brand with fewer positives than
    buckets has those of them repeated.
    """
    _brands, owner, count = np.unique(pairs[:, 0], return_inverse=True, return_counts=True)
    order = np.lexsort((rng.random(len(pairs)), -grades, owner))
    first = np.cumsum(count) - count
    rows, width = [], k - 1
    for brand in range(len(count)):
        mine = pairs[order[first[brand] : first[brand] + count[brand]], 1]
        parts = (
            np.array_split(mine, width)
            if len(mine) >= width
            else [mine[n % len(mine) :][:1] for n in range(width)]
        )
        longest = max(len(part) for part in parts)
        columns = [rng.permutation(part)[np.arange(longest) % len(part)] for part in parts]
        rows.append(np.column_stack([np.full(longest, pairs[order[first[brand]], 0]), *columns]))
    drawn = np.concatenate(rows)
    negative = others(pairs, drawn[:, 0], candidates=candidates, rng=rng)
    kept = negative >= 0
    chosen = np.column_stack([drawn[:, 1:], negative])[kept]
    return Lists(
        drawn[kept, 0],
        chosen,
        np.broadcast_to(np.arange(k - 1, -1, -1, dtype=np.float32), chosen.shape).copy(),
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
    groups: tuple[np.ndarray, np.ndarray] | None = None,
) -> Triplets:
    """For every positive pair ``random`` negatives of all candidates and ``hard`` ones of the brand's own
    group (B-09), in a row.

    groups   of brands and of candidates by their numbers, int64, -1 where unknown. A brand whose group has no
             other candidate gets a random one instead.

    A negative is never a positive of the brand; a brand that every candidate is a positive of gets none.
    """
    brand = np.repeat(pairs[:, 0], random + hard)
    negative = others(pairs, brand, candidates=candidates, rng=rng)
    if hard and groups is not None:
        at = np.tile(np.arange(random + hard) >= random, len(pairs))
        negative[at] = _group_negatives(
            pairs, brand[at], negative=negative[at], candidates=candidates, groups=groups, rng=rng
        )
    kept = negative >= 0
    return Triplets(*(column[kept] for column in (brand, np.repeat(pairs[:, 1], random + hard), negative)))


def others(
    pairs: np.ndarray, brand: np.ndarray, *, candidates: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(m,) for each of these brands a candidate that is none of its positives, all equally likely; -1 where
    there is none."""
    pairs, n = _numbered(pairs, candidates), len(candidates)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    brands, first, count = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    owner = np.searchsorted(brands, brand)
    free = n - count[owner]
    rank = np.where(free > 0, rng.integers(0, np.maximum(free, 1)), -1)
    # The r-th candidate that is no positive p_0 < p_1 ... is r + the number of i with p_i - i <= r.
    gaps = (
        np.repeat(np.arange(len(brands)), count) * (n + 1)
        + pairs[:, 1]
        - (np.arange(len(pairs)) - np.repeat(first, count))
    )
    found = rank + np.searchsorted(gaps, owner * (n + 1) + rank, side="right") - first[owner]
    return _candidates_at(np.where(rank >= 0, found, -1), candidates)


def _numbered(pairs: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """The pairs with the place of each candidate among the candidates."""
    return np.column_stack([pairs[:, 0], np.searchsorted(candidates, pairs[:, 1])])


def _candidates_at(places: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """The candidates at these places; -1 stays."""
    return np.where(places >= 0, candidates[np.maximum(places, 0)], -1)


def _group_negatives(
    pairs: np.ndarray,
    brand: np.ndarray,
    *,
    negative: np.ndarray,
    candidates: np.ndarray,
    groups: tuple[np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """These negatives (m,), replaced by others of the brand's group where there are such."""
    result = negative.copy()
    order = candidates[np.argsort(groups[1][candidates], kind="stable")]
    theirs = groups[1][order]
    positives = set(map(tuple, pairs.tolist()))
    for n, b in enumerate(brand.tolist()):
        group = groups[0][b]
        start, stop = np.searchsorted(theirs, [group, group + 1]) if group >= 0 else (0, 0)
        for _ in range(TRIES if stop > start else 0):
            drawn = int(order[rng.integers(start, stop)])
            if (b, drawn) not in positives:
                result[n] = drawn
                break
    return result


def _distinct(below: np.ndarray, wanted: np.ndarray, *, width: int, rng: np.random.Generator) -> np.ndarray:
    """(m, width) distinct numbers a row, ``wanted`` of them (or all, if fewer) in 0 ... below - 1; then -1.

    Floyd's sampling (CACM 30(9), 1987), a column at a time: every subset is equally likely, and nothing is
    drawn twice.
    """
    wanted = np.minimum(wanted, below)
    chosen = np.full((len(below), width), -1, np.int64)
    for n in range(width):
        active = n < wanted
        top = np.where(active, below - wanted + n, 0)
        drawn = rng.integers(0, top + 1)
        again = (chosen == drawn[:, None]).any(axis=1)
        chosen[:, n] = np.where(active, np.where(again, top, drawn), -1)
    return chosen
