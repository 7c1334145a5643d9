"""Everything that is known of the candidates of a brand, and what a set of them comes to."""

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


@dataclass(frozen=True)
class Pick:
    """One of a set. None is unknown.

    match        chance of a match, or rank share
    price        of a post, in the currency of the set, with its range; given: whether a price list states it
    engagement   expected likes and comments on a post, with its interval, from so many past ``posts``
    adds         to the objective, in addition to those above it
    shared       share of its known audience that others of the set have too
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
        """For JSON and files: the names say what the numbers are."""
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
    """The sum over the influencers of a set with a known value, with its range; None if none is known.
    unknown: the others."""

    value: float | None
    low: float | None = None
    high: float | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Totals:
    """What a set comes to.

    price           if each posts once
    reach           followers; an estimate of distinct people where ``overlap_known``
    weighted_reach  followers times match: match-weighted or rank-weighted reach
    engagement      expected likes and comments if each posts once; its interval is for the whole set, or
                    absent
    overlap_known   whether the audiences of two of them or more are known in part
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

    ids        (n,)
    ranks      (n,) None without evidence
    match      (n,) from 0 to 1, NaN where there is no evidence; match_is: what it is
    followers  (n,) NaN where not known
    audience   (n, m) of 0 and 1: known members
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
    """Accounts of the price list that are no influencers of the workspace."""
    price_notes: tuple[str, ...] = ()
    """Notes on the price list."""

    def __len__(self) -> int:
        return len(self.ids)

    def amount(self, objective: str) -> np.ndarray:
        """(n,) what each counts for on its own under an objective, before its match; NaN where not known."""
        return self.forecast.expected if objective == "engagement" else self.followers

    def has_value(self, objective: str) -> np.ndarray:
        """(n,) bool: whether the value under an objective is known."""
        known = ~np.isnan(self.amount(objective))
        return known & ~np.isnan(self.match) if objective in ("match_reach", "rank_reach") else known

    def set_value(self, objective: str) -> SetValue:
        """Value of sets of the candidates. A candidate with an unknown value counts 0: the caller names
        it."""
        amount = np.where(self.has_value(objective), self.amount(objective), 0.0)
        weighted = objective in ("match_reach", "rank_reach")
        match = np.nan_to_num(self.match) if weighted else np.ones(len(self))
        audience = sparse.csr_matrix((len(self), 0)) if objective == "engagement" else self.audience
        return set_value(audience, amount, match)

    def picks(self, at: Sequence[int], objective: str) -> tuple[Pick, ...]:
        """at: numbers of the chosen in their order."""
        rows = np.asarray(at, np.int64)
        adds = self.set_value(objective).added_by_each(rows.tolist())
        known = self.has_value(objective)[rows]
        ends = self.forecast.each(rows.tolist())  # (k, 2)
        return tuple(
            Pick(
                influencer=str(self.ids[i]),
                rank=self.ranks[i],
                match=_or_none(self.match[i]),
                followers=None if np.isnan(self.followers[i]) else int(self.followers[i]),
                engagement=_or_none(self.forecast.expected[i]),
                engagement_low=_or_none(ends[n, 0]),
                engagement_high=_or_none(ends[n, 1]),
                posts=int(self.forecast.posts[i]),
                price=_or_none(self.prices.middle[i]),
                price_low=_or_none(self.prices.low[i]),
                price_high=_or_none(self.prices.high[i]),
                price_is_stated=bool(self.prices.is_stated[i]),
                adds=adds[n] if known[n] else None,
                shared=self._shared(i, rows),
            )
            for n, i in enumerate(rows.tolist())
        )

    def totals(self, at: Sequence[int]) -> Totals:
        rows = np.asarray(at, np.int64)
        weighted = "match_reach" if self.match_is == "chance" else "rank_reach"
        low, high = self.forecast.total(
            np.sort(rows[self.has_value("engagement")[rows]]).tolist()
        )  # in one order: the same draws
        prices = self.prices
        members = np.asarray(self.audience[rows].sum(axis=1)).ravel()
        return Totals(
            price=self._total(
                rows,
                ~np.isnan(prices.middle),
                value=np.nansum(prices.middle[rows]),
                low=np.nansum(prices.low[rows]),
                high=np.nansum(prices.high[rows]),
            ),
            reach=self._total(
                rows, self.has_value("reach"), value=self.set_value("reach").value(rows.tolist())
            ),
            weighted_reach=self._total(
                rows, self.has_value(weighted), value=self.set_value(weighted).value(rows.tolist())
            ),
            engagement=self._total(
                rows,
                self.has_value("engagement"),
                value=np.nansum(self.forecast.expected[rows]),
                low=low,
                high=high,
            ),
            overlap_known=int((members > 0).sum()) > 1,
        )

    def _total(
        self, rows: np.ndarray, known: np.ndarray, *, value: float, low: float = np.nan, high: float = np.nan
    ) -> Total:
        unknown = tuple(str(id) for id in self.ids[rows[~known[rows]]])
        if len(rows) and len(unknown) == len(rows):
            return Total(None, None, None, unknown)
        return Total(float(value), _or_none(low), _or_none(high), unknown)

    def _shared(self, i: int, rows: np.ndarray) -> float | None:
        mine = self.audience[i].indices
        if not len(mine):
            return None
        others = rows[rows != i]
        return float((np.asarray(self.audience[others].sum(axis=0)).ravel()[mine] > 0).mean())


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
