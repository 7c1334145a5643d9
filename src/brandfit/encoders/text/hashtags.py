"""text.hashtags: which hashtags are used, by TF-IDF: a column a hashtag."""

from __future__ import annotations

from brandfit.data.dataset import Dataset
from brandfit.encoders.text._tags import TagEncoder


class Hashtags(TagEncoder):
    """TF-IDF of hashtags; see ``encoders.text._tags``."""

    mark = "#"

    def tags(self, dataset: Dataset) -> list[list[str]]:
        return [["".join(tag.split()) for tag in tags] for tags in dataset.posts["hashtags"].to_pylist()]
