"""Comparison of both sides by their relation to all training brands.

An account has a profile with one number per training brand: how well it would work with this brand
("works"), or how similar it is to it ("likes"). The evidence is the cosine of the profiles of both sides,
each centred by the mean of its side. For "works", a brand is treated as if it were an influencer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from brandfit.learning.kernels import kernel
from brandfit.learning.pooling import Side
from brandfit.learning.similarity import inner
from brandfit.rankers.evidence._idea import PairIdea, Pairs
from brandfit.rankers.evidence._numerics import principal_axes, unit_rows
from brandfit.rankers.evidence._training import GAMMA, RIDGE, FittingContext

if TYPE_CHECKING:
    from brandfit.rankers.evidence._accounts import Accounts
    from brandfit.rankers.evidence._model import Evidence


class NeighbourProfile(PairIdea):
    """``via.works`` and ``via.likes``."""

    prefixes = ("via",)
    part = "match"

    def fit(self, training: FittingContext) -> dict[str, np.ndarray]:
        brands, influencers = training.two_sided_brands, training.influencers
        weights, duals = training.slot_weights.influencer, training.influencer_duals
        works_of_brands = kernel(brands, influencers, weights=weights, gamma=GAMMA["influencer"]) @ duals.T
        # Ridge predictions for the training influencers themselves: K s = y - RIDGE s.
        works_of_influencers = training.target.T - RIDGE * duals.T
        likes_of_brands, likes_of_influencers = (
            kernel(rows, brands, weights=weights, gamma=GAMMA["brand"]) for rows in (brands, influencers)
        )
        return _profile_axes(
            "works",
            works_of_brands,
            influencers=works_of_influencers,
            deviation=works_of_influencers.std(axis=0),
        ) | _profile_axes(
            "likes",
            likes_of_brands,
            influencers=likes_of_influencers,
            deviation=np.ones(len(training.works)),
        )

    def influencer_columns(self, evidence: Evidence, influencers: Accounts) -> dict[str, np.ndarray]:
        return _profiles(evidence, influencers, "influencer")

    def features(self, pairs: Pairs) -> dict[str, np.ndarray]:
        profiles = _profiles(pairs.evidence, pairs.brands, "brand")
        return {name: inner(rows, pairs.influencers.columns[name]) for name, rows in profiles.items()}


def _profiles(evidence: Evidence, accounts: Accounts, side: Side) -> dict[str, np.ndarray]:
    """Evidence name to directions (n, k) of the profiles of accounts, minus the mean of their side."""
    profiles = {}
    for name, values in (
        ("works", accounts.predicted_brands),
        ("likes", accounts.two_sided_kernel_to_brands),
    ):
        axes = evidence.arrays[f"via.{name}.axes"]
        centre = evidence.arrays[f"via.{name}.centre"][0 if side == "brand" else 1]
        profiles[f"via.{name}"] = unit_rows(inner(values, axes.T) - centre)
    return profiles


def _profile_axes(
    name: str, brands: np.ndarray, *, influencers: np.ndarray, deviation: np.ndarray
) -> dict[str, np.ndarray]:
    """The axes (t, k) on which profiles differ, and the mean of each side on them.

    brands       (t, t) profiles of the training brands
    influencers  (i, t) profiles of the training influencers
    deviation    (t,) by which profiles are divided first
    """
    # Profiles are scaled first, so that every training brand has the same influence on the axes.
    scale = 1 / np.maximum(deviation, 1e-9)
    means = np.stack([rows.mean(axis=0, dtype=np.float64) for rows in (brands, influencers)])  # (2, t)
    axes = principal_axes((brands - means[0]) * scale, (influencers - means[1]) * scale)
    # Fold the scale into the axes: a new profile needs one product.
    axes = (axes * scale[:, None]).astype(np.float32)
    return {f"via.{name}.axes": axes, f"via.{name}.centre": means @ axes}
