"""The four tables of a workspace: each field with its type, its unit and the meaning of a missing value.

Arrow schemas, SQL tables, the validation of imported rows and the page ``docs/schema.md`` are made from the
Structs below.

    accounts  one row a brand, influencer or member of an audience
    posts     one row a post (or a brief: the wishes of a brand without posts)
    images    one row a picture of a post, by reference to its content hash
    links     one row a relation between two accounts: endorses, comments, follows, represents

Mentions, tags and sponsors are stated by a post and stored with it (``Post.mentions`` ...), so that a changed
post changes them; ``Dataset.links`` lists them together with the stored links.
"""

from __future__ import annotations

import hashlib
import inspect
import types
import typing
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import pyarrow as pa
from msgspec import Meta

SCHEMA_VERSION = 2
"""Incremented with every change of a table; ``workspace.migrations`` has one named function a step."""
HASHED_VERSION = 1
"""Version in fingerprints and Arrow schemas. Fields that were added since then are hashed only if they have a
value, so that fingerprints of older data, and what was stored under them, stay valid."""

Id = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^\S(?:.*\S)?\Z")]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Text = Annotated[str, Meta(max_length=100_000)]
Time = Annotated[int, Meta(ge=0, le=2**40)]
Tag = Annotated[str, Meta(min_length=1, max_length=500)]

Role = Literal["influencer", "brand", "audience"]
PostKind = Literal["post", "brief"]
LinkKind = Literal["endorses", "represents", "mentions", "tags", "sponsors", "comments", "follows"]
STATED_BY_POST = ("mentions", "tags", "sponsors")
"""Link kinds that are stored as list fields of the post that states them."""


