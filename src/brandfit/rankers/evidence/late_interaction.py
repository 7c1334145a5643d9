"""Late interaction of single posts: the best cosine of each post with a post of the other side.

A mean over posts hides a single post that fits.
"""

from __future__ import annotations

import numpy as np

from brandfit.learning.similarity import maxsim
from brandfit.rankers.evidence._idea import Pairs, SlotIdea


class LateInteraction(SlotIdea):
    """``late.SLOT``: mean over the candidate's posts; ``back.SLOT``: mean over the brand's posts."""

    prefixes = ("late", "back")

    def features(self, pairs: Pairs, slot: str) -> dict[str, np.ndarray]:
        if slot not in pairs.influencers.posts or slot not in pairs.brands.posts:
            return {}
        of_candidate_posts, of_brand_posts = maxsim(
            pairs.brands.transformed_posts(slot), pairs.influencers.posts[slot]
        )
        return {f"late.{slot}": of_candidate_posts, f"back.{slot}": of_brand_posts}
