"""text.hashing: captions by their words and pieces of words, without any model: the encoder that needs no
extra.

It counts the words (without English stop words), the emoji, and the pieces of 3 to 5 characters of each word
(for endings, compounds, spellings, other languages), and hashes them into the same columns with a sign.
Counts are replaced by their square roots; rows have length one. Weinberger et al. 2009, "Feature hashing for
large scale multitask learning".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from brandfit.encoders.text.base import TextConfig, TextEncoder

WORD = re.compile(r"\w\w+|[^\w\s\u0000-\u02ff\u0300-\u036f\u2000-\u206f\ufe00-\ufe0f]")
"""Words of two letters or more, and emoji one by one."""
PIECES = (3, 4, 5)
"""Lengths of the pieces of a word, which include the blanks around it."""


class HashingConfig(TextConfig, frozen=True):
    dim: Annotated[
        int, Meta(description="columns; the more of them, the fewer words share one", ge=1, le=65536)
    ] = 512


class Hashing(TextEncoder):
    """Hashed words and pieces of words of captions; see the module."""

    Config = HashingConfig
    config: HashingConfig
    batch_size = 1024

    @property
    def dim(self) -> int:
        return self.config.dim

    def encode_batch(self, batch: Sequence[str]) -> np.ndarray:
        from sklearn.preprocessing import normalize

        counts = self._vectorizer.transform(batch)
        # The square root dampens repeated words; the sign of the hash stays.
        counts.data = np.sign(counts.data) * np.sqrt(np.abs(counts.data))
        return normalize(counts, copy=False).toarray()

    @cached_property
    def _vectorizer(self) -> Any:
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, HashingVectorizer

        def analyze(text: str) -> list[str]:
            text = text.lower()
            parts: list[str] = []
            for word in WORD.findall(text):
                if word not in ENGLISH_STOP_WORDS:
                    parts += _parts(word)
            # A text of stop words alone ("Who is she?") is counted by its pieces.
            return parts or _parts(text)

        return HashingVectorizer(analyzer=analyze, n_features=self.config.dim, norm=None, dtype=np.float32)


def _parts(word: str) -> list[str]:
    """The word itself and its pieces.

    >>> _parts("cats")
    ['cats', ' ca', 'cat', 'ats', 'ts ', ' cat', 'cats', 'ats ', ' cats', 'cats ']
    """
    padded = f" {word} "
    parts = [word]
    for length in PIECES:
        parts += [padded[start : start + length] for start in range(len(padded) - length + 1)]
    return parts
