"""What a set of influencers is worth to a brand: people that it is expected to reach with a match, each counted once.

    f(S) = sum over i in S of match_i private_i  +  sum over members a of weight_a (1 - product over i in S with a of (1 - match_i))

A member of an observed audience (who comments, who follows) stands for as many followers as there are for each known member of the
smallest, by that, of its influencers, so that nobody wins more people than follow it; the other followers are private to their
influencer. match_i is the chance that the pair works. A follower of two is won by either: adding one to a larger set never
adds more than to a smaller one (f is submodular).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse


class Reach:
    """Of n influencers.

    audience   (n, m) of 0 and 1: known members
    followers  (n,), 0 where not known
    match      (n,) chances from 0 to 1
    """

    def __init__(self, audience: sparse.csr_matrix, followers: np.ndarray, match: np.ndarray) -> None:
        self.match = np.clip(match.astype(np.float64), 0, 1)
        # Of whom the size is not known nobody is counted.
        self.audience = sparse.csr_matrix(sparse.diags((followers > 0).astype(np.float64)) @ audience, dtype=np.float64)
        self.audience.eliminate_zeros()
        size = np.asarray(self.audience.sum(axis=1)).ravel()
        each = np.divide(followers, size, out=np.zeros(len(followers)), where=size > 0)
        self.weight = np.full(self.audience.shape[1], np.inf)
        rows, columns = self.audience.nonzero()
        np.minimum.at(self.weight, columns, each[rows])
        self.weight[np.isinf(self.weight)] = 0
        """(m,) followers that a member stands for."""
        self.private = followers - self.audience @ self.weight

    def __len__(self) -> int:
        return len(self.match)

    @property
    def nothing(self) -> np.ndarray:
        """(m,) share of each member that is not won yet, of the empty set."""
        return np.ones(self.audience.shape[1])

    def gains(self, left: np.ndarray) -> np.ndarray:
        """(n,) what each would add."""
        return np.asarray(self.match * (self.private + self.audience @ (self.weight * left)))

    def gain(self, i: int, left: np.ndarray) -> float:
        members = self._members(i)
        return float(self.match[i] * (self.private[i] + (self.weight[members] * left[members]).sum()))

    def added(self, i: int, left: np.ndarray) -> np.ndarray:
        """What is left when i is in the set too."""
        result = left.copy()
        result[self._members(i)] *= 1 - self.match[i]
        return result

    def value(self, chosen: Sequence[int]) -> float:
        left, total = self.nothing, 0.0
        for i in chosen:
            total += self.gain(i, left)
            left = self.added(i, left)
        return total

    def _members(self, i: int) -> np.ndarray:
        return np.asarray(self.audience.indices[self.audience.indptr[i] : self.audience.indptr[i + 1]])
