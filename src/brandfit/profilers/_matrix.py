"""Inputs as a matrix: TF-IDF of words, Features of length one, standardised numbers; fitted on training
inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from brandfit.learning.engagement import unrounded
from brandfit.profilers._inputs import Inputs

RAREST = 3
"""Accounts that must use a word for it to be a column."""
TAG = r"\S+"
Words = Mapping[str, Sequence[Mapping[str, Any]]]
"""Field to the ways to count its words, each the keywords of a TfidfVectorizer of scikit-learn."""


@dataclass(frozen=True)
class Matrix:
    """Blocks of columns, each a function of Inputs that ``fit_matrix`` fitted."""

    parts: Sequence[Callable[[Inputs], Any]]

    def features(self, inputs: Inputs) -> Any:
        """(n, d) float32 rows, as CSR if words are counted, else dense."""
        blocks = [part(inputs) for part in self.parts]
        if not any(map(sparse.issparse, blocks)):  # models are fitted several times faster on dense rows
            return np.concatenate(blocks, axis=1, dtype=np.float32)
        return sparse.hstack(list(map(sparse.csr_matrix, blocks)), format="csr", dtype=np.float32)


def fit_matrix(inputs: Inputs, words: Words, *, slots: Sequence[str] = (), numbers: bool = False) -> Matrix:
    """A Matrix fitted on these inputs; fields without any word in them have no columns."""
    parts: list[Callable[[Inputs], Any]] = []
    for field, ways in words.items():
        for way in ways:
            word_counts = _fit_word_counts(inputs, field, way)
            if word_counts is not None:
                parts.append(word_counts)
    parts += [_unit_rows(slot) for slot in slots if slot in inputs.slots]
    if numbers:
        parts.append(_fit_standard_numbers(inputs))
    if not parts:  # models need a column
        parts.append(lambda inputs: np.zeros((len(inputs), 1), np.float32))
    return Matrix(parts)


def _fit_word_counts(inputs: Inputs, field: str, way: Mapping[str, Any]) -> Callable[[Inputs], Any] | None:
    """TF-IDF of the words of a field; None if there are none."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = inputs.words[field]
    # With few texts, rare words are kept: too few would remain.
    rarest = RAREST if sum(map(bool, texts)) >= 10 * RAREST else 1
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=rarest, dtype=np.float32, **way)
    try:
        vectorizer.fit(texts)
    except ValueError:  # an empty vocabulary
        return None
    return lambda inputs: vectorizer.transform(inputs.words[field])


def _unit_rows(slot: str) -> Callable[[Inputs], np.ndarray]:
    """Rows (n, d) of Features, scaled to length one."""

    def rows(inputs: Inputs) -> np.ndarray:
        values = inputs.slots[slot].values
        # Shares are replaced by their square roots, so that a frequent column does not dominate.
        is_share = values.size and (values >= 0).all() and (values <= 1).all()
        values = np.sqrt(values) if is_share else values
        return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)

    return rows


def _fit_standard_numbers(inputs: Inputs) -> Callable[[Inputs], np.ndarray]:
    """Numbers (n, 8) with mean 0 and standard deviation 1 over the known ones, divided by 10; unknown ones
    are 0."""
    is_known = ~np.isnan(inputs.numbers)
    count = np.maximum(is_known.sum(axis=0), 1)  # (8,)
    mean = np.nan_to_num(inputs.numbers).sum(axis=0) / count
    deviation = np.sqrt((np.where(is_known, inputs.numbers - mean, 0) ** 2).sum(axis=0) / count)
    # A deviation from rounding alone would blow up constant columns.
    deviation = unrounded(mean, deviation)
    return lambda inputs: np.nan_to_num((inputs.numbers - mean) / deviation) / 10


def dense(rows: Any) -> np.ndarray:
    """Rows of a Matrix for a model that does not read sparse ones."""
    return np.asarray(rows.toarray() if sparse.issparse(rows) else rows)
