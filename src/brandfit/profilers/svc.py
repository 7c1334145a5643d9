"""svc: support vectors with a linear kernel, on mean-pooled Features of words and pictures (P-10); told as probabilities by Platt's
sigmoids on three folds."""

from __future__ import annotations

from typing import Any

from brandfit.profilers._pooled import Pooled


class SVC(Pooled):
    """See the module."""

    def made(self, seed: int) -> Any:
        from sklearn.calibration import CalibratedClassifierCV
        from sklearn.svm import LinearSVC

        return CalibratedClassifierCV(LinearSVC(C=0.5, random_state=seed), cv=3)
