"""How wide an 80 % interval is, by how much is known of an account: from errors of accounts that were not
learned from.

    width of a group = 80 % quantile of |error|, each account weighing one
    groups: 0, 1 or 2, 3 or more posts known

That is group-conditional (Mondrian) split conformal prediction (Vovk, Gammerman and Shafer, "Algorithmic
learning in a random world", 2005, 4.5). Accounts are drawn alike, posts of one account are not, so the posts
of an account weigh one together (Dunn, Wasserman and Ramdas, "Distribution-free prediction sets for two-layer
hierarchical models", JASA 2023). What share an interval covers is measured on parts of the accounts that had
no say in its width.

On 31,827 Instagram posts one width for all covers .70, .84 and .87 of the three groups, these .80, .80 and
.80. Intervals of two unlike sides are as wide and as right (errors of log rates lie evenly), the shortest
ones 1 % narrower; a width that falls smoothly with the number of posts, as the variance of a mean does,
covers .78, .81 and .81.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

LEVEL = 0.8
GROUPS: Sequence[tuple[int, int | None]] = ((0, 0), (1, 2), (3, None))
"""From how many known posts of an account to how many, the fewest first."""
FEW = 30
"""Accounts that a width is measured on at least."""


class Errors(NamedTuple):
    """Of posts whose account was taken to have a history of one group: log rates less what was told of them
    (p,), the number of the account of each (p,), the fold that it was left out with (p,), and whether some of
    its other posts were hidden for it (p,).
    """

    error: np.ndarray
    account: np.ndarray
    fold: np.ndarray
    hidden: np.ndarray


@dataclass(frozen=True)
class Interval:
    """width: of log rates, to each side; coverage: share of new posts inside, each account weighing one, None
    where too few were there to measure it; accounts: on how many; hidden: of how many of these some posts
    were hidden, to have so short a history."""

    history: str
    width: float
    coverage: float | None
    accounts: int
    hidden: int

    def __str__(self) -> str:
        level = f"{100 * LEVEL:.0f} % interval"
        if self.coverage is None:
            return f"{level}, not measured: only {self.accounts} accounts have posts to measure it on"
        told = (
            f"{level}, measured coverage of accounts with {self.history}: {100 * self.coverage:.0f} % of "
            f"{self.accounts:,}"
        )
        if not self.hidden:
            return told
        return (
            f"{told} ({'' if self.hidden == self.accounts else f'{self.hidden:,} of them '}with other "
            "posts hidden)"
        )

    def to_dict(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in ("history", "coverage", "accounts", "hidden")}
        return {"level": LEVEL, **told}


def group_of(posts: int | np.ndarray) -> np.ndarray:
    """Number of the group of an account with so many known posts."""
    return np.searchsorted([low for low, _ in GROUPS], posts, side="right") - 1


def intervals(of_groups: Sequence[Errors]) -> list[Interval]:
    """An interval for each group, of its errors. A group of too few accounts has that of the group of whom
    less is known, which is the wider one.
    """
    found: list[Interval] = []
    for (low, high), errors in zip(GROUPS, of_groups, strict=True):
        accounts = np.unique(errors.account)
        if len(accounts) < FEW and found:
            found.append(found[-1])
            continue
        history = (
            "no known posts"
            if high == 0
            else f"{low} or {high} known posts"
            if high
            else f"{low} or more known posts"
        )
        hidden = len(np.unique(errors.account[errors.hidden]))
        coverage = _coverage(errors) if len(accounts) >= FEW else None
        found.append(
            Interval(
                history=history,
                width=_width(errors),
                coverage=coverage,
                accounts=len(accounts),
                hidden=hidden,
            )
        )
    return found


def _weights(account: np.ndarray) -> np.ndarray:
    """(p,) that sum to one for each account."""
    _, at, count = np.unique(account, return_inverse=True, return_counts=True)
    return np.asarray(1 / count[at])


def _width(errors: Errors) -> float:
    """The least e such that |error| <= e of ``LEVEL`` of the accounts and one more, of whom nothing is
    known."""
    size, weight = np.abs(errors.error), _weights(errors.account)
    order = np.argsort(size, kind="stable")
    below = np.cumsum(weight[order]) / (weight.sum() + 1)
    return float(size[order][min(np.searchsorted(below, LEVEL - 1e-12), len(size) - 1)])


def _coverage(errors: Errors) -> float:
    inside = np.zeros(len(errors.error), bool)
    for fold in np.unique(errors.fold):
        one, other = errors.fold != fold, errors.fold == fold
        inside[other] = np.abs(errors.error[other]) <= _width(Errors(*(part[one] for part in errors)))
    return float(np.average(inside, weights=_weights(errors.account)))
