"""The data that evidence is fitted on, and the intermediate results that several ideas share in fitting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from brandfit.learning.kernels import gram, joined, ridge
from brandfit.learning.pooling import Rows, Sides, Vectors, subset_of_sides
from brandfit.learning.similarity import inner
from brandfit.mappings import subset_of_each
from brandfit.rankers.evidence._numerics import principal_axes

GAMMA = {"brand": 1.7, "influencer": 1.1, "slot": 1.0}
"""Width of the radial kernels: between brands, between influencers, and between brands by a single slot."""
RIDGE = 3.0
"""Ridge penalty of the regression over influencers."""
MIN_SLOT_GAP = 0.1
LANDMARKS = 4000
"""Maximum number of influencers that span the kernels."""

SlotVectors = Mapping[str, Vectors]
SlotPosts = Mapping[str, Sides[Rows]]
"""Slot to the posts of brands and of influencers."""


@dataclass(frozen=True)
class Training:
    """b brands and i influencers that evidence is fitted on.

    brands            slot to vectors (b, d)
    influencers       slot to vectors (i, d)
    works             (b, i) bool: pairs that work together
    categories        (b,) and (i,) category numbers, -1 if unknown
    posts             slot to the single posts of both sides
    has_plain_cosine  whether plain cosines are evidence too
    """

    brands: SlotVectors
    influencers: SlotVectors
    works: np.ndarray
    categories: Sides[np.ndarray]
    posts: SlotPosts
    has_plain_cosine: bool = True

    def subset(self, brands: np.ndarray, *, only_partners: bool = True) -> Training:
        """These brands (rows), with their partners only or with all influencers."""
        if only_partners:
            influencers = np.flatnonzero(self.works[brands].any(axis=0))
        else:
            influencers = np.arange(self.works.shape[1])
        return Training(
            brands=subset_of_each(self.brands, brands),
            influencers=subset_of_each(self.influencers, influencers),
            works=self.works[np.ix_(brands, influencers)],
            categories=Sides(self.categories.brand[brands], self.categories.influencer[influencers]),
            posts=subset_of_sides(self.posts, Sides(brands, influencers)),
            has_plain_cosine=self.has_plain_cosine,
        )

    def without(self, pairs: np.ndarray) -> Training:
        """The same without these pairs (b, i) bool among the pairs that work together."""
        return replace(self, works=self.works & ~pairs)


def landmarks(works: np.ndarray) -> np.ndarray:
    """Rows of the influencers that span the kernels, sorted.

    All influencers that work with a brand; if there are more than ``LANDMARKS``, the ones with most brands,
    evenly spread over equals.
    """
    partners = np.flatnonzero(works.any(axis=0))
    if len(partners) <= LANDMARKS:
        return partners
    order = np.argsort(-works[:, partners].sum(axis=0), kind="stable")
    return np.sort(partners[order[np.linspace(0, len(partners) - 1, LANDMARKS).round().astype(np.int64)]])


@dataclass
class FittingContext:
    """Training rows of length one, and results that several ideas share; each is computed once.

    brands       slot to rows (b, d), all slots of brands
    influencers  slot to rows (i, d) of the landmarks, slots of both sides
    works        (b, i) bool
    categories   (b,) and (i,)
    """

    brands: dict[str, np.ndarray]
    influencers: dict[str, np.ndarray]
    works: np.ndarray
    categories: Sides[np.ndarray]

    def arrays(self) -> dict[str, np.ndarray]:
        """The shared results that the model stores."""
        arrays: dict[str, np.ndarray] = {}
        for side, weights in self.slot_weights._asdict().items():
            arrays |= {f"weight.{side}.{slot}": np.array([weight]) for slot, weight in weights.items()}
        return arrays | {"spread": self.influencer_duals, "axes": self.axes}

    @cached_property
    def slot_weights(self) -> Sides[dict[str, float]]:
        """Slot to its weight in distances between influencers, and between brands.

        The squared gap between the mean cosine of pairs that work together and of others, in standard
        deviations; the best slot has 1. A slot that only brands have has 1.
        """
        gaps = {}
        for slot, rows in self.influencers.items():
            # Without pairs, or without others to compare with, all slots have the same weight.
            cosines = inner(self.brands[slot], rows)  # (b, i)
            gap = 1.0
            if self.works.any() and not self.works.all():
                difference = cosines[self.works].mean() - cosines[~self.works].mean()
                gap = difference / (cosines.std() + 1e-9)
            gaps[slot] = max(float(gap), MIN_SLOT_GAP)
        best = max(gaps.values())
        weights = {slot: (gap / best) ** 2 for slot, gap in gaps.items()}
        return Sides(
            brand={slot: weights.get(slot, 1.0) for slot in self.brands},
            influencer=weights,
        )

    @cached_property
    def two_sided_brands(self) -> dict[str, np.ndarray]:
        """Slot to the rows of brands, for the slots that influencers have too."""
        return {slot: rows for slot, rows in self.brands.items() if slot in self.influencers}

    @cached_property
    def brand_gram(self) -> np.ndarray:
        """(b, b) kernel between the training brands."""
        return gram(self.brands, self.slot_weights.brand, GAMMA["brand"])

    @cached_property
    def target(self) -> np.ndarray:
        """(b, i) float64: pairs that work together, as the kernel regression predicts them.

        The partners of each brand have norm one together; the mean over brands is subtracted.
        """
        n_partners = np.maximum(self.works.sum(axis=1, keepdims=True), 1)
        shares = self.works / np.sqrt(n_partners)
        return shares - shares.mean(axis=0)

    @cached_property
    def category_votes(self) -> Sides[np.ndarray] | None:
        """(b, c) indicator of the category of each brand, and (i, c) shares of the categories of the brands
        of each influencer; None if brands have fewer than two categories.
        """
        of_brands, of_influencers = self.categories
        n_categories = int(max(of_brands.max(initial=-1), of_influencers.max(initial=-1))) + 1
        is_known = of_brands >= 0
        if len(np.unique(of_brands[is_known])) < 2:
            return None
        # (b, c)
        indicator = np.zeros((len(of_brands), n_categories))
        indicator[np.flatnonzero(is_known), of_brands[is_known]] = 1
        votes = self.works.T @ indicator
        return Sides(indicator, votes / np.maximum(votes.sum(axis=1, keepdims=True), 1))

    @cached_property
    def mean_influencer_vote(self) -> np.ndarray:
        """(c,) mean of the votes of influencers; empty without categories."""
        votes = self.category_votes
        return votes.influencer.mean(axis=0) if votes is not None else np.zeros(0)

    @cached_property
    def _duals(self) -> np.ndarray:
        """(i, b + c) ridge regression over influencers: of partners and of category votes, in one solve."""
        votes = self.category_votes
        # One factorisation of the largest matrix serves both targets.
        targets = [self.target.T]
        if votes is not None:
            targets.append(votes.influencer - self.mean_influencer_vote)
        influencer_gram = gram(self.influencers, self.slot_weights.influencer, GAMMA["influencer"])
        return ridge(influencer_gram, np.column_stack(targets), RIDGE)

    @cached_property
    def influencer_duals(self) -> np.ndarray:
        """(b, i) float32: coefficients of influencers for the partners of each brand."""
        return self._duals[:, : len(self.works)].T.astype(np.float32)

    @property
    def category_duals(self) -> np.ndarray:
        """(i, c): coefficients of influencers for the votes of each category."""
        return self._duals[:, len(self.works) :]

    @cached_property
    def axes(self) -> np.ndarray:
        """(sum of d, k) principal axes of the joined slots of both sides."""
        return principal_axes(*self._joined)

    @cached_property
    def projected(self) -> Sides[np.ndarray]:
        """(b, k) and (i, k) float64: both sides on ``axes``."""
        brands, influencers = self._joined
        return Sides(brands @ self.axes, influencers @ self.axes)

    @cached_property
    def _joined(self) -> Sides[np.ndarray]:
        weights = self.slot_weights.influencer
        return Sides(joined(self.two_sided_brands, weights), joined(self.influencers, weights))
