"""Who may be ranked, and how many are left out for which reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

REASONS = {
    "followers_below": "fewer followers than the bounds allow",
    "followers_above": "more followers than the bounds allow",
    "followers_unknown": "the number of followers is unknown",
    "outside_bounds": "the number of followers is outside the bounds",
    "partner": "worked with the brand before",
    "excluded": "excluded by name",
    "disliked": "marked “Not this”",
    "condition": "does not meet the condition",
    "condition_unknown": "unknown whether it meets the condition",
    "price_unknown": "the price is unknown, and a budget is given",
    "engagement_unknown": "the expected engagement is unknown, and a set is chosen by it",
    "no_match": "not found by the words of a search",
    "in_query": "named in the request: others like it are wanted",
    "no_evidence": "nothing is encoded or known to judge by",
}
"""Why an account is left out, or what is unknown about it: name for programs to its meaning."""
EXAMPLES = 3
"""Accounts that are named for each reason."""
MICRO = 5_000, 100_000
"""Fewest and most followers of a micro-influencer (Elwood et al. 2021, sections I and IV-A; Gan et al.
2019)."""


@dataclass(frozen=True)
class Counted:
    """Accounts that have one thing in common: why they are left out, or what is unknown about them.

    reason    for programs, one of ``REASONS``
    text      for people, after a number: "with fewer than 5,000 followers"
    count     how many accounts, above 0
    examples  ids of the first few
    """

    reason: str
    text: str
    count: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = ", …" if self.count > len(self.examples) else ""
        return f"{self.count:,} {self.text} ({', '.join(self.examples)}{more})"

    def to_dict(self) -> dict[str, Any]:
        return {
            "reason": self.reason,
            "count": self.count,
            "text": self.text,
            "examples": list(self.examples),
        }


def counted(reason: str, text: str, *, ids: Iterable[str] | np.ndarray, one: str = "") -> tuple[Counted, ...]:
    """These accounts as one Counted; nothing if there are none. ``one``: the text for a single account, where
    it differs.

    Raises ValueError for a reason that ``REASONS`` does not explain.
    """
    if reason not in REASONS:
        raise ValueError(f"reason {reason!r} is none of {', '.join(REASONS)}")
    found = [str(id) for id in ids]
    words = one if one and len(found) == 1 else text
    return (Counted(reason, words, len(found), tuple(found[:EXAMPLES])),) if found else ()


def by_followers(
    ids: np.ndarray, followers: np.ndarray, *, low: float | None, high: float | None
) -> tuple[np.ndarray, tuple[Counted, ...]]:
    """(n,) bool: accounts inside the bounds (both included, None is open), and those outside, counted.

    followers  (n,) float, NaN where unknown: these stay inside, because nothing says that they are too small
               or too large
    """
    below = followers < (-np.inf if low is None else low)
    above = followers > (np.inf if high is None else high)
    outside = (
        *counted("followers_below", f"with fewer than {low or 0:,.0f} followers", ids=ids[below]),
        *counted("followers_above", f"with more than {high or 0:,.0f} followers", ids=ids[above]),
    )
    return ~(below | above), outside


def listed(groups: Sequence[Counted]) -> str:
    """As one phrase: "12 with fewer than 5,000 followers (ann, bo, cy, …), 3 past partners ...", "" of
    none."""
    return ", ".join(map(str, groups))


def sentences(
    among: int,
    excluded: Sequence[Counted],
    *,
    incomplete: Sequence[Counted] = (),
    what: str = "are candidates",
) -> list[str]:
    """For people: how many of all influencers are left, who is left out and why, and how many have unknown
    values."""
    lines = []
    if excluded:
        total = among + sum(group.count for group in excluded)
        lines.append(f"{among:,} of {total:,} influencers {what}. Left out: {listed(excluded)}.")
    if incomplete:
        lines.append(f"Among them: {listed(incomplete)}.")
    return lines
