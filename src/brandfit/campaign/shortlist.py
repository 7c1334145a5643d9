"""A shortlist: the set of influencers with the largest value under an objective within limits, not the k best
each on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
"""Names that a note lists at most."""


@dataclass(frozen=True)
class Appraisal:
    """What a set comes to. objective: what ``Pick.adds`` is of; currency: a code, "" where none is set."""

    brand: str
    ranker: str
    match_is: MatchIs
    objective: str
    currency: str
    picks: tuple[Pick, ...]
    totals: Totals
    notes: tuple[str, ...]

    def rows(self) -> list[dict[str, Any]]:
        """A flat row for each of the set, with the currency of its price."""
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
    ranked_value  of the first of the ranking that the same limits allow, None where they do not keep the
                  limits
    at_least      share of the best possible value that the set has for sure
    first         those of the ranking with their places, empty where they do not keep the limits
    among         number of influencers that could be chosen; excluded: the others, counted by reason
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
    """Of a set of candidates that was chosen already, in the order of the ranking."""
    wanted = set(chosen)
    at = [n for n, id in enumerate(pool.ids.tolist()) if id in wanted]
    picks, totals = pool.picks(at, objective), pool.totals(at)
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
    """Choose among the candidates of a ranking. groups: limits of parts of them.

    Raises UsageError where there is neither a budget nor a count, or no set keeps the limits.
    """
    if budget is None and count is None:
        raise UsageError(
            "A shortlist needs a limit.", "Say a budget (5000), or how many at most (8), or both."
        )
    if budget is not None and not 0 < budget < float("inf"):
        raise UsageError(
            f"A budget is a number above 0, found {budget:g}.", "Leave it out to choose by how many alone."
        )
    unknown, kept = _unknown(pool, objective, budget is not None)
    prices = pool.prices.middle[kept]
    limits = Limits(
        # Without a budget an unknown price limits nothing; the dearest keeps it from looking cheap.
        np.nan_to_num(prices, nan=float(np.nanmax(prices, initial=0.0))),
        float("inf") if budget is None else budget,
        count,
        [Limit(group.sentence, group.members[kept], group.least, group.most) for group in groups],
    )
    found = choose(pool.set_value(objective).subset(kept), limits, np.arange(len(kept)))
    at = sorted(
        kept[found.at].tolist()
    )  # in the order of the ranking, so that ``adds`` are those of ``appraise``
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
    at_least = found.value / found.bound if found.bound > 0 else 1.0  # of nothing, nothing is all
    first = tuple(
        (str(pool.ids[kept[i]]), int(pool.ranks[kept[i]] or 0)) for i in found.first
    )  # all kept are ranked
    return Shortlist(
        brand=brand,
        ranker=ranker,
        match_is=pool.match_is,
        objective=objective,
        currency=currency,
        picks=picks,
        totals=totals,
        notes=tuple(notes),
        value=found.value,
        ranked_value=found.ranked,
        at_least=min(at_least, 1.0),
        budget=budget,
        among=len(kept),
        excluded=unknown,
        first=first,
    )


def _unknown(pool: Pool, objective: str, budgeted: bool) -> tuple[tuple[Counted, ...], np.ndarray]:
    """Whom something is unknown of that the choice needs, counted, and the numbers of the others."""
    amount = "followers_unknown", "with an unknown number of followers"
    if objective == "engagement":
        amount = (
            "engagement_unknown",
            "with an unknown expected engagement (no past post with known likes and comments)",
        )
    groups = [
        (np.isnan(pool.match), "no_evidence", "with nothing encoded to rank by"),
        (np.isnan(pool.amount(objective)), *amount),
    ]
    if budgeted:
        price = "with an unknown price (no known followers to estimate it by, no price in a list)"
        groups.insert(1, (np.isnan(pool.prices.middle), "price_unknown", price))
    found: tuple[Counted, ...] = ()
    kept = np.ones(len(pool), bool)
    for unknown, reason, text in groups:
        found += counted(reason, text, ids=pool.ids[kept & unknown])
        kept &= ~unknown
    return found, np.flatnonzero(kept)


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
    for total, what in (
        (totals.price, "price"),
        (totals.reach, "number of followers"),
        (totals.weighted_reach, "match" if pool.match_is == "chance" else "rank share"),
        (totals.engagement, "expected engagement"),
    ):
        # A weighted reach lacks those without followers too, who are named already.
        unknown = [
            id for id in total.unknown if total is not totals.weighted_reach or id not in totals.reach.unknown
        ]
        if unknown:
            notes.append(
                f"the {what} of {len(unknown):,} of the set is unknown and in no total: {names_text(unknown)}"
            )
    if any(pick.price is not None and not pick.price_is_stated for pick in picks):
        notes.append(
            "prices that no list states are estimates from followers and engagement, from half to twice"
        )
    chosen = {pick.influencer for pick in picks}
    by_size = [id for id in pool.ids[pool.prices.by_size].tolist() if id in chosen]
    if by_size:
        notes.append(
            "engagement unknown, price estimated by followers alone, from a quarter to four times: "
            f"{names_text(by_size)}"
        )
    if len(picks) > 1 and not totals.overlap_known:
        notes.append("no overlap of audiences is known: who follows two of the set is counted twice")
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


def names_text(ids: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = len(ids) - NAMED
    return ", ".join(ids[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


def money(amount: float, currency: str, decimals: int = 0) -> str:
    return f"{amount:,.{decimals}f} {currency}".rstrip()
