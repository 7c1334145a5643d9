"""Weak labels of posts: what hashtags, captions and descriptions of pictures say through the taxonomy. Nobody
looked at them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.encoders.concept._taxonomy import built_in
from brandfit.profilers.base import labelled, posts_of

WEAK = "have weak labels"
"""What a note of them says."""
CLEAR = 0.5
"""Share of the concepts' weight that one class must have."""


def weakly_labelled(dataset: Dataset) -> Dataset:
    """With weak labels of all posts that have any, of the categories of accounts, else of all of the
    taxonomy.

    They come from the Features of the slot ``concept`` that are on the columns of the built-in taxonomy;
    without, nothing is labelled.
    """
    columns = built_in().names
    found = next(
        (f for _, f in sorted(dataset.slots.items()) if f.columns == columns and f.level == "post"), None
    )
    if found is None:
        return dataset
    classes = sorted(
        {*labelled(dataset)[1].tolist()} or {c for concept in built_in().concepts for c in concept.categories}
    )
    values, present = found.values_of(posts := posts_of(dataset))
    told = np.where(present, weak_labels(values, classes), -1)
    labels = {id: classes[n] for id, n in zip(posts.tolist(), told.tolist(), strict=True) if n >= 0}
    note = f"{len(labels):,} posts {WEAK}: what {found.name} says of them, nobody looked."
    return dataset.with_post_categories(labels, note)


def weak_labels(concepts: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """(p,) class numbers of posts from weights of the built-in taxonomy's concepts (p, 572); -1 where they do
    not say clearly."""
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
