"""Probability that brand and candidate have the same category, from stated or predicted categories."""

from __future__ import annotations

import numpy as np

from brandfit.learning.pooling import account_vectors, brand_vectors
from brandfit.learning.similarity import inner
from brandfit.rankers.evidence._idea import PairRecords, RecordIdea

SLOT = "category"


class Agreement(RecordIdea):
    """``agreement``: sum over categories c of p_b(c) p_i(c); NaN if one is unknown.

    A stated category has probability 1, a predicted one its own, so an uncertain prediction counts little.
    """

    prefixes = ("agreement",)
    part = "agreement"

    def features(self, records: PairRecords) -> dict[str, np.ndarray]:
        if SLOT not in records.slots:
            return {}
        brands = brand_vectors(records.dataset, SLOT, brands=records.brands)
        candidates = account_vectors(records.dataset, SLOT, accounts=records.candidates)
        has_both = brands.present[:, None] & candidates.present
        return {"agreement": np.where(has_both, inner(brands.values, candidates.values), np.nan)}
