"""svc: support vectors with a linear kernel, on mean-pooled Features of words and pictures (P-10);
probabilities by Platt scaling on three folds."""

from __future__ import annotations

from typing import Any

import numpy as np

from brandfit.profilers._pooled import Pooled


class SVC(Pooled):
    """See the module."""

    def build_classifier(self, seed: int, counts: np.ndarray) -> Any:
        from sklearn.calibration import CalibratedClassifierCV
        from sklearn.dummy import DummyClassifier
        from sklearn.svm import LinearSVC

        if counts.min() < 2:  # no second example to fit the sigmoids on
            return DummyClassifier(strategy="prior")
        return CalibratedClassifierCV(LinearSVC(C=0.5, random_state=seed), cv=min(3, int(counts.min())))
