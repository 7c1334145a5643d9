"""Labelled examples of profilers: the accounts and posts whose category is stated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc

from brandfit.data.dataset import Dataset

FEWEST = 2
"""Examples that a category must have to be learned."""


class Examples(NamedTuple):
    """ids (n,) of accounts or posts, and their categories (n,)."""

    ids: np.ndarray
    labels: np.ndarray


def labelled(dataset: Dataset, leave_out: Sequence[str] = ()) -> Examples:
    """The influencers that have a stated category and posts, without categories of a single account."""
    ids = dataset.influencers
    category = dataset.account_values("category", ids)
    # An account without posts has nothing to learn from.
    posting = set(dataset.posts["account"].to_pylist())
    is_example = np.zeros(len(ids), bool)
    for n, (id, stated) in enumerate(zip(ids.tolist(), category, strict=True)):
        is_example[n] = stated is not None and stated not in leave_out and id in posting
    return _without_rare(ids[is_example], category[is_example].astype(str))


def labelled_posts(dataset: Dataset, leave_out: Sequence[str] = ()) -> Examples:
    """The posts that have a stated category, without categories of a single post."""
    category_by_post = dataset.post_categories
    ids: list[str] = []
    labels: list[str] = []
    for id in posts_of(dataset).tolist():
        category = category_by_post.get(id)
        if category is not None and category not in leave_out:
            ids.append(id)
            labels.append(category)
    return _without_rare(np.array(ids, dtype=object), np.array(labels, dtype=str))


def posts_of(dataset: Dataset) -> np.ndarray:
    """(p,) ids of posts, without briefs."""
    return dataset.posts["id"].filter(pc.equal(dataset.posts["kind"], "post")).to_numpy().astype(object)


def _without_rare(ids: np.ndarray, labels: np.ndarray) -> Examples:
    """The examples without categories that have fewer than FEWEST."""
    # A category with a single example is in no training fold when it is predicted.
    categories, counts = np.unique(labels, return_counts=True)
    is_frequent = np.isin(labels, categories[counts >= FEWEST])
    return Examples(ids[is_frequent], labels[is_frequent])
