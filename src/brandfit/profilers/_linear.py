"""Multinomial logistic regression on a matrix of inputs: what most profilers are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brandfit.profilers._inputs import Inputs
from brandfit.profilers._matrix import Words, matrix
from brandfit.profilers.base import Predictor


def linear(
    known: Inputs, labels: np.ndarray, classes: int, words: Words, slots: Sequence[str] = (), numbers: bool = False, c: float = 2.0
) -> Predictor:
    """Fitted on these accounts; ``c`` is the inverse of the ridge penalty."""
    from sklearn.linear_model import LogisticRegression

    fitted = matrix(known, words, slots, numbers)
    model = LogisticRegression(C=c, max_iter=100, tol=1e-3).fit(fitted.of(known), labels)
    return lambda asked: all_classes(model.predict_proba(fitted.of(asked)), model.classes_, classes)


def all_classes(probabilities: np.ndarray, seen: np.ndarray, classes: int) -> np.ndarray:
    """(n, classes) of (n, seen) probabilities: a class that a fold did not see has none."""
    result = np.zeros((len(probabilities), classes))
    result[:, seen] = probabilities
    return result
