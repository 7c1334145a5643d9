"""The cheapest set that reaches all lower bounds of groups, exactly; and if there is none, the limits that
conflict.

    minimise  sum of price_i x_i    x_i 0 or 1    least_g <= sum over i in g of x_i <= most_g    sum of x_i <=
              count

An integer linear programme, solved by HiGHS (Huangfu and Hall, "Parallelizing the dual revised simplex
method", 2018) through SciPy. It is small for any number of influencers: among influencers of exactly the same
groups, no more than the largest lower bound of these groups are ever needed, and always the cheapest.
Conflicting limits are reported as a minimal conflicting subset: without any one of them, the others can be
kept (deletion filter; Chinneck and Dravnieks 1991).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from brandfit.campaign.constraints import TINY, Limit, Limits
from brandfit.errors import UsageError


def cheapest(limits: Limits) -> list[int]:
    """Rows of the cheapest set, the cheapest influencer first; empty if no group has a lower bound. Raises
    UsageError if no set keeps the limits."""
    if not any(group.least for group in limits.groups):
        return []
    rows = _cheapest_without_budget(limits)
    if rows is None or limits.prices[rows].sum() > limits.budget + TINY:
        raise _conflict_error(limits)
    return rows


def _cheapest_without_budget(limits: Limits) -> list[int] | None:
    """The cheapest set without regard to the budget; None if there is none."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    rows = _needed(limits)
    groups, n = limits.groups, len(rows)
    least = [group.least for group in groups]
    if not n:
        return [] if max(least, default=0) <= 0 else None
    # (n_groups, n) of 0 and 1
    members = np.array([group.members[rows] for group in groups], np.float64).reshape(len(groups), n)
    most = [np.inf if group.most is None else group.most for group in groups]
    constraints = [LinearConstraint(members, least, most)]
    if limits.count is not None:
        constraints.append(LinearConstraint(np.ones((1, n)), 0, limits.count))
    solution = milp(
        limits.prices[rows],
        constraints=constraints,
        bounds=Bounds(0, 1),
        integrality=np.ones(n),
        options={"mip_rel_gap": 0},
    )
    if solution.x is None:
        return None
    chosen = rows[solution.x > 0.5]
    return list(map(int, chosen[np.argsort(limits.prices[chosen], kind="stable")]))


def _needed(limits: Limits) -> np.ndarray:
    """Rows of the influencers that a cheapest set can consist of."""
    n, n_groups = len(limits.prices), len(limits.groups)
    least = np.array([group.least for group in limits.groups], np.int64)
    members = np.array([group.members for group in limits.groups], bool).reshape(n_groups, n)
    # A kind is a combination of groups: (n_groups, n_kinds), and the kind of each influencer (n,).
    kinds, kind = np.unique(members, axis=1, return_inverse=True)
    n_needed = np.where(kinds, least[:, None], 0).max(axis=0, initial=0)  # (n_kinds,)
    order = np.lexsort((np.arange(n), limits.prices, kind))
    first = np.searchsorted(kind[order], kind[order])
    rank_in_kind = np.arange(n) - first
    return np.sort(order[rank_in_kind < n_needed[kind[order]]])


def _conflict_error(limits: Limits) -> UsageError:
    """The limits that cannot be kept together, in words, and the price at which they could be."""
    parts = _parts(limits)
    # Deletion filter: a limit without which the others still conflict is not part of the conflict.
    for part in list(parts):
        others = [other for other in parts if other is not part]
        if not _is_possible(_joined(limits, others)):
            parts = others
    sentences = [sentence for sentence, _ in parts]
    limits_text = "these limits together" if len(sentences) > 1 else "this limit"
    return UsageError(f"No set keeps {limits_text}: {'; '.join(sentences)}.", _conflict_hint(limits, parts))


def _conflict_hint(limits: Limits, parts: Sequence[Part]) -> str:
    """How to resolve a conflict of these parts of the limits."""
    if any(isinstance(limit, float) for _, limit in parts):
        # Without the budget the others can be kept: the price of that set.
        others = [part for part in parts if not isinstance(part[1], float)]
        of_all = _cheapest_without_budget(limits)
        rows = of_all or _cheapest_without_budget(_joined(limits, others)) or []
        price = float(np.ceil(limits.prices[rows].sum() * 100) / 100)
        kept = "all other limits" if of_all else "the others"
        return f"The cheapest set that keeps {kept} costs {price:,.2f}. Raise the budget, or ask for fewer."
    if len(parts) == 1 and isinstance(group := parts[0][1], Limit):
        return f"Only {int(group.members.sum()):,} of the {len(group.members):,} that may be chosen are such."
    return "Ask for fewer, or allow more."


Part = tuple[str, Limit | int | float]
"""A limit in words, and its value: of a group (Limit), the count (int) or the budget (float)."""


def _parts(limits: Limits) -> list[Part]:
    """Each limit alone. The deletion filter removes earlier ones first if others are enough for a
    conflict."""
    parts: list[Part] = []
    if np.isfinite(limits.budget):
        parts.append((f"a budget of {limits.budget:,.10g}", float(limits.budget)))
    if limits.count is not None:
        parts.append((f"at most {limits.count:,} in all", limits.count))
    upper = [group for group in limits.groups if group.most is not None]
    lower = [group for group in limits.groups if group.least > 0]
    parts += [(f"at most {group.most:,} of {group.sentence}", replace(group, least=0)) for group in upper]
    parts += [(f"at least {group.least:,} of {group.sentence}", replace(group, most=None)) for group in lower]
    return parts


def _joined(limits: Limits, parts: Sequence[Part]) -> Limits:
    """Limits that consist of these parts alone."""
    values = [value for _, value in parts]
    budget = next((value for value in values if isinstance(value, float)), float("inf"))
    count = next((value for value in values if isinstance(value, int)), None)
    groups = [value for value in values if isinstance(value, Limit)]
    return Limits(limits.prices, budget=budget, count=count, groups=groups)


def _is_possible(limits: Limits) -> bool:
    rows = _cheapest_without_budget(limits)
    return rows is not None and limits.prices[rows].sum() <= limits.budget + TINY
