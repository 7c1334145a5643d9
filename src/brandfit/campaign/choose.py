"""The best set of influencers under a budget and other limits, by lazy greedy; and how far from the best possible it can be.

    greedy by gain per price, greedy by gain, the best single one, and the first of the ranking that can be paid: the best of them

With a budget alone this reaches (1 - 1/e) / 2 of the optimum at least, with a number of places alone 1 - 1/e (Leskovec et al.,
"Cost-effective outbreak detection in networks", KDD 2007; Nemhauser et al. 1978). What more can be had than the set that was found
is bounded from its own gains: their fractional knapsack (ibid., 3.2), which is mostly far tighter. With "at least" limits there is
no such guarantee, but the bound still holds.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brandfit.campaign.reach import Reach
from brandfit.errors import UsageError

TINY = 1e-9


@dataclass(frozen=True)
class Limit:
    """How many of a group, members (n,) bool, may or must be chosen; ``sentence`` says which group."""

    sentence: str
    members: np.ndarray
    least: int = 0
    most: int | None = None


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
            group.most is None or not group.members[i] or group.members[list(chosen)].sum() < group.most for group in self.groups
        )

    def lacking(self, chosen: Sequence[int]) -> list[Limit]:
        """Groups of which too few are chosen."""
        return [group for group in self.groups if group.members[list(chosen)].sum() < group.least]


@dataclass(frozen=True)
class Chosen:
    """at: numbers in the order in which they were taken; value; ranked: the value of the first of the ranking that can be paid,
    None where they do not keep the limits; bound: no set can be worth more than this."""

    at: list[int]
    value: float
    ranked: float | None
    bound: float


def choose(reach: Reach, limits: Limits, ranked: np.ndarray) -> Chosen:
    """``ranked`` (n,): the numbers of the influencers, best first, as a ranking without regard to the set would take them.

    Raises UsageError where no set that keeps the limits was found.
    """
    tries = [_greedy(reach, limits, True), _greedy(reach, limits, False), _first(limits, ranked)]
    tries += [_greedy(reach, limits, True, cheapest)] if (cheapest := _cheapest(limits)) else []
    gains = reach.gains(reach.nothing)
    possible = [i for i in range(len(reach)) if limits.allows([], i)]
    tries += [[max(possible, key=lambda i: (gains[i], -i))]] if possible else []
    kept = [chosen for chosen in tries if not limits.lacking(chosen)]
    if not kept:
        lacking = limits.lacking(tries[0])
        told = "; ".join(f"{group.least} of {group.sentence}" for group in lacking) or "anything"
        raise UsageError(f"Found no set that keeps these limits: not {told}.", "Raise the budget or the count, or ask for fewer.")
    values = [reach.value(chosen) for chosen in kept]
    best = int(np.argmax(values))
    first = tries[2]
    return Chosen(
        kept[best], values[best], reach.value(first) if not limits.lacking(first) else None, _bound(reach, limits, kept[best])
    )


def _cheapest(limits: Limits) -> list[int]:
    """What must be there, as cheap as it can be had: a start where the best of it cannot be paid."""
    chosen: list[int] = []
    for i in np.argsort(limits.prices, kind="stable").tolist():
        if any(group.members[i] for group in limits.lacking(chosen)) and limits.allows(chosen, i):
            chosen.append(i)
    return chosen


def _greedy(reach: Reach, limits: Limits, by_price: bool, start: Sequence[int] = ()) -> list[int]:
    """Lazy: a gain only falls, so the best of the heap is best if it was told for this very set (Minoux 1978)."""
    per = np.maximum(limits.prices, TINY) if by_price else np.ones(len(reach))
    chosen = list(start)
    left = reach.nothing
    for i in chosen:
        left = reach.added(i, left)
    heap = [(-gain / per[i], i, len(chosen)) for i, gain in enumerate(reach.gains(left).tolist()) if i not in start]
    heapq.heapify(heap)
    later: list[tuple[float, int, int]] = []
    while heap:
        ratio, i, told = heapq.heappop(heap)
        lacking = limits.lacking(chosen)
        if lacking and not any(group.members[i] for group in lacking):
            later.append((ratio, i, told))  # first what must be there
            if not heap:
                return chosen
            continue
        if not limits.allows(chosen, i):
            continue  # it never will be again: prices and places only fill up
        if told < len(chosen):
            heapq.heappush(heap, (-reach.gain(i, left) / per[i], i, len(chosen)))
            continue
        if -ratio <= 0 and not lacking:
            break
        chosen.append(i)
        left = reach.added(i, left)
        for item in later:
            heapq.heappush(heap, item)
        later = []
    return chosen


def _first(limits: Limits, ranked: np.ndarray) -> list[int]:
    chosen: list[int] = []
    for i in ranked.tolist():
        if limits.allows(chosen, i):
            chosen.append(i)
    return chosen


def _bound(reach: Reach, limits: Limits, chosen: Sequence[int]) -> float:
    """f(best) <= f(A) + the most that gains on top of A could add, prices and places taken as divisible; the least over the
    beginnings A of what was chosen.
    """
    left, value, found = reach.nothing, 0.0, []
    for n in range(len(chosen) + 1):
        gains = np.maximum(reach.gains(left), 0)
        gains[list(chosen[:n])] = 0
        gains[limits.prices > limits.budget + TINY] = 0
        found.append(value + min(_paid(gains, limits), _placed(gains, limits)))
        if n < len(chosen):
            value += reach.gain(chosen[n], left)
            left = reach.added(chosen[n], left)
    return float(min(found))


def _paid(gains: np.ndarray, limits: Limits) -> float:
    """The fractional knapsack of gains."""
    if not np.isfinite(limits.budget):
        return float(gains.sum())
    order = np.argsort(-gains / np.maximum(limits.prices, TINY), kind="stable")
    paid = np.cumsum(limits.prices[order])
    whole = int(np.searchsorted(paid, limits.budget + TINY, side="right"))
    more = gains[order[:whole]].sum()
    if whole < len(order):
        rest = limits.budget - (paid[whole - 1] if whole else 0.0)
        more += gains[order[whole]] * min(rest / max(limits.prices[order[whole]], TINY), 1.0)
    return float(more)


def _placed(gains: np.ndarray, limits: Limits) -> float:
    """The largest gains, as many as there are places."""
    return float(np.sort(gains)[::-1][: limits.count].sum())
