"""tags: hashtags alone, by logistic regression on their TF-IDF (the baseline Tag, P-09).

Source: Kim et al., WWW 2020, Table 1: Tag has accuracy .711. There the tags are those of 300 posts an
influencer.
"""

from __future__ import annotations

import numpy as np

from brandfit.profilers._inputs import Inputs
from brandfit.profilers._linear import fit_linear
from brandfit.profilers._matrix import TAG
from brandfit.profilers.base import Predictor, Profiler


class Tags(Profiler):
    """Hashtags; see the module."""

    def fit_predictor(self, inputs: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        words = {"hashtags": [{"token_pattern": TAG}]}
        return fit_linear(inputs, labels, classes=len(self.classes), words=words)
