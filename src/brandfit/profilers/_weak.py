"""Weak labels of posts: what hashtags, captions and descriptions of pictures say through the taxonomy. Nobody looked at them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brandfit.encoders.concept._taxonomy import built_in

CLEAR = 0.5
"""Share of the concepts' weight that one class must have."""


def weak_labels(concepts: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """(p,) class numbers of posts from weights of the built-in taxonomy's concepts (p, 572); -1 where they do not say clearly."""
    taxonomy = built_in()
    if concepts.shape[1] != len(taxonomy):
        return np.full(len(concepts), -1)
    member = np.array([[c in concept.categories for c in classes] for concept in taxonomy.concepts], float)
    # A concept of several categories speaks for each a little.
    votes = concepts @ (member / np.maximum(member.sum(axis=1, keepdims=True), 1))
    total = votes.sum(axis=1)
    best = votes.argmax(axis=1)
    clear = (total > 0) & (votes[np.arange(len(votes)), best] >= CLEAR * np.maximum(total, 1e-12))
    return np.where(clear, best, -1)
