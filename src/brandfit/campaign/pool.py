"""The candidates of a brand with all that a shortlist needs, and the totals of a set of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import sparse

from brandfit.campaign.forecast import Forecast
from brandfit.campaign.objectives import MatchIs
from brandfit.campaign.prices import Prices
from brandfit.campaign.set_value import SetValue, set_value

MATCH_WEIGHTED = ("match_reach", "rank_reach")
"""Objectives that are weighted by the match."""


@dataclass(frozen=True)
class Pick:
    """An influencer of a set. None is unknown.

    match            chance of a match, or rank share
    engagement       expected likes and comments on a post, with its interval
    posts            past posts that the expected engagement comes from
    price            of a post, in the currency of the set, with its range
    price_is_stated  whether a price list states the price
    adds             to the objective, in addition to the influencers above it
    shared           share of its known audience that is also in the audience of others of the set
    """

    influencer: str
    rank: int | None
    match: float | None
    followers: int | None
    engagement: float | None
    engagement_low: float | None
    engagement_high: float | None
    posts: int
    price: float | None
    price_low: float | None
    price_high: float | None
    price_is_stated: bool
    adds: float | None
    shared: float | None

    def row(self, match_is: MatchIs, objective: str) -> dict[str, Any]:
        """The influencer for JSON and files."""
        return {
            "influencer": self.influencer,
            "rank": self.rank,
            match_is.replace(" ", "_"): self.match,
            "followers": self.followers,
            "engagement": self.engagement,
            "engagement_low": self.engagement_low,
            "engagement_high": self.engagement_high,
            "engagement_posts": self.posts,
            "price": self.price,
            "price_low": self.price_low,
            "price_high": self.price_high,
            "price_given": self.price_is_stated,
            f"adds_to_{objective}": self.adds,
            "audience_shared": self.shared,
        }


@dataclass(frozen=True)
class Total:
    """The sum over the influencers of a set with a known value, with its range; None if no value is known.

    unknown  the influencers without a known value
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Totals:
    """The totals of a set.

    price           if each posts once
    reach           followers; an estimate of distinct people where ``overlap_known``
    weighted_reach  followers times match: match-weighted or rank-weighted reach
    engagement      expected likes and comments if each posts once, with an interval of the sum if there are
                    enough data
    overlap_known   whether the audiences of two or more influencers are known in part
    """

    price: Total
    reach: Total
    weighted_reach: Total
    engagement: Total
    overlap_known: bool

    def to_dict(self, match_is: MatchIs) -> dict[str, Any]:
        weighted = asdict(self.weighted_reach)
        return {
            "reach": asdict(self.reach),
            "reach_is": "estimate of distinct people" if self.overlap_known else "sum of followers",
            "match_reach": weighted if match_is == "chance" else None,
            "rank_reach": weighted if match_is == "rank share" else None,
            "engagement": asdict(self.engagement),
            "price": asdict(self.price),
        }


