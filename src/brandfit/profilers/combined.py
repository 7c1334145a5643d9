"""combined: everything that is known of an account, weighed by one calibrated logistic regression; ours, and the default.

Words by TF-IDF: of captions in words, pairs of words and pieces of words, hashtags whole and in pieces (#veganrecipes is one
word to nobody but a machine), mentions, descriptions of pictures, comments of others, biography. All Features that a workspace
holds, rows of length one. Counts of followers, posts and answers. One ridge penalty for all; the temperature of the
probabilities is set by folds (Guo et al., ICML 2017).

Expected: on the Instagram sample, eight classes without 'other', see experiments/LOG.md.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from brandfit.profilers._inputs import Inputs
from brandfit.profilers._linear import linear
from brandfit.profilers._matrix import TAG, Words
from brandfit.profilers.base import Predictor, Profiler, ProfilerConfig

PIECES: dict[str, Any] = {"analyzer": "char_wb", "max_features": 60_000}
WORDS: Words = {
    "caption": [{"ngram_range": (1, 2), "max_features": 60_000}, {**PIECES, "ngram_range": (3, 5)}],
    "hashtags": [{"token_pattern": TAG}, {**PIECES, "ngram_range": (3, 6)}],
    "mentions": [{"token_pattern": TAG}],
    "pictures": [{"ngram_range": (1, 2)}],
    "comments": [{"max_features": 40_000}],
    "biography": [{"ngram_range": (1, 2)}],
}


class CombinedConfig(ProfilerConfig, frozen=True):
    calibrate: Annotated[bool, Meta(description="set the temperature of the probabilities by the folds; takes as many fits")] = True
    folds: Annotated[
        int, Meta(description="parts that labelled accounts are dealt into, each told by what the others taught", ge=2)
    ] = 3
    c: Annotated[float, Meta(description="inverse of the ridge penalty", gt=0)] = 1.5


class Combined(Profiler):
    """All of it; see the module."""

    Config = CombinedConfig
    config: CombinedConfig
    kinds = None

    def learned(self, known: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        return linear(known, labels, len(self.classes), WORDS, sorted(known.slots), numbers=True, c=self.config.c)
