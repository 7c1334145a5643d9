"""random_forest: a random forest of 300 trees, on mean-pooled Features of words and pictures (P-10)."""

from __future__ import annotations

from typing import Any

import numpy as np

from brandfit.profilers._pooled import Pooled


class RandomForest(Pooled):
    """See the module."""

    def build_classifier(self, seed: int, counts: np.ndarray) -> Any:
        from sklearn.ensemble import RandomForestClassifier as Model

        return Model(300, min_samples_leaf=2, random_state=seed, n_jobs=2)