@dataclass(frozen=True)
class Pool:
    """n candidates in the order of the ranking.

    ids               (n,)
    ranks             (n,) None without evidence
    match             (n,) from 0 to 1, NaN without evidence
    match_is          meaning of ``match``
    followers         (n,) NaN if unknown
    audience          (n, m) of 0 and 1: known members
    priced_strangers  accounts of the price list that are no influencers of the workspace
    price_notes       notes on the price list
    """

    ids: np.ndarray
    ranks: Sequence[int | None]
    match: np.ndarray
    match_is: MatchIs
    followers: np.ndarray
    prices: Prices
    forecast: Forecast
    audience: sparse.csr_matrix
    priced_strangers: tuple[str, ...] = ()
    price_notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def amount(self, objective: str) -> np.ndarray:
        """(n,) value of each influencer alone under an objective, without its match; NaN if unknown."""
        return self.forecast.expected if objective == "engagement" else self.followers

    def has_value(self, objective: str) -> np.ndarray:
        """(n,) bool: whether the value under an objective is known."""
        has_amount = ~np.isnan(self.amount(objective))
        return has_amount & ~np.isnan(self.match) if objective in MATCH_WEIGHTED else has_amount

    def set_value(self, objective: str) -> SetValue:
        """The value of sets of the candidates. A candidate with an unknown value counts 0; callers name
        it."""
        amount = np.where(self.has_value(objective), self.amount(objective), 0.0)
        match = np.nan_to_num(self.match) if objective in MATCH_WEIGHTED else np.ones(len(self))
        # Engagement adds up: it has no members that two influencers could share.
        audience = sparse.csr_matrix((len(self), 0)) if objective == "engagement" else self.audience
        return set_value(audience, amount, match)

    def picks(self, at: Sequence[int], objective: str) -> tuple[Pick, ...]:
        """The influencers of a set.

        at  rows of the candidates, in the order of the set
        """
        rows = np.asarray(at, np.int64)
        # Each adds to those before it: a common member counts for the first one.
        adds = self.set_value(objective).added_by_each(rows.tolist())
        has_value = self.has_value(objective)[rows]
        engagement_range = self.forecast.each(rows.tolist())  # (k, 2)
        forecast, prices = self.forecast, self.prices
        picks = []
        for n, i in enumerate(rows.tolist()):
            pick = Pick(
                influencer=str(self.ids[i]),
                rank=self.ranks[i],
                match=_or_none(self.match[i]),
                followers=None if np.isnan(self.followers[i]) else int(self.followers[i]),
                engagement=_or_none(forecast.expected[i]),
                engagement_low=_or_none(engagement_range[n, 0]),
                engagement_high=_or_none(engagement_range[n, 1]),
                posts=int(forecast.posts[i]),
                price=_or_none(prices.middle[i]),
                price_low=_or_none(prices.low[i]),
                price_high=_or_none(prices.high[i]),
                price_is_stated=bool(prices.is_stated[i]),
                adds=adds[n] if has_value[n] else None,
                shared=self._shared(i, rows),
            )
            picks.append(pick)
        return tuple(picks)

    def totals(self, at: Sequence[int]) -> Totals:
        """The totals of a set, by the rows of its candidates."""
        rows, prices = np.asarray(at, np.int64), self.prices
        weighted = "match_reach" if self.match_is == "chance" else "rank_reach"
        # The random draws depend on the order, so the rows are sorted.
        with_engagement = np.sort(rows[self.has_value("engagement")[rows]]).tolist()
        engagement_low, engagement_high = self.forecast.total(with_engagement)
        n_members = np.asarray(self.audience[rows].sum(axis=1)).ravel()  # (k,)
        return Totals(
            price=self._total(
                rows,
                ~np.isnan(prices.middle),
                value=np.nansum(prices.middle[rows]),
                low=np.nansum(prices.low[rows]),
                high=np.nansum(prices.high[rows]),
            ),
            reach=self._set_total(rows, "reach"),
            weighted_reach=self._set_total(rows, weighted),
            engagement=self._total(
                rows,
                self.has_value("engagement"),
                value=np.nansum(self.forecast.expected[rows]),
                low=engagement_low,
                high=engagement_high,
            ),
            overlap_known=int((n_members > 0).sum()) > 1,
        )

    def _set_total(self, rows: np.ndarray, objective: str) -> Total:
        """The value of a set under an objective."""
        value = self.set_value(objective).value(rows.tolist())
        return self._total(rows, self.has_value(objective), value=value)

    def _total(
        self,
        rows: np.ndarray,
        is_known: np.ndarray,
        *,
        value: float,
        low: float = np.nan,
        high: float = np.nan,
    ) -> Total:
        """A total over the rows with a known value; ``is_known`` (n,) bool."""
        unknown = tuple(map(str, self.ids[rows[~is_known[rows]]]))
        if len(rows) and len(unknown) == len(rows):
            return Total(None, unknown=unknown)
        return Total(float(value), low=_or_none(low), high=_or_none(high), unknown=unknown)

    def _shared(self, i: int, rows: np.ndarray) -> float | None:
        """Share of the known audience of candidate i that is also in the audience of others of the set."""
        members = self.audience[i].indices
        if not len(members):
            return None
        others = rows[rows != i]
        n_others = np.asarray(self.audience[others].sum(axis=0)).ravel()  # (m,)
        return float((n_others[members] > 0).mean())


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
