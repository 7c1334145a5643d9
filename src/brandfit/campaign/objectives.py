"""Objectives of a shortlist: the names and words of the command line, the API, the pages and the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from brandfit.errors import UnknownName, UsageError

MatchIs = Literal["chance", "rank share"]


@dataclass(frozen=True)
class Objective:
    """An objective.

    name     as typed
    label    for sentences
    meaning  the number in words
    usable   the rankers that it needs; "" for all rankers
    """

    name: str
    label: str
    meaning: str
    usable: str = ""


OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective(
            "match_reach",
            "match-weighted reach",
            "followers × chance of a match; it compares sets and is no number of people",
            "with a ranker that gives chances",
        ),
        Objective(
            "rank_reach",
            "rank-weighted reach",
            "followers × rank share (1 - share of candidates ranked above); it compares sets and is no "
            "number of people",
            "with a ranker that gives no chances",
        ),
        Objective("reach", "reach", "followers of the set"),
        Objective(
            "engagement",
            "expected engagement",
            "likes and comments if each posts once, from their own past posts",
        ),
    )
}


def objective_of(name: str | None, match_is: MatchIs, ranker: str) -> str:
    """The named objective; without a name match_reach, or rank_reach if the ranker gives no chance of a
    match.

    Raises UnknownName, and UsageError if the objective needs a chance and the ranker gives none, or the
    reverse.
    """
    # Chances are worth more than ranks, so they are the default if there are any.
    usual = "match_reach" if match_is == "chance" else "rank_reach"
    if name is None:
        return usual
    if name not in OBJECTIVES:
        raise UnknownName("objective", name, known=OBJECTIVES)
    if name in ("match_reach", "rank_reach") and name != usual:
        gives = "gives a chance of a match" if match_is == "chance" else "gives no chance of a match"
        raise UsageError(
            f"The objective {name} ({OBJECTIVES[name].meaning}) cannot be used: {ranker} {gives}.",
            f"Choose {usual} ({OBJECTIVES[usual].label}), reach or engagement, or another ranker.",
        )
    return name
