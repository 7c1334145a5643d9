"""Texts of posts that other tables hold: descriptions of pictures, comments and replies."""

from __future__ import annotations

from typing import NamedTuple

from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset


class PostTexts(NamedTuple):
    """Post to the descriptions of its pictures, to the comments of others, and to those of its author;
    several texts of a post are lines."""

    descriptions: dict[str, str]
    comments: dict[str, str]
    replies: dict[str, str]

    @classmethod
    def from_dataset(cls, dataset: Dataset) -> PostTexts:
        # Descriptions of pictures, in the order of the table.
        descriptions: dict[str, list[str]] = {}
        columns = column_lists(dataset.images, ("post", "alt_text"))
        for post, text in zip(*columns, strict=True):
            if text:
                descriptions.setdefault(post, []).append(text)
        # Source and target of a comment are its author and the author of the post.
        comments: dict[str, list[str]] = {}
        replies: dict[str, list[str]] = {}
        links = dataset.links_of_kinds("comments")
        columns = column_lists(links, ("post", "source", "target", "text"))
        for post, source, target, text in zip(*columns, strict=True):
            if text:
                texts_by_post = replies if source == target else comments
                texts_by_post.setdefault(post, []).append(text)
        return cls(_as_lines(descriptions), _as_lines(comments), _as_lines(replies))


def _as_lines(texts_by_post: dict[str, list[str]]) -> dict[str, str]:
    return {post: "\n".join(texts) for post, texts in texts_by_post.items()}
