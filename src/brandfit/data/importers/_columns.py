"""Columns of the tables of ``folder``: their headers, what a cell may hold, and their description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from brandfit.data.importers import _fields
from brandfit.messages import quoted


def reader_of_choice(*words: str) -> Callable[[Any], str | None]:
    """A reader of cells that hold one of these words."""

    def read(value: Any) -> str | None:
        if _fields.is_missing(value):
            return None
        if isinstance(value, str) and value.strip().lower() in words:
            return value.strip().lower()
        raise ValueError(f"expected {' or '.join(words)}, found {quoted(value)}")

    return read


def reader_of_role(word_by_role: Mapping[str, str]) -> Callable[[Any], str | None]:
    """A reader of the column ``role`` that knows the workspace's own words for roles."""
    role_by_word = {"audience": "audience"}
    for role, word in word_by_role.items():
        role_by_word |= {role: role, word: role}
    choices = (word_by_role["influencer"], word_by_role["brand"], "audience")

    def read(value: Any) -> str | None:
        if _fields.is_missing(value):
            return None
        role = role_by_word.get(value.strip().lower()) if isinstance(value, str) else None
        if role is None:
            raise ValueError(f"expected {' or '.join(choices)}, found {quoted(value)}")
        return role

    return read


def paths(value: Any) -> list[str]:
    """Names of files, or other texts that may hold commas, with ``|`` between them."""
    return _fields.items(value, "|")


class Column(NamedTuple):
    """A column of a table.

    read    from a cell to its value; raises ValueError with the reason
    doc     description for people
    also    other headers of the same column
    needed  whether a row without it is rejected
    """

    name: str
    read: Callable[[Any], Any]
    doc: str
    also: tuple[str, ...] = ()
    needed: bool = False


_ACCOUNT = "handle, with or without @"

COLUMNS: dict[str, tuple[Column, ...]] = {
    "accounts": (
        Column(
            "id",
            _fields.account_id,
            _ACCOUNT,
            ("handle", "username", "account", "account_id", "instagram_handle"),
            needed=True,
        ),
        Column(
            "role",
            reader_of_choice("influencer", "brand", "audience"),
            "`influencer` (default), `brand` or `audience`",
        ),
        Column("name", _fields.line, "name as displayed", ("full_name", "display_name")),
        Column("biography", _fields.text, "self-description", ("bio",)),
        Column("category", _fields.label, "field of activity, in your own words, the same for equal fields"),
        Column("business_category", _fields.label, "the platform's business category"),
        Column("followers", _fields.count, "accounts that follow it", ("follower_count", "follower")),
        Column(
            "followees",
            _fields.count,
            "accounts that it follows",
            ("following", "following_count", "followee_count"),
        ),
        Column(
            "posts",
            _fields.count,
            "posts on the platform, imported or not",
            ("post_count", "posts_count", "media_count"),
        ),
        Column(
            "split", reader_of_choice("train", "test"), "`train` or `test`, where there is an official split"
        ),
        Column("seen", _fields.seconds, "when these counts were read", ("seen_at", "updated", "updated_at")),
    ),
    "posts": (
        Column(
            "id", _fields.row_id, "unique over all accounts", ("post_id", "post", "shortcode"), needed=True
        ),
        Column("account", _fields.account_id, _ACCOUNT, ("handle", "username", "account_id"), needed=True),
        Column(
            "kind",
            reader_of_choice("post", "brief"),
            "`post` (default) or `brief`: what a brand without posts looks for",
        ),
        Column(
            "time", _fields.seconds, "when it was posted", ("timestamp", "date", "posted_at", "created_at")
        ),
        Column(
            "caption",
            _fields.long_text,
            "text under the picture; an empty cell is an empty caption",
            ("text",),
        ),
        Column("hashtags", _fields.tags, "with spaces, commas or `|` between; default: from the caption"),
        Column("mentions", _fields.accounts, "handles; default: from the caption"),
        Column("tags", _fields.accounts, "handles tagged in the pictures", ("tagged", "usertags")),
        Column("sponsors", _fields.accounts, "handles of official sponsors (paid partnership)", ("sponsor",)),
        Column("likes", _fields.count, "likes", ("like_count",)),
        Column("comments", _fields.count, "comments on the platform, imported or not", ("comment_count",)),
        Column(
            "disclosed",
            _fields.yes,
            "marked as an advertisement; default: from the caption and sponsors",
            ("is_ad", "ad"),
        ),
        Column(
            "images",
            paths,
            "picture files, relative to the folder, `|` between them",
            ("image", "pictures", "picture"),
        ),
        Column(
            "alt_text",
            paths,
            "descriptions of the pictures in their order, `|` between them",
            ("alt", "alt_texts"),
        ),
    ),
    "endorsements": (
        Column(
            "brand", _fields.account_id, "handle of a brand in accounts", ("brand_id", "target"), needed=True
        ),
        Column(
            "influencer",
            _fields.account_id,
            "handle of an influencer in accounts",
            ("influencer_id", "source"),
            needed=True,
        ),
        Column("post", _fields.other_row_id, "id of the campaign post", ("post_id",)),
        Column("time", _fields.seconds, "when", ("timestamp", "date")),
        Column(
            "weight",
            _fields.number,
            "engagement rate of the campaign post",
            ("engagement", "engagement_rate"),
        ),
    ),
    "comments": (
        Column("post", _fields.row_id, "id of a post in posts", ("post_id",), needed=True),
        Column(
            "account",
            _fields.account_id,
            "handle of who commented",
            ("commenter", "handle", "username"),
            needed=True,
        ),
        Column("text", _fields.long_text, "what they wrote", ("comment",)),
        Column("time", _fields.seconds, "when", ("timestamp", "date", "created_at")),
    ),
}
"""Table to its columns. A time is ISO 8601 (UTC unless it says otherwise) or seconds since 1970."""


def columns_as_markdown() -> str:
    """The columns of all four tables, for the template's README and the documentation."""
    lines: list[str] = []
    for table, columns in COLUMNS.items():
        lines.append(f"### {table}\n\n| column | is | also called |\n|---|---|---|")
        for column in columns:
            name = f"`{column.name}`{' (needed)' if column.needed else ''}"
            also = ", ".join(f"`{alias}`" for alias in column.also) or "-"
            lines.append(f"| {name} | {column.doc} | {also} |")
        lines.append("")
    return "\n".join(lines)
