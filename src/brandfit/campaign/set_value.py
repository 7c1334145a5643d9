"""The value of a set of influencers under one objective. A known audience member counts once, however many
influencers of the set it follows.

    f(S) = sum over i in S of m_i private_i  +  sum over members a of weight_a (1 - product over i in S with a
                                             of (1 - m_i))

    objective     amount of i                             m_i
    reach         followers                               1
    match_reach   followers                               chance of a match
    rank_reach    followers                               rank share
    engagement    expected likes and comments on a post   1, and no audience: engagement adds up

Only a sample of an audience is known. A known member (an account that comments or follows) represents a
number of followers: the ratio of followers to known members, the lowest among its influencers, so that no
influencer counts for more than its followers. The other followers are private to their influencer. Adding an
influencer to a larger set never adds more than to a smaller one (f is submodular).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class SetValue:
    """Values of sets of n influencers; made by ``set_value``.

    ``remaining`` (m,) is the share of each member that a set does not cover yet.

    audience  (n, m) of 0 and 1: known members
    weight    (m,) followers that a member represents
    private   (n,) amount that belongs to no known member
    match     (n,) factors from 0 to 1
    """

    audience: sparse.csr_matrix
    weight: np.ndarray
    private: np.ndarray
    match: np.ndarray

    def subset(self, rows: np.ndarray) -> SetValue:
        """The same for these influencers (k,) alone. The weights of members stay, so values are
        comparable."""
        return SetValue(self.audience[rows], self.weight, self.private[rows], self.match[rows])

    def __len__(self) -> int:
        return len(self.match)

    @property
    def empty_coverage(self) -> np.ndarray:
        """``remaining`` of the empty set."""
        return np.ones(self.audience.shape[1])

    def gains(self, remaining: np.ndarray) -> np.ndarray:
        """(n,) what each influencer would add."""
        return np.asarray(self.match * (self.private + self.audience @ (self.weight * remaining)))

    def gain(self, i: int, remaining: np.ndarray) -> float:
        """What influencer i would add."""
        members = self._members(i)
        return float(self.match[i] * (self.private[i] + (self.weight[members] * remaining[members]).sum()))

    def added(self, i: int, remaining: np.ndarray) -> np.ndarray:
        """``remaining`` after influencer i has joined."""
        result = remaining.copy()
        result[self._members(i)] *= 1 - self.match[i]
        return result

    def value(self, chosen: Sequence[int]) -> float:
        return sum(self.added_by_each(chosen))

    def added_by_each(self, chosen: Sequence[int]) -> list[float]:
        """What each adds to those before it. The sum is the value of the set."""
        remaining = self.empty_coverage
        gains = []
        for i in chosen:
            gains.append(self.gain(i, remaining))
            remaining = self.added(i, remaining)
        return gains

    def _members(self, i: int) -> np.ndarray:
        return np.asarray(self.audience.indices[self.audience.indptr[i] : self.audience.indptr[i + 1]])


def set_value(audience: sparse.csr_matrix, amount: np.ndarray, match: np.ndarray) -> SetValue:
    """The SetValue of n influencers.

    audience  (n, m) of 0 and 1: known members
    amount    (n,) value of each influencer alone, not below 0 and never NaN
    match     (n,) factors, cut to 0 to 1
    """
    # Members of an influencer without an amount would get a weight of 0.
    audience = sparse.csr_matrix(sparse.diags((amount > 0).astype(np.float64)) @ audience, dtype=np.float64)
    audience.eliminate_zeros()
    n_members = np.asarray(audience.sum(axis=1)).ravel()  # (n,)
    # (n,) followers for each known member, and (m,) the lowest of these among the influencers of a member
    ratio = np.divide(amount, n_members, out=np.zeros(len(amount)), where=n_members > 0)
    weight = np.full(audience.shape[1], np.inf)
    rows, columns = audience.nonzero()
    np.minimum.at(weight, columns, ratio[rows])
    weight[np.isinf(weight)] = 0
    return SetValue(audience, weight, amount - audience @ weight, np.clip(match.astype(np.float64), 0, 1))
