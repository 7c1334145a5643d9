"""The cheapest set that has what must be there, exactly; and where there is none, which limits cannot be kept
together.

    minimise  sum of price_i x_i    x_i 0 or 1    least_g <= sum over i in g of x_i <= most_g    sum of x_i <=
              count

An integer linear programme, solved by HiGHS (Huangfu and Hall, "Parallelizing the dual revised simplex
method", 2018) by way of SciPy. It stays small however many influencers there are: of those that are of just
the same groups no more than the largest least of these groups are ever needed, and always the cheapest.
Limits that cannot be kept are told as a smallest part of them that cannot be kept either: leave out any one,
and the others can (deletion filter; Chinneck and Dravnieks 1991).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from brandfit.campaign.constraints import TINY, Limit, Limits
from brandfit.errors import UsageError


def cheapest(limits: Limits) -> list[int]:
    """Its numbers, the cheapest first; none where nothing must be there. Raises UsageError where no set keeps
    the limits."""
    if not any(group.least for group in limits.groups):
        return []
    found = _cheapest(limits)
    if found is None or limits.prices[found].sum() > limits.budget + TINY:
        raise _conflict(limits)
    return found


def _cheapest(limits: Limits) -> list[int] | None:
    """Whatever the budget; None where there is none."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    at = _needed(limits)
    groups = limits.groups
    members = np.array([group.members[at] for group in groups], np.float64).reshape(len(groups), len(at))
    most = [np.inf if group.most is None else group.most for group in groups]
    if not len(at):
        return [] if all(group.least <= 0 for group in groups) else None
    rows = [LinearConstraint(members, [group.least for group in groups], most)]
    if limits.count is not None:
        rows.append(LinearConstraint(np.ones((1, len(at))), 0, limits.count))
    whole, exact = np.ones(len(at)), {"mip_rel_gap": 0}
    found = milp(limits.prices[at], constraints=rows, bounds=Bounds(0, 1), integrality=whole, options=exact)
    if found.x is None:
        return None
    chosen = at[found.x > 0.5]
    return [int(i) for i in chosen[np.argsort(limits.prices[chosen], kind="stable")]]


def _needed(limits: Limits) -> np.ndarray:
    """Numbers of those that a cheapest set can be made of."""
    least = np.array([group.least for group in limits.groups], np.int64)
    members = np.array([group.members for group in limits.groups], bool).reshape(
        len(least), len(limits.prices)
    )
    kind, at = np.unique(members, axis=1, return_inverse=True)
    most = np.where(kind, least[:, None], 0).max(axis=0, initial=0)
    order = np.lexsort((np.arange(len(at)), limits.prices, at))
    first = np.searchsorted(at[order], at[order])
    return np.sort(order[np.arange(len(order)) - first < most[at[order]]])


def _conflict(limits: Limits) -> UsageError:
    """The limits that cannot be kept together, in words, and the price at which they could."""
    parts = _parts(limits)
    for part in list(parts):
        fewer = [other for other in parts if other is not part]
        if not _possible(_joined(limits, fewer)):
            parts = fewer
    told = [words for words, _ in parts]
    money = any(isinstance(part, float) for _, part in parts)
    hint = "Ask for fewer, or allow more."
    if money:
        whole = _cheapest(limits)
        found = whole or _cheapest(_joined(limits, [p for p in parts if not isinstance(p[1], float)])) or []
        price = float(np.ceil(limits.prices[found].sum() * 100) / 100)
        hint = (
            f"The cheapest set that keeps {'all other limits' if whole else 'the others'} costs {price:,.2f}."
        )
        hint += " Raise the budget, or ask for fewer."
    elif len(parts) == 1 and isinstance(group := parts[0][1], Limit):
        hint = f"Only {int(group.members.sum()):,} of the {len(group.members):,} that may be chosen are such."
    return UsageError(
        f"No set keeps {'these limits together' if len(told) > 1 else 'this limit'}: {'; '.join(told)}.", hint
    )


Part = tuple[str, Limit | int | float]
"""A limit in words, and what it is: of a group, places (int) or the budget (float)."""


def _parts(limits: Limits) -> list[Part]:
    """Every limit on its own, in the order in which they are left out where others will do."""
    parts: list[Part] = []
    if np.isfinite(limits.budget):
        parts.append((f"a budget of {limits.budget:,.10g}", float(limits.budget)))
    if limits.count is not None:
        parts.append((f"at most {limits.count:,} in all", limits.count))
    full = [
        (f"at most {g.most:,} of {g.sentence}", replace(g, least=0))
        for g in limits.groups
        if g.most is not None
    ]
    lack = [
        (f"at least {g.least:,} of {g.sentence}", replace(g, most=None)) for g in limits.groups if g.least > 0
    ]
    return [*parts, *full, *lack]


def _joined(limits: Limits, parts: Sequence[Part]) -> Limits:
    """These alone."""
    budget = next((part for _, part in parts if isinstance(part, float)), float("inf"))
    count = next((part for _, part in parts if isinstance(part, int)), None)
    return Limits(limits.prices, budget, count, [part for _, part in parts if isinstance(part, Limit)])


def _possible(limits: Limits) -> bool:
    found = _cheapest(limits)
    return found is not None and limits.prices[found].sum() <= limits.budget + TINY
