"""Faithfulness of an attribution: the score as things are removed or added in the order of the attribution.

    deletion   from all things, the heaviest removed first: mean score along the way; lower is better
    insertion  from none, the heaviest added first: higher is better

Both are compared with random orders (Petsiuk et al., BMVC 2018; Samek et al., TNNLS 2017).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from brandfit import seeds
from brandfit.explain.shapley import Value, mean


class Faithfulness(NamedTuple):
    """Mean scores along deletion and insertion, in the order of the attribution and in random orders."""

    deletion: float
    insertion: float
    random_deletion: float
    random_insertion: float


def faithfulness(value: Value, weights: np.ndarray, *, random: int = 10, seed: int = 0) -> Faithfulness:
    """Faithfulness of weights (n,) of n > 0 things. ``value`` is called once.

    random  number of random orders
    """
    n = len(weights)
    rng = seeds.generator(seed, "faithfulness", n)
    # (orders, n), the order of the attribution first
    orders = np.array([np.argsort(-weights, kind="stable"), *(rng.permutation(n) for _ in range(random))])
    position = np.argsort(orders, axis=1)
    # (orders, n + 1, n): the things that were removed, or added, after k steps
    is_past = position[:, None, :] < np.arange(n + 1)[None, :, None]
    present = np.concatenate([~is_past, is_past])
    subsets, row = np.unique(present.reshape(-1, n), axis=0, return_inverse=True)
    # (2, orders): mean along the way of deletion and of insertion
    means = mean(value, subsets)[row.ravel()].reshape(2, len(orders), n + 1).mean(axis=2)
    return Faithfulness(
        deletion=float(means[0, 0]),
        insertion=float(means[1, 0]),
        random_deletion=float(means[0, 1:].mean()),
        random_insertion=float(means[1, 1:].mean()),
    )