# Descriptions, units and meanings become metadata of Arrow schemas, and fingerprints of views cover these: a
# changed word below changes fingerprints, and with them the keys of stored models.
def _doc(text: str, unit: str = "", missing: str = "") -> Meta:
    return Meta(description=text, extra={"unit": unit, "missing": missing})


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the four row types."""


class Account(Row, frozen=True):
    """A brand, an influencer, or a member of an audience."""

    id: Annotated[Id, _doc("handle on the platform, lower case, without @; unique")]
    role: Annotated[Role, _doc("what this account is here: the side it is ranked on")] = "influencer"
    name: Annotated[Text | None, _doc("name as displayed", missing="not known")] = None
    biography: Annotated[Text | None, _doc("self-description; '' is an empty one", missing="not known")] = (
        None
    )
    category: Annotated[
        Text | None, _doc("field of activity, one of the data set's own", missing="not labelled")
    ] = None
    business_category: Annotated[
        Text | None, _doc("the platform's business category", missing="none or not known")
    ] = None
    followers: Annotated[
        Count | None, _doc("accounts that follow this one", "accounts", "not known, never 0")
    ] = None
    followees: Annotated[
        Count | None, _doc("accounts that this one follows", "accounts", "not known, never 0")
    ] = None
    posts: Annotated[Count | None, _doc("posts on the platform, imported or not", "posts", "not known")] = (
        None
    )
    split: Annotated[
        Literal["train", "test"] | None,
        _doc("part of the official split, where the source has one", missing="no split"),
    ] = None
    seen: Annotated[Time | None, _doc("when these counts were read", "s since 1970 UTC", "not known")] = None
    price: Annotated[
        float | None, _doc("stated price of one post", "money in ``currency``", "not stated")
    ] = None
    currency: Annotated[
        Text | None, _doc("of the price, three letters", missing="not stated: that of the workspace")
    ] = None
    country: Annotated[Text | None, _doc("name or code, as the source writes it", missing="not known")] = None
    city: Annotated[Text | None, _doc("city or other place", missing="not known")] = None
    engagement_rate: Annotated[
        float | None,
        _doc("as the source states it; never mixed with the computed one", "share", "not stated"),
    ] = None
    attributes: Annotated[
        dict[str, str], _doc("further columns of the source: header to text", missing="{} without any")
    ] = {}


class Post(Row, frozen=True):
    """One post of an account; with kind ``brief`` the text of what a brand looks for."""

    id: Annotated[Id, _doc("unique over all accounts")]
    account: Annotated[Id, _doc("id of the account that posted")]
    kind: Annotated[PostKind, _doc("'brief' stands for a brand that has no posts")] = "post"
    time: Annotated[Time | None, _doc("when it was posted", "s since 1970 UTC", "not known")] = None
    caption: Annotated[
        Text | None, _doc("text under the picture; '' is an empty one", missing="not known")
    ] = None
    hashtags: Annotated[
        list[Tag], _doc("in order, lower case, without #", missing="[] where there are none")
    ] = []
    mentions: Annotated[list[Id], _doc("account ids named with @ in the caption", missing="[]")] = []
    tags: Annotated[list[Id], _doc("account ids tagged in the pictures", missing="[]")] = []
    sponsors: Annotated[
        list[Id], _doc("account ids of official sponsors (paid partnership)", missing="[]")
    ] = []
    likes: Annotated[Count | None, _doc("likes when read", "likes", "not known or hidden")] = None
    comments: Annotated[
        Count | None, _doc("comments on the platform, imported or not", "comments", "not known")
    ] = None
    disclosed: Annotated[
        bool | None,
        _doc("marked as an advertisement (#ad, #sponsored, official sponsor)", missing="not looked for"),
    ] = None


class Image(Row, frozen=True):
    """One picture of a post; its working copy lies in the picture store under its hash."""

    post: Annotated[Id, _doc("id of the post")]
    position: Annotated[Count, _doc("place within the post, from 0", "pictures")] = 0
    hash: Annotated[Id, _doc("SHA-256 of the working copy, hexadecimal")] = ""
    width: Annotated[Count | None, _doc("of the original", "pixels", "not known")] = None
    height: Annotated[Count | None, _doc("of the original", "pixels", "not known")] = None
    alt_text: Annotated[Text | None, _doc("the platform's or the author's description", missing="none")] = (
        None
    )
    source: Annotated[Text, _doc("where the original lies: path, or archive::member")] = ""


class Link(Row, frozen=True):
    """One relation from an account to another. Either may be an account of which nothing else is known."""

    id: Annotated[Id, _doc("made from the other fields by ``link_id``; unique")]
    kind: Annotated[LinkKind, _doc("endorses (influencer to brand), comments, follows, represents ...")]
    source: Annotated[Id, _doc("account id from which it goes out: who endorses, comments, follows")]
    target: Annotated[Id, _doc("account id to which it goes: who is endorsed, commented on, followed")]
    post: Annotated[
        Id | None, _doc("post in which it happened", missing="not tied to a post, or not known")
    ] = None
    time: Annotated[Time | None, _doc("when", "s since 1970 UTC", "not known")] = None
    text: Annotated[Text | None, _doc("of a comment", missing="no text")] = None
    weight: Annotated[
        float | None,
        _doc(
            "engagement rate of the campaign post, for 'endorses': a target, never a feature",
            "likes and comments per follower",
            "not known",
        ),
    ] = None


TABLES: dict[str, type[Row]] = {"accounts": Account, "posts": Post, "images": Image, "links": Link}
KEYS: dict[str, tuple[str, ...]] = {
    "accounts": ("id",),
    "posts": ("id",),
    "images": ("post", "position"),
    "links": ("id",),
}


class Reject(msgspec.Struct, frozen=True):
    """A row that was not imported, and why."""

    file: str
    line: int
    """1-based line of a text file; 1-based number of the record elsewhere."""
    reason: str
    excerpt: str = ""
    row: str = ""
    """The cells of a row of a table as a JSON object, so that it can be corrected; "" for other records."""


class RejectId(NamedTuple):
    """The place of a reject: its import, and its number. Files of rejected rows name both."""

    import_id: int
    number: int

    @classmethod
    def read(cls, text: str) -> RejectId | None:
        """From its text ``12-5``; None if it is none."""
        first, dash, second = text.strip().partition("-")
        return cls(int(first), int(second)) if dash and first.isdecimal() and second.isdecimal() else None

    def __str__(self) -> str:
        return f"{self.import_id}-{self.number}"


class Picture(msgspec.Struct, frozen=True):
    """A picture as an importer found it: undecoded bytes and the fields that its source states."""

    post: str
    position: int
    data: bytes
    source: str
    file: str
    line: int
    alt_text: str | None = None
    width: int | None = None
    height: int | None = None


class Partial(msgspec.Struct, frozen=True):
    """A row with values that its source does not state. A None is never a stated value."""

    row: Account | Post
    defaults: tuple[str, ...] = ()
    """Fields that have a default and no stated value: they never replace a stored value."""
    derived: tuple[str, ...] = ()
    """Fields that are computed from the caption: they replace a stored value if the caption changes."""


Record = Account | Post | Link | Partial | Picture | Reject
"""The rows and other records that importers yield."""


def link_id(
    kind: str, source: str, *, target: str, post: str | None = None, text: str | None = None, nth: int = 0
) -> str:
    """The id of a link: a 128-bit hash of its fields. ``nth`` distinguishes equal links (the same comment
    made twice)."""
    # MessagePack keeps None and "" apart, so that different links have different ids.
    content = msgspec.msgpack.encode((kind, source, target, post, text, nth))
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def row_hash(row: Row) -> bytes:
    """128-bit BLAKE2b of all fields of a row, for the detection of changes and damage, and for
    fingerprints."""
    return hash_of(msgspec.structs.astuple(row))


def hash_of(values: tuple) -> bytes:
    """The ``row_hash`` of a row with these values."""
    if len(values) == _N_ACCOUNT:
        # Attributes in any order are the same; Arrow gives them as pairs.
        values = (*values[:-1], dict(sorted(dict(values[-1] or ()).items())))
        if values[-len(_ADDED) :] == _ADDED:
            values = values[: -len(_ADDED)]
    return hashlib.blake2b(_encode(values), digest_size=16).digest()


_encode = msgspec.msgpack.Encoder().encode
_ADDED: tuple[Any, ...] = (None, None, None, None, None, {})
"""Fields of an account that version 2 added, at their defaults."""
_N_ACCOUNT = len(msgspec.structs.fields(Account))
"""Number of fields of an account; no other row has as many."""


ARROW_TYPES = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


class Field(NamedTuple):
    """A field of a table, for schemas and docs. ``missing``: the meaning of a missing value."""

    name: str
    arrow: pa.DataType
    nullable: bool
    description: str
    unit: str
    missing: str


def fields(row_type: type[Row]) -> list[Field]:
    """The fields of a row type, in order."""
    result = []
    for name, hint in typing.get_type_hints(row_type, include_extras=True).items():
        # Types such as Count have a Meta of bounds; the last Meta with a description is that of the field.
        metas = [meta for meta in hint.__metadata__ if isinstance(meta, Meta) and meta.description]
        extra = metas[-1].extra or {}
        plain, nullable = _plain(hint)
        result.append(
            Field(
                name=name,
                arrow=_arrow(plain),
                nullable=nullable,
                description=metas[-1].description or "",
                unit=extra["unit"],
                missing=extra["missing"],
            )
        )
    return result


def arrow_schema(table: str) -> pa.Schema:
    """Arrow schema of a table. Units and meanings are metadata of the fields, the version is metadata of the
    schema."""
    arrow_fields = []
    for field in fields(TABLES[table]):
        metadata = {"description": field.description, "unit": field.unit, "missing": field.missing}
        arrow_fields.append(pa.field(field.name, field.arrow, field.nullable, metadata))
    return pa.schema(arrow_fields, {"table": table, "schema_version": str(HASHED_VERSION)})


def to_table(name: str, rows: Sequence[Row]) -> pa.Table:
    """The rows as an Arrow table with the schema of this name."""
    schema = arrow_schema(name)
    columns = list(zip(*map(msgspec.structs.astuple, rows), strict=True)) or [()] * len(schema)
    arrays = [pa.array(list(column), field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


class _PlainType(NamedTuple):
    """A type without Annotated and None."""

    type: Any
    nullable: bool


def _plain(hint: Any) -> _PlainType:
    """Strip Annotated and Optional: ``Annotated[Count | None, ...]`` to int, nullable."""
    # Aliases nest: Annotated[Count | None, ...] contains Annotated[int, ...] again.
    nullable = False
    while True:
        origin = typing.get_origin(hint)
        if origin is Annotated:
            hint = typing.get_args(hint)[0]
        elif origin in (typing.Union, types.UnionType):
            options = [option for option in typing.get_args(hint) if option is not type(None)]
            nullable = nullable or len(options) < len(typing.get_args(hint))
            hint = options[0]
        else:
            return _PlainType(hint, nullable)


def _arrow(plain: Any) -> pa.DataType:
    if typing.get_origin(plain) is list:
        return pa.list_(_arrow(_plain(typing.get_args(plain)[0]).type))
    if typing.get_origin(plain) is Literal:
        return pa.string()
    if typing.get_origin(plain) is dict:
        return pa.map_(pa.string(), pa.string())
    return ARROW_TYPES[plain]


def markdown() -> str:
    """The page ``docs/schema.md``: ``python -m brandfit.data.schema > docs/schema.md``."""
    version = (
        f"Schema version {SCHEMA_VERSION}. Made by `python -m brandfit.data.schema`; a test keeps it true."
    )
    lines = ["# The tables", "", version, ""]
    for name, row_type in TABLES.items():
        doc, key = inspect.cleandoc(row_type.__doc__ or ""), ", ".join(KEYS[name])
        lines += [f"## {name}", "", doc, "", f"Key: {key}.", ""]
        lines += ["| field | type | unit | what | missing means |", "|---|---|---|---|---|"]
        for field in fields(row_type):
            missing = field.missing or ("" if field.nullable else "never missing")
            cells = [f"`{field.name}`", field.arrow, field.unit, field.description, missing]
            lines.append(f"| {' | '.join(map(str, cells))} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown(), end="")
