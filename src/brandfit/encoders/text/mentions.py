"""text.mentions: which accounts are mentioned, by TF-IDF: a column an account.

A mention often names the partner that is to be predicted. Evaluate with it only under a protocol that hides
the posts that state held-out pairs (``expansion``, ``temporal``). Even there it measures how accounts are
connected, not what their content is.
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
