"""Cosine with the mean partner of similar brands, minus half the hubness of the candidate.

Kernel ridge regression over the training brands predicts the mean partner of a brand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from brandfit.learning.kernels import ridge
from brandfit.learning.similarity import inner
from brandfit.rankers.evidence._idea import PairIdea, Pairs
from brandfit.rankers.evidence._numerics import hubness, unit_rows
from brandfit.rankers.evidence._training import FittingContext

if TYPE_CHECKING:
    from brandfit.rankers.evidence._accounts import Accounts
    from brandfit.rankers.evidence._model import Evidence

RIDGE = 0.5


class ExpectedPartner(PairIdea):
    """``partner``."""

    prefixes = ("partner",)
    part = "partners"

    def fit(self, training: FittingContext) -> dict[str, np.ndarray]:
        n_partners = np.maximum(training.works.sum(axis=1, keepdims=True), 1)
        mean_partner = training.works @ training.projected.influencer / n_partners  # (t, k)
        # Regression over brands: similar brands have similar mean partners.
        duals = ridge(training.brand_gram, mean_partner, RIDGE)
        return {"partner": duals, "partner.training": (training.brand_gram @ duals).astype(np.float32)}

    def influencer_columns(self, evidence: Evidence, influencers: Accounts) -> dict[str, np.ndarray]:
        rows = unit_rows(influencers.projected)
        usual_partners = unit_rows(evidence.arrays["partner.training"])
        return {"partner": rows, "partner.hub": hubness(usual_partners, rows)}

    def features(self, pairs: Pairs) -> dict[str, np.ndarray]:
        duals = pairs.evidence.arrays["partner"].T.astype(np.float32)
        expected = unit_rows(inner(pairs.brands.kernel_to_brands, duals))  # (b, k)
        columns = pairs.influencers.columns
        return {"partner": inner(expected, columns["partner"]) - 0.5 * columns["partner.hub"]}
