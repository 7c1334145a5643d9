"""What each of several things adds to a value, fairly: Shapley values, exact for few things, by permutations for more.

    phi_i = mean over orders of [ v(those before i, and i) - v(those before i) ]

In every order the differences add up to v(all) - v(none), so that the estimate does too, however few orders are drawn (Strumbelj
and Kononenko, Knowledge and Information Systems 2014). Every second order is the reverse of the one before, which takes out
the first-order noise (Mitchell et al., JMLR 2022).
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import NamedTuple

import numpy as np

from brandfit import seeds

EXACT = 6
"""Things up to which all their subsets are looked at."""

Value = Callable[[np.ndarray], np.ndarray]
"""(m, n) bool, which things are there, to (m,) values."""


class Shares(NamedTuple):
    """base: the value of none; values (n,): what each adds; spread: root mean square standard error of them, 0 where exact."""

    base: float
    values: np.ndarray
    spread: float


def shapley(value: Value, n: int, orders: int = 16, seed: int = 0) -> Shares:
    """Shares of n things; ``value`` is asked once, for every subset that is needed."""
    if n == 0:
        return Shares(float(value(np.zeros((1, 0), bool))[0]), np.zeros(0), 0.0)
    return _exact(value, n) if n <= EXACT else _drawn(value, n, orders, seed)


def _exact(value: Value, n: int) -> Shares:
    subsets = (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)
    told = value(subsets)
    size = subsets.sum(axis=1)
    weight = np.array([factorial(s) * factorial(n - s - 1) / factorial(n) for s in range(n)])
    values = np.empty(n)
    for i in range(n):
        without = np.flatnonzero(~subsets[:, i])
        values[i] = ((told[without + 2**i] - told[without]) * weight[size[without]]).sum()
    return Shares(float(told[0]), values, 0.0)


def _drawn(value: Value, n: int, orders: int, seed: int) -> Shares:
    rng = seeds.generator(seed, "shapley", n)
    drawn = [rng.permutation(n) for _ in range((orders + 1) // 2)]
    order = np.array([each for one in drawn for each in (one, one[::-1])])
    place = np.argsort(order, axis=1)
    # (orders, n + 1, n): those that come before the k-th
    before = place[:, None, :] < np.arange(n + 1)[None, :, None]
    subsets, at = np.unique(before.reshape(-1, n), axis=0, return_inverse=True)
    told = value(subsets)[at.ravel()].reshape(len(order), n + 1)
    added = np.empty((len(order), n))
    np.put_along_axis(added, order, np.diff(told, axis=1), axis=1)
    pairs = added.reshape(-1, 2, n).mean(axis=1)  # an order and its reverse are one draw
    error = pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs)) if len(pairs) > 1 else np.zeros(n)
    return Shares(float(told[0, 0]), added.mean(axis=0), float(np.sqrt((error**2).mean())))
