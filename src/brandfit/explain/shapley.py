"""What each of several things adds to a value, fairly: Shapley values, exact for few things, by permutations
for more.

    phi_i = mean over orders of [ v(those before i, and i) - v(those before i) ]

In every order the differences add up to v(all) - v(none), so that the estimate does too, however few orders
are drawn (Strumbelj and Kononenko, Knowledge and Information Systems 2014). Every second order is the reverse
of the one before, which takes out the first-order noise (Mitchell et al., JMLR 2022). A value may be told
several times, with other things in place of what is not there; the shares are those of their mean, and how
they differ goes into the standard errors.
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
"""(m, n) bool, which things are there, to (m,) values; or (m, o), one for each of o draws of what stands in
for the others."""


class Shares(NamedTuple):
    """base: the value of none; values (n,): what each adds; their standard errors, of the orders and of what
    stands in, both drawn; 0 where nothing was."""

    base: float
    values: np.ndarray
    base_error: float
    errors: np.ndarray


def shapley(value: Value, n: int, *, orders: int = 16, seed: int = 0) -> Shares:
    """Shares of n things; ``value`` is asked once, for every subset that is needed."""
    if n == 0:
        base = _coalition_values(value, np.zeros((1, 0), bool))[0]
        return Shares(float(base.mean()), np.zeros(0), float(_error(base)), np.zeros(0))
    return _exact(value, n) if n <= EXACT else _sampled_shares(value, n, orders=orders, seed=seed)


def mean(value: Value, kept: np.ndarray) -> np.ndarray:
    """(m,) values, over what stands in."""
    return _coalition_values(value, kept).mean(axis=1)


def _coalition_values(value: Value, kept: np.ndarray) -> np.ndarray:
    """(m, o)"""
    return value(kept).reshape(len(kept), -1)


def _exact(value: Value, n: int) -> Shares:
    subsets = (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)
    told = _coalition_values(value, subsets)
    size = subsets.sum(axis=1)
    weight = np.array([factorial(s) * factorial(n - s - 1) / factorial(n) for s in range(n)])
    values = np.empty((n, told.shape[1]))
    for i in range(n):
        without = np.flatnonzero(~subsets[:, i])
        values[i] = weight[size[without]] @ (told[without + 2**i] - told[without])
    return Shares(float(told[0].mean()), values.mean(axis=1), float(_error(told[0])), _error(values))


def _sampled_shares(value: Value, n: int, *, orders: int, seed: int) -> Shares:
    rng = seeds.generator(seed, "shapley", n)
    drawn = [rng.permutation(n) for _ in range((orders + 1) // 2)]
    order = np.array([each for one in drawn for each in (one, one[::-1])])
    place = np.argsort(order, axis=1)
    # (orders, n + 1, n): those that come before the k-th
    before = place[:, None, :] < np.arange(n + 1)[None, :, None]
    subsets, at = np.unique(before.reshape(-1, n), axis=0, return_inverse=True)
    told = _coalition_values(value, subsets)[at.ravel()].reshape(len(order), n + 1, -1)
    added = np.empty((len(order), n, told.shape[2]))
    np.put_along_axis(added, order[..., None], np.diff(told, axis=1), axis=1)
    pairs = added.reshape(-1, 2, *added.shape[1:]).mean(axis=1)  # an order and its reverse are one draw
    of_orders, of_others = _error(pairs.mean(axis=2).T), _error(pairs.mean(axis=0))
    return Shares(
        float(told[0, 0].mean()),
        added.mean(axis=(0, 2)),
        float(_error(told[0, 0])),
        np.hypot(of_orders, of_others),
    )


def _error(draws: np.ndarray) -> np.ndarray:
    """Standard error of the mean of draws (..., o); 0 of a single one."""
    o = draws.shape[-1]
    return np.asarray(draws.std(axis=-1, ddof=1) / np.sqrt(o) if o > 1 else np.zeros(draws.shape[:-1]))
