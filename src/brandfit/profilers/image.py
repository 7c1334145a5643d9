"""image: pictures alone, by logistic regression on the mean of their Features (the baseline Image, P-09).

Source: Kim et al., WWW 2020, Table 1: Image, a convolutional network of interests, has accuracy .900. Any
picture encoders will do; here all that a workspace holds.
"""

from __future__ import annotations

import numpy as np

from brandfit.errors import UsageError
from brandfit.profilers._inputs import Inputs
from brandfit.profilers._linear import linear
from brandfit.profilers.base import Predictor, Profiler


class Image(Profiler):
    """How the pictures look."""

    kinds = ("picture",)

    def learned(self, known: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        if not known.slots:
            raise UsageError(
                "image reads Features of pictures, and there are none.",
                "Encode first: brandfit encode image.classical",
            )
        return linear(known, labels, classes=len(self.classes), words={}, slots=list(known.slots), c=3.0)
