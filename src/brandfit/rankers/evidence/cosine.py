"""Cosine of the transformed vectors of both sides, in one slot."""

from __future__ import annotations

import numpy as np

from brandfit.learning.similarity import inner
from brandfit.rankers.evidence._idea import Pairs, SlotIdea


class Cosine(SlotIdea):
    """``cos.SLOT``."""

    prefixes = ("cos",)

    def features(self, pairs: Pairs, slot: str) -> dict[str, np.ndarray]:
        brands, influencers = pairs.brands.transformed[slot], pairs.influencers.transformed[slot]
        cosines = inner(brands.values, influencers.values)  # (b, n)
        return {f"cos.{slot}": np.where(pairs.has_both(slot), cosines, np.nan)}
