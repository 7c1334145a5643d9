"""Limits of a set of influencers: a budget, a number of influencers, and how many of a group it may or must
contain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from brandfit.errors import UsageError

TINY = 1e-6
"""Tolerance of prices and values, against rounding."""


@dataclass(frozen=True)
class Limit:
    """How many of a group may or must be chosen.

    sentence  which group, for people
    members   (n,) bool
    least     lower bound
    most      upper bound; None for none
    """

    sentence: str
    members: np.ndarray
    least: int = 0
    most: int | None = None


def read_limits(texts: Iterable[str]) -> list[tuple[str, int]]:
    """Pairs of a condition and a number from texts such as ``category:food=2``. Raises UsageError."""
    pairs = []
    for text in texts:
        # A condition may itself contain =, as in audience_overlap:northpeak.outdoor=5%..20%.
        condition, _, number = text.rpartition("=")
        number = number.strip()
        if not condition.strip() or not (number.isascii() and number.isdigit()):
            raise UsageError(
                f"A limit is written CONDITION=NUMBER, found {text[:80]!r}.", "For example: category:food=2"
            )
        pairs.append((condition.strip(), int(number)))
    return pairs


def strictest(
    pairs: Mapping[str, int] | Iterable[tuple[str, int]], *, most: bool
) -> tuple[dict[str, int], list[str]]:
    """Condition to its strictest number, and a note on each condition with several numbers.

    most  whether the numbers are upper bounds
    """
    numbers_by_condition: dict[str, list[int]] = {}
    # Spaces do not distinguish conditions.
    for condition, number in pairs.items() if isinstance(pairs, Mapping) else pairs:
        numbers_by_condition.setdefault(" ".join(condition.split()), []).append(number)
    strict = min if most else max
    bound = "at most" if most else "at least"
    notes = []
    for condition, numbers in numbers_by_condition.items():
        if len(set(numbers)) > 1:
            notes.append(
                f"{condition} is limited several times ({bound} {' and '.join(map(str, numbers))}): {bound} "
                f"{strict(numbers)} counts"
            )
    strict_numbers = {condition: strict(numbers) for condition, numbers in numbers_by_condition.items()}
    return strict_numbers, notes


@dataclass(frozen=True)
class Limits:
    """All limits of a set.

    prices  (n,)
    budget  upper bound of the sum of prices
    count   upper bound of the number of influencers
    groups  limits of groups
    """

    prices: np.ndarray
    budget: float = float("inf")
    count: int | None = None
    groups: Sequence[Limit] = ()

    def allows(self, chosen: Sequence[int], i: int) -> bool:
        """Whether influencer i may join the chosen ones: within budget and count, and no group above its
        upper bound."""
        # One influencer at a time, for the loops of the optimizer.
        rows = list(chosen)
        if self.count is not None and len(rows) >= self.count:
            return False
        if self.prices[rows].sum() + self.prices[i] > self.budget + TINY:
            return False
        for group in self.groups:
            if group.most is not None and group.members[i] and group.members[rows].sum() >= group.most:
                return False
        return True

    def may_join(self, chosen: Sequence[int]) -> np.ndarray:
        """(n,) bool: ``allows`` for every influencer."""
        rows = list(chosen)
        if self.count is not None and len(rows) >= self.count:
            return np.zeros(len(self.prices), bool)
        # (n,) bool: the price of each, on top of the prices of the chosen ones
        may_join = self.prices[rows].sum() + self.prices <= self.budget + TINY
        for group in self.groups:
            if group.most is not None and group.members[rows].sum() >= group.most:
                may_join &= ~group.members
        return may_join

    def lacking(self, chosen: Sequence[int]) -> list[Limit]:
        """Groups below their lower bound."""
        return [group for group in self.groups if group.members[list(chosen)].sum() < group.least]

    def fills(self, chosen: Sequence[int]) -> np.ndarray:
        """(n,) bool: whether all lower bounds are reached if this influencer joins."""
        result = np.ones(len(self.prices), bool)
        # One more influencer can only fill a group that lacks one member, and must be in every lacking group.
        for group in self.lacking(chosen):
            result &= group.members & (group.members[list(chosen)].sum() + 1 >= group.least)
        return result
