"""social: style of writing and reactions, by gradient-boosted trees (the baseline Text&Social, P-09).

Profile (followers, followees, posts), behaviour (hashtags and mentions a post, posts), language (words a
caption, share of capitals, questions, exclamations, emoji and links; the main directions of its words) and
social features (likes, comments).

Source: Kim et al., WWW 2020, Table 1: Text&Social has accuracy .814.
"""

from __future__ import annotations

import re

import numpy as np

from brandfit.profilers._inputs import Inputs
from brandfit.profilers._linear import expand_classes
from brandfit.profilers._matrix import fit_matrix
from brandfit.profilers.base import Predictor, Profiler

DIRECTIONS = 50
"""Main directions of the TF-IDF of captions (truncated SVD)."""
EMOJI = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")


class Social(Profiler):
    """Numbers and language; see the module."""

    def fit_predictor(self, inputs: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.ensemble import HistGradientBoostingClassifier

        # TF-IDF has too many columns for trees, so they read its main directions.
        words = fit_matrix(inputs, {"caption": [{}]})
        rows = words.features(inputs)
        k = min(DIRECTIONS, min(rows.shape) - 1)
        svd = TruncatedSVD(k, random_state=seed).fit(rows) if k > 0 else None

        def columns(inputs: Inputs) -> np.ndarray:
            """(n, 8 + 6 + k)"""
            blocks = [inputs.numbers, _language(inputs)]
            if svd is not None:
                blocks.append(svd.transform(words.features(inputs)))
            return np.column_stack(blocks)

        model = HistGradientBoostingClassifier(
            random_state=seed, max_iter=150, learning_rate=0.08, l2_regularization=1.0
        )
        values = columns(inputs)
        # A column without any known value has no bins to split at.
        is_used = ~np.isnan(values).all(axis=0)
        model.fit(values[:, is_used], labels)

        def predict(inputs: Inputs) -> np.ndarray:
            probabilities = model.predict_proba(columns(inputs)[:, is_used])
            return expand_classes(probabilities, model.classes_, len(self.classes))

        return predict


def _language(inputs: Inputs) -> np.ndarray:
    """(n, 6): log(1 + words), and capitals, questions, exclamations, emoji and links per character, of all
    captions; NaN without captions."""
    result = np.full((len(inputs), 6), np.nan)
    for n, text in enumerate(inputs.words["caption"]):
        if text:
            # Marks are relative to the length, so that long captions do not look emphatic.
            n_capitals = sum(map(str.isupper, text))
            marks = (text.count("?"), text.count("!"), len(EMOJI.findall(text)), text.count("http"))
            result[n, 0] = np.log1p(len(text.split()))
            result[n, 1:] = np.array([n_capitals, *marks]) / len(text)
    return result
