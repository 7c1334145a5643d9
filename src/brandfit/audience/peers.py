"""Who is of the same size, and where an account lies among them.

The peers of an account have from half to twice its followers, the nearest ``NEAREST`` of them by the
logarithm; accounts of which what is compared is not known are nobody's peers. Engagement falls with size: 2 %
is little for 5,000 followers and much for 100,000.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from brandfit.audience.sampling import Estimates, share

NEAREST = 500
FEWEST = 20
"""Peers below which nothing is said of a place among them."""


class PeerRanks(NamedTuple):
    """Of n accounts, (n,) each; NaN where there are too few peers or the value is not known.

    below, above       share of the peers that have less, and more
    low, high          95 % interval of the share that has less: from the interval of the value, and from how
                       many peers there are
    peers              how many; 0 where not known
    smallest, largest  followers of the smallest and largest of them
    """

    below: np.ndarray
    above: np.ndarray
    low: np.ndarray
    high: np.ndarray
    peers: np.ndarray
    smallest: np.ndarray
    largest: np.ndarray


def peer_ranks(followers: np.ndarray, found: Estimates) -> PeerRanks:
    """Where each account lies among its peers. ``followers`` (n,), NaN or 0 where not known."""
    n = len(followers)
    less, more, least, most, smallest, largest = np.full((6, n), np.nan)
    result = PeerRanks(
        below=less,
        above=more,
        low=least,
        high=most,
        peers=np.zeros(n, np.int64),
        smallest=smallest,
        largest=largest,
    )
    known = np.flatnonzero((np.nan_to_num(followers) > 0) & ~np.isnan(found.value))
    order = known[np.argsort(followers[known], kind="stable")]
    size, value, low, high = (column[order] for column in (followers, found.value, found.low, found.high))
    first, last = windows(size)
    counts = np.zeros((4, len(order)))
    for i, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        those = value[a:b]
        # the account itself lies in its window, between its own ends
        counts[:, i] = (
            (those < value[i]).sum(),
            (those > value[i]).sum(),
            (those < low[i]).sum(),
            (those <= high[i]).sum() - 1,
        )
    peers = last - first - 1
    result.peers[order] = peers
    told = peers >= FEWEST
    at, m = order[told], peers[told]
    result.below[at], result.above[at] = counts[0, told] / m, counts[1, told] / m
    result.low[at], result.high[at] = share(counts[2, told], m).low, share(counts[3, told], m).high
    result.smallest[order], result.largest[order] = (
        size[np.clip(at, 0, len(size) - 1)] for at in (first, last - 1)
    )
    return result


def windows(size: np.ndarray, nearest: int = NEAREST) -> tuple[np.ndarray, np.ndarray]:
    """First and one past the last peer of each of these sizes (n,), sorted; an account lies in its own
    window."""
    first, last = np.searchsorted(size, size / 2, "left"), np.searchsorted(size, size * 2, "right")
    wide = last - first > nearest + 1
    low, high = first[wide], last[wide] - nearest - 1
    logs, at = np.log(size), np.flatnonzero(wide)
    while (
        low < high
    ).any():  # the window moves right as long as its left end is farther than what comes next on the right
        middle = (low + high) // 2
        following = np.minimum(middle + nearest + 1, len(size) - 1)
        right = (low < high) & (logs[at] - logs[middle] > logs[following] - logs[at])
        low, high = np.where(right, middle + 1, low), np.where(right | (low >= high), high, middle)
    first[wide] = np.clip(low, at - nearest, at)
    last[wide] = first[wide] + nearest + 1
    return first, last
