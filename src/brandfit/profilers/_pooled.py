"""What the baselines on mean-pooled features share (P-10): rows of the Features of words and pictures, in
scikit-learn's models.

Source: Kim et al., WWW 2020, Table 1, on Inception and BERT features of 300 posts: Gaussian naive Bayes .933,
nearest neighbours .939, support vectors .941, random forest .947.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from brandfit.errors import UsageError
from brandfit.profilers._inputs import Inputs
from brandfit.profilers._linear import all_classes
from brandfit.profilers._matrix import dense, matrix
from brandfit.profilers.base import Predictor, Profiler


class Pooled(Profiler):
    """Authors write ``made``."""

    kinds = ("text", "picture")

    @abstractmethod
    def build_classifier(self, seed: int, counts: np.ndarray) -> Any:
        """A classifier of scikit-learn that tells probabilities, for as many examples of each class that has
        any."""

    def learned(self, known: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        if not known.slots:
            raise UsageError(
                f"{self.name} reads Features of words and pictures, and there are none.",
                "Encode first: brandfit encode text.minilm image.classical",
            )
        rows = matrix(known, {}, slots=list(known.slots))
        model = self.build_classifier(seed, np.unique(labels, return_counts=True)[1]).fit(
            dense(rows.features(known)), labels
        )
        if "n_jobs" in model.get_params():
            # Threads add up votes in the order in which they finish: the last digit would vary.
            model.set_params(n_jobs=1)
        return lambda asked: all_classes(
            model.predict_proba(dense(rows.features(asked))), model.classes_, len(self.classes)
        )
