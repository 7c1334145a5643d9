"""The newest posts of each account, and the count of the older ones that are not read (checklist D-04, H)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data.dataset import Dataset


@dataclass(frozen=True)
class OlderPosts:
    """The posts of a Dataset that are not among the newest of their account.

    most      newest posts of each account that are read
    posts     number of older posts, which are not read
    accounts  number of accounts that have older posts
    undated   number of posts without a time; they count as the oldest of their account
    example   the account with the most older posts; "" if there is none
    """

    most: int
    posts: int
    accounts: int
    undated: int
    example: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "last_posts": self.most,
            "posts": self.posts,
            "accounts": self.accounts,
            "undated": self.undated,
            "example": self.example,
        }

    @property
    def sentence(self) -> str:
        """The counts for people."""
        if not self.posts:
            return f"No account has more than {self.most:,} posts: all posts are read."
        text = (
            f"Only the newest {self.most:,} posts of each account are read: {self.posts:,} older posts of "
            f"{self.accounts:,} accounts are left out, for example of {self.example}."
        )
        if self.undated:
            text += f" {self.undated:,} posts have no time and count as the oldest."
        return text


def with_newest_posts(dataset: Dataset, most: int) -> Dataset:
    """The Dataset with the newest ``most`` posts of each account; the same object if ``most`` is 0 or no
    account has more. Briefs stay: they are no posts.

    Posts without a time count as the oldest; equally new posts are kept in the order of their ids.
    """
    if not most:
        return dataset

    def restrict() -> Dataset:
        is_older = _is_older(dataset, most)
        if not is_older.any():
            return dataset
        kept = dataset.posts["id"].filter(pa.array(~is_older))
        note = older_posts(dataset, most).sentence
        return dataset.restricted(posts=kept.combine_chunks(), note=note)

    return dataset.cached(("newest posts", most), restrict)


def older_posts(dataset: Dataset, most: int) -> OlderPosts:
    """The count of the posts that ``with_newest_posts`` leaves out."""
    accounts = dataset.posts["account"].filter(pa.array(_is_older(dataset, most)))
    counts = accounts.value_counts().to_pylist()
    # Equal counts: the first id, so that the example does not depend on the order of rows.
    largest = min(counts, key=lambda entry: (-entry["counts"], entry["values"])) if counts else None
    is_post = pc.equal(dataset.posts["kind"], "post")
    n_undated = pc.sum(pc.and_(is_post, pc.is_null(dataset.posts["time"]))).as_py() or 0
    return OlderPosts(
        most=most,
        posts=len(accounts),
        accounts=len(counts),
        undated=n_undated,
        example=largest["values"] if largest else "",
    )


def _is_older(dataset: Dataset, most: int) -> np.ndarray:
    """(p,) bool: rows of ``dataset.posts`` that are not among the newest ``most`` posts of their account."""
    posts = dataset.posts
    row = np.flatnonzero(pc.equal(posts["kind"], "post").to_numpy())  # (r,) briefs are always read
    account = posts["account"].combine_chunks().dictionary_encode().indices.to_numpy()[row]
    time = pc.fill_null(posts["time"], -1).to_numpy()[row]
    # Sorted by account, then from the newest. The table is sorted by id, so equal times keep that order.
    order = np.lexsort((row, -time, account))
    sorted_account = account[order]
    first = np.searchsorted(sorted_account, sorted_account, "left")
    place = np.arange(len(order)) - first  # (r,) place within the account, from 0
    result = np.zeros(len(posts), bool)
    result[row[order[place >= most]]] = True
    return result
