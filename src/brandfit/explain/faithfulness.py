"""How faithful an attribution is: what the score does as the things that it names are taken away, or come, in
its order.

    deletion   from all, the heaviest away first: mean score along the way; the lower the better
    insertion  from none, the heaviest first: the higher the better

Both beside the same for random orders (Petsiuk et al., BMVC 2018; Samek et al., TNNLS 2017).
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
    """Of things with these weights (n,); n > 0. ``value`` is asked once."""
    n = len(weights)
    rng = seeds.generator(seed, "faithfulness", n)
    orders = np.array([np.argsort(-weights, kind="stable"), *(rng.permutation(n) for _ in range(random))])
    place = np.argsort(orders, axis=1)
    # (orders, n + 1, n): which of them have come after k steps
    come = place[:, None, :] < np.arange(n + 1)[None, :, None]
    both = np.concatenate([~come, come])
    subsets, at = np.unique(both.reshape(-1, n), axis=0, return_inverse=True)
    means = mean(value, subsets)[at.ravel()].reshape(2, len(orders), n + 1).mean(axis=2)
    return Faithfulness(
        float(means[0, 0]), float(means[1, 0]), float(means[0, 1:].mean()), float(means[1, 1:].mean())
    )
