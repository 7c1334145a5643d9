"""Faithfulness of an attribution: how fast the score changes if the things with the largest weights are
removed or added first.

    deletion   start with all things and remove one at a time; the mean score over the steps, lower is better
    insertion  start with none and add one at a time; the mean score over the steps, higher is better

Both are compared with random orders (Petsiuk et al., BMVC 2018; Samek et al., TNNLS 2017).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from brandfit import seeds
from brandfit.explain.shapley import Value, mean


class Faithfulness(NamedTuple):
    """Mean scores over the steps of deletion and of insertion: in the order of the attribution, and averaged
    over random orders."""

    deletion: float
    insertion: float
    random_deletion: float
    random_insertion: float


def faithfulness(value: Value, weights: np.ndarray, *, random: int = 10, seed: int = 0) -> Faithfulness:
    """Faithfulness of the weights (n,) that an attribution gives to n > 0 things.

    value   the score of subsets of the things; it is called once, with all subsets
    random  number of random orders
    """
    n = len(weights)
    rng = seeds.generator(seed, "faithfulness", n)
    attribution_order = np.argsort(-weights, kind="stable")
    random_orders = [rng.permutation(n) for _ in range(random)]
    orders = np.array([attribution_order, *random_orders])  # (n_orders, n) things, by position
    position = np.argsort(orders, axis=1)  # (n_orders, n) position of each thing
    # After k steps the things at positions 0 to k - 1 were removed, or added.
    n_steps = np.arange(n + 1)
    is_moved = position[:, None, :] < n_steps[None, :, None]  # (n_orders, n + 1, n)
    is_present = np.concatenate([~is_moved, is_moved])  # (2 n_orders, n + 1, n): deletion, then insertion
    # Orders share subsets, at least the empty and the full one: each subset is scored once.
    subsets, subset_row = np.unique(is_present.reshape(-1, n), axis=0, return_inverse=True)
    scores = mean(value, subsets)[subset_row.ravel()].reshape(2, len(orders), n + 1)
    means = scores.mean(axis=2)  # (2, n_orders) over the steps
    return Faithfulness(
        deletion=float(means[0, 0]),
        insertion=float(means[1, 0]),
        random_deletion=float(means[0, 1:].mean()),
        random_insertion=float(means[1, 1:].mean()),
    )
