"""Content of an account's active audience, by the encoder of another slot (MORNING, Wang et al. 2022, IV-B;
M-05, D-05).

The active audience of an account are the ``members`` accounts that commented on its posts most often, without
the account itself. For each member, ``posts`` items are read: its own posts if it is an audience account with
posts, else its comments on the account's posts; the seed draws which ones. Items are encoded like posts. The
row of a post is the mean of the items of its audience: a comment belongs to the post that it comments, a
member's own post to every post of the account.

With ``biographies``, the biography of a member that is an audience account is one more item of it, as in the
paper, which reads biography, picture and caption (V-B). It belongs to every post of the account.

So the comments of a post that a split hides are hidden too. For the same reason posts of influencers and
brands are never items of an audience: a post that a split hides would be visible through each account whose
post its author commented. Their biographies, which name partners, are none either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Meta

from brandfit import config as settings
from brandfit.data.dataset import Dataset
from brandfit.data.schema import arrow_schema
from brandfit.encoders._matrix_file import Selected
from brandfit.encoders.base import Encoder, Units

Members = Annotated[
    int, Meta(description="most active commenters of an account that are read (Q)", ge=1, le=100_000)
]
Posts = Annotated[
    int, Meta(description="posts, or else comments, that are read of each of them (L)", ge=1, le=1000)
]
Biographies = Annotated[
    bool,
    Meta(description="read the biographies of audience accounts too", extra=settings.ADDED),
]
BIOGRAPHY = "biography of "
"""Beginning of the id of an item that is a biography; the id of the account follows."""
Seed = Annotated[int, Meta(description="draws which posts or comments are read")]


class AudienceItems(NamedTuple):
    """A Dataset whose posts are the items of audiences, and pairs of an item and a post that it belongs to:
    items (p,) and posts (p,) are ids, aligned."""

    dataset: Dataset
    items: pa.Array
    posts: pa.Array


class AudienceEncoder(Encoder):
    """Authors name ``inner``, an encoder class for posts, and a Config: that of ``inner`` with members, posts
    and seed, and for texts with biographies."""

    inner: ClassVar[type[Encoder]]
    slot = "audience"
    reads_others = True

    def __init__(self, config: settings.Config | None = None) -> None:
        super().__init__(config)
        self.encoder = self.inner(self.config)

    @property
    def batch_size(self) -> int:  # type: ignore[override]  # may depend on the model of ``inner``
        return self.encoder.batch_size

    @property
    def chunk_size(self) -> int:  # type: ignore[override]
        return self.encoder.chunk_size

    @property
    def dim(self) -> int:
        return self.encoder.dim

    @property
    def columns(self) -> tuple[str, ...]:
        return self.encoder.columns

    @property
    def weights(self) -> str:
        """Fingerprint of the inner encoder: its version and its weights."""
        return f"{self.encoder.version} {self.encoder.weights}"

    @property
    def reads_biographies(self) -> bool:
        """Whether biographies are items; an encoder of texts returns its setting ``biographies``."""
        return False

    def items(self, dataset: Dataset) -> AudienceItems:
        """The items of the active audiences by the settings."""
        config: Any = self.config
        return audience_items(
            dataset,
            config.members,
            posts=config.posts,
            seed=config.seed,
            biographies=self.reads_biographies,
        )

    def units(self, dataset: Dataset) -> Units:
        audience = self.items(dataset)
        units = self.encoder.units(audience.dataset)
        # Ids of units are items. An item may have several units, and each unit belongs to all posts that its
        # item is paired with: a join of units and pairs on the item number.
        distinct = audience.items.unique()
        item_of_unit = _positions(pa.array(units.ids, pa.string()), distinct)  # (u,)
        item_of_pair = _positions(audience.items, distinct)  # (p,)
        order = np.argsort(item_of_unit, kind="stable")
        sorted_items = item_of_unit[order]
        first = np.searchsorted(sorted_items, item_of_pair, "left")
        n_units = np.searchsorted(sorted_items, item_of_pair, "right") - first  # (p,) units of each pair
        pair = np.repeat(np.arange(len(item_of_pair)), n_units)  # (joined,)
        # Number of each joined row within its pair, added to the pair's first unit.
        offset = first - (np.cumsum(n_units) - n_units)
        unit = order[np.arange(len(pair)) + np.repeat(offset, n_units)]
        return Units(audience.posts.take(pa.array(pair)).to_pylist(), Selected(units.contents, unit))

    def prepare(self, dataset: Dataset, content: Any) -> Any:
        return self.encoder.prepare(dataset, content)

    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        return self.encoder.encode_batch(batch)

    def cost(self, content: Any) -> float:
        return self.encoder.cost(content)


def audience_items(
    dataset: Dataset, members: int, *, posts: int, seed: int, biographies: bool = False
) -> AudienceItems:
    """The items of the active audience of all accounts; see the module."""
    comments = _comments_by_others(dataset)
    active = _most_active(comments, members)  # (source: member, target: account)

    # Own posts of members that are audience accounts.
    audience_ids = dataset.accounts["id"].filter(pc.equal(dataset.accounts["role"], "audience"))
    readable = active["source"].filter(pc.is_in(active["source"], value_set=_combined(audience_ids)))
    own_posts = dataset.posts.filter(pc.is_in(dataset.posts["account"], value_set=_combined(readable)))
    own_posts = _draw(own_posts, ["account"], n=posts, seed=seed)

    # Comments of members without own posts.
    has_own_posts = pc.is_in(active["source"], value_set=_combined(own_posts["account"]))
    with_text = comments.filter(pc.is_valid(comments["text"]))
    written = with_text.join(
        active.filter(pc.invert(has_own_posts)), ["source", "target"], join_type="left semi"
    )
    written = _draw(written, ["source", "target"], n=posts, seed=seed)

    about = _biographies(dataset, active["source"]) if biographies else _as_posts(written.slice(0, 0))

    # A comment belongs to its post, an own post or biography to all posts of the accounts that its author
    # comments.
    comment_pairs = written.select(["id", "post"]).rename_columns(["item", "post"])
    posts_of_targets = dataset.posts.select(["id", "account"]).rename_columns(["post", "target"])
    of_members = pa.concat_tables([own_posts, about]).select(["id", "account"])
    authors = of_members.rename_columns(["item", "source"])
    own_pairs = authors.join(active, "source", join_type="inner").join(
        posts_of_targets, "target", join_type="inner"
    )
    pairs = pa.concat_tables([comment_pairs, own_pairs.select(["item", "post"])])
    pairs = pairs.sort_by([("post", "ascending"), ("item", "ascending")])
    tables = {
        "accounts": dataset.accounts,
        "posts": pa.concat_tables([own_posts, about, _as_posts(written)]),
        "images": dataset.images,
        "links": dataset.stored_links.slice(0, 0),
    }
    items = Dataset(tables, dataset.fingerprint, pictures=dataset.picture)
    return AudienceItems(items, _combined(pairs["item"]), _combined(pairs["post"]))


def _comments_by_others(dataset: Dataset) -> pa.Table:
    """Comments on posts of the Dataset, without those of the author of the post."""
    links = dataset.stored_links
    is_comment = pc.and_(pc.equal(links["kind"], "comments"), pc.not_equal(links["source"], links["target"]))
    has_post = pc.is_in(links["post"], value_set=dataset.posts["id"].combine_chunks())
    return links.filter(pc.and_(is_comment, has_post))


def _most_active(comments: pa.Table, members: int) -> pa.Table:
    """(source, target): the members of each target's audience with the most comments; ties by id."""
    counts = comments.group_by(["source", "target"], use_threads=False).aggregate([("id", "count")])
    counts = counts.sort_by([("target", "ascending"), ("id_count", "descending"), ("source", "ascending")])
    return counts.filter(pa.array(_rank_within_group(counts, ["target"]) < members)).select(
        ["source", "target"]
    )


