"""combined: all inputs of an account, a logistic regression for each kind, stacked by cross-fitting; the
default.

    p_k(c)  softmax of a linear model of block k: TF-IDF of one kind of words, or the rows of one Features
    p(c)    softmax of a linear model of log p_k, of all k, and of the numbers of the account

Words are those of captions (words, pairs of words, pieces of words), hashtags (whole, and in pieces, because
#veganrecipes joins two words), mentions, descriptions of pictures, comments of others, own replies and
biographies; rows of Features have length one. The second model is fitted on predictions of the blocks for
accounts that they were not fitted on (stacking, Wolpert 1992). So its weights reflect how accurate each block
is, and its probabilities need no further calibration.

Expected: on the Instagram sample (1.7 posts an influencer), eight classes without 'other', five folds:
accuracy .70, macro-F1 .65, .75 of those with three posts or more, calibration error .02.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from brandfit.profilers._folds import stratified_folds
from brandfit.profilers._inputs import Inputs
from brandfit.profilers._linear import fit_logistic
from brandfit.profilers._matrix import TAG, Matrix, fit_matrix
from brandfit.profilers.base import Predictor, Profiler, ProfilerConfig

PIECES: dict[str, Any] = {"analyzer": "char_wb", "max_features": 60_000}
WORDS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "caption": [{"ngram_range": (1, 2), "max_features": 60_000}, {**PIECES, "ngram_range": (3, 5)}],
    "hashtags": [{"token_pattern": TAG}, {**PIECES, "ngram_range": (3, 6)}],
    "mentions": [{"token_pattern": TAG}],
    "pictures": [{"ngram_range": (1, 2)}],
    "comments": [{"max_features": 40_000}],
    "replies": [{"max_features": 40_000}, {**PIECES, "ngram_range": (3, 6)}],
    "biography": [{"ngram_range": (1, 2)}],
}
LEAST = 1e-4
"""Lower bound of probabilities before the logarithm."""


class CombinedConfig(ProfilerConfig, frozen=True):
    folds: Annotated[
        int,
        Meta(
            description="folds of the labelled accounts, for stacking and for predicting labelled ones",
            ge=2,
            le=100,
        ),
    ] = 3
    calibrate: Annotated[
        bool, Meta(description="a temperature too: the stack is calibrated without; as many fits")
    ] = False
    block: Annotated[float, Meta(description="inverse of the ridge penalty of each block", gt=0)] = 3.0
    stack: Annotated[
        float, Meta(description="inverse of the ridge penalty of the second model, times accounts", gt=0)
    ] = 100.0


class Combined(Profiler):
    """All inputs; see the module."""

    Config = CombinedConfig
    config: CombinedConfig
    kinds = None
    preference = 20

    def fit_predictor(self, inputs: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        n_classes = len(self.classes)
        blocks = self._fit_blocks(inputs)
        fold = stratified_folds(labels, self.config.folds, seed)
        # Each block is fitted by folds, for the second model to learn from, and on all accounts.
        cross_fitted, models = [], []
        for block in blocks:
            rows = block.features(inputs)
            cross_fitted.append(self._cross_fit_block(rows, labels, fold))
            models.append(fit_logistic(rows, labels, c=self.config.block, classes=n_classes))
        numbers = fit_matrix(inputs, {}, slots=(), numbers=True)
        # The loss is a sum over accounts: divided by their number, the penalty is relative to its mean.
        second = fit_logistic(
            _second_rows(cross_fitted, numbers.features(inputs)),
            labels,
            c=self.config.stack / len(labels),
            classes=n_classes,
        )

        def predict(inputs: Inputs) -> np.ndarray:
            probabilities = []
            for model, block in zip(models, blocks, strict=True):
                probabilities.append(model(block.features(inputs)))
            return second(_second_rows(probabilities, numbers.features(inputs)))

        return predict

    def _cross_fit_block(self, rows: Any, labels: np.ndarray, fold: np.ndarray) -> np.ndarray:
        """(n, c) probabilities of each account by a model of a block that was fitted on the other folds."""
        n_classes = len(self.classes)
        result = np.zeros((len(labels), n_classes))
        for number in range(self.config.folds):
            fitted, predicted = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            if len(predicted):
                model = fit_logistic(rows[fitted], labels[fitted], c=self.config.block, classes=n_classes)
                result[predicted] = model(rows[predicted])
        return result

    def _fit_blocks(self, inputs: Inputs) -> list[Matrix]:
        """A block for each way to count words of a field that is not empty, and one for each Features."""
        blocks = []
        for field, ways in WORDS.items():
            if any(inputs.words[field]):
                blocks += [fit_matrix(inputs, {field: [way]}) for way in ways]
        return [*blocks, *(fit_matrix(inputs, {}, slots=[slot]) for slot in sorted(inputs.slots))]


def _second_rows(probabilities: Sequence[np.ndarray], numbers: np.ndarray) -> np.ndarray:
    """(n, d) rows of the second model: the log probabilities of each block, and the standardised numbers."""
    log_probabilities = [np.log(np.maximum(p, LEAST)) for p in probabilities]
    # The factor undoes the division by 10 of ``_matrix``: here numbers are as large as log probabilities.
    return np.column_stack([*log_probabilities, 10 * numbers])
