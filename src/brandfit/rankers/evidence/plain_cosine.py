"""Mean cosine of the untransformed vectors, the score of SimCos.

Evidence if few brands are known: centring hides how far an account is from the mean. With many brands the
fitted evidence is better.
"""

from __future__ import annotations

import numpy as np

from brandfit.learning.similarity import inner, unit
from brandfit.rankers.evidence._idea import PairIdea, Pairs

SLOTS = ("text", "picture", "concept")
"""The slots of SimCos."""


class PlainCosine(PairIdea):
    """``plain``: the mean over the slots that both sides of a pair have; NaN if they share none."""

    prefixes = ("plain",)
    part = "plain"
    needs_endorsements = False

    def features(self, pairs: Pairs) -> dict[str, np.ndarray]:
        slots = [slot for slot in SLOTS if slot in pairs.shared_slots]
        if not pairs.evidence.has_plain_cosine or not slots:
            return {}
        total, count = np.zeros(1), np.zeros(1)  # (b, n) after the first slot
        for slot in slots:
            # Influencers are scaled once, brands here: there are few of them.
            brands, influencers = unit(pairs.brands.vectors[slot]), pairs.influencers.unit[slot]
            has_both = brands.present[:, None] & influencers.present
            total = total + np.where(has_both, inner(brands.values, influencers.values), 0)
            count = count + has_both
        return {"plain": np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)}
