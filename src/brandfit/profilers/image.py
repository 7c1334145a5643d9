"""image: pictures alone, by logistic regression on the mean of their Features (the baseline Image, P-09).

Source: Kim et al., WWW 2020, Table 1: Image, a convolutional network of interests, has accuracy .900. All
Features of pictures in the workspace are used.
"""

from __future__ import annotations

import numpy as np

from brandfit.errors import UsageError
from brandfit.profilers._inputs import Inputs
from brandfit.profilers._linear import fit_linear
from brandfit.profilers.base import Predictor, Profiler


class Image(Profiler):
    """Pictures; see the module."""

    kinds = ("picture",)

    def fit_predictor(self, inputs: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        if not inputs.slots:
            raise UsageError(
                "image reads Features of pictures, and there are none.",
                "Encode first: brandfit encode image.classical",
            )
        slots = list(inputs.slots)
        return fit_linear(inputs, labels, classes=len(self.classes), words={}, slots=slots, c=3.0)
