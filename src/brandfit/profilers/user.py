"""user: what an account writes, whom it names and who answers, by logistic regression (the baseline User,
P-09).

Source: Kim et al., WWW 2020, Table 1: User, from captions, profile pictures and neighbours by likes, has
accuracy .841. Neither profile pictures nor likes by account are in the data that can be imported: accounts
that are mentioned, tagged or sponsor stand for neighbours.
"""

from __future__ import annotations

import numpy as np

from brandfit.profilers._inputs import Inputs
from brandfit.profilers._linear import linear
from brandfit.profilers._matrix import TAG
from brandfit.profilers.base import Predictor, Profiler


class User(Profiler):
    """Captions and neighbours."""

    def learned(self, known: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        return linear(
            known,
            labels,
            classes=len(self.classes),
            words={"caption": [{}], "mentions": [{"token_pattern": TAG}], "biography": [{}]},
        )
