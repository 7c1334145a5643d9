"""Inputs of accounts: the words and numbers of all posts of each, and the means of their Features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset
from brandfit.learning.pooling import account_vectors
from brandfit.mappings import position_by_item
from brandfit.profilers._inputs import FIELDS, NUMBERS, Inputs
from brandfit.profilers._post_texts import PostTexts
from brandfit.profilers._single_posts import newest_posts

ROWS_AT_ONCE = 20_000


class _Post(NamedTuple):
    """A row of the table of posts: the columns that are read, in order."""

    id: str
    account: str
    caption: str | None
    hashtags: list[str] | None
    mentions: list[str] | None
    tags: list[str] | None
    sponsors: list[str] | None
    likes: int | None
    comments: int | None
    kind: str


def account_inputs(
    dataset: Dataset, ids: np.ndarray, *, slots: Sequence[str], single: int = 0, pictures: bool = False
) -> Inputs:
    """Inputs of accounts (distinct ids) with the Features of these slots.

    single    most single posts of each account; 0: none
    pictures  whether single posts have their pictures
    """
    row_by_id = position_by_item(ids.tolist())
    texts_by_field: dict[str, list[list[str]]] = {}
    for field in FIELDS:
        texts_by_field[field] = [[] for _ in range(len(ids))]
    counts = np.zeros((len(ids), 5))  # posts, likes, comments, hashtags, mentions
    n_known = np.zeros((len(ids), 2))  # posts with known likes, with known comments
    texts = PostTexts.from_dataset(dataset)
    for post in _posts(dataset):
        n = row_by_id.get(post.account)
        if n is None or post.kind != "post":
            continue
        for field, text in _words(post, texts).items():
            if text:
                texts_by_field[field][n].append(text)
        n_hashtags, n_mentions = len(post.hashtags or ()), len(post.mentions or ())
        counts[n] += (1, post.likes or 0, post.comments or 0, n_hashtags, n_mentions)
        n_known[n] += (post.likes is not None, post.comments is not None)
    for n, text in enumerate(dataset.account_values("biography", ids).tolist()):
        if text:
            texts_by_field["biography"][n].append(text)

    words = {}
    for field, texts_of_accounts in texts_by_field.items():
        words[field] = list(map("\n".join, texts_of_accounts))
    post_slots = [slot for slot in slots if dataset.slots[slot].level == "post"]
    return Inputs(
        ids=ids,
        words=words,
        numbers=_numbers(dataset, ids, counts=counts, n_known=n_known),
        slots={slot: account_vectors(dataset, slot, accounts=ids) for slot in slots},
        single=newest_posts(dataset, ids, slots=post_slots, most=single, pictures=pictures)
        if single
        else None,
    )


def log_account_numbers(dataset: Dataset, accounts: Sequence[str] | np.ndarray) -> np.ndarray:
    """(n, 3) float64 log(1 + followers, followees, posts) as stated, NaN if unknown."""
    stated = [dataset.account_values(name, accounts).astype(np.float64) for name in NUMBERS]
    return np.log1p(np.maximum(np.stack(stated, axis=1), 0))


def _posts(dataset: Dataset) -> Iterator[_Post]:
    """All posts, read in batches, so that the table is never a list as a whole."""
    table = dataset.posts.select(list(_Post._fields))
    for batch in table.to_batches(max_chunksize=ROWS_AT_ONCE):
        columns = column_lists(batch)
        yield from map(_Post._make, zip(*columns, strict=True))


def _words(post: _Post, texts: PostTexts) -> dict[str, str]:
    """Field to the words of a post."""
    named = [*(post.mentions or ()), *(post.tags or ()), *(post.sponsors or ())]
    return {
        "caption": post.caption or "",
        "hashtags": " ".join(post.hashtags or ()),
        "mentions": " ".join(named),
        "pictures": texts.descriptions.get(post.id, ""),
        "comments": texts.comments.get(post.id, ""),
        "replies": texts.replies.get(post.id, ""),
    }


def _numbers(dataset: Dataset, ids: np.ndarray, *, counts: np.ndarray, n_known: np.ndarray) -> np.ndarray:
    """(n, 8) numbers of accounts, from sums over their posts."""
    n_posts = counts[:, :1]
    # Means of likes and comments over posts with known counts, of hashtags and mentions over all posts.
    # An account without posts has 0 / 0: NaN.
    with np.errstate(invalid="ignore", divide="ignore"):
        means = counts[:, 1:] / np.column_stack([n_known, n_posts, n_posts])  # (n, 4)
    stated = log_account_numbers(dataset, ids)
    return np.column_stack([stated, counts[:, 0], np.log1p(means[:, :2]), means[:, 2:]])
