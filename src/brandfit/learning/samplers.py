"""What a listwise loss is computed on: pools of few candidates with a varying number of positives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Pools(NamedTuple):
    """brand (m,) int64; candidates (m, k) int64, -1 where a pool is shorter; positive (m, k) bool."""

    brand: np.ndarray
    candidates: np.ndarray
    positive: np.ndarray


def pools(pairs: np.ndarray, candidates: int, k: int, rng: np.random.Generator) -> Pools:
    """Pools of k candidates with 1 ... k positives, k pools for each positive pair (W-09; Elwood et al. 2021, III-D).

    pairs (p, 2) are distinct (brand, candidate) numbers; candidates are numbered 0 ... ``candidates`` - 1. A brand with 5
    positives and k = 3 gets 15 pools: 5 with one positive, 5 with two, 5 with three. Every positive is in equally many.
    Negatives are drawn without replacement inside a pool, from all candidates that are not positives of the brand.

    The paper does not say what becomes of a brand with fewer positives than a pool asks for: the pool then holds all of
    them and more negatives. Where there are too few negatives the pool is shorter.
    """
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    brand, positive = pairs[:, 0], pairs[:, 1]
    _, first, owner, count = np.unique(brand, return_index=True, return_inverse=True, return_counts=True)
    first, count = first[owner], count[owner]
    place = np.arange(len(pairs)) - first
    # The r-th candidate that is no positive of a brand is r + the number of positives p_i (sorted) with p_i - i <= r.
    gaps = owner * (candidates + 1) + positive - place
    column = np.arange(k)
    parts = []
    for wanted in range(1, k + 1):
        # Pool n of a brand holds the positives n ... n + wanted - 1 (cyclic) of its shuffled list: each one equally often.
        shuffled = positive[np.lexsort((rng.random(len(pairs)), owner))]
        windows = shuffled[first[:, None] + (place[:, None] + column) % count[:, None]]
        size = np.minimum(wanted, count)
        rank = _distinct(candidates - count, k - size, k, rng)
        at = np.where(rank >= 0, owner[:, None] * (candidates + 1) + rank, -1)
        negatives = np.where(rank >= 0, rank + np.searchsorted(gaps, at, side="right") - first[:, None], -1)
        is_positive = column < size[:, None]
        fill = np.take_along_axis(negatives, np.maximum(column - size[:, None], 0), axis=1)
        parts.append((brand, np.where(is_positive, windows, fill), is_positive))
    brands, chosen, positives = zip(*parts, strict=True)
    return Pools(np.concatenate(brands), np.concatenate(chosen), np.concatenate(positives))


def _distinct(below: np.ndarray, wanted: np.ndarray, width: int, rng: np.random.Generator) -> np.ndarray:
    """(m, width) distinct numbers a row, ``wanted`` of them (or all, if fewer) in 0 ... below - 1; then -1.

    Floyd's sampling (CACM 30(9), 1987), a column at a time: every subset is equally likely, and nothing is drawn twice.
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
