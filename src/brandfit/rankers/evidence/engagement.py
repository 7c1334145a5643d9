"""Engagement of the candidate, the same for every brand."""

from __future__ import annotations

import numpy as np

from brandfit.learning.engagement import levels
from brandfit.rankers.evidence._idea import PairRecords, RecordIdea

SLOT = "engagement"


class Engagement(RecordIdea):
    """``engagement.COLUMN`` for each column of the slot, on a logarithmic scale."""

    prefixes = ("engagement",)
    part = "engagement"

    def features(self, records: PairRecords) -> dict[str, np.ndarray]:
        if SLOT not in records.slots:
            return {}
        shape = len(records.brands), len(records.candidates)
        return {
            f"engagement.{column}": np.broadcast_to(values, shape)
            for column, values in levels(records.dataset, records.candidates).items()
        }
