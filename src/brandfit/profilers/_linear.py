"""Multinomial logistic regression on a matrix of inputs: what most profilers are."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from brandfit.profilers._inputs import Inputs
from brandfit.profilers._matrix import Words, matrix
from brandfit.profilers.base import Predictor


def linear(
    known: Inputs,
    labels: np.ndarray,
    *,
    classes: int,
    words: Words,
    slots: Sequence[str] = (),
    numbers: bool = False,
    c: float = 2.0,
) -> Predictor:
    """Fitted on these accounts; ``c`` is the inverse of the ridge penalty."""
    fitted = matrix(known, words, slots=slots, numbers=numbers)
    model = logistic(fitted.features(known), labels, c=c, classes=classes)
    return lambda asked: model(fitted.features(asked))


def logistic(rows: Any, labels: np.ndarray, *, c: float, classes: int) -> Callable[[Any], np.ndarray]:
    """From rows (m, d), dense or sparse, to (m, classes) probabilities."""
    seen = np.unique(labels)
    if len(seen) < 2:  # of one class alone there is nothing to learn
        return lambda asked: all_classes(np.ones((asked.shape[0], 1)), seen, classes)
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # What 100 steps have not brought is noise of the last digits, to nobody's use.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=c, max_iter=100, tol=1e-3).fit(rows, labels)
    return lambda asked: all_classes(model.predict_proba(asked), model.classes_, classes)


def all_classes(probabilities: np.ndarray, seen: np.ndarray, classes: int) -> np.ndarray:
    """(n, classes) of (n, seen) probabilities: a class that a fold did not see has none."""
    result = np.zeros((len(probabilities), classes))
    result[:, seen] = probabilities
    return result
