"""social: how an account writes and is answered, by gradient-boosted trees (the baseline Text&Social, P-09).

Profile (followers, followees, posts), behaviour (hashtags and mentions a post, posts), language (words a
caption, share of capitals, questions, exclamations, emoji and links; the main directions of its words) and
social features (likes, comments).

Source: Kim et al., WWW 2020, Table 1: Text&Social has accuracy .814.
"""

from __future__ import annotations

import re

import numpy as np

from brandfit.profilers._inputs import Inputs
from brandfit.profilers._linear import all_classes
from brandfit.profilers._matrix import matrix
from brandfit.profilers.base import Predictor, Profiler

DIRECTIONS = 50
EMOJI = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")


class Social(Profiler):
    """Numbers and language."""

    def learned(self, known: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.ensemble import HistGradientBoostingClassifier

        words = matrix(known, {"caption": [{}]})
        rows = words.features(known)
        k = min(DIRECTIONS, min(rows.shape) - 1)
        reduced = TruncatedSVD(k, random_state=seed).fit(rows) if k > 0 else None

        def columns(asked: Inputs) -> np.ndarray:
            found = [asked.numbers, _language(asked)]
            return np.column_stack(
                [*found, *([reduced.transform(words.features(asked))] if reduced is not None else [])]
            )

        model = HistGradientBoostingClassifier(
            random_state=seed, max_iter=150, learning_rate=0.08, l2_regularization=1.0
        )
        numbers = columns(known)
        told = ~np.isnan(numbers).all(axis=0)  # what is known of nobody splits nothing, and has no bins
        model.fit(numbers[:, told], labels)
        return lambda asked: all_classes(
            model.predict_proba(columns(asked)[:, told]), model.classes_, len(self.classes)
        )


def _language(asked: Inputs) -> np.ndarray:
    """(n, 6): log(1 + words), and per character capitals, questions, exclamations, emoji and links, of all
    captions."""
    result = np.full((len(asked), 6), np.nan)
    for n, text in enumerate(asked.words["caption"]):
        if text:
            size = len(text)
            counts = (
                sum(map(str.isupper, text)),
                text.count("?"),
                text.count("!"),
                len(EMOJI.findall(text)),
                text.count("http"),
            )
            result[n] = [np.log1p(len(text.split())), *(count / size for count in counts)]
    return result
