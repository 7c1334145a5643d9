"""What a set comes to, in words: the command line, the pages and the report say the same."""

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
    """A number of a set as text, with its range, "" where it has none, and what it is."""

    label: str
    value: str
    range: str
    meaning: str

    def __str__(self) -> str:
        span = f" ({self.range})" if self.range else ""
        return f"{self.label}: {self.value}{span}. {self.meaning[:1].upper()}{self.meaning[1:]}."


def figures(found: Appraisal) -> list[Figure]:
    totals, size = found.totals, len(found.picks)
    weighted = OBJECTIVES["match_reach" if found.match_is == "chance" else "rank_reach"]
    estimated = any(pick.price is not None and not pick.price_is_stated for pick in found.picks)
    price = "for one post of each" + ("; estimated where no price list states it" if estimated else "")
    engagement = OBJECTIVES["engagement"].meaning
    if totals.engagement.low is not None:
        engagement += f"; {100 * LEVEL:.0f} % interval"
    return [
        _figure("Reach", totals.reach, meaning=DISTINCT if totals.overlap_known else PLAIN, size=size),
        _figure(_titled(weighted.label), totals.weighted_reach, meaning=weighted.meaning, size=size),
        _figure("Expected engagement", totals.engagement, meaning=engagement, size=size),
        _figure("Price", totals.price, meaning=price, size=size, currency=found.currency),
    ]


def verdict(found: Shortlist) -> str:
    """What the set was chosen for, and how good it is."""
    label = OBJECTIVES[found.objective].label
    ranked = "do not keep these limits" if found.ranked_value is None else f"have {found.ranked_value:,.0f}"
    return (
        f"Chosen for {label}: {found.value:,.0f}. The first of the ranking within the same limits {ranked}. "
        f"The set has at least {100 * found.at_least:.0f} % of the best possible within these limits."
    )


def _titled(text: str) -> str:
    return text[:1].upper() + text[1:]


def _figure(label: str, total: Total, *, meaning: str, size: int, currency: str = "") -> Figure:
    if total.value is None:
        return Figure(label, "unknown", "", meaning)
    known = size - len(total.unknown)
    meaning += f"; of the {known} of {size} with a known value" if total.unknown else ""
    ranged = total.low is not None and total.high is not None and total.low < total.high
    span = f"{total.low:,.0f} to {total.high:,.0f}" if ranged else ""
    return Figure(label, money(total.value, currency), span, meaning)
