"""Counts of influencers that are left out of a ranking, and of unknown values, with the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

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
"""Reasons why an account is left out, or values of it that are unknown: name for programs to meaning."""
EXAMPLES = 3
"""Number of accounts that are named for each reason."""
MICRO = 5_000, 100_000
"""Fewest and most followers of a micro-influencer (Elwood et al. 2021, sections I and IV-A; Gan et al.
2019)."""


@dataclass(frozen=True)
class Counted:
    """Accounts that are left out for one reason, or that lack the same value.

    reason    for programs, one of ``REASONS``
    text      for people, after a number: "with fewer than 5,000 followers"
    count     number of accounts, above 0
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
    """These accounts as one Counted; () without accounts. Raises ValueError for a reason that is not in
    ``REASONS``.

    one  the text for a single account, if it differs
    """
    if reason not in REASONS:
        raise ValueError(f"reason {reason!r} is none of {', '.join(REASONS)}")
    accounts = [str(id) for id in ids]
    if not accounts:
        return ()
    words = one if one and len(accounts) == 1 else text
    return (Counted(reason, words, count=len(accounts), examples=tuple(accounts[:EXAMPLES])),)


class Inside(NamedTuple):
    """is_inside (n,) bool: accounts inside the bounds; outside: the others, counted."""

    is_inside: np.ndarray
    outside: tuple[Counted, ...]


def by_followers(ids: np.ndarray, followers: np.ndarray, *, low: float | None, high: float | None) -> Inside:
    """The accounts by their number of followers; both bounds are included, None is open.

    followers  (n,) float, NaN if unknown: these accounts stay inside
    """
    # A comparison with NaN is False, so unknown followers are neither below nor above.
    is_below = followers < (-np.inf if low is None else low)
    is_above = followers > (np.inf if high is None else high)
    outside = (
        *counted("followers_below", f"with fewer than {low or 0:,.0f} followers", ids=ids[is_below]),
        *counted("followers_above", f"with more than {high or 0:,.0f} followers", ids=ids[is_above]),
    )
    return Inside(~(is_below | is_above), outside)


def listed(groups: Sequence[Counted]) -> str:
    """The groups as one phrase: "12 with fewer than 5,000 followers (ann, bo, cy, …), 3 past partners ...";
    "" without groups."""
    return ", ".join(map(str, groups))


def sentences(
    among: int,
    excluded: Sequence[Counted],
    *,
    incomplete: Sequence[Counted] = (),
    predicate: str = "are candidates",
) -> list[str]:
    """For people: the number of influencers that are left, those that are left out with the reason, and those
    with unknown values.

    predicate  of the first sentence
    """
    lines = []
    # Those that are left and those that are left out add up to all influencers.
    if excluded:
        total = among + sum(group.count for group in excluded)
        lines.append(f"{among:,} of {total:,} influencers {predicate}. Left out: {listed(excluded)}.")
    if incomplete:
        lines.append(f"Among them: {listed(incomplete)}.")
    return lines
