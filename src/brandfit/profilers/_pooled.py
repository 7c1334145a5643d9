"""Base of the baselines on mean-pooled features (P-10): classifiers of scikit-learn on the Features of words
and pictures.

Source: Kim et al., WWW 2020, Table 1, on Inception and BERT features of 300 posts: Gaussian naive Bayes .933,
nearest neighbours .939, support vectors .941, random forest .947.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from brandfit.errors import UsageError
from brandfit.profilers._inputs import Inputs
from brandfit.profilers._linear import expand_classes
from brandfit.profilers._matrix import dense, fit_matrix
from brandfit.profilers.base import Predictor, Profiler


class Pooled(Profiler):
    """Authors write ``build_classifier``."""

    kinds = ("text", "picture")

    @abstractmethod
    def build_classifier(self, seed: int, counts: np.ndarray) -> Any:
        """A classifier of scikit-learn with probabilities; counts: examples of each class that has any."""

    def fit_predictor(self, inputs: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        if not inputs.slots:
            raise UsageError(
                f"{self.name} reads Features of words and pictures, and there are none.",
                "Encode first: brandfit encode text.minilm image.classical",
            )
        matrix = fit_matrix(inputs, {}, slots=list(inputs.slots))
        _, counts = np.unique(labels, return_counts=True)
        model = self.build_classifier(seed, counts).fit(dense(matrix.features(inputs)), labels)
        if "n_jobs" in model.get_params():
            # Threads sum votes in the order in which they finish, so the last digit would vary.
            model.set_params(n_jobs=1)

        def predict(inputs: Inputs) -> np.ndarray:
            probabilities = model.predict_proba(dense(matrix.features(inputs)))
            return expand_classes(probabilities, model.classes_, len(self.classes))

        return predict
