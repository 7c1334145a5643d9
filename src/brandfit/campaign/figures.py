"""The totals of a set in words, the same on the command line, on pages and in reports."""

from __future__ import annotations

from dataclasses import dataclass

from brandfit.campaign.interval import LEVEL
from brandfit.campaign.objectives import OBJECTIVES
from brandfit.campaign.pool import Total
from brandfit.campaign.shortlist import Appraisal, Shortlist, money

DISTINCT = "an estimate of distinct people: followers, with known members of two audiences counted once"
PLAIN = "followers; no overlap of audiences is known"


@dataclass(frozen=True)
class Figure:
    """A number of a set as text, with its range ("" without one) and its meaning."""

    label: str
    value: str
    range: str
    meaning: str

    def __str__(self) -> str:
        span = f" ({self.range})" if self.range else ""
        return f"{self.label}: {self.value}{span}. {self.meaning[:1].upper()}{self.meaning[1:]}."


def figures(appraisal: Appraisal) -> list[Figure]:
    """Reach, weighted reach, expected engagement and price of a set."""
    totals, size = appraisal.totals, len(appraisal.picks)
    # The weighted reach is by chance if the ranker gives probabilities, otherwise by rank share.
    weighted = OBJECTIVES["match_reach" if appraisal.match_is == "chance" else "rank_reach"]
    price = "for one post of each"
    if any(pick.price is not None and not pick.price_is_stated for pick in appraisal.picks):
        price += "; estimated where no price list states it"
    engagement = OBJECTIVES["engagement"].meaning
    if totals.engagement.low is not None:
        engagement += f"; {100 * LEVEL:.0f} % interval"
    return [
        _figure("Reach", totals.reach, meaning=DISTINCT if totals.overlap_known else PLAIN, size=size),
        _figure(_titled(weighted.label), totals.weighted_reach, meaning=weighted.meaning, size=size),
        _figure("Expected engagement", totals.engagement, meaning=engagement, size=size),
        _figure("Price", totals.price, meaning=price, size=size, currency=appraisal.currency),
    ]


def verdict(shortlist: Shortlist) -> str:
    """The objective of the set, its value, and how close it is to the best possible."""
    label = OBJECTIVES[shortlist.objective].label
    ranked = "do not keep these limits"
    if shortlist.ranked_value is not None:
        ranked = f"have {shortlist.ranked_value:,.0f}"
    return (
        f"Chosen for {label}: {shortlist.value:,.0f}. The first of the ranking within the same limits "
        f"{ranked}. The set has at least {100 * shortlist.at_least:.0f} % of the best possible within these "
        "limits."
    )


def _titled(text: str) -> str:
    return text[:1].upper() + text[1:]


def _figure(label: str, total: Total, *, meaning: str, size: int, currency: str = "") -> Figure:
    """size: number of influencers of the set."""
    if total.value is None:
        return Figure(label, "unknown", "", meaning)
    # A total that lacks influencers must say so.
    if total.unknown:
        meaning += f"; of the {size - len(total.unknown)} of {size} with a known value"
    span = ""
    if total.low is not None and total.high is not None and total.low < total.high:
        span = f"{total.low:,.0f} to {total.high:,.0f}"
    return Figure(label, money(total.value, currency), span, meaning)
