"""majority: the share of each category among the labelled accounts, for every account alike; what any other
must beat."""

from __future__ import annotations

import numpy as np

from brandfit.profilers._inputs import Inputs
from brandfit.profilers.base import Predictor, Profiler


class Majority(Profiler):
    """How frequent each class is."""

    preference = 0

    def learned(self, known: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        share = np.bincount(labels, minlength=len(self.classes)) / len(labels)
        return lambda asked: np.tile(share, (len(asked), 1))
