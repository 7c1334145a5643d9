"""Hubness of a candidate: its mean cosine with the training brands that are nearest to it (CSLS).

A hub is near to all brands, so its cosine with a single brand means less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from brandfit.rankers.evidence._idea import Pairs, SlotIdea
from brandfit.rankers.evidence._numerics import hubness

if TYPE_CHECKING:
    from brandfit.rankers.evidence._accounts import Accounts
    from brandfit.rankers.evidence._model import Evidence


class Hubness(SlotIdea):
    """``hub.SLOT``, the same for every brand; only if endorsements are known."""

    prefixes = ("hub",)

    def influencer_columns(self, evidence: Evidence, influencers: Accounts) -> dict[str, np.ndarray]:
        training_brands = evidence.training_rows.brand
        return {
            f"hub.{slot}": hubness(training_brands[slot], vectors.values)
            for slot, vectors in influencers.transformed.items()
        }

    def features(self, pairs: Pairs, slot: str) -> dict[str, np.ndarray]:
        name = f"hub.{slot}"
        if name not in pairs.influencers.columns:
            return {}
        return {name: np.where(pairs.has_both(slot), pairs.influencers.columns[name], np.nan)}
