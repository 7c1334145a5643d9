"""Columns of the four tables: what a cell may hold, its reader, and the description for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple

from brandfit.data import cells
from brandfit.data.cells import Style, is_missing
from brandfit.data.tables.headers import names_of
from brandfit.messages import quoted

NAMED = 6
"""Other names of a column that the documentation lists; ``column_names.toml`` has all."""
Kind = Literal["text", "count", "money", "share", "time"]
Reader = Callable[[Any, Style], Any]


class Column(NamedTuple):
    """A column of a table.

    read    from a cell, and the style of its column, to the value; None is unknown. Raises ValueError with
            the reason
    doc     description for people
    kind    what decides cells with two readings: the style of numbers or of times
    groups  groups of names in ``column_names.toml`` that mean it, the best first; default: its own name
    needed  whether a row without it is rejected
    """

    name: str
    read: Reader
    doc: str
    kind: Kind = "text"
    groups: tuple[str, ...] = ()
    needed: bool = False

    @property
    def name_groups(self) -> tuple[str, ...]:
        return self.groups or (self.name,)


def _plain(read: Callable[[Any], Any]) -> Reader:
    """A reader of cells that have one reading in every style."""
    return lambda value, _style: read(value)


def reader_of_choice(*words: str) -> Callable[[Any], str | None]:
    """A reader of cells that hold one of these words."""

    def read(value: Any) -> str | None:
        if is_missing(value):
            return None
        if isinstance(value, str) and value.strip().lower() in words:
            return value.strip().lower()
        raise ValueError(f"expected {' or '.join(words)}, found {quoted(value)}")

    return read


_ROLE_WORDS = {
    "brand": ("brand", "brands", "marke", "marque", "marca", "marka", "company", "advertiser"),
    "influencer": (
        "influencer",
        "influencers",
        "creator",
        "creators",
        "influenceur",
        "influenceuse",
        "blogger",
    ),
    "audience": ("audience", "follower"),
}


def reader_of_role(word_by_role: Mapping[str, str]) -> Callable[[Any], str | None]:
    """A reader of the column ``role`` that knows the workspace's own words for roles."""
    role_by_word: dict[str, str] = {}
    for role, words in _ROLE_WORDS.items():
        role_by_word |= dict.fromkeys(words, role)
    # The words of the workspace come last: they count more.
    role_by_word |= {word: role for role, word in word_by_role.items()}
    choices = (word_by_role["influencer"], word_by_role["brand"], "audience")

    def read(value: Any) -> str | None:
        if is_missing(value):
            return None
        role = role_by_word.get(value.strip().lower()) if isinstance(value, str) else None
        if role is None:
            raise ValueError(f"expected {' or '.join(choices)}, found {quoted(value)}")
        return role

    return read


_HANDLE = "handle, with or without @, or link to the profile"
_count = partial(Column, read=cells.count, kind="count")
_time = partial(Column, read=cells.seconds, kind="time")

COLUMNS: dict[str, tuple[Column, ...]] = {
    "accounts": (
        Column("id", cells.account_id, _HANDLE, groups=("handle", "account", "link", "id"), needed=True),
        Column(
            "role",
            _plain(reader_of_role({"brand": "brand", "influencer": "influencer"})),
            "`influencer` (default), `brand` or `audience`",
        ),
        Column("name", cells.line, "name as displayed"),
        Column("biography", cells.text, "self-description"),
        Column("category", cells.label, "field of activity"),
        Column("business_category", cells.label, "the platform's business category"),
        _count("followers", doc="accounts that follow it"),
        _count("followees", doc="accounts that it follows"),
        _count("posts", doc="posts on the platform, imported or not"),
        Column(
            "split",
            _plain(reader_of_choice("train", "test")),
            "`train` or `test`, where there is an official split",
        ),
        _time("seen", doc="when these counts were read"),
        Column("price", cells.money, "stated price of one post, with or without its currency", kind="money"),
        Column("currency", cells.line, "currency of the price, three letters"),
        Column("country", cells.label, "country of the account"),
        Column("city", cells.label, "city or place of the account"),
        Column(
            "engagement_rate",
            cells.share,
            "stated engagement rate; shown next to the computed one",
            kind="share",
        ),
    ),
    "posts": (
        Column("id", cells.row_id, "unique over all accounts", groups=("id", "code", "link"), needed=True),
        Column(
            "code",
            cells.row_id,
            "shortcode or link of the post; names its picture files",
            groups=("code", "link"),
        ),
        Column(
            "account",
            cells.account_id,
            _HANDLE,
            groups=("handle", "account", "account_link"),
            needed=True,
        ),
        Column(
            "kind",
            _plain(reader_of_choice("post", "brief")),
            "`post` (default) or `brief`: what a brand without posts looks for",
        ),
        _time("time", doc="when it was posted"),
        Column("caption", cells.long_text, "text under the picture; an empty cell is an empty caption"),
        Column("hashtags", cells.tags, "with spaces, commas or `|` between; default: from the caption"),
        Column("mentions", cells.accounts, "handles; default: from the caption"),
        Column("tags", cells.accounts, "handles tagged in the pictures"),
        Column("coauthors", cells.accounts, "handles of the other authors of a collaboration post"),
        Column("sponsors", cells.accounts, "handles of official sponsors (paid partnership)"),
        Column(
            "sponsor_name",
            cells.label,
            "name of a sponsor that is no handle: the post is marked as an advertisement",
        ),
        _count("likes", doc="likes; -1 is hidden"),
        _count("comments", doc="comments on the platform, imported or not"),
        Column("disclosed", cells.yes, "marked as an advertisement; default: from the caption and sponsors"),
        Column("images", cells.paths, "picture files, relative to the folder, `|` between them"),
        Column(
            "alt_text",
            cells.paths,
            "descriptions of the pictures in their order, `|` between them",
        ),
    ),
    "endorsements": (
        Column("brand", cells.account_id, "handle of a brand", needed=True),
        Column("influencer", cells.account_id, "handle of an influencer", needed=True),
        Column("post", cells.other_row_id, "id of the campaign post"),
        _time("time", doc="when"),
        Column("weight", cells.share, "engagement rate of the campaign post", kind="share"),
    ),
    "comments": (
        Column("post", cells.row_id, "id of a post in posts", needed=True),
        Column("account", cells.account_id, "handle of who commented", groups=("handle",), needed=True),
        Column("text", cells.long_text, "what they wrote"),
        _time("time", doc="when"),
    ),
}
"""Table to its columns. A time is ISO 8601 (UTC unless it says otherwise) or seconds since 1970."""


def is_handle(table: str, name: str) -> bool:
    """Whether a column holds the handle of the account of a row."""
    return name in ("account", "brand", "influencer") or (table, name) == ("accounts", "id")


def column(table: str, name: str) -> Column:
    return next(column for column in COLUMNS[table] if column.name == name)


def columns_as_markdown() -> str:
    """The columns of all four tables, for the template's README and the documentation."""
    lines: list[str] = []
    for table, columns in COLUMNS.items():
        lines.append(f"### {table}\n\n| column | is | also called |\n|---|---|---|")
        for one in columns:
            name = f"`{one.name}`{' (needed)' if one.needed else ''}"
            also = [alias for group in one.name_groups for alias in names_of(table, group)]
            other = [f"`{alias}`" for alias in dict.fromkeys(also) if alias != one.name]
            more = f" and {len(other) - NAMED:,} more" if len(other) > NAMED else ""
            lines.append(f"| {name} | {one.doc} | {', '.join(other[:NAMED]) or '-'}{more} |")
        lines.append("")
    return "\n".join(lines)
