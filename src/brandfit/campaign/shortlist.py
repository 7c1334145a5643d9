"""A shortlist: the set of influencers with the largest value under an objective within limits. It differs
from the k best influencers, because values of influencers with a common audience do not add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from brandfit.arguments import Texts, checked
from brandfit.campaign.constraints import Limit, Limits
from brandfit.campaign.objectives import MatchIs
from brandfit.campaign.optimizer import choose
from brandfit.campaign.pool import Pick, Pool, Totals
from brandfit.data.candidates import Counted, counted
from brandfit.errors import UsageError

NAMED = 5
"""Names in a note, at most."""


@dataclass(frozen=True)
class Appraisal:
    """A set of influencers with its totals.

    objective  the objective of ``Pick.adds``
    currency   a code; "" if none is set
    """

    brand: str
    ranker: str
    match_is: MatchIs
    objective: str
    currency: str
    picks: tuple[Pick, ...]
    totals: Totals
    notes: tuple[str, ...]

    def rows(self) -> list[dict[str, Any]]:
        """A flat row for each influencer of the set, with the currency of its price."""
        return [{**pick.row(self.match_is, self.objective), "currency": self.currency} for pick in self.picks]

    def to_dict(self) -> dict[str, Any]:
        return {
            "brand": self.brand,
            "ranker": self.ranker,
            "match_is": self.match_is,
            "objective": self.objective,
            "currency": self.currency or None,
            **self.totals.to_dict(self.match_is),
            "picks": [pick.row(self.match_is, self.objective) for pick in self.picks],
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Shortlist(Appraisal):
    """The best set that was found.

    value         of the set under the objective
    ranked_value  value of the first of the ranking within the same limits; None if they do not keep them
    at_least      guaranteed share of the best possible value
    among         number of influencers that could be chosen
    excluded      the other influencers, counted by reason
    first         the first of the ranking with their ranks; empty if they do not keep the limits
    """

    value: float
    ranked_value: float | None
    at_least: float
    budget: float | None
    among: int
    excluded: tuple[Counted, ...]
    first: tuple[tuple[str, int], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            **super().to_dict(),
            "value": self.value,
            "value_of_the_first_of_the_ranking": self.ranked_value,
            "at_least_of_the_best_possible": self.at_least,
            "first_of_the_ranking": [{"influencer": id, "rank": rank} for id, rank in self.first],
            "budget": self.budget,
            "candidates": self.among,
            "excluded": [group.to_dict() for group in self.excluded],
        }


@checked
def appraise(
    pool: Pool, brand: str, *, ranker: str, objective: str, currency: str, chosen: Texts
) -> Appraisal:
    """The totals of a given set of candidates, in the order of the ranking."""
    # Rows in the order of the ranking.
    rows = np.flatnonzero(np.isin(pool.ids.astype(str), np.array(list(chosen), dtype=str))).tolist()
    picks, totals = pool.picks(rows, objective), pool.totals(rows)
    notes = _notes(pool, picks, totals=totals, ranker=ranker, currency=currency)
    return Appraisal(
        brand=brand,
        ranker=ranker,
        match_is=pool.match_is,
        objective=objective,
        currency=currency,
        picks=picks,
        totals=totals,
        notes=tuple(notes),
    )


@checked
def shortlist(
    pool: Pool,
    brand: str,
    *,
    ranker: str,
    objective: str,
    currency: str,
    budget: float | None = None,
    count: int | None = None,
    groups: Sequence[Limit] = (),
) -> Shortlist:
    """Choose among the candidates of a ranking.

    groups  limits of groups of candidates

    Raises UsageError without a budget and a count, or if no set keeps the limits.
    """
    _check_limits(budget, count)
    excluded, rows = _with_needed_values(pool, objective, has_budget=budget is not None)
    prices = pool.prices.middle[rows]  # (k,)
    limits = Limits(
        # Without a budget an unknown price limits nothing. The highest price keeps it from looking cheap.
        np.nan_to_num(prices, nan=float(np.nanmax(prices, initial=0.0))),
        budget=float("inf") if budget is None else budget,
        count=count,
        groups=[replace(group, members=group.members[rows]) for group in groups],
    )
    # The pool is in the order of the ranking, so the ranking of the rest is 0, 1, 2 ...
    best = choose(pool.set_value(objective).subset(rows), limits, np.arange(len(rows)))
    # In the order of the ranking, so that ``adds`` is the same as in ``appraise``.
    at = sorted(rows[best.at].tolist())
    picks, totals = pool.picks(at, objective), pool.totals(at)
    if not len(pool):
        notes = ["none of the candidates is left by these conditions"]
    else:
        notes = _notes(pool, picks, totals=totals, ranker=ranker, currency=currency)
        cheapest = prices.min(initial=np.inf)
        if not picks and budget is not None and budget < cheapest < np.inf:
            notes.append(
                f"nobody can be had within these limits: the cheapest costs {money(cheapest, currency, 2)}"
            )
    first_rows = rows[list(best.first)].tolist()
    return Shortlist(
        brand=brand,
        ranker=ranker,
        match_is=pool.match_is,
        objective=objective,
        currency=currency,
        picks=picks,
        totals=totals,
        notes=tuple(notes),
        value=best.value,
        ranked_value=best.ranked,
        # A bound of 0 is reached by every set.
        at_least=min(best.value / best.bound if best.bound > 0 else 1.0, 1.0),
        budget=budget,
        among=len(rows),
        excluded=excluded,
        first=tuple((str(pool.ids[row]), int(pool.ranks[row] or 0)) for row in first_rows),
    )


def _check_limits(budget: float | None, count: int | None) -> None:
    if budget is None and count is None:
        raise UsageError(
            "A shortlist needs a limit.", "Say a budget (5000), or how many at most (8), or both."
        )
    if budget is not None and not 0 < budget < float("inf"):
        raise UsageError(
            f"A budget is a number above 0, found {budget:g}.", "Leave it out to choose by how many alone."
        )


def _with_needed_values(
    pool: Pool, objective: str, *, has_budget: bool
) -> tuple[tuple[Counted, ...], np.ndarray]:
    """Candidates without a value that the choice needs, counted by reason, and the rows of the others."""
    amount = "followers_unknown", "with an unknown number of followers"
    if objective == "engagement":
        amount = (
            "engagement_unknown",
            "with an unknown expected engagement (no past post with known likes and comments)",
        )
    # Each candidate is counted once, by the first reason.
    reasons = [
        (np.isnan(pool.match), "no_evidence", "with nothing encoded to rank by"),
        (np.isnan(pool.amount(objective)), *amount),
    ]
    if has_budget:
        price = "with an unknown price (no known followers to estimate it by, no price in a list)"
        reasons.insert(1, (np.isnan(pool.prices.middle), "price_unknown", price))
    excluded: tuple[Counted, ...] = ()
    is_kept = np.ones(len(pool), bool)
    for is_unknown, reason, text in reasons:
        excluded += counted(reason, text, ids=pool.ids[is_kept & is_unknown])
        is_kept &= ~is_unknown
    return excluded, np.flatnonzero(is_kept)


# --- notes --------------------------------------------------------------------------------------------------


def _notes(pool: Pool, picks: Sequence[Pick], *, totals: Totals, ranker: str, currency: str) -> list[str]:
    notes = []
    if strangers := pool.priced_strangers:
        notes.append(
            f"{len(strangers):,} of the price list are no influencers of the workspace: "
            f"{names_text(strangers)}"
        )
    notes += pool.price_notes
    if pool.match_is == "rank share":
        notes.append(f"{ranker} gives no chance of a match; followers are weighted by rank share instead")
    notes += _unknown_notes(totals, "match" if pool.match_is == "chance" else "rank share")
    notes += _price_notes(pool, picks)
    if len(picks) > 1 and not totals.overlap_known:
        notes.append(
            "no overlap of audiences is known: a follower of two influencers of the set is counted twice"
        )
    if picks and totals.engagement.value is not None and totals.engagement.low is None:
        notes.append(
            "no interval for expected engagement: too few influencers have several posts with known likes "
            "and comments"
        )
    if currency:
        notes.append(f"prices and budget are taken to be in {currency}; nothing is converted")
    else:
        notes.append(
            "no currency is set: prices and budget are taken to be in the same one; nothing is converted"
        )
    return notes


def _unknown_notes(totals: Totals, match_words: str) -> list[str]:
    """A note for each total that lacks influencers with an unknown value."""
    notes = []
    for total, words in (
        (totals.price, "price"),
        (totals.reach, "number of followers"),
        (totals.weighted_reach, match_words),
        (totals.engagement, "expected engagement"),
    ):
        unknown = list(total.unknown)
        if total is totals.weighted_reach:
            # It also lacks those without known followers, which the note on reach names.
            unknown = [id for id in unknown if id not in totals.reach.unknown]
        if unknown:
            notes.append(
                f"the {words} of {len(unknown):,} of the set is unknown and in no total: "
                f"{names_text(unknown)}"
            )
    return notes


def _price_notes(pool: Pool, picks: Sequence[Pick]) -> list[str]:
    """Notes on estimated prices."""
    notes = []
    if any(pick.price is not None and not pick.price_is_stated for pick in picks):
        notes.append(
            "prices that no list states are estimates from followers and engagement, from half to twice"
        )
    # Only influencers of the set: the pool has many more.
    chosen = {pick.influencer for pick in picks}
    by_size = [id for id in pool.ids[pool.prices.by_size].tolist() if id in chosen]
    if by_size:
        notes.append(
            "engagement unknown, price estimated by followers alone, from a quarter to four times: "
            f"{names_text(by_size)}"
        )
    return notes


def names_text(ids: Sequence[str]) -> str:
    """The first few ids, and the number of the others."""
    more = len(ids) - NAMED
    return ", ".join(ids[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


def money(amount: float, currency: str, decimals: int = 0) -> str:
    return f"{amount:,.{decimals}f} {currency}".rstrip()
