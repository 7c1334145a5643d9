"""The Dataset: columnar tables of accounts, posts, images and links; an immutable view with a fingerprint."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.arguments import listed
from brandfit.data import schema
from brandfit.data.features import Features
from brandfit.data.schema import Account, Image, Link, Post
from brandfit.errors import UnknownName

SLOTS = ("text", "picture", "concept", "graph", "profile", "category", "audience", "engagement")
"""The kinds of evidence that rankers read; which Features fill a slot is a setting."""
SHOWN = ("text", "picture", "concept", "graph")
"""Those of them that are made of what an account posts."""

Made = TypeVar("Made")
Representation = str
"""How a brand is seen: 'posts', 'brief', 'partners' (but where Features tell of it itself), 'profile'
(features of its own, no posts) or 'none'."""


class Dataset:
    """Accounts, posts, images and links as Arrow tables, and the Features that fill each slot.

    Nothing in it changes; every method that narrows or adds returns a new Dataset with a fingerprint of its
    own, made from the old one's and from what was done. Pictures are read through ``picture(hash)``.
    """

    def __init__(
        self,
        tables: Mapping[str, pa.Table],
        fingerprint: str,
        *,
        slots: Mapping[str, Features] | None = None,
        pictures: Callable[[str], bytes] | None = None,
        notes: tuple[str, ...] = (),
        stand_ins: bool = True,
    ) -> None:
        self.accounts, self.posts, self.images = tables["accounts"], tables["posts"], tables["images"]
        self.stored_links = tables["links"]
        self.fingerprint = fingerprint
        self.slots: dict[str, Features] = dict(slots or {})
        self._pictures = pictures
        self._made: dict[Hashable, Any] = {}
        self._making = threading.RLock()
        self.notes = notes
        """Sentences on how this view came to be (endorsements derived, posts hidden ...), for reports."""
        self.stand_ins = stand_ins
        """Whether partners stand for brands without posts."""

    @classmethod
    def from_rows(
        cls,
        accounts: Sequence[Account] = (),
        posts: Sequence[Post] = (),
        *,
        images: Sequence[Image] = (),
        links: Sequence[Link] = (),
        pictures: Mapping[str, bytes] | None = None,
    ) -> Dataset:
        """From rows in memory. ``pictures`` maps an image hash to the bytes of its working copy."""
        rows = {"accounts": accounts, "posts": posts, "images": images, "links": links}
        ordered = {name: sorted(values, key=attrgetter(*schema.KEYS[name])) for name, values in rows.items()}
        return cls(
            {name: schema.to_table(name, values) for name, values in ordered.items()},
            fingerprint({name: map(schema.row_hash, values) for name, values in rows.items()}),
            pictures=pictures.__getitem__ if pictures is not None else None,
        )

    def __repr__(self) -> str:
        return (
            f"<Dataset {len(self.brands):,} brands, {len(self.influencers):,} influencers, "
            f"{len(self.posts):,} posts, "
            f"{len(self.images):,} images, {len(self.endorsements):,} endorsements, {self.fingerprint[:12]}>"
        )

    def cached(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What was made of this Dataset under this key before, for nothing in it changes; one thread makes
        it, others wait."""
        with self._making:
            if key not in self._made:
                self._made[key] = make()
        found: Made = self._made[key]
        return found

    # --- accounts -------------------------------------------------------------------------------------------

    @cached_property
    def brands(self) -> np.ndarray:
        """(b,) ids of all brands, sorted."""
        return self._role("brand")

    @cached_property
    def influencers(self) -> np.ndarray:
        """(i,) ids of all influencers, sorted."""
        return self._role("influencer")

    def account(self, id: str) -> dict[str, Any]:
        """All fields of one account. Raises UnknownName with the nearest ids."""
        at = pc.index(self.accounts["id"], id).as_py()
        if at < 0:
            raise UnknownName("account", id, known=self.accounts["id"].to_pylist())
        return self.accounts.slice(at, 1).to_pylist()[0]

    def account_values(self, field: str, ids: str | Sequence[str] | np.ndarray) -> np.ndarray:
        """(n,) values of one account field, None (or NaN for numbers) where missing or unknown."""
        rows = pc.index_in(pa.array(listed(ids), pa.string()), value_set=_one(self.accounts["id"]))
        return self.accounts[field].take(rows).to_numpy()

    # --- links ----------------------------------------------------------------------------------------------

    @cached_property
    def links(self) -> pa.Table:
        """The stored links and those that posts state: kind, source, target, post, time, text, weight (and
        id)."""
        return pa.concat_tables(
            [self.stored_links, *(stated_links(self.posts, k) for k in schema.STATED_BY_POST)]
        )

    def links_of_kinds(self, *kinds: str) -> pa.Table:
        """The links of these kinds."""
        stored = self.stored_links.filter(pc.is_in(self.stored_links["kind"], pa.array(kinds, pa.string())))
        return pa.concat_tables(
            [stored, *(stated_links(self.posts, k) for k in schema.STATED_BY_POST if k in kinds)]
        )

    @cached_property
    def endorsements(self) -> np.ndarray:
        """(e, 2) distinct (brand, influencer) ids, sorted: what rankers learn from and are judged by."""
        return self._pairs("endorses")

    @cached_property
    def representing(self) -> np.ndarray:
        """(r, 2) distinct (brand, influencer) ids of the partners that stand for a brand without posts or
        brief.

        The ``represents`` links where there are any; else the endorsements. A split that holds endorsements
        out states ``represents`` links, so that no partner stands for a brand that is to be matched with this
        very partner. Nobody where there are no ``stand_ins``.
        """
        if not self.stand_ins:
            return np.zeros((0, 2), dtype=object)
        stated = self._pairs("represents")
        return stated if len(stated) else self.endorsements

    @cached_property
    def partners(self) -> dict[str, set[str]]:
        """Brand id to the influencers known to have worked with it: endorsing or representing."""
        result: dict[str, set[str]] = {}
        for brand, influencer in np.concatenate([self.endorsements, self._pairs("represents")]).tolist():
            result.setdefault(brand, set()).add(influencer)
        return result

    @cached_property
    def representation(self) -> dict[str, Representation]:
        """Brand id to how it is seen: its posts if it has any, else its brief, else features in place of
        them, else its partners.

        Features in place of posts are those of ``SHOWN`` slots. What a brand says of itself is none: its
        partners come before its profile, for they have posts.
        """
        kinds = self.posts.group_by("account", use_threads=False).aggregate([("kind", "distinct")])
        has = dict(zip(kinds["account"].to_pylist(), kinds["kind_distinct"].to_pylist(), strict=True))
        told: dict[str, set[str]] = {
            slot: set(self.brands[features.rows_of(self.brands) >= 0].tolist())
            for slot, features in self.slots.items()
            if features.level == "account"
            and slot != "category"  # a category alone does not show what a brand is like
        }
        profiled = set().union(*told.values())
        shown = set().union(*(ids for slot, ids in told.items() if slot in SHOWN))
        partnered = set(self.representing[:, 0].tolist())

        def of(brand: str) -> Representation:
            kinds = has.get(brand, ())
            if "post" in kinds:
                return "posts"
            if "brief" in kinds:
                return "brief"
            if brand in partnered and brand not in shown:
                return "partners"
            return "profile" if brand in profiled else "none"

        return {brand: of(brand) for brand in self.brands.tolist()}

    # --- pictures -------------------------------------------------------------------------------------------

    def picture(self, hash: str) -> bytes:
        """Bytes of the working copy of a picture. Raises KeyError where it is not there."""
        if self._pictures is None:
            raise KeyError(hash)
        return self._pictures(hash)

    # --- other views ----------------------------------------------------------------------------------------

    def with_slots(self, slots: Mapping[str, Features]) -> Dataset:
        """The same with Features for each slot; the fingerprint covers their keys."""
        keys = sorted((slot, f.name, f.key or f.with_key().key) for slot, f in slots.items())
        return self._next(f"slots {keys}", slots=slots) if slots else self

    def without_representatives(self) -> Dataset:
        """The same where nobody stands for a brand without posts: all that is seen of it is what Features
        tell of itself."""
        result = self._next("no stand-ins")
        result.stand_ins = False
        return result

    def with_accounts(self, accounts: Sequence[Account], note: str = "") -> Dataset:
        """The same with more accounts; those that are already there are replaced."""
        new = schema.to_table("accounts", list(accounts))
        kept = self.accounts.filter(pc.invert(pc.is_in(self.accounts["id"], value_set=_one(new["id"]))))
        return self._next(f"accounts {_digest(new)}", note, accounts=pa.concat_tables([kept, new]))

    def with_more(self, other: Dataset, note: str = "") -> Dataset:
        """The same with the accounts, posts, images, links and pictures of another, none of which it has."""
        tables = {
            "accounts": pa.concat_tables([self.accounts, other.accounts]),
            "posts": pa.concat_tables([self.posts, other.posts], promote_options="default"),
            "images": pa.concat_tables([self.images, other.images]),
            "links": pa.concat_tables([self.stored_links, other.stored_links]),
        }
        own = set(other.images["hash"].to_pylist())
        result = self._next(f"more {other.fingerprint}", note, **tables)
        result._pictures = lambda hash: (other if hash in own else self).picture(hash)
        return result

    def hide_categories(self, ids: str | Iterable[str]) -> Dataset:
        """The same with the category of these accounts unknown."""
        hidden = pc.is_in(self.accounts["id"], value_set=pa.array(list(listed(ids)), pa.string()))
        at = self.accounts.schema.get_field_index("category")
        category = pc.if_else(
            hidden, pa.scalar(None, self.accounts["category"].type), self.accounts["category"]
        )
        table = self.accounts.set_column(at, self.accounts.schema.field(at), category)
        return self._next(f"hidden categories {_digest(table.select(['id', 'category']))}", accounts=table)

    def with_categories(self, categories: Mapping[str, str], note: str = "") -> Dataset:
        """The same with these categories, and none of all other accounts."""
        at = self.accounts.schema.get_field_index("category")
        told = pa.array(
            [categories.get(id) for id in self.accounts["id"].to_pylist()], self.accounts["category"].type
        )
        table = self.accounts.set_column(at, self.accounts.schema.field(at), told)
        return self._next(f"categories {_digest(table.select(['id', 'category']))}", note, accounts=table)

    @cached_property
    def post_categories(self) -> dict[str, str]:
        """Post to category, of those that ``with_post_categories`` was told."""
        if "category" not in self.posts.column_names:
            return {}
        told = zip(self.posts["id"].to_pylist(), self.posts["category"].to_pylist(), strict=True)
        return {id: category for id, category in told if category is not None}

    def with_post_categories(self, categories: Mapping[str, str], note: str = "") -> Dataset:
        """The same with these categories of posts, and none of all others. They are no part of the schema: no
        platform has them."""
        told = pa.array([categories.get(id) for id in self.posts["id"].to_pylist()], pa.string())
        bare = self.posts.drop_columns("category") if "category" in self.posts.column_names else self.posts
        table = bare.append_column("category", told)
        return self._next(f"post categories {_digest(table.select(['id', 'category']))}", note, posts=table)

    def hide_post_categories(self, posts: str | Iterable[str]) -> Dataset:
        """The same with the category of these posts unknown."""
        hidden = set(listed(posts))
        return self.with_post_categories(
            {id: c for id, c in self.post_categories.items() if id not in hidden}
        )

    def hide_disclosures(self, posts: str | Iterable[str]) -> Dataset:
        """The same with whether these posts are marked as advertisements unknown."""
        hidden = pc.is_in(self.posts["id"], value_set=pa.array(list(listed(posts)), pa.string()))
        at = self.posts.schema.get_field_index("disclosed")
        disclosed = pc.if_else(hidden, pa.scalar(None, pa.bool_()), self.posts["disclosed"])
        table = self.posts.set_column(at, self.posts.schema.field(at), disclosed)
        return self._next(f"hidden disclosures {_digest(table.select(['id', 'disclosed']))}", posts=table)

    def with_links(
        self, links: pa.Table | Sequence[Link], replacing: str | Iterable[str] = (), note: str = ""
    ) -> Dataset:
        """The same with more links, those of the kinds ``replacing`` taken out first."""
        new = links if isinstance(links, pa.Table) else schema.to_table("links", list(links))
        replacing = list(listed(replacing))
        kept = self.stored_links.filter(
            pc.invert(pc.is_in(self.stored_links["kind"], pa.array(replacing, pa.string())))
        )
        return self._next(
            f"links -{sorted(replacing)} +{_digest(new)}", note, links=pa.concat_tables([kept, new])
        )

    def restricted(
        self,
        brands: str | Iterable[str] | None = None,
        influencers: str | Iterable[str] | None = None,
        *,
        posts: str | pa.Array | np.ndarray | None = None,
        note: str = "",
    ) -> Dataset:
        """Only these brands, influencers and posts (None keeps all), and what belongs to them.

        Posts go with their account, images with their post, and a link with either end where that end was a
        brand or influencer that is left out, or with its post. Audience accounts stay.
        """
        kept = (
            self.brands if brands is None else listed(brands),
            self.influencers if influencers is None else listed(influencers),
        )
        gone = pa.array(
            [*_without(self.brands, kept[0]), *_without(self.influencers, kept[1])],
            pa.string(),
        )
        out = _digest_ids(gone)
        accounts = self.accounts.filter(pc.invert(pc.is_in(self.accounts["id"], value_set=gone)))
        left = self.posts.filter(pc.invert(pc.is_in(self.posts["account"], value_set=gone)))
        if posts is not None:
            left = left.filter(pc.is_in(left["id"], value_set=pa.array(listed(posts), pa.string())))
        gone_posts = self.posts["id"].filter(
            pc.invert(pc.is_in(self.posts["id"], value_set=_one(left["id"])))
        )
        images = self.images.filter(pc.is_in(self.images["post"], value_set=_one(left["id"])))
        lost = pc.or_(
            pc.or_(
                pc.is_in(self.stored_links["source"], value_set=gone),
                pc.is_in(self.stored_links["target"], value_set=gone),
            ),
            pc.and_(
                pc.is_in(self.stored_links["post"], value_set=_one(gone_posts)),
                pc.is_valid(self.stored_links["post"]),
            ),
        )
        return self._next(
            f"keep -{out} posts -{_digest_ids(gone_posts)}",
            note,
            accounts=accounts,
            posts=left,
            images=images,
            links=self.stored_links.filter(pc.invert(lost)),
        )

    # --- inside ---------------------------------------------------------------------------------------------

    def _next(
        self, done: str, note: str = "", slots: Mapping[str, Features] | None = None, **tables: pa.Table
    ) -> Dataset:
        old = {
            "accounts": self.accounts,
            "posts": self.posts,
            "images": self.images,
            "links": self.stored_links,
        }
        return Dataset(
            {**old, **tables},
            hashlib.sha256(f"{self.fingerprint}\n{done}".encode()).hexdigest(),
            slots=self.slots if slots is None else slots,
            pictures=self._pictures,
            notes=(*self.notes, note) if note else self.notes,
            stand_ins=self.stand_ins,
        )

    def _role(self, role: str) -> np.ndarray:
        ids = self.accounts["id"].filter(pc.equal(self.accounts["role"], role))
        return np.sort(ids.to_numpy().astype(object))

    def _pairs(self, kind: str) -> np.ndarray:
        links = self.links_of_kinds(kind).select(["target", "source"])
        known = pc.and_(
            pc.is_in(links["target"], value_set=pa.array(self.brands, pa.string())),
            pc.is_in(links["source"], value_set=pa.array(self.influencers, pa.string())),
        )
        pairs = (
            links.filter(known)
            .group_by(["target", "source"], use_threads=False)
            .aggregate([])
            .sort_by([("target", "ascending"), ("source", "ascending")])
        )
        return np.stack(
            [pairs["target"].to_numpy().astype(object), pairs["source"].to_numpy().astype(object)], axis=1
        )


