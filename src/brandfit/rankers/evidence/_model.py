"""All evidence from content: fitted on training pairs, stored as arrays, computed for new pairs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from brandfit.learning.feature_transforms import FeatureTransform
from brandfit.learning.pooling import Rows, Side, Sides
from brandfit.learning.similarity import inner, unit
from brandfit.mappings import rows_of_each, with_prefix
from brandfit.rankers.evidence import PAIR_IDEAS, SLOT_IDEAS
from brandfit.rankers.evidence._accounts import Accounts, InfluencerSide
from brandfit.rankers.evidence._idea import ContentIdea, Pairs
from brandfit.rankers.evidence._training import FittingContext, SlotVectors, Training, landmarks

NAMED_SLOTS = ("concept", "profile")
"""Slots in which a rare column is more telling than a frequent one."""


class Evidence:
    """Fitted with ``fit``, or restored from its ``arrays``; ``features`` computes the values of pairs.

    The ideas and the names of their evidence are in the files of this folder. Without endorsements there
    are only the transforms, and the ideas that need nothing else.
    """

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays = arrays
        self.transforms = {
            slot: FeatureTransform.from_arrays(fields)
            for slot, fields in sorted(_fields_by_slot(arrays, "view").items())
        }
        self.two_sided_slots = [slot for slot in self.transforms if f"influencer.{slot}" in arrays]
        self.slot_weights = Sides(self._slot_weights("brand"), self._slot_weights("influencer"))
        self.training_rows = Sides(
            brand={slot: arrays[f"brand.{slot}"] for slot in self.transforms},
            influencer={slot: arrays[f"influencer.{slot}"] for slot in self.two_sided_slots},
        )
        self.is_fitted = "krr" in arrays
        """Whether it was fitted on endorsements."""
        self.has_plain_cosine = bool(arrays["plain"][0])

    @classmethod
    def fit(cls, training: Training, *, has_endorsements: bool = True) -> Evidence:
        """``has_endorsements=False`` fits the transforms alone, because no pairs are known."""
        # Slots of brands alone are kept: they show which brands are similar.
        slots = sorted(slot for slot in training.brands if training.brands[slot].present.any())
        transforms = {
            slot: FeatureTransform.fit(
                training.brands[slot], training.influencers[slot], weigh_by_rarity=slot in NAMED_SLOTS
            )
            for slot in slots
        }
        arrays: dict[str, np.ndarray] = {}
        for slot, transform in transforms.items():
            arrays |= with_prefix(f"view.{slot}.", transform.arrays())
        # Rows (b, d) of brands and (i, d) of influencers by slot; a slot may be known on brands alone.
        brands, influencers = {}, {}
        for slot, transform in transforms.items():
            brands[slot] = transform.transform(training.brands[slot], "brand").values
            if training.influencers[slot].present.any():
                influencers[slot] = transform.transform(training.influencers[slot], "influencer").values
        is_fitted = has_endorsements and bool(influencers)
        # Kernels are spanned by the landmarks; without endorsements no influencer is stored.
        rows = landmarks(training.works) if is_fitted else np.zeros(0, np.int64)
        influencers = rows_of_each(influencers, rows)
        if is_fitted:
            context = FittingContext(
                brands=brands,
                influencers=influencers,
                works=training.works[:, rows],
                categories=Sides(training.categories.brand, training.categories.influencer[rows]),
            )
            arrays |= context.arrays()
            for idea in PAIR_IDEAS:
                arrays |= idea.fit(context)
        # Rows of brands and landmarks are needed to compare new accounts with them.
        arrays["plain"] = np.array([training.has_plain_cosine])
        arrays |= with_prefix("brand.", brands)
        arrays |= with_prefix("influencer.", influencers)
        return cls(arrays)

    def features(
        self, brands: SlotVectors, influencers: InfluencerSide, posts: Mapping[str, Rows] | None = None
    ) -> dict[str, np.ndarray]:
        """Name to (b, n) values of these brands and influencers; NaN for a pair without this evidence.

        brands  slot to vectors (b, d)
        posts   slot to the single posts of the brands
        """
        accounts = Accounts(self, "brand", brands, posts or {})
        shared_slots = tuple(slot for slot in influencers.transformed if slot in accounts.transformed)
        pairs = Pairs(self, accounts, influencers, shared_slots)
        # The order of the names is the order of the weights: slot by slot, then the other ideas.
        features: dict[str, np.ndarray] = {}
        for slot in shared_slots:
            for slot_idea in SLOT_IDEAS:
                features |= slot_idea.features(pairs, slot)
        for idea in PAIR_IDEAS:
            if not idea.needs_endorsements or (self.is_fitted and shared_slots):
                features |= idea.features(pairs)
        return features

    def influencer_side(
        self, influencers: SlotVectors, posts: Mapping[str, Rows] | None = None
    ) -> InfluencerSide:
        """The part of the evidence that depends on n influencers alone.

        Most of the computation; its result serves many brands.
        """
        accounts = Accounts(self, "influencer", influencers, posts or {})
        transformed = accounts.transformed
        unit_vectors = {}
        if self.has_plain_cosine:
            unit_vectors = {slot: unit(influencers[slot]) for slot in transformed}
        if not (self.is_fitted and transformed):
            return InfluencerSide(transformed=transformed, unit=unit_vectors, posts={}, columns={})
        columns: dict[str, np.ndarray] = {}
        ideas: tuple[ContentIdea, ...] = (*SLOT_IDEAS, *PAIR_IDEAS)
        for idea in ideas:
            columns |= idea.influencer_columns(self, accounts)
        return InfluencerSide(
            transformed=transformed,
            unit=unit_vectors,
            posts={slot: accounts.transformed_posts(slot) for slot in accounts.posts if slot in transformed},
            columns=columns,
        )

    def brand_similarity(self, brands: SlotVectors) -> np.ndarray:
        """(b, t) mean cosine, over slots, of brands with the training brands."""
        cosines = [
            inner(self.transforms[slot].transform(brands[slot], "brand").values, rows)
            for slot, rows in self.training_rows.brand.items()
            if slot in brands
        ]
        mean: np.ndarray = np.mean(cosines, axis=0)
        return mean

    def _slot_weights(self, side: Side) -> dict[str, float]:
        weights = {}
        for slot in self.transforms:
            stored = self.arrays.get(f"weight.{side}.{slot}")  # (1,)
            if stored is not None:
                weights[slot] = float(stored[0])
        return weights


def _fields_by_slot(arrays: Mapping[str, np.ndarray], scope: str) -> dict[str, dict[str, np.ndarray]]:
    """Slot to field to array, from names "SCOPE.SLOT.FIELD"."""
    fields_by_slot: dict[str, dict[str, np.ndarray]] = {}
    for name, values in arrays.items():
        if name.startswith(f"{scope}."):
            _, slot, field = name.split(".", 2)
            fields_by_slot.setdefault(slot, {})[field] = values
    return fields_by_slot
