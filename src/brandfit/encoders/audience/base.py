"""What an account's active audience writes and posts, by the encoder of another slot (MORNING, Wang et al.
2022, IV-B; M-05, D-05).

The active audience of an account are the ``members`` accounts that commented on its posts most often, itself
left out. Of each, ``posts`` things are read: its own posts where it is an audience account that has any, else
comments that it wrote here; which ones is drawn by the seed. They are encoded as if they were posts, and the
row of a post is the mean of what its audience says: comments belong to the post under which they stand, a
member's own posts to every post of the account.

So a post that a split hides takes its comments along. For the same reason the posts of influencers and brands
are never read as those of an audience: one that a split hides would be seen through the account under whose
post its author once commented.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Meta

from brandfit import config as settings
from brandfit.data.dataset import Dataset
from brandfit.data.schema import arrow_schema
from brandfit.encoders.base import Encoder, Picked, Units

Members = Annotated[
    int, Meta(description="most active commenters of an account that are heard (Q)", ge=1, le=100_000)
]
Posts = Annotated[
    int, Meta(description="posts, or else comments, that are read of each of them (L)", ge=1, le=1000)
]
Seed = Annotated[int, Meta(description="draws which posts or comments are read")]


class AudienceEncoder(Encoder):
    """Authors name ``inner``, a class of encoder of posts, and a Config: that of ``inner`` with members,
    posts and seed."""

    inner: ClassVar[type[Encoder]]
    slot = "audience"
    hears = True

    def __init__(self, config: settings.Config | None = None) -> None:
        super().__init__(config)
        self.encoder = self.inner(self.config)

    @property
    def batch_size(self) -> int:  # type: ignore[override]  # the inner one's, which may ask a model
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
        """Of the encoder inside, and of its code."""
        return f"{self.encoder.version} {self.encoder.weights}"

    def units(self, dataset: Dataset) -> Units:
        config: Any = self.config
        view, thing, under = audience_dataset(dataset, config.members, posts=config.posts, seed=config.seed)
        units = self.encoder.units(view)
        # unit.ids are things said, an id may come with several units; each is heard under every post that its
        # thing is paired with
        distinct = thing.unique()
        unit = pc.index_in(pa.array(units.ids, pa.string()), value_set=distinct).to_numpy(
            zero_copy_only=False
        )
        wanted = pc.index_in(thing, value_set=distinct).to_numpy(zero_copy_only=False)
        order = np.argsort(unit, kind="stable")
        first, last = (np.searchsorted(unit[order], wanted, side) for side in ("left", "right"))
        count = last - first
        owner = np.repeat(np.arange(len(wanted)), count)
        at = order[np.arange(len(owner)) + np.repeat(first - (np.cumsum(count) - count), count)]
        return Units(under.take(pa.array(owner)).to_pylist(), Picked(units.contents, at))

    def prepare(self, dataset: Dataset, content: Any) -> Any:
        return self.encoder.prepare(dataset, content)

    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        return self.encoder.encode_batch(batch)

    def cost(self, content: Any) -> float:
        return self.encoder.cost(content)


def audience_dataset(
    dataset: Dataset, members: int, *, posts: int, seed: int
) -> tuple[Dataset, pa.Array, pa.Array]:
    """A Dataset whose posts are what audiences say, and the pairs (thing said, post under which it is heard)
    as two arrays."""
    comments = dataset.stored_links
    comments = comments.filter(
        pc.and_(
            pc.and_(
                pc.equal(comments["kind"], "comments"), pc.not_equal(comments["source"], comments["target"])
            ),
            pc.is_in(comments["post"], value_set=dataset.posts["id"].combine_chunks()),
        )
    )
    active = _most_active(comments, members)
    readers = dataset.accounts["id"].filter(pc.equal(dataset.accounts["role"], "audience"))
    heard = active["source"].filter(pc.is_in(active["source"], value_set=_one(readers)))
    own = dataset.posts.filter(pc.is_in(dataset.posts["account"], value_set=_one(heard)))
    own = _few(own, ["account"], n=posts, seed=seed)
    silent = active.filter(pc.invert(pc.is_in(active["source"], value_set=_one(own["account"]))))
    told = comments.filter(pc.is_valid(comments["text"])).join(
        silent, ["source", "target"], join_type="left semi"
    )
    told = _few(told, ["source", "target"], n=posts, seed=seed)
    under = dataset.posts.select(["id", "account"]).rename_columns(["post", "target"])
    shown = (
        own.select(["id", "account"])
        .rename_columns(["thing", "source"])
        .join(active, "source", join_type="inner")
    )
    pairs = pa.concat_tables(
        [
            told.select(["id", "post"]).rename_columns(["thing", "post"]),
            shown.join(under, "target", join_type="inner").select(["thing", "post"]),
        ]
    ).sort_by([("post", "ascending"), ("thing", "ascending")])
    view = Dataset(
        {
            "accounts": dataset.accounts,
            "posts": pa.concat_tables([own, _as_posts(told)]),
            "images": dataset.images,
            "links": dataset.stored_links.slice(0, 0),
        },
        dataset.fingerprint,
        pictures=dataset.picture,
    )
    return view, _one(pairs["thing"]), _one(pairs["post"])


def _most_active(comments: pa.Table, members: int) -> pa.Table:
    """(source, target) of the members of each target's audience that comment most; of equally active ones the
    first by id."""
    counts = comments.group_by(["source", "target"], use_threads=False).aggregate([("id", "count")])
    counts = counts.sort_by([("target", "ascending"), ("id_count", "descending"), ("source", "ascending")])
    return counts.filter(pa.array(_rank_within_group(counts, ["target"]) < members)).select(
        ["source", "target"]
    )


def _few(table: pa.Table, by: list[str], *, n: int, seed: int) -> pa.Table:
    """At most n rows of each group, drawn by the seed: a row's luck is its id's alone, so that no other row
    changes it."""
    luck = [
        hashlib.blake2b(f"{seed} {id}".encode(), digest_size=8).digest() for id in table["id"].to_pylist()
    ]
    table = table.append_column("luck", pa.array(luck, pa.binary()))
    table = table.sort_by([*((name, "ascending") for name in by), ("luck", "ascending")]).drop_columns("luck")
    return table.filter(pa.array(_rank_within_group(table, by) < n))


def _rank_within_group(table: pa.Table, by: list[str]) -> np.ndarray:
    """(n,) place of each row within its group, of a table that is sorted by it."""
    starts = np.zeros(len(table), bool)
    starts[:1] = True
    for name in by:
        code = _one(table[name]).dictionary_encode().indices.to_numpy()
        starts[1:] |= code[1:] != code[:-1]
    at = np.arange(len(table))
    return at - np.maximum.accumulate(np.where(starts, at, 0))


def _as_posts(comments: pa.Table) -> pa.Table:
    """Comments in the schema of posts: who wrote them is their account, what they say their caption."""
    schema, n = arrow_schema("posts"), len(comments)
    known = {
        "id": comments["id"],
        "account": comments["source"],
        "time": comments["time"],
        "caption": comments["text"],
    }
    empty = {"kind": pa.array(["post"] * n)} | {
        f.name: pa.array([[]] * n, f.type) for f in schema if pa.types.is_list(f.type)
    }
    columns = known | empty
    return pa.table({f.name: columns.get(f.name, pa.nulls(n, f.type)) for f in schema}, schema=schema)


def _one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
