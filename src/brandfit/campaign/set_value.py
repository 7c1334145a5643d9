"""The value of a set of influencers under one objective. A known audience member counts once, however many of
the set it follows.

    f(S) = sum over i in S of m_i private_i  +  sum over members a of weight_a (1 - product over i in S with a
                                             of (1 - m_i))

    objective     amount of i                             m_i
    reach         followers                               1
    match_reach   followers                               chance of a match
    rank_reach    followers                               rank share
    engagement    expected likes and comments on a post   1, and no audience: engagement adds up

Only a sample of an audience is known. A member of it (somebody who comments or follows) stands for as many
followers as there are for each known member, of that one of its influencers with the fewest, so that no
influencer counts for more than its followers; the other followers are private to their influencer. Adding one
to a larger set never adds more than to a smaller one (f is submodular).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class SetValue:
    """Of n influencers; made by ``set_value``.

    audience  (n, m) of 0 and 1: known members
    weight    (m,) followers that a member stands for
    private   (n,) amount that belongs to no known member
    match     (n,) factors from 0 to 1
    """

    audience: sparse.csr_matrix
    weight: np.ndarray
    private: np.ndarray
    match: np.ndarray

    def subset(self, at: np.ndarray) -> SetValue:
        """Of these influencers (k,) alone. A member stands for as many followers as before, so values can be
        compared."""
        return SetValue(self.audience[at], self.weight, self.private[at], self.match[at])

    def __len__(self) -> int:
        return len(self.match)

    @property
    def empty_coverage(self) -> np.ndarray:
        """(m,) share of each member that is not counted yet, of the empty set."""
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
        return sum(self.added_by_each(chosen))

    def added_by_each(self, chosen: Sequence[int]) -> list[float]:
        """What each adds to those before it; their sum is the value of the set."""
        left, found = self.empty_coverage, []
        for i in chosen:
            found.append(self.gain(i, left))
            left = self.added(i, left)
        return found

    def _members(self, i: int) -> np.ndarray:
        return np.asarray(self.audience.indices[self.audience.indptr[i] : self.audience.indptr[i + 1]])


def set_value(audience: sparse.csr_matrix, amount: np.ndarray, match: np.ndarray) -> SetValue:
    """audience (n, m) of 0 and 1: known members; amount (n,): what each counts for on its own, not below 0
    and never NaN; match (n,): factors, cut to 0 to 1."""
    audience = sparse.csr_matrix(sparse.diags((amount > 0).astype(np.float64)) @ audience, dtype=np.float64)
    audience.eliminate_zeros()
    size = np.asarray(audience.sum(axis=1)).ravel()  # (n,) known members
    each = np.divide(
        amount, size, out=np.zeros(len(amount)), where=size > 0
    )  # (n,) followers for a known member
    weight = np.full(audience.shape[1], np.inf)
    rows, columns = audience.nonzero()
    np.minimum.at(weight, columns, each[rows])
    weight[np.isinf(weight)] = 0
    return SetValue(audience, weight, amount - audience @ weight, np.clip(match.astype(np.float64), 0, 1))
