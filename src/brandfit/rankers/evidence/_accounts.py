"""Content of accounts to be compared, and the intermediate results that several ideas share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from brandfit.learning.kernels import joined, kernel
from brandfit.learning.pooling import Rows, Side, Vectors
from brandfit.learning.similarity import inner
from brandfit.mappings import rows_of_each, subset_of_each
from brandfit.rankers.evidence._training import GAMMA, SlotVectors

if TYPE_CHECKING:
    from brandfit.rankers.evidence._model import Evidence


@dataclass
class Accounts:
    """Accounts of one side; shared results are computed once, when the first idea needs them.

    vectors  slot to vectors (n, d), as pooled
    posts    slot to the single posts, as encoded
    """

    evidence: Evidence
    side: Side
    vectors: SlotVectors
    posts: Mapping[str, Rows]

    @cached_property
    def transformed(self) -> dict[str, Vectors]:
        """Slot to transformed vectors of length one, for the slots that are known on this side."""
        transforms = self.evidence.transforms
        slots = transforms if self.side == "brand" else self.evidence.two_sided_slots
        return {
            slot: transforms[slot].transform(self.vectors[slot], self.side)
            for slot in slots
            if slot in self.vectors
        }

    def transformed_posts(self, slot: str) -> Rows:
        """Transformed single posts. A post without content has a row of zeros, similar to nothing."""
        posts = self.posts[slot]
        vectors = Vectors(posts.values, np.ones(len(posts.values), bool))
        return Rows(self.evidence.transforms[slot].transform(vectors, self.side).values, posts.counts)

    @cached_property
    def rows(self) -> dict[str, np.ndarray]:
        """Slot to rows (n, d) for all training slots of this side; zeros for a slot that is missing now."""
        n_accounts = len(next(iter(self.vectors.values())).values)
        training_rows = self.evidence.training_rows.of(self.side)
        rows = {}
        for slot, of_training in training_rows.items():
            if slot in self.transformed:
                rows[slot] = self.transformed[slot].values
            else:
                rows[slot] = np.zeros((n_accounts, of_training.shape[1]), np.float32)
        return rows

    @cached_property
    def kernel_to_brands(self) -> np.ndarray:
        """(n, t) similarity of brands with the training brands, over all slots of brands."""
        evidence = self.evidence
        return kernel(
            self.rows,
            evidence.training_rows.brand,
            weights=evidence.slot_weights.brand,
            gamma=GAMMA["brand"],
        )

    @cached_property
    def two_sided_kernel_to_brands(self) -> np.ndarray:
        """(n, t) similarity with the training brands, over the slots of both sides."""
        evidence = self.evidence
        return kernel(
            self.rows,
            evidence.training_rows.brand,
            weights=evidence.slot_weights.influencer,
            gamma=GAMMA["brand"],
        )

    @cached_property
    def kernel_to_influencers(self) -> np.ndarray:
        """(n, i) similarity with the training influencers."""
        evidence = self.evidence
        return kernel(
            self.rows,
            evidence.training_rows.influencer,
            weights=evidence.slot_weights.influencer,
            gamma=GAMMA["influencer"],
        )

    @cached_property
    def predicted_brands(self) -> np.ndarray:
        """(n, t) float32 how well an account would work, as an influencer, with each training brand."""
        return inner(self.kernel_to_influencers, self.evidence.arrays["spread"]).astype(np.float32)

    @cached_property
    def projected(self) -> np.ndarray:
        """(n, k) float32 joined slots on the principal axes of training."""
        axes = self.evidence.arrays["axes"].T.astype(np.float32)
        return inner(joined(self.rows, self.evidence.slot_weights.influencer), axes).astype(np.float32)


@dataclass(frozen=True)
class InfluencerSide:
    """The part of the evidence that depends on n influencers alone, to be reused for many brands.

    transformed  slot to transformed vectors
    unit         slot to untransformed vectors of length one, for plain cosines
    posts        slot to transformed single posts
    columns      name to array with a row per influencer
    """

    transformed: SlotVectors
    unit: SlotVectors
    posts: Mapping[str, Rows]
    columns: Mapping[str, np.ndarray]

    def subset(self, rows: np.ndarray) -> InfluencerSide:
        """These influencers (m,) row numbers only."""
        return InfluencerSide(
            transformed=subset_of_each(self.transformed, rows),
            unit=subset_of_each(self.unit, rows),
            posts=subset_of_each(self.posts, rows),
            columns=rows_of_each(self.columns, rows),
        )
