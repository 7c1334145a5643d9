"""Single posts as inputs: the newest of each account, with their Features, labels and pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset
from brandfit.learning.pooling import represents_account
from brandfit.profilers._inputs import SinglePosts


def newest_posts(
    dataset: Dataset, ids: np.ndarray, *, slots: Sequence[str], most: int, pictures: bool
) -> SinglePosts:
    """At most ``most`` posts of each account that have any of these Features (or, with ``pictures``, a
    picture), the newest first."""
    posts = dataset.posts
    post_ids = posts["id"].combine_chunks()
    account = pc.index_in(posts["account"], value_set=pa.array(ids, pa.string())).fill_null(-1).to_numpy()
    hashes = first_pictures(dataset, posts["id"].to_numpy(), pictures)  # (all posts,)
    has_row = [dataset.slots[slot].rows_of(post_ids) >= 0 for slot in slots]
    row = np.flatnonzero((account >= 0) & has_any(has_row, hashes) & represents_account(dataset))

    # Sorted by account, then from the newest; equally new posts keep the order of the table.
    time = pc.fill_null(posts["time"], 0).to_numpy()[row]
    row = row[np.lexsort((row, -time, account[row]))]
    total = np.bincount(account[row], minlength=len(ids))  # (n,)
    rank = np.arange(len(row)) - np.repeat(np.cumsum(total) - total, total)  # within the account
    row = row[rank < most]
    selected = posts["id"].take(pa.array(row)).to_numpy().astype(object)
    counts = np.minimum(total, most)
    return single_posts(dataset, selected, counts=counts, slots=slots, pictures=hashes[row])


def single_posts(
    dataset: Dataset, ids: np.ndarray, *, counts: np.ndarray, slots: Sequence[str], pictures: np.ndarray
) -> SinglePosts:
    """These posts (p,), which are sorted by account; counts (n,) posts of each account."""
    # A post may lack a row in some Features: zeros there.
    values, has = {}, {}
    for slot in slots:
        values[slot], has[slot] = dataset.slots[slot].values_of(ids)
    labels = np.array(list(map(dataset.post_categories.get, ids.tolist())), dtype=object)
    return SinglePosts(
        ids=ids,
        counts=counts,
        values=values,
        has=has,
        columns={slot: dataset.slots[slot].columns for slot in slots},
        labels=labels,
        pictures=pictures,
        read=dataset.picture,
    )


def first_pictures(dataset: Dataset, posts: np.ndarray, wanted: bool) -> np.ndarray:
    """(p,) hash of the first picture of each post; "" if it has none, or if pictures are not wanted."""
    first: dict[str, tuple[int, str]] = {}  # post to position and hash
    if wanted:
        columns = column_lists(dataset.images, ("post", "position", "hash"))
        for post, position, hash in zip(*columns, strict=True):
            if hash and (post not in first or position < first[post][0]):
                first[post] = position, hash
    return np.array([first.get(id, (0, ""))[1] for id in posts.tolist()], dtype=object)


def has_any(has_row: Sequence[np.ndarray], pictures: np.ndarray) -> np.ndarray:
    """(p,) whether a post has a row in any Features, or a picture."""
    return np.any([*has_row, pictures != ""], axis=0)
