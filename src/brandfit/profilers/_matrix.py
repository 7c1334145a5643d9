"""Inputs as a matrix: TF-IDF of words, Features of length one, standardised numbers; fitted on what is
learned from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from brandfit.learning.engagement import unrounded
from brandfit.profilers._inputs import Inputs

RAREST = 3
"""Accounts that a word must be used by."""
TAG = r"\S+"
Words = Mapping[str, Sequence[Mapping[str, Any]]]
"""Field to the ways that its words are counted: keywords of scikit-learn's TfidfVectorizer."""


@dataclass(frozen=True)
class Matrix:
    """What ``matrix`` fitted; ``of`` gives (n, d) float32 rows of accounts, as CSR where words are counted,
    else dense."""

    parts: Sequence[Callable[[Inputs], Any]]

    def features(self, known: Inputs) -> Any:
        rows = [part(known) for part in self.parts]
        if not any(map(sparse.issparse, rows)):  # several times as fast to learn from
            return np.concatenate(rows, axis=1, dtype=np.float32)
        return sparse.hstack([sparse.csr_matrix(part) for part in rows], format="csr", dtype=np.float32)


def matrix(known: Inputs, words: Words, *, slots: Sequence[str] = (), numbers: bool = False) -> Matrix:
    """Fitted on these accounts; what none of them says is left out."""
    parts: list[Callable[[Inputs], Any]] = []
    for field, ways in words.items():
        parts += [counted for way in ways if (counted := _counted(known, field, way)) is not None]
    parts += [_unit(slot) for slot in slots if slot in known.slots]
    if numbers:
        parts.append(_standard(known))
    if not parts:
        parts.append(lambda asked: np.zeros((len(asked), 1), np.float32))
    return Matrix(parts)


def _counted(known: Inputs, field: str, way: Mapping[str, Any]) -> Callable[[Inputs], Any] | None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = known.words[field]
    rarest = RAREST if sum(map(bool, texts)) >= 10 * RAREST else 1
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=rarest, dtype=np.float32, **way)
    try:
        vectorizer.fit(texts)
    except ValueError:  # an empty vocabulary: nobody says anything there
        return None
    return lambda asked: vectorizer.transform(asked.words[field])


def _unit(slot: str) -> Callable[[Inputs], np.ndarray]:
    def rows(asked: Inputs) -> np.ndarray:
        values = asked.slots[slot].values
        # Shares and counts by their square roots: one frequent thing shall not drown the others.
        values = np.sqrt(values) if values.size and (values >= 0).all() and (values <= 1).all() else values
        return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)

    return rows


def _standard(known: Inputs) -> Callable[[Inputs], np.ndarray]:
    told = ~np.isnan(known.numbers)
    count = np.maximum(told.sum(axis=0), 1)
    mean = np.nan_to_num(known.numbers).sum(axis=0) / count
    deviation = np.sqrt((np.where(told, known.numbers - mean, 0) ** 2).sum(axis=0) / count)
    deviation = unrounded(mean, deviation)
    return lambda asked: np.nan_to_num((asked.numbers - mean) / deviation) / 10


def dense(rows: Any) -> np.ndarray:
    """Rows of a Matrix for a model that reads no sparse ones."""
    return np.asarray(rows.toarray() if sparse.issparse(rows) else rows)
