"""Cosine after whitening the differences between brands and their partners, minus half the hubness.

Directions in which partners differ from their brands anyway count less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from brandfit.learning.similarity import inner
from brandfit.rankers.evidence._idea import PairIdea, Pairs
from brandfit.rankers.evidence._numerics import hubness, second_moment, shrunk, unit_rows
from brandfit.rankers.evidence._training import FittingContext

if TYPE_CHECKING:
    from brandfit.rankers.evidence._accounts import Accounts
    from brandfit.rankers.evidence._model import Evidence

SHRINKAGE = 0.3
POWER = 0.25
"""Axes are scaled by variance to the power of minus this; 0.5 would whiten completely."""


class WhitenedCosine(PairIdea):
    """``within``."""

    prefixes = ("within",)
    part = "match"

    def fit(self, training: FittingContext) -> dict[str, np.ndarray]:
        brands, influencers = training.projected  # (t, k), (i, k)
        brand, influencer = np.nonzero(training.works)
        difference = brands[brand] - influencers[influencer]  # (pairs, k)
        values, vectors = np.linalg.eigh(shrunk(second_moment(difference), SHRINKAGE))
        whitening = vectors * values**-POWER
        return {"within": whitening, "within.brands": unit_rows(brands @ whitening)}

    def influencer_columns(self, evidence: Evidence, influencers: Accounts) -> dict[str, np.ndarray]:
        rows = _whitened(evidence, influencers.projected)
        return {"within": rows, "within.hub": hubness(evidence.arrays["within.brands"], rows)}

    def features(self, pairs: Pairs) -> dict[str, np.ndarray]:
        brands, columns = _whitened(pairs.evidence, pairs.brands.projected), pairs.influencers.columns
        return {"within": inner(brands, columns["within"]) - 0.5 * columns["within.hub"]}


def _whitened(evidence: Evidence, rows: np.ndarray) -> np.ndarray:
    """(n, k) whitened rows of length one."""
    return unit_rows(inner(rows, evidence.arrays["within"].astype(np.float32).T))
