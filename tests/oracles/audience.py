"""What the audience of an account says of it, account by account, comment by comment, with other people's
statistics."""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy import stats


def typical(samples: dict[str, list[float]]) -> dict[str, tuple[float, float, float]]:
    """Account to geometric mean and interval, of those with three things or more; of {account: logarithms of
    its things}."""
    squares = {a: sum((x - np.mean(xs)) ** 2 for x in xs) for a, xs in samples.items() if xs}
    usual = sum(squares.values()) / sum(len(samples[a]) - 1 for a in squares)
    found = {}
    for a in squares:
        n = len(samples[a])
        if n >= 3:
            deviation = math.sqrt((4 * usual + squares[a]) / (4 + n - 1) / n)
            half = stats.t(4 + n - 1).ppf(0.975) * deviation
            mean = np.mean(samples[a])
            found[a] = (math.exp(mean), math.exp(mean - half), math.exp(mean + half))
    return found


def place(account: str, followers: dict[str, int | None], found: dict[str, tuple[float, float, float]]):
    """(share of peers that have less, low, high), None where there are fewer than twenty peers."""
    mine = followers[account]
    if account not in found or not mine:
        return None
    near = sorted(
        (abs(math.log(followers[a] / mine)), a)
        for a in found
        if a != account and followers[a] and mine <= 2 * followers[a] and followers[a] <= 2 * mine
    )
    peers = [found[a][0] for _, a in near[:500]]
    if len(peers) < 20:
        return None
    value, low, high = found[account]
    ends = [sum(p < low for p in peers), sum(p <= high for p in peers)]
    wilson = [stats.binomtest(n, len(peers)).proportion_ci(method="wilson") for n in ends]
    return sum(p < value for p in peers) / len(peers), wilson[0].low, wilson[1].high


def same(things: list) -> float | None:
    """Share of the pairs of things that are the same; None of fewer than ten."""
    if len(things) < 10:
        return None
    pairs = list(itertools.combinations(things, 2))
    return sum(a == b for a, b in pairs) / len(pairs)


def ahead(value: float | None, others: list[float]) -> float | None:
    """Share of the others that have less, equal ones counted half."""
    if value is None:
        return None
    return sum(1.0 if o < value else 0.5 if o == value else 0.0 for o in others) / len(others)
