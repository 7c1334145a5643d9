"""Accounts of the same size, and the position of an account among them.

The peers of an account have from half to twice its followers, the nearest ``NEAREST`` of them by the
logarithm. An account whose compared value is unknown is a peer of no account. Size matters because engagement
falls with it: 2 % is little for 5,000 followers and much for 100,000.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from brandfit.audience.sampling import Estimates, share

NEAREST = 500
FEWEST = 20
"""Peers below which no position among them is given."""


class PeerRanks(NamedTuple):
    """Positions of n accounts, (n,) each; NaN with too few peers or an unknown value.

    below, above       share of the peers with a lower, and with a higher value
    low, high          95 % interval of the share below: from the interval of the value, and from the number
                       of peers
    peers              number of peers; 0 with an unknown value
    smallest, largest  followers of the smallest and of the largest peer
    """

    below: np.ndarray
    above: np.ndarray
    low: np.ndarray
    high: np.ndarray
    peers: np.ndarray
    smallest: np.ndarray
    largest: np.ndarray


def peer_ranks(followers: np.ndarray, estimates: Estimates) -> PeerRanks:
    """Position of each account among its peers.

    followers  (n,) NaN or 0 if unknown
    """
    n = len(followers)
    below, above, lowest, highest, smallest, largest = np.full((6, n), np.nan)
    result = PeerRanks(
        below=below,
        above=above,
        low=lowest,
        high=highest,
        peers=np.zeros(n, np.int64),
        smallest=smallest,
        largest=largest,
    )
    # (k,) accounts with a known size and value, by size: peers are then a slice
    usable = np.flatnonzero((np.nan_to_num(followers) > 0) & ~np.isnan(estimates.value))
    order = usable[np.argsort(followers[usable], kind="stable")]
    size, value = followers[order], estimates.value[order]
    low, high = estimates.low[order], estimates.high[order]
    first, last = windows(size)
    counts = np.zeros((4, len(order)))
    for i, (start, end) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        peer_values = value[start:end]
        # The window contains the account itself, whose value lies within its own interval.
        counts[:, i] = (
            (peer_values < value[i]).sum(),
            (peer_values > value[i]).sum(),
            (peer_values < low[i]).sum(),
            (peer_values <= high[i]).sum() - 1,
        )
    n_peers = last - first - 1
    result.peers[order] = n_peers
    has_peers = n_peers >= FEWEST
    rows, m = order[has_peers], n_peers[has_peers]
    result.below[rows], result.above[rows] = counts[0, has_peers] / m, counts[1, has_peers] / m
    result.low[rows] = share(counts[2, has_peers], m).low
    result.high[rows] = share(counts[3, has_peers], m).high
    if len(size):
        result.smallest[order] = size[np.clip(first, 0, len(size) - 1)]
        result.largest[order] = size[np.clip(last - 1, 0, len(size) - 1)]
    return result


def windows(size: np.ndarray, nearest: int = NEAREST) -> tuple[np.ndarray, np.ndarray]:
    """First and one past the last peer of each of these sorted sizes (n,). The window of an account contains
    the account itself."""
    first, last = np.searchsorted(size, size / 2, "left"), np.searchsorted(size, size * 2, "right")
    is_wide = last - first > nearest + 1
    logs, accounts = np.log(size), np.flatnonzero(is_wide)
    # Binary search for the start of each wide window: it moves right as long as its left end is farther from
    # the account than the next account on the right.
    low, high = first[is_wide], last[is_wide] - nearest - 1
    while (low < high).any():
        middle = (low + high) // 2
        following = np.minimum(middle + nearest + 1, len(size) - 1)
        moves_right = (low < high) & (logs[accounts] - logs[middle] > logs[following] - logs[accounts])
        low, high = (
            np.where(moves_right, middle + 1, low),
            np.where(moves_right | (low >= high), high, middle),
        )
    first[is_wide] = np.clip(low, accounts - nearest, accounts)
    last[is_wide] = first[is_wide] + nearest + 1
    return first, last
