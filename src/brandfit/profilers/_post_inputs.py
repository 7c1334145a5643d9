"""Inputs of single posts: the words and numbers of each, and its rows of Features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data.dataset import Dataset
from brandfit.learning.pooling import Vectors
from brandfit.profilers._account_inputs import log_account_numbers
from brandfit.profilers._inputs import Inputs
from brandfit.profilers._post_texts import PostTexts
from brandfit.profilers._single_posts import first_pictures, has_any, single_posts


def post_inputs(
    dataset: Dataset,
    ids: np.ndarray,
    *,
    slots: Sequence[str],
    single: int = 0,
    pictures: bool = False,
    redact: Callable[[str], str] = str,
) -> Inputs:
    """Inputs of posts (distinct ids): their words, the numbers of their account, their Features.

    single    whether the posts are single posts too
    pictures  whether single posts have their pictures
    redact    changes captions, hashtags and replies; official sponsors are left out, because they are a
              disclosure too
    """
    row = pc.index_in(pa.array(ids, pa.string()), value_set=dataset.posts["id"].combine_chunks())
    posts = dataset.posts.take(row)
    vectors = {slot: Vectors(*dataset.slots[slot].values_of(ids)) for slot in slots}
    selected = None
    if single:
        # A post with content is the only single post of itself.
        hashes = first_pictures(dataset, ids, pictures)
        has_content = has_any([v.present for v in vectors.values()], hashes)
        selected = single_posts(
            dataset,
            ids[has_content],
            counts=has_content.astype(np.int64),
            slots=slots,
            pictures=hashes[has_content],
        )
    words = _words(posts, PostTexts.from_dataset(dataset), redact=redact)
    numbers = _numbers(dataset, posts, hashtags=words["hashtags"])
    return Inputs(ids=ids, words=words, numbers=numbers, slots=vectors, single=selected)


def _words(posts: pa.Table, texts: PostTexts, *, redact: Callable[[str], str]) -> dict[str, list[str]]:
    """Field to the words of each post."""
    ids = posts["id"].to_pylist()
    captions = posts["caption"].fill_null("").to_pylist()
    # Hashtags have their mark, by which ``redact`` recognises them.
    hashtags = [" ".join(map("#{}".format, tags or ())) for tags in posts["hashtags"].to_pylist()]
    named = zip(posts["mentions"].to_pylist(), posts["tags"].to_pylist(), strict=True)
    mentions = [" ".join([*(mentioned or ()), *(tagged or ())]) for mentioned, tagged in named]
    return {
        "caption": list(map(redact, captions)),
        "hashtags": list(map(redact, hashtags)),
        "mentions": mentions,
        "pictures": _texts_of(ids, texts.descriptions),
        "comments": _texts_of(ids, texts.comments),
        "replies": list(map(redact, _texts_of(ids, texts.replies))),
        "biography": [""] * len(ids),
    }


def _texts_of(posts: Sequence[str], text_by_post: Mapping[str, str]) -> list[str]:
    """(n,) the text of each post, "" if there is none."""
    return [text_by_post.get(post, "") for post in posts]


def _numbers(dataset: Dataset, posts: pa.Table, *, hashtags: Sequence[str]) -> np.ndarray:
    """(n, 8) numbers of posts: those of the account, one post, its likes and comments, its counts of
    hashtags and mentions."""
    stated = log_account_numbers(dataset, posts["account"].to_pylist())
    likes, comments = (pc.cast(posts[name], pa.float64()).to_numpy() for name in ("likes", "comments"))
    n_hashtags = [text.count("#") for text in hashtags]
    n_mentions = pc.fill_null(pc.list_value_length(posts["mentions"]), 0).to_numpy()
    # A post is an account with one post: means over posts are its own counts.
    n_posts = np.ones(len(posts))
    return np.column_stack([stated, n_posts, np.log1p(likes), np.log1p(comments), n_hashtags, n_mentions])
