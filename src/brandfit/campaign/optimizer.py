"""The best set of influencers under a budget and other limits, by lazy greedy and swaps; and how far from the
best it can be.

    greedy by gain per price, greedy by gain, and the first of the ranking that can be paid, each also from
    the cheapest set that has what must be there; each of the most valuable alone, and greedy from it; the
    best set if values added up (branch and bound); in the best of these one exchanged for another as long as
    that adds; the best of them

With a budget alone this reaches (1 - 1/e) / 2 of the optimum at least, with a number of places alone 1 - 1/e
(Leskovec et al., "Cost-effective outbreak detection in networks", KDD 2007; Nemhauser et al. 1978). What more
can be had than the set that was found is bounded from its own gains: their fractional knapsack (ibid., 3.2),
or the linear programme of several limits, which is mostly far tighter. With "at least" limits there is no
such guarantee, but the bound still holds, and a set that keeps the limits is found wherever there is one
(``campaign.cover``). Where values add up (no audience is shared) branch and bound is exact for small pools;
for large ones it stops after ``NODES`` programmes, and the bound says how far from the best the set may be.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brandfit.campaign.constraints import TINY, Limits
from brandfit.campaign.feasibility import cheapest
from brandfit.campaign.set_value import SetValue

PASSES = 20
"""Times that everybody is tried in place of each who is chosen, at most."""
BETTER = 1e-9
"""Share of the value that an exchange adds at least."""
SLACK = 1e-6
"""What a linear programme may be off."""
INFEASIBLE = 2
"""Status of a linear programme without a solution (SciPy)."""
SEEDS = 10
"""Influencers, the most valuable, of whom each begins a greedy set of its own."""
EXCHANGED = 6
"""Sets, the most valuable, in which exchanges are tried."""
NODES = 40
"""Linear programmes that branch and bound may solve."""


@dataclass(frozen=True)
class Chosen:
    """at: numbers in the order in which they were taken, one that came in exchange in the place of the other;
    value; ranked: the value of the first of the ranking that can be paid, None where they do not keep the
    limits; bound: no set can be worth more than this; first: those of the ranking, empty where they do not
    keep the limits."""

    at: list[int]
    value: float
    ranked: float | None
    bound: float
    first: tuple[int, ...] = ()


def choose(worth: SetValue, limits: Limits, ranked: np.ndarray) -> Chosen:
    """``ranked`` (n,): the numbers of the influencers, best first, as a ranking without regard to the set
    would take them.

    Raises UsageError where no set keeps the limits, with those that cannot be kept together.
    """
    start = cheapest(limits)
    first = _first(limits, ranked)
    tries = [_greedy(worth, limits, by_price=True), _greedy(worth, limits, by_price=False), first]
    if start:
        tries += [
            _greedy(worth, limits, by_price=True, start=start),
            _greedy(worth, limits, by_price=False, start=start),
            _first(limits, ranked, start),
        ]
    gains = worth.gains(worth.empty_coverage)
    possible = np.flatnonzero(limits.may_join([]))
    whole, most = _additive_optimum(gains, limits) if len(worth) else ([], float("inf"))
    tries += [whole]
    for i in possible[np.argsort(-gains[possible], kind="stable")][:SEEDS].tolist():
        tries += [[i], _greedy(worth, limits, by_price=True, start=[i])]
    kept = {tuple(sorted(chosen)): chosen for chosen in tries if not limits.lacking(chosen)}
    starts = sorted(kept.values(), key=worth.value, reverse=True)[:EXCHANGED]
    better = [_exchanged(worth, limits, chosen) for chosen in starts]
    values = [worth.value(chosen) for chosen in better]
    best = int(np.argmax(values))
    bound = min(_bound(worth, limits, better[best]), max(most, values[best]))
    if limits.lacking(first):
        return Chosen(better[best], values[best], None, bound)
    return Chosen(
        at=better[best],
        value=values[best],
        ranked=worth.value(first),
        bound=bound,
        first=tuple(map(int, first)),
    )


def _exchanged(worth: SetValue, limits: Limits, chosen: Sequence[int]) -> list[int]:
    """Whoever adds most in place of each of them, and one more where there is room, until that adds
    nothing."""
    chosen = list(chosen)
    value = worth.value(chosen)
    for _ in range(PASSES):
        before = value
        for place in range(len(chosen), -1, -1):  # first one more
            rest = chosen[:place] + chosen[place + 1 :]
            left, rest_value = worth.empty_coverage, 0.0
            for i in rest:
                rest_value += worth.gain(i, left)
                left = worth.added(i, left)
            free = limits.may_join(rest) & limits.fills(rest)
            free[chosen] = False
            if not free.any():
                continue
            gains = np.where(free, worth.gains(left), -np.inf)
            i = int(np.argmax(gains))
            if rest_value + gains[i] > value * (1 + BETTER) + TINY:
                chosen, value = [*chosen[:place], i, *chosen[place + 1 :]], rest_value + float(gains[i])
        if value == before:
            break
    return chosen


def _greedy(worth: SetValue, limits: Limits, *, by_price: bool, start: Sequence[int] = ()) -> list[int]:
    """Lazy: a gain only falls, so the best of the heap is best if it was told for this very set (Minoux
    1978)."""
    per = np.maximum(limits.prices, TINY) if by_price else np.ones(len(worth))
    chosen = list(start)
    left = worth.empty_coverage
    for i in chosen:
        left = worth.added(i, left)
    heap = [
        (-gain / per[i], i, len(chosen))
        for i, gain in enumerate(worth.gains(left).tolist())
        if i not in start
    ]
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
            heapq.heappush(heap, (-worth.gain(i, left) / per[i], i, len(chosen)))
            continue
        if -ratio <= 0 and not lacking:
            break
        chosen.append(i)
        left = worth.added(i, left)
        for item in later:
            heapq.heappush(heap, item)
        later = []
    return chosen


def _first(limits: Limits, ranked: np.ndarray, start: Sequence[int] = ()) -> list[int]:
    chosen = list(start)
    for i in ranked.tolist():
        if i not in start and limits.allows(chosen, i):
            chosen.append(i)
    return chosen


def _bound(worth: SetValue, limits: Limits, chosen: Sequence[int]) -> float:
    """f(best) <= f(A) + the most that gains on top of A could add, everybody taken as divisible; the least
    over the beginnings A of what was chosen.
    """
    left, value = worth.empty_coverage, 0.0
    found: list[float] = []
    several = limits.count is not None and np.isfinite(limits.budget)
    for n in range(len(chosen) + 1):
        gains = np.maximum(worth.gains(left), 0)
        gains[list(chosen[:n])] = 0
        gains[limits.prices > limits.budget + TINY] = 0
        more = min(_paid(gains, limits), _placed(gains, limits))
        if (several or limits.groups) and (not found or value + more < min(found)):
            more = min(more, _divided(gains, limits))
        found.append(value + more)
        if n < len(chosen):
            value += worth.gain(chosen[n], left)
            left = worth.added(chosen[n], left)
    return float(min(found))


def _divided(gains: np.ndarray, limits: Limits) -> float:
    """Of all limits at once, as if everybody could be had in parts: a linear programme."""
    from scipy.optimize import linprog

    rows, ends = _rows(limits)
    if not rows:
        return float(gains.sum())
    scale = max(float(gains.max(initial=0)), TINY)
    found = linprog(-gains / scale, np.array(rows), np.array(ends), bounds=(0, 1), method="highs")
    return float("inf") if found.x is None else float(-found.fun * scale) * (1 + SLACK)


def _additive_optimum(gains: np.ndarray, limits: Limits) -> tuple[list[int], float]:
    """The best set if the values of single ones added up, and the most that any set can be worth, as none is
    worth more than its members apart. Branch and bound: a linear programme bounds a branch, its solution is
    rounded to a set, and the first influencer who is there in part is taken or left (Land and Doig 1960).
    ``scipy.optimize.milp`` would do, but it prints to the output.
    """
    from scipy.optimize import linprog

    n = len(gains)
    rows, ends = _rows(limits)
    if not rows:
        return np.flatnonzero(gains > 0).tolist(), float(gains.sum())
    scale = max(float(gains.max(initial=0)), TINY)
    best: list[int] = []
    value = 0.0
    open_branches: list[tuple[float, int, np.ndarray]] = [
        (-float("inf"), 0, np.column_stack([np.zeros(n), np.ones(n)]))
    ]
    for node in range(1, NODES + 1):
        if not open_branches or -open_branches[0][0] <= value * (1 + SLACK):
            break
        _, _, bounds = heapq.heappop(open_branches)
        found = linprog(-gains / scale, np.array(rows), np.array(ends), bounds=bounds, method="highs")
        if found.status == INFEASIBLE:
            continue
        if found.x is None:
            return best, float("inf")
        bound = float(-found.fun * scale)
        rounded = _first(limits, np.argsort(-(found.x + TINY * gains / scale), kind="stable"))
        if not limits.lacking(rounded) and gains[rounded].sum() > value:
            best, value = rounded, float(gains[rounded].sum())
        part = np.flatnonzero((found.x > SLACK) & (found.x < 1 - SLACK))
        for side in (0.0, 1.0) if len(part) else ():
            branch = bounds.copy()
            branch[part[0]] = side
            heapq.heappush(open_branches, (-bound, 2 * node + int(side), branch))
    return best, max([value, *(-bound for bound, _, _ in open_branches)]) * (1 + SLACK)


def _rows(limits: Limits) -> tuple[list[np.ndarray], list[float]]:
    """The limits as rows r (n,) and ends e of r x <= e, x being 1 for who is chosen."""
    rows: list[np.ndarray] = []
    ends: list[float] = []
    if np.isfinite(limits.budget):
        rows, ends = [*rows, limits.prices], [*ends, limits.budget + TINY]
    if limits.count is not None:
        rows, ends = [*rows, np.ones(len(limits.prices))], [*ends, limits.count]
    for group in limits.groups:
        members = group.members.astype(np.float64)
        if group.most is not None:
            rows, ends = [*rows, members], [*ends, group.most]
        if group.least > 0:
            rows, ends = [*rows, -members], [*ends, -group.least]
    return rows, ends


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
