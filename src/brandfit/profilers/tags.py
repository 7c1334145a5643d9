"""tags: hashtags alone, by logistic regression on their TF-IDF (the baseline Tag, P-09).

Source: Kim et al., WWW 2020, Table 1: Tag has accuracy .711. Their tags are those of 300 posts an influencer.
"""

from __future__ import annotations

import numpy as np

from brandfit.profilers._inputs import Inputs
from brandfit.profilers._linear import linear
from brandfit.profilers._matrix import TAG
from brandfit.profilers.base import Predictor, Profiler


class Tags(Profiler):
    """Which hashtags are used."""

    def learned(self, known: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        return linear(known, labels, classes=len(self.classes), words={"hashtags": [{"token_pattern": TAG}]})
