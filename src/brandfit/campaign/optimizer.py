"""The best set of influencers under a budget and other limits, by lazy greedy and exchanges, with an upper
bound of the best possible value.

    greedy by gain per price, greedy by gain, and the first of the ranking within the limits, each also from
    the cheapest set that reaches all lower bounds; each of the most valuable influencers alone, and greedy
    from it; the best set if values added up (branch and bound); in the best of these sets, exchanges of one
    influencer as long as they add value; the best of the results

With a budget alone this reaches at least (1 - 1/e) / 2 of the optimum, with a number of influencers alone 1 -
1/e (Leskovec et al., "Cost-effective outbreak detection in networks", KDD 2007; Nemhauser et al. 1978). The
gains on top of the set bound what a better set could add: their fractional knapsack (ibid., 3.2), or a linear
programme of several limits, which is usually far tighter. With lower bounds of groups there is no such
guarantee, but the upper bound still holds, and a feasible set is found if there is one
(``campaign.feasibility``). If values add up (no audience is shared), branch and bound is exact for small
pools. For large ones it stops after ``NODES`` programmes, and the bound gives the largest possible distance
from the best.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from brandfit.campaign.constraints import TINY, Limits
from brandfit.campaign.feasibility import cheapest
from brandfit.campaign.set_value import SetValue

PASSES = 20
"""Passes of exchanges over a set, at most."""
BETTER = 1e-9
"""Share of the value that an exchange adds at least."""
SLACK = 1e-6
"""Tolerance of linear programmes."""
INFEASIBLE = 2
"""Status of a linear programme without a solution (SciPy)."""
SEEDS = 10
"""The most valuable influencers, from each of which a greedy set starts."""
EXCHANGED = 6
"""The most valuable sets, in which exchanges are tried."""
NODES = 40
"""Linear programmes that branch and bound may solve."""


@dataclass(frozen=True)
class Chosen:
    """The result.

    at      rows of the set, in the order in which they were chosen; an exchanged influencer has the position
            of the one that it replaced
    value   of the set
    ranked  value of the first of the ranking within the limits; None if they do not keep the limits
    bound   no set has a higher value
    first   rows of the first of the ranking; empty if they do not keep the limits
    """

    at: list[int]
    value: float
    ranked: float | None
    bound: float
    first: tuple[int, ...] = ()


class BoundedSet(NamedTuple):
    """Rows of a set, and an upper bound of the value of all sets."""

    rows: list[int]
    bound: float


def choose(worth: SetValue, limits: Limits, ranked: np.ndarray) -> Chosen:
    """The best set.

    ranked  (n,) rows of the influencers, best first, as a ranking without regard to the set takes them

    Raises UsageError if no set keeps the limits, and names those that conflict.
    """
    start = cheapest(limits)
    first = _first_of_ranking(limits, ranked)
    additive = BoundedSet([], float("inf"))
    gains = worth.gains(worth.empty_coverage)  # (n,) value of each alone
    if len(worth):
        additive = _additive_optimum(gains, limits)
    # Equal sets are exchanged once, so the last of them counts; the order of the candidates decides ties.
    candidates = [*_greedy_sets(worth, limits, start=()), first]
    if start:
        candidates += [*_greedy_sets(worth, limits, start=start), _first_of_ranking(limits, ranked, start)]
    candidates.append(additive.rows)
    possible = np.flatnonzero(limits.may_join([]))
    for i in possible[np.argsort(-gains[possible], kind="stable")][:SEEDS].tolist():
        candidates += [[i], _greedy(worth, limits, by_price=True, start=[i])]
    feasible = {tuple(sorted(rows)): rows for rows in candidates if not limits.lacking(rows)}
    starts = sorted(feasible.values(), key=worth.value, reverse=True)[:EXCHANGED]
    exchanged = [_exchanged(worth, limits, rows) for rows in starts]
    values = list(map(worth.value, exchanged))
    best = int(np.argmax(values))
    bound = min(_bound(worth, limits, exchanged[best]), max(additive.bound, values[best]))
    keeps_limits = not limits.lacking(first)
    return Chosen(
        at=exchanged[best],
        value=values[best],
        ranked=worth.value(first) if keeps_limits else None,
        bound=bound,
        first=tuple(map(int, first)) if keeps_limits else (),
    )


# --- feasible sets ------------------------------------------------------------------------------------------


def _greedy_sets(worth: SetValue, limits: Limits, *, start: Sequence[int]) -> list[list[int]]:
    """Greedy by gain per price, and greedy by gain."""
    return [
        _greedy(worth, limits, by_price=True, start=start),
        _greedy(worth, limits, by_price=False, start=start),
    ]


def _greedy(worth: SetValue, limits: Limits, *, by_price: bool, start: Sequence[int] = ()) -> list[int]:
    """Greedy from a start, lazily: gains only fall, so the best entry of the heap is the best influencer if
    its gain was computed for this very set (Minoux 1978)."""
    cost = np.maximum(limits.prices, TINY) if by_price else np.ones(len(worth))
    chosen = list(start)
    remaining = worth.empty_coverage  # (m,)
    for i in chosen:
        remaining = worth.added(i, remaining)
    # Entries: minus gain per cost, row, size of the set for which the gain was computed.
    heap: list[tuple[float, int, int]] = []
    for i, gain in enumerate(worth.gains(remaining).tolist()):
        if i not in start:
            heap.append((-gain / cost[i], i, len(chosen)))
    heapq.heapify(heap)
    postponed: list[tuple[float, int, int]] = []
    while heap:
        ratio, i, set_size = heapq.heappop(heap)
        lacking = limits.lacking(chosen)
        # Members of lacking groups come first; others wait until the lower bounds are reached.
        if lacking and not any(group.members[i] for group in lacking):
            postponed.append((ratio, i, set_size))
            if not heap:
                return chosen
            continue
        # Prices and counts only grow, so this influencer will never be allowed again.
        if not limits.allows(chosen, i):
            continue
        if set_size < len(chosen):
            heapq.heappush(heap, (-worth.gain(i, remaining) / cost[i], i, len(chosen)))
            continue
        if -ratio <= 0 and not lacking:
            break
        chosen.append(i)
        remaining = worth.added(i, remaining)
        for entry in postponed:
            heapq.heappush(heap, entry)
        postponed = []
    return chosen


def _first_of_ranking(limits: Limits, ranked: np.ndarray, start: Sequence[int] = ()) -> list[int]:
    """The start, and every influencer in the order of the ranking that the limits still allow."""
    chosen = list(start)
    for i in ranked.tolist():
        if i not in start and limits.allows(chosen, i):
            chosen.append(i)
    return chosen


def _exchanged(worth: SetValue, limits: Limits, chosen: Sequence[int]) -> list[int]:
    """The set after exchanges: the influencer that adds most in place of each one, and one more if the limits
    allow it, until nothing adds value."""
    chosen = list(chosen)
    value = worth.value(chosen)
    for _ in range(PASSES):
        value_before = value
        # The position behind the last one is tried first: one more influencer.
        for position in range(len(chosen), -1, -1):
            rest = chosen[:position] + chosen[position + 1 :]
            remaining, rest_value = worth.empty_coverage, 0.0
            for i in rest:
                rest_value += worth.gain(i, remaining)
                remaining = worth.added(i, remaining)
            is_allowed = limits.may_join(rest) & limits.fills(rest)
            is_allowed[chosen] = False
            if not is_allowed.any():
                continue
            gains = np.where(is_allowed, worth.gains(remaining), -np.inf)
            i = int(np.argmax(gains))
            if rest_value + gains[i] > value * (1 + BETTER) + TINY:
                chosen = [*chosen[:position], i, *chosen[position + 1 :]]
                value = rest_value + float(gains[i])
        if value == value_before:
            break
    return chosen


# --- upper bounds -------------------------------------------------------------------------------------------


def _bound(worth: SetValue, limits: Limits, chosen: Sequence[int]) -> float:
    """Upper bound of the value of every set: f(best) <= f(A) + the most that gains on top of A could add if
    influencers were divisible. The lowest over the first parts A of the chosen set.
    """
    remaining, value = worth.empty_coverage, 0.0
    bounds: list[float] = []
    has_both = limits.count is not None and np.isfinite(limits.budget)
    for n in range(len(chosen) + 1):
        gains = np.maximum(worth.gains(remaining), 0)
        gains[list(chosen[:n])] = 0
        gains[limits.prices > limits.budget + TINY] = 0
        more = min(_knapsack_bound(gains, limits), _count_bound(gains, limits))
        # The linear programme is slow: it is solved only where it can lower the bound.
        if (has_both or limits.groups) and (not bounds or value + more < min(bounds)):
            more = min(more, _programme_bound(gains, limits))
        bounds.append(value + more)
        if n < len(chosen):
            value += worth.gain(chosen[n], remaining)
            remaining = worth.added(chosen[n], remaining)
    return float(min(bounds))


def _programme_bound(gains: np.ndarray, limits: Limits) -> float:
    """Largest sum of gains under all limits with divisible influencers: a linear programme."""
    from scipy.optimize import linprog

    rows, ends = _inequalities(limits)
    if not rows:
        return float(gains.sum())
    # Scaled gains keep the tolerance of the solver relative.
    scale = max(float(gains.max(initial=0)), TINY)
    solution = linprog(-gains / scale, np.array(rows), np.array(ends), bounds=(0, 1), method="highs")
    return float("inf") if solution.x is None else float(-solution.fun * scale) * (1 + SLACK)


def _additive_optimum(gains: np.ndarray, limits: Limits) -> BoundedSet:
    """The best set if values added up, and an upper bound of all sets, since no set has more value than its
    members alone.

    Branch and bound: a linear programme bounds a branch, its solution is rounded to a set, and the first
    fractional influencer is excluded or included (Land and Doig 1960). ``scipy.optimize.milp`` would do, but
    it prints to the output.
    """
    from scipy.optimize import linprog

    n = len(gains)
    rows, ends = _inequalities(limits)
    if not rows:
        return BoundedSet(np.flatnonzero(gains > 0).tolist(), float(gains.sum()))
    scale = max(float(gains.max(initial=0)), TINY)
    best: list[int] = []
    value = 0.0
    # Entries: minus the bound of the parent, number for ties, bounds (n, 2) of the variables.
    branches: list[tuple[float, int, np.ndarray]] = [
        (-float("inf"), 0, np.column_stack([np.zeros(n), np.ones(n)]))
    ]
    for node in range(1, NODES + 1):
        if not branches or -branches[0][0] <= value * (1 + SLACK):
            break
        _, _, bounds = heapq.heappop(branches)
        solution = linprog(-gains / scale, np.array(rows), np.array(ends), bounds=bounds, method="highs")
        if solution.status == INFEASIBLE:
            continue
        if solution.x is None:
            return BoundedSet(best, float("inf"))
        bound = float(-solution.fun * scale)
        by_share = np.argsort(-(solution.x + TINY * gains / scale), kind="stable")
        rounded = _first_of_ranking(limits, by_share)
        if not limits.lacking(rounded) and gains[rounded].sum() > value:
            best, value = rounded, float(gains[rounded].sum())
        fractional = np.flatnonzero((solution.x > SLACK) & (solution.x < 1 - SLACK))
        for side in (0.0, 1.0) if len(fractional) else ():
            branch = bounds.copy()
            branch[fractional[0]] = side
            heapq.heappush(branches, (-bound, 2 * node + int(side), branch))
    return BoundedSet(best, max([value, *(-bound for bound, _, _ in branches)]) * (1 + SLACK))


def _inequalities(limits: Limits) -> tuple[list[np.ndarray], list[float]]:
    """The limits as rows r (n,) and ends e of r x <= e, with x 1 for chosen influencers."""
    rows: list[np.ndarray] = []
    ends: list[float] = []
    if np.isfinite(limits.budget):
        rows.append(limits.prices)
        ends.append(limits.budget + TINY)
    if limits.count is not None:
        rows.append(np.ones(len(limits.prices)))
        ends.append(limits.count)
    for group in limits.groups:
        members = group.members.astype(np.float64)
        if group.most is not None:
            rows.append(members)
            ends.append(group.most)
        if group.least > 0:
            rows.append(-members)
            ends.append(-group.least)
    return rows, ends


def _knapsack_bound(gains: np.ndarray, limits: Limits) -> float:
    """The fractional knapsack of gains under the budget."""
    if not np.isfinite(limits.budget):
        return float(gains.sum())
    order = np.argsort(-gains / np.maximum(limits.prices, TINY), kind="stable")
    spent = np.cumsum(limits.prices[order])
    n_paid = int(np.searchsorted(spent, limits.budget + TINY, side="right"))
    total = gains[order[:n_paid]].sum()
    if n_paid < len(order):
        # The rest of the budget buys a part of the next one.
        rest = limits.budget - (spent[n_paid - 1] if n_paid else 0.0)
        total += gains[order[n_paid]] * min(rest / max(limits.prices[order[n_paid]], TINY), 1.0)
    return float(total)


def _count_bound(gains: np.ndarray, limits: Limits) -> float:
    """The sum of as many of the largest gains as the count allows."""
    return float(np.sort(gains)[::-1][: limits.count].sum())
