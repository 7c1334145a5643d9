"""Two-sided kernel ridge regression of the pairs that work together.

Influencers are compared over all slots; brands over all slots, and once more by each single slot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from brandfit.learning.kernels import gram, kernel, ridge
from brandfit.learning.similarity import inner
from brandfit.rankers.evidence._idea import PairIdea, Pairs
from brandfit.rankers.evidence._training import GAMMA, FittingContext

if TYPE_CHECKING:
    from brandfit.rankers.evidence._accounts import Accounts
    from brandfit.rankers.evidence._model import Evidence

RIDGE = 1.0
"""Ridge penalty of the regression over brands."""


class KernelRegression(PairIdea):
    """``krr``: brands compared over all slots; ``krr.SLOT``: by one slot."""

    prefixes = ("krr",)
    part = "partners"

    def fit(self, training: FittingContext) -> dict[str, np.ndarray]:
        arrays = {"krr": _inverse(training.brand_gram)}
        for slot, rows in training.brands.items():
            arrays[f"krr.{slot}"] = _inverse(gram({slot: rows}, {slot: 1.0}, GAMMA["slot"]))
        return arrays

    def influencer_columns(self, evidence: Evidence, influencers: Accounts) -> dict[str, np.ndarray]:
        return {"krr": influencers.predicted_brands}

    def features(self, pairs: Pairs) -> dict[str, np.ndarray]:
        evidence, brands = pairs.evidence, pairs.brands
        kernels = {"krr": brands.kernel_to_brands}  # (b, t) each
        for slot in evidence.transforms:
            rows, training_rows = brands.rows[slot], evidence.training_rows.brand[slot]
            kernels[f"krr.{slot}"] = kernel(
                {slot: rows}, {slot: training_rows}, weights={slot: 1.0}, gamma=GAMMA["slot"]
            )
        # One product for all kernels: (kernels * b, t) with (n, t).
        # The stored inverse turns similarities to training brands into their weights.
        weights = np.concatenate([inner(rows, evidence.arrays[name]) for name, rows in kernels.items()])
        values = inner(weights.astype(np.float32), pairs.influencers.columns["krr"])
        return dict(zip(kernels, np.split(values, len(kernels)), strict=True))


def _inverse(brand_gram: np.ndarray) -> np.ndarray:
    """(t, t) float32 (K + RIDGE I)^-1: kernel values of a brand times it are weights of training brands.

    Symmetric to the last bit.
    """
    inverse = ridge(brand_gram, np.eye(len(brand_gram)), RIDGE)
    return ((inverse + inverse.T) / 2).astype(np.float32)
