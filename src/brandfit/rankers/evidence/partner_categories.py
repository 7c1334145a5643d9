"""Agreement between the category of a brand and the categories of the brands of similar influencers.

Kernel ridge regression predicts the category of a brand from similar brands, and the share of each category
among the brands of an influencer from similar influencers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from brandfit.learning.kernels import ridge
from brandfit.learning.similarity import inner
from brandfit.rankers.evidence._idea import PairIdea, Pairs
from brandfit.rankers.evidence._training import FittingContext

if TYPE_CHECKING:
    from brandfit.rankers.evidence._accounts import Accounts
    from brandfit.rankers.evidence._model import Evidence

RIDGE = 0.5


class PartnerCategories(PairIdea):
    """Three values; none if the training brands have fewer than two categories.

    category       sum over categories of the lift of the brand times the share of the influencer
    category.best  share of the influencer in the most probable category of the brand
    category.sure  largest share of the influencer, the same for every brand
    """

    prefixes = ("category",)
    part = "agreement"

    def fit(self, training: FittingContext) -> dict[str, np.ndarray]:
        votes = training.category_votes
        if votes is None:
            return {}
        is_known = training.categories.brand >= 0
        indicator = votes.brand[is_known]  # (brands with a category, c)
        mean = indicator.mean(axis=0)
        # Brands without a category have no weight in the prediction.
        duals = np.zeros_like(votes.brand)
        brand_gram = training.brand_gram[np.ix_(is_known, is_known)]
        duals[is_known] = ridge(brand_gram, indicator - mean, RIDGE)
        return {
            "category.brand": duals,
            "category.brand.mean": mean,
            "category.influencer": training.category_duals,
            "category.influencer.mean": training.mean_influencer_vote,
        }

    def influencer_columns(self, evidence: Evidence, influencers: Accounts) -> dict[str, np.ndarray]:
        arrays = evidence.arrays
        if "category.influencer" not in arrays:
            return {}
        duals = arrays["category.influencer"].T.astype(np.float32)
        shares = inner(influencers.kernel_to_influencers, duals) + arrays["category.influencer.mean"]
        return {"category": shares.astype(np.float32), "category.sure": shares.max(axis=1)}

    def features(self, pairs: Pairs) -> dict[str, np.ndarray]:
        arrays, columns = pairs.evidence.arrays, pairs.influencers.columns
        if "category" not in columns:
            return {}
        mean = arrays["category.brand.mean"]
        duals = arrays["category.brand"].T.astype(np.float32)
        probability = inner(pairs.brands.kernel_to_brands, duals) + mean  # (b, c)
        # Lift over the base rate, so that frequent categories do not dominate.
        lift = (np.maximum(probability, 0) / np.maximum(mean, 1e-9)).astype(np.float32)
        # (b, c) indicator of the most probable category
        is_best = np.zeros_like(probability, np.float32)
        is_best[np.arange(len(is_best)), probability.argmax(axis=1)] = 1
        agreement = inner(lift, np.maximum(columns["category"], 0))  # (b, n)
        return {
            "category": agreement,
            "category.best": inner(is_best, columns["category"]),
            "category.sure": np.broadcast_to(columns["category.sure"], agreement.shape),
        }