def _draw(table: pa.Table, by: list[str], *, n: int, seed: int) -> pa.Table:
    """At most n rows of each group, drawn by the seed.

    Rows are ordered by a hash of seed and id, so that adding a row does not change the order of the others.
    """
    seeded_ids = [f"{seed} {id}".encode() for id in table["id"].to_pylist()]
    priorities = [hashlib.blake2b(seeded_id, digest_size=8).digest() for seeded_id in seeded_ids]
    table = table.append_column("priority", pa.array(priorities, pa.binary()))
    order = [(name, "ascending") for name in [*by, "priority"]]
    table = table.sort_by(order).drop_columns("priority")
    return table.filter(pa.array(_rank_within_group(table, by) < n))


def _rank_within_group(table: pa.Table, by: list[str]) -> np.ndarray:
    """(n,) position, from 0, of each row within its group; the table is sorted by the group."""
    is_start = np.zeros(len(table), bool)
    is_start[:1] = True
    for name in by:
        code = _combined(table[name]).dictionary_encode().indices.to_numpy()
        is_start[1:] |= code[1:] != code[:-1]
    row = np.arange(len(table))
    # The row of the latest start of a group at or before each row.
    start_row = np.maximum.accumulate(np.where(is_start, row, 0))
    return row - start_row


def _biographies(dataset: Dataset, members: pa.ChunkedArray) -> pa.Table:
    """The biographies of those members that are audience accounts, in the schema of posts."""
    is_member = pc.is_in(dataset.accounts["id"], value_set=_combined(members))
    is_audience = pc.equal(dataset.accounts["role"], "audience")
    has_text = pc.greater(pc.fill_null(pc.utf8_length(dataset.accounts["biography"]), 0), 0)
    accounts = dataset.accounts.filter(pc.and_(pc.and_(is_member, is_audience), has_text))
    ids = accounts["id"]
    return _posts_of(
        {
            "id": pc.binary_join_element_wise(BIOGRAPHY, ids, ""),
            "account": ids,
            "caption": accounts["biography"],
        }
    )


def _as_posts(comments: pa.Table) -> pa.Table:
    """Comments in the schema of posts: their author is the account, their text the caption."""
    return _posts_of(
        {
            "id": comments["id"],
            "account": comments["source"],
            "time": comments["time"],
            "caption": comments["text"],
        }
    )


def _posts_of(stated: dict[str, pa.ChunkedArray]) -> pa.Table:
    """A table of posts from some of its columns; the others are empty or unknown."""
    schema, n = arrow_schema("posts"), len(stated["id"])
    # Lists are not null in the schema, so they are empty; other columns are unknown.
    columns = {}
    for field in schema:
        is_list = pa.types.is_list(field.type)
        columns[field.name] = pa.array([[]] * n, field.type) if is_list else pa.nulls(n, field.type)
    return pa.table(columns | stated | {"kind": pa.array(["post"] * n)}, schema=schema)


def _positions(values: pa.Array, distinct: pa.Array) -> np.ndarray:
    """(n,) position of each value among distinct ones, which contain all of them."""
    return pc.index_in(values, value_set=distinct).to_numpy(zero_copy_only=False)


def _combined(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The column as one array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
