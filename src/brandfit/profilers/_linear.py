"""Multinomial logistic regression on a matrix of inputs, the model of most profilers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from brandfit.profilers._inputs import Inputs
from brandfit.profilers._matrix import Words, fit_matrix
from brandfit.profilers.base import Predictor


def fit_linear(
    inputs: Inputs,
    labels: np.ndarray,
    *,
    classes: int,
    words: Words,
    slots: Sequence[str] = (),
    numbers: bool = False,
    c: float = 2.0,
) -> Predictor:
    """A predictor fitted on these inputs; ``c`` is the inverse of the ridge penalty."""
    matrix = fit_matrix(inputs, words, slots=slots, numbers=numbers)
    model = fit_logistic(matrix.features(inputs), labels, c=c, classes=classes)
    return lambda inputs: model(matrix.features(inputs))


def fit_logistic(rows: Any, labels: np.ndarray, *, c: float, classes: int) -> Callable[[Any], np.ndarray]:
    """A function from rows (m, d), dense or sparse, to (m, classes) probabilities, fitted on rows (n, d) and
    class numbers (n,)."""
    fitted_classes = np.unique(labels)
    if len(fitted_classes) < 2:  # a single class has probability one
        return lambda rows: expand_classes(np.ones((rows.shape[0], 1)), fitted_classes, classes)
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # After 100 steps only the last digits change, which makes no difference to predictions.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=c, max_iter=100, tol=1e-3).fit(rows, labels)
    return lambda rows: expand_classes(model.predict_proba(rows), model.classes_, classes)


def expand_classes(probabilities: np.ndarray, fitted_classes: np.ndarray, classes: int) -> np.ndarray:
    """(n, classes) probabilities from those of the fitted classes (n, k); the others have probability 0."""
    result = np.zeros((len(probabilities), classes))
    result[:, fitted_classes] = probabilities
    return result
