"""user: captions, named accounts and biography, by logistic regression (the baseline User, P-09).

Source: Kim et al., WWW 2020, Table 1: User, from captions, profile pictures and neighbours by likes, has
accuracy .841. Profile pictures and likes by account cannot be imported; accounts that are
mentioned, tagged or sponsors are the neighbours here.
"""

from __future__ import annotations

import numpy as np

from brandfit.profilers._inputs import Inputs
from brandfit.profilers._linear import fit_linear
from brandfit.profilers._matrix import TAG
from brandfit.profilers.base import Predictor, Profiler


class User(Profiler):
    """Captions and neighbours."""

    def fit_predictor(self, inputs: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        return fit_linear(
            inputs,
            labels,
            classes=len(self.classes),
            words={"caption": [{}], "mentions": [{"token_pattern": TAG}], "biography": [{}]},
        )
