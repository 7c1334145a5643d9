"""gaussian_nb: Gaussian naive Bayes, on mean-pooled Features of words and pictures (P-10)."""

from __future__ import annotations

from typing import Any

import numpy as np

from brandfit.profilers._pooled import Pooled


class GaussianNB(Pooled):
    """See the module."""

    def build_classifier(self, seed: int, counts: np.ndarray) -> Any:
        from sklearn.naive_bayes import GaussianNB as Model

        return Model()
