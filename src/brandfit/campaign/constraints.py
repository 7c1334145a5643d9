"""What a set of influencers must keep to: a budget, a number of places, how many of a group there may or must
be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from brandfit.errors import UsageError

TINY = 1e-6
"""Money that nobody misses, and people."""


@dataclass(frozen=True)
class Limit:
    """How many of a group, members (n,) bool, may or must be chosen; ``sentence`` says which group."""

    sentence: str
    members: np.ndarray
    least: int = 0
    most: int | None = None


def read_limits(texts: Iterable[str]) -> list[tuple[str, int]]:
    """Conditions and numbers as people type them, ``category:food=2``. Raises UsageError."""
    found = []
    for text in texts:
        condition, _, number = text.rpartition("=")
        number = number.strip()
        if not condition.strip() or not (number.isascii() and number.isdigit()):
            raise UsageError(
                f"A limit is written CONDITION=NUMBER, found {text[:80]!r}.", "For example: category:food=2"
            )
        found.append((condition.strip(), int(number)))
    return found


def strictest(
    pairs: Mapping[str, int] | Iterable[tuple[str, int]], *, most: bool
) -> tuple[dict[str, int], list[str]]:
    """Condition to number, and a note for each condition with several numbers: the strictest of them counts.

    most  whether the numbers are upper bounds
    """
    numbers: dict[str, list[int]] = {}
    for condition, number in pairs.items() if isinstance(pairs, Mapping) else pairs:
        numbers.setdefault(" ".join(condition.split()), []).append(number)
    strict = min if most else max
    bound = "at most" if most else "at least"
    notes = [
        f"{condition} is limited several times ({bound} {' and '.join(map(str, several))}): {bound} "
        f"{strict(several)} counts"
        for condition, several in numbers.items()
        if len(set(several)) > 1
    ]
    return {condition: strict(several) for condition, several in numbers.items()}, notes


@dataclass(frozen=True)
class Limits:
    """prices (n,); budget: at most for all together; count: places; groups: limits of parts."""

    prices: np.ndarray
    budget: float = float("inf")
    count: int | None = None
    groups: Sequence[Limit] = ()

    def allows(self, chosen: Sequence[int], i: int) -> bool:
        """Whether i may join them: paid for, a place left, and no group too full."""
        if self.count is not None and len(chosen) >= self.count:
            return False
        if self.prices[list(chosen)].sum() + self.prices[i] > self.budget + TINY:
            return False
        return all(
            group.most is None or not group.members[i] or group.members[list(chosen)].sum() < group.most
            for group in self.groups
        )

    def may_join(self, chosen: Sequence[int]) -> np.ndarray:
        """(n,) bool: the same of everybody."""
        at = list(chosen)
        if self.count is not None and len(at) >= self.count:
            return np.zeros(len(self.prices), bool)
        result = self.prices[at].sum() + self.prices <= self.budget + TINY
        for group in self.groups:
            if group.most is not None and group.members[at].sum() >= group.most:
                result &= ~group.members
        return result

    def lacking(self, chosen: Sequence[int]) -> list[Limit]:
        """Groups of which too few are chosen."""
        return [group for group in self.groups if group.members[list(chosen)].sum() < group.least]

    def fills(self, chosen: Sequence[int]) -> np.ndarray:
        """(n,) bool: whether no group is lacking once this one is chosen too."""
        result = np.ones(len(self.prices), bool)
        for group in self.lacking(chosen):
            result &= group.members & (group.members[list(chosen)].sum() + 1 >= group.least)
        return result
