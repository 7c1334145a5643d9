"""majority: the share of each category among the labelled accounts, the same for each account; the
lower bound for the other profilers."""

from __future__ import annotations

import numpy as np

from brandfit.profilers._inputs import Inputs
from brandfit.profilers.base import Predictor, Profiler


class Majority(Profiler):
    """Class frequencies; see the module."""

    preference = 0

    def fit_predictor(self, inputs: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        share = np.bincount(labels, minlength=len(self.classes)) / len(labels)
        return lambda inputs: np.tile(share, (len(inputs), 1))
