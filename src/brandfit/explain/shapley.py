"""Shapley values: what each of several things adds to a value; exact for few things, else by permutations.

    phi_i = mean over orders of [ v(those before i, and i) - v(those before i) ]

In every order the differences add up to v(all) - v(none), so the estimate does too, for any number of sampled
orders (Strumbelj and Kononenko, Knowledge and Information Systems 2014). Every second order is the reverse of
the one before, which removes the first-order noise (Mitchell et al., JMLR 2022). A value function may return
several values, each with other replacements for missing things. The shares are those of the mean value, and
the variation over replacements is part of the standard errors.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import NamedTuple

import numpy as np

from brandfit import seeds

EXACT = 6
"""Number of things up to which all subsets are evaluated."""

Value = Callable[[np.ndarray], np.ndarray]
"""(m, n) bool, the things that are present, to (m,) values; or to (m, o) values, a column for each of o
replacements of the missing things."""


class Shares(NamedTuple):
    """Shapley values of n things.

    base        value without any of them
    values      (n,) what each adds
    base_error  standard error of the base over replacements
    errors      (n,) standard errors over sampled orders and replacements; 0 if neither is sampled
    """

    base: float
    values: np.ndarray
    base_error: float
    errors: np.ndarray


def shapley(value: Value, n: int, *, orders: int = 16, seed: int = 0) -> Shares:
    """Shares of n things. ``value`` is called once, with all subsets that are needed."""
    if n == 0:
        base = _coalition_values(value, np.zeros((1, 0), bool))[0]
        return Shares(float(base.mean()), np.zeros(0), float(_error(base)), np.zeros(0))
    return _exact(value, n) if n <= EXACT else _sampled_shares(value, n, orders=orders, seed=seed)


def mean(value: Value, present: np.ndarray) -> np.ndarray:
    """(m,) mean values over replacements, of subsets (m, n) bool."""
    return _coalition_values(value, present).mean(axis=1)


def _coalition_values(value: Value, present: np.ndarray) -> np.ndarray:
    """(m, o) values of subsets (m, n) bool."""
    return value(present).reshape(len(present), -1)


def _exact(value: Value, n: int) -> Shares:
    # Subset s contains thing i if bit i of s is set.
    subsets = (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)  # (2^n, n)
    values = _coalition_values(value, subsets)  # (2^n, o)
    size = subsets.sum(axis=1)
    # Share of the orders in which exactly the things of a subset of this size come before i.
    weight = np.array([factorial(s) * factorial(n - s - 1) / factorial(n) for s in range(n)])
    shares = np.empty((n, values.shape[1]))
    for i in range(n):
        without = np.flatnonzero(~subsets[:, i])
        shares[i] = weight[size[without]] @ (values[without + 2**i] - values[without])
    return Shares(float(values[0].mean()), shares.mean(axis=1), float(_error(values[0])), _error(shares))


def _sampled_shares(value: Value, n: int, *, orders: int, seed: int) -> Shares:
    rng = seeds.generator(seed, "shapley", n)
    permutations: list[np.ndarray] = []
    for _ in range((orders + 1) // 2):
        order = rng.permutation(n)
        permutations += [order, order[::-1]]
    order_of = np.array(permutations)  # (orders, n) things in each order
    position = np.argsort(order_of, axis=1)
    # (orders, n + 1, n): the things before each position
    before = position[:, None, :] < np.arange(n + 1)[None, :, None]
    subsets, row = np.unique(before.reshape(-1, n), axis=0, return_inverse=True)
    values = _coalition_values(value, subsets)[row.ravel()].reshape(len(order_of), n + 1, -1)
    # (orders, n, o): what each thing adds in each order
    added = np.empty((len(order_of), n, values.shape[2]))
    np.put_along_axis(added, order_of[..., None], np.diff(values, axis=1), axis=1)
    # An order and its reverse are one draw.
    pairs = added.reshape(-1, 2, *added.shape[1:]).mean(axis=1)
    order_error, replacement_error = _error(pairs.mean(axis=2).T), _error(pairs.mean(axis=0))
    return Shares(
        base=float(values[0, 0].mean()),
        values=added.mean(axis=(0, 2)),
        base_error=float(_error(values[0, 0])),
        errors=np.hypot(order_error, replacement_error),
    )


def _error(draws: np.ndarray) -> np.ndarray:
    """Standard error of the mean of draws (..., o); 0 for a single draw."""
    o = draws.shape[-1]
    return np.asarray(draws.std(axis=-1, ddof=1) / np.sqrt(o) if o > 1 else np.zeros(draws.shape[:-1]))
