"""Weak labels of posts: categories of the concepts in hashtags, captions and descriptions of pictures, not
checked by a person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.encoders.concept._taxonomy import built_in
from brandfit.profilers._examples import labelled, posts_of

WEAK = "have weak labels"
"""Part of the note by which others recognise weak labels."""
BAG = "concept.bag"
CLEAR = 0.5
"""Share of the weight of all concepts that a class must have."""


def weakly_labelled(dataset: Dataset) -> Dataset:
    """The Dataset with weak labels of posts. The classes are the categories of accounts, or all of the
    taxonomy if no account has one.

    The concepts are those of ``concept.bag``, or of other Features of posts on the columns of the built-in
    taxonomy; without such Features the Dataset does not change. Of a list of one's own, the concepts that the
    built-in taxonomy has too count.
    """
    features = _concept_features(dataset)
    if features is None:
        return dataset
    classes = sorted(set(labelled(dataset).labels.tolist()) or _all_categories())
    posts = posts_of(dataset)
    values, present = features.values_of(posts)  # (p, concepts), (p,)
    class_numbers = np.where(present, weak_labels(values, features.columns, classes), -1)
    labels = {id: classes[n] for id, n in zip(posts.tolist(), class_numbers.tolist(), strict=True) if n >= 0}
    note = f"{len(labels):,} posts {WEAK} from {features.name}, not checked by a person."
    return dataset.with_post_categories(labels, note)


def _concept_features(dataset: Dataset) -> Features | None:
    """The first Features of ``concept.bag``, or on the columns of the built-in taxonomy, by slot."""
    for _, features in sorted(dataset.slots.items()):
        is_of_words = features.name == BAG or features.columns == built_in().names
        if features.level == "post" and is_of_words and features.columns:
            return features
    return None


def _all_categories() -> set[str]:
    return set().union(*(concept.categories for concept in built_in().concepts))


def weak_labels(concepts: np.ndarray, names: Sequence[str], classes: Sequence[str]) -> np.ndarray:
    """(p,) class numbers of posts from weights of concepts (p, c) with names (c,); -1 if no class is clear.

    A name that the built-in taxonomy does not have belongs to no class.
    """
    taxonomy = built_in()
    is_member = np.zeros((len(names), len(classes)))  # (concepts, classes)
    for n, concept_name in enumerate(names):
        number = taxonomy.number.get(concept_name)
        categories = taxonomy.concepts[number].categories if number is not None else frozenset()
        is_member[n] = [name in categories for name in classes]
    # A concept of several categories divides its weight among them.
    shares = is_member / np.maximum(is_member.sum(axis=1, keepdims=True), 1)
    votes = concepts @ shares  # (p, classes)
    total = votes.sum(axis=1)
    best = votes.argmax(axis=1)
    is_clear = (total > 0) & (votes[np.arange(len(votes)), best] >= CLEAR * np.maximum(total, 1e-12))
    return np.where(is_clear, best, -1)
