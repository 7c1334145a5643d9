"""Exposure of candidates by the number of their followers, and an order in which each tier has its share.

People look at the first places of a list most. The exposure of the candidate at rank j is 1 / log2(1 + j) for
j up to ``DEPTH``, and 0 after it; the exposure of a tier is the sum over its candidates (Singh and Joachims
2018, Fairness of Exposure in Rankings, KDD, sections 3.1 and 4). A tier is compared with two shares:

    its share of the candidates   equal for all tiers: demographic parity (section 4.1)
    its share of the partners     equal for all tiers: no disparate treatment, because exposure follows merit
                                  (section 4.2; merit is a held-out endorsement)

``parity_order`` is DetGreedy of Geyik, Ambler and Kenthapadi 2019 (Fairness-Aware Ranking in Search &
Recommendation Systems, KDD, algorithm 1), with the shares of the candidates as target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from brandfit.data.candidates import MICRO
from brandfit.errors import UnknownName

DEPTH = 10
"""Places with exposure."""
TIER_STARTS = (MICRO[0], 10_000, 25_000, 50_000, MICRO[1] + 1)
"""Fewest followers of every tier but the first: the bounds of micro-influencers, and between them those of
Kim et al. 2020, section 4.1."""
TIERS = (
    "under 5,000",
    "5,000 to 9,999",
    "10,000 to 24,999",
    "25,000 to 49,999",
    "50,000 to 100,000",
    "over 100,000",
    "unknown",
)
"""Names of the tiers, by number of followers; the last one has the accounts with an unknown number."""
UNKNOWN = len(TIERS) - 1
PARITY = "parity"
"""Name of the order of ``parity_order``, as typed after ``--exposure``."""


@dataclass(frozen=True)
class TierShares:
    """Sums over brands of the shares of the t tiers; every array (t,), every brand adds 1 in total.

    exposure    shares of the exposure of a list
    candidates  shares of the candidates
    partners    shares of the held-out partners
    """

    exposure: np.ndarray
    candidates: np.ndarray
    partners: np.ndarray

    @classmethod
    def empty(cls) -> TierShares:
        return cls(*(np.zeros(len(TIERS)) for _ in range(3)))

    @classmethod
    def of_brand(cls, scores: np.ndarray, tiers: np.ndarray, *, is_partner: np.ndarray) -> TierShares:
        """The shares in the list of one brand; scores, tiers and is_partner (n,), with a partner at least."""
        return cls(
            exposure=_shares(tiers, exposures(scores)),
            candidates=_shares(tiers, np.ones(len(tiers))),
            partners=_shares(tiers, is_partner.astype(np.float64)),
        )

    def __add__(self, other: TierShares) -> TierShares:
        return TierShares(
            exposure=self.exposure + other.exposure,
            candidates=self.candidates + other.candidates,
            partners=self.partners + other.partners,
        )

    def means(self) -> TierShares:
        """The same, averaged over the brands; zeros without a brand."""
        n_brands = max(float(np.round(self.candidates.sum())), 1.0)
        return TierShares(self.exposure / n_brands, self.candidates / n_brands, self.partners / n_brands)


def tiers_of(followers: np.ndarray) -> np.ndarray:
    """(n,) number of the tier (``TIERS``) of accounts with these followers (n,); NaN is unknown."""
    followers = np.asarray(followers, np.float64)
    tiers = np.searchsorted(np.array(TIER_STARTS, np.float64), followers, side="right")
    return np.where(np.isnan(followers), UNKNOWN, tiers)


def exposures(scores: np.ndarray, *, depth: int = DEPTH) -> np.ndarray:
    """(n,) exposure of the candidates with these scores (n,); NaN, no evidence, comes last.

    Candidates with equal scores have the mean exposure of their places, so the order of the candidates does
    not count. The exposures add up to that of the first ``depth`` places.
    """
    _, block, sizes = np.unique(-np.asarray(scores, np.float64), return_inverse=True, return_counts=True)
    ranks = np.arange(1, len(scores) + 1)
    discounts = np.where(ranks <= depth, 1 / np.log2(1 + ranks), 0.0)  # (n,)
    # Sums up to every place; a block of equal scores has the places from its start to its end.
    sums = np.concatenate([[0.0], np.cumsum(discounts)])
    ends = np.cumsum(sizes)
    block_means = (sums[ends] - sums[ends - sizes]) / sizes
    return np.asarray(block_means[block.ravel()])


def parity_order(tiers: np.ndarray) -> np.ndarray:
    """(n,) rows in an order that gives each tier its share of every prefix.

    tiers  (n,) tiers of candidates, best first

    Among the first k candidates a tier with the share p has floor(p k) to ceil(p k) members. At each place
    the best candidate is taken of the tiers below their minimum; if there is none, of those below their
    maximum. Candidates of one tier keep their order. If several tiers are due at the same place, one of them
    is late by a place or a few; the paper guarantees the bounds for up to three groups only. The rule counts
    members, so exposure is close to the shares, not equal to them: the first place cannot be divided.
    """
    n = len(tiers)
    _, group, sizes = np.unique(tiers, return_inverse=True, return_counts=True)
    rows_by_group = [np.flatnonzero(group == g) for g in range(len(sizes))]
    n_placed = np.zeros(len(sizes), np.int64)
    # The best row of each group that is not placed yet; n: none is left.
    next_rows = np.array([rows[0] for rows in rows_by_group], np.int64)
    result = np.empty(n, np.int64)
    for place in range(n):
        # Whole numbers: floor and ceiling of size / n times the length of the prefix.
        due = sizes * (place + 1)
        is_left = n_placed < sizes
        allowed = is_left & (n_placed < due // n)
        if not allowed.any():
            allowed = is_left & (n_placed < -(-due // n))
        chosen = int(np.argmin(np.where(allowed, next_rows, n)))
        result[place] = next_rows[chosen]
        n_placed[chosen] += 1
        rows = rows_by_group[chosen]
        next_rows[chosen] = rows[n_placed[chosen]] if n_placed[chosen] < len(rows) else n
    return result


def parity_scores(scores: np.ndarray, tiers: np.ndarray, *, order: np.ndarray) -> np.ndarray:
    """(n,) scores that sort the candidates by ``parity_order``: minus the place, NaN where scores has NaN.

    scores, tiers  (n,) of the candidates
    order          (n,) rows, best first; those without a score are last

    The shares are those of the candidates with a score: a candidate without evidence stays last.
    """
    scored = order[~np.isnan(scores[order])]
    result = np.full(len(scores), np.nan)
    result[scored[parity_order(tiers[scored])]] = -np.arange(len(scored), dtype=np.float64)
    return result


def checked_exposure(name: str | None) -> str:
    """The name of an order of exposure: "" for that of the ranker, or "parity". Raises UnknownName."""
    if name and name != PARITY:
        raise UnknownName("order of exposure", name, known=[PARITY])
    return name or ""


def distance(left: np.ndarray, right: np.ndarray) -> float:
    """The share that would have to move from one tier to another to make both equal: half the sum of the
    absolute differences (total variation)."""
    return float(np.abs(left - right).sum() / 2)


def _shares(tiers: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """(t,) share of each tier of the sum of amounts (n,)."""
    sums = np.bincount(tiers, weights=amounts, minlength=len(TIERS))
    return np.asarray(sums / sums.sum())
