"""text.mentions: which accounts are mentioned, by TF-IDF: a column an account.

A mention names the very partner that is to be predicted. Judge with it only under a protocol that hides the
posts that state what is held out (``expansion``, ``temporal``), and even there it says how the two are
connected, not what they are about.
"""

from __future__ import annotations

from brandfit.data.dataset import Dataset
from brandfit.encoders.text._tags import TagEncoder


class Mentions(TagEncoder):
    """TF-IDF of mentions; see the module."""

    mark = "@"
    preference = -1

    def tags(self, dataset: Dataset) -> list[list[str]]:
        return [["".join(id.split()) for id in ids] for ids in dataset.posts["mentions"].to_pylist()]
