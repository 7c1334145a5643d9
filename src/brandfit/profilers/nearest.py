"""nearest: the 15 nearest accounts by cosine, on mean-pooled Features of words and pictures (P-10)."""

from __future__ import annotations

from typing import Any

import numpy as np

from brandfit.profilers._pooled import Pooled


class Nearest(Pooled):
    """See the module."""

    def build_classifier(self, seed: int, counts: np.ndarray) -> Any:
        from sklearn.neighbors import KNeighborsClassifier as Model

        # Never more neighbours than examples.
        return Model(min(15, int(counts.sum())), metric="cosine", algorithm="brute")