def stated_links(posts: pa.Table, kind: str) -> pa.Table:
    """The links that posts state in their list field ``kind`` ('mentions', 'tags', 'sponsors'), in the links
    schema."""
    lists = _one(posts[kind])
    parent = pc.list_parent_indices(lists)
    n = len(parent)
    columns = {
        "id": pa.nulls(n, pa.string()).fill_null(""),
        "kind": pa.repeat(pa.scalar(kind), n),
        "source": posts["account"].take(parent),
        "target": pc.list_flatten(lists),
        "post": posts["id"].take(parent),
        "time": posts["time"].take(parent),
        "text": pa.nulls(n, pa.string()),
        "weight": pa.nulls(n, pa.float64()),
    }
    return pa.table(columns, schema=schema.arrow_schema("links"))


def fingerprint(hashes: Mapping[str, Iterable[bytes]]) -> str:
    """SHA-256 over the row hashes of every table, sorted: the same rows in any order have the same
    fingerprint."""
    total = hashlib.sha256(str(schema.SCHEMA_VERSION).encode())
    for table in schema.TABLES:
        total.update(table.encode())
        total.update(b"".join(sorted(hashes[table])))
    return total.hexdigest()


def _without(ids: np.ndarray, kept: Iterable[str]) -> list[str]:
    keeping = set(kept)
    return [id for id in ids.tolist() if id not in keeping]


def _one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _digest(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()[:16]


def _digest_ids(ids: pa.Array | pa.ChunkedArray) -> str:
    return hashlib.sha256("\n".join(sorted(ids.to_pylist())).encode()).hexdigest()[:16]
