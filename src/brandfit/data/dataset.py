"""The Dataset: Arrow tables of accounts, posts, images and links, as an immutable view with a fingerprint."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, Literal, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.arguments import listed
from brandfit.data import schema
from brandfit.data.arrow import combined
from brandfit.data.features import Features
from brandfit.data.schema import Account, Image, Link, Post
from brandfit.errors import UnknownName

SLOTS = (
    "text", "picture", "concept", "graph", "profile", "category",
    "audience", "audience_picture", "engagement",
)  # fmt: skip
"""The roles of features that rankers read. A setting chooses the Features that fill a slot."""
POST_SLOTS = ("text", "picture", "concept", "graph")
"""The slots that are made from what an account posts."""

Pairs = np.ndarray
"""(p, 2) object ids (brand, influencer)."""
NO_PAIRS = np.zeros((0, 2), dtype=object)

Value = TypeVar("Value")
Representation = Literal["posts", "brief", "partners", "profile", "none"]
"""The data that represent a brand: its posts; its brief; its partners, if it has no Features in
``POST_SLOTS``; its own Features; or nothing."""


class Dataset:
    """Accounts, posts, images and links as Arrow tables, and the Features that fill each slot.

    A Dataset never changes. Every method that narrows or adds returns a new Dataset; its fingerprint is made
    from the old fingerprint and from the change. ``picture(hash)`` reads a picture.

    stored_links        the links table without the links that posts state (``links`` has both)
    notes               sentences for reports on the origin of this view: derived endorsements, hidden posts
                        ...
    partners_represent  whether partners represent brands without posts
    uncounted_pairs     (u, 2) pairs that posts state, of influencers outside the follower bounds of derived
                        endorsements: they are no endorsements. Views with fewer accounts keep all of them.
    """

    def __init__(
        self,
        tables: Mapping[str, pa.Table],
        fingerprint: str,
        *,
        slots: Mapping[str, Features] | None = None,
        pictures: Callable[[str], bytes] | None = None,
        notes: tuple[str, ...] = (),
        partners_represent: bool = True,
        uncounted_pairs: Pairs = NO_PAIRS,
    ) -> None:
        self.accounts, self.posts, self.images = tables["accounts"], tables["posts"], tables["images"]
        self.stored_links = tables["links"]
        self.fingerprint = fingerprint
        self.slots: dict[str, Features] = dict(slots or {})
        self._pictures = pictures
        self._cache: dict[Hashable, Any] = {}
        self._cache_lock = threading.RLock()
        self.notes = notes
        self.partners_represent = partners_represent
        self.uncounted_pairs = uncounted_pairs

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
        tables, hashes = {}, {}
        for name, values in rows.items():
            # Tables are sorted by key, so that the order of the rows changes nothing.
            ordered = sorted(values, key=attrgetter(*schema.KEYS[name]))
            tables[name] = schema.to_table(name, ordered)
            hashes[name] = map(schema.row_hash, values)
        return cls(
            tables, fingerprint(hashes), pictures=pictures.__getitem__ if pictures is not None else None
        )

    def __repr__(self) -> str:
        return (
            f"<Dataset {len(self.brands):,} brands, {len(self.influencers):,} influencers, "
            f"{len(self.posts):,} posts, "
            f"{len(self.images):,} images, {len(self.endorsements):,} endorsements, {self.fingerprint[:12]}>"
        )

    def cached(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of ``make``, computed once for each key. If several threads need it, one computes and the
        others wait."""
        with self._cache_lock:
            if key not in self._cache:
                self._cache[key] = make()
        value: Value = self._cache[key]
        return value

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
        row = pc.index(self.accounts["id"], id).as_py()
        if row < 0:
            raise UnknownName("account", id, known=self.accounts["id"].to_pylist())
        account: dict[str, Any] = self.accounts.slice(row, 1).to_pylist()[0]
        return {**account, "attributes": dict(account["attributes"] or ())}

    def account_values(self, field: str, ids: str | Sequence[str] | np.ndarray) -> np.ndarray:
        """(n,) values of one account field, None (or NaN for numbers) where missing or unknown."""
        rows = pc.index_in(pa.array(listed(ids), pa.string()), value_set=combined(self.accounts["id"]))
        return self.accounts[field].take(rows).to_numpy()

    # --- links ----------------------------------------------------------------------------------------------

    @cached_property
    def links(self) -> pa.Table:
        """The stored links and the links that posts state: kind, source, target, post, time, text, weight
        (and id)."""
        stated = [stated_links(self.posts, kind) for kind in schema.STATED_BY_POST]
        return pa.concat_tables([self.stored_links, *stated])

    def links_of_kinds(self, *kinds: str) -> pa.Table:
        """The links of these kinds."""
        stored = self.stored_links.filter(pc.is_in(self.stored_links["kind"], pa.array(kinds, pa.string())))
        stated = [stated_links(self.posts, kind) for kind in schema.STATED_BY_POST if kind in kinds]
        return pa.concat_tables([stored, *stated])

    @cached_property
    def endorsements(self) -> Pairs:
        """(e, 2) distinct (brand, influencer) ids, sorted: the pairs that rankers learn from and are judged
        by."""
        return self._pairs("endorses")

    @cached_property
    def representing(self) -> Pairs:
        """(r, 2) distinct (brand, influencer) ids of the partners that represent a brand without posts or
        brief.

        These are the ``represents`` links if there are any, else the endorsements. A split that holds
        endorsements out states ``represents`` links, so that no partner represents a brand that is to be
        matched with this same partner. Empty without ``partners_represent``.
        """
        if not self.partners_represent:
            return NO_PAIRS
        stated = self._pairs("represents")
        return stated if len(stated) else self.endorsements

    @cached_property
    def partners(self) -> dict[str, set[str]]:
        """Brand id to its past partners: the influencers that endorse or represent it."""
        result: dict[str, set[str]] = {}
        for brand, influencer in np.concatenate([self.endorsements, self._pairs("represents")]).tolist():
            result.setdefault(brand, set()).add(influencer)
        return result

    def uncounted_partners(self, brand: str) -> set[str]:
        """Influencers that ``uncounted_pairs`` pairs with this brand."""
        return set(self.uncounted_pairs[self.uncounted_pairs[:, 0] == brand, 1].tolist())

    def uncounted_brands(self, influencer: str) -> list[str]:
        """Brands that ``uncounted_pairs`` pairs with this influencer, sorted."""
        return sorted(self.uncounted_pairs[self.uncounted_pairs[:, 1] == influencer, 0].tolist())

    @cached_property
    def unread_briefs(self) -> frozenset[str]:
        """Brands with a brief that does not represent them, because they have posts."""
        is_brief = pc.equal(self.posts["kind"], "brief")
        owners = set(self.posts["account"].filter(is_brief).to_pylist())
        return frozenset(id for id in owners if self.representation.get(id) == "posts")

    @cached_property
    def representation(self) -> dict[str, Representation]:
        """Brand id to the data that represent it: its posts if it has any, else its brief, else its Features
        in ``POST_SLOTS``, else its partners, else its profile.

        Partners come before the profile, because they have posts. A graph vector of a whole account may be
        made of its profile, so it counts as the profile if other slots have Features of single posts, which
        partners bring; as the brand's own Features it stays before those of the partners.
        """
        kinds = self.posts.group_by("account", use_threads=False).aggregate([("kind", "distinct")])
        kinds_by_account = dict(
            zip(kinds["account"].to_pylist(), kinds["kind_distinct"].to_pylist(), strict=True)
        )
        # Brands with Features of whole accounts. A category alone does not describe a brand.
        has_features: set[str] = set()
        has_post_features: set[str] = set()
        are_posts_encoded = any(
            features.level == "post" for slot, features in self.slots.items() if slot in POST_SLOTS
        )
        for slot, features in self.slots.items():
            if features.level == "account" and slot != "category":
                covered = self.brands[features.rows_of(self.brands) >= 0].tolist()
                has_features.update(covered)
                if slot in POST_SLOTS and not (slot == "graph" and are_posts_encoded):
                    has_post_features.update(covered)
        has_partners = set(self.representing[:, 0].tolist())

        result: dict[str, Representation] = {}
        for brand in self.brands.tolist():
            kinds_of_posts = kinds_by_account.get(brand, ())
            if "post" in kinds_of_posts:
                result[brand] = "posts"
            elif "brief" in kinds_of_posts:
                result[brand] = "brief"
            elif brand in has_partners and brand not in has_post_features:
                result[brand] = "partners"
            else:
                result[brand] = "profile" if brand in has_features else "none"
        return result

    # --- pictures -------------------------------------------------------------------------------------------

    def picture(self, hash: str) -> bytes:
        """Bytes of the working copy of a picture. Raises KeyError if it is not stored."""
        if self._pictures is None:
            raise KeyError(hash)
        return self._pictures(hash)

    # --- other views ----------------------------------------------------------------------------------------

    def with_slots(self, slots: Mapping[str, Features]) -> Dataset:
        """The same with Features for each slot; the fingerprint covers their keys."""
        keys = sorted((slot, f.name, f.key or f.with_key().key) for slot, f in slots.items())
        return self._changed(f"slots {keys}", slots=slots) if slots else self

    def without_representatives(self) -> Dataset:
        """The same without partners that represent brands: a brand without posts is known by its Features
        alone."""
        result = self._changed("no stand-ins")
        result.partners_represent = False
        return result

    def with_uncounted_pairs(self, pairs: Pairs) -> Dataset:
        """The same with these ``uncounted_pairs``. The fingerprint stays, because no ranker reads them."""
        result = self._changed(None)
        result.uncounted_pairs = pairs
        return result

    def with_accounts(self, accounts: Sequence[Account], note: str = "") -> Dataset:
        """The same with more accounts; an account with the same id is replaced."""
        new = schema.to_table("accounts", list(accounts))
        is_replaced = pc.is_in(self.accounts["id"], value_set=combined(new["id"]))
        kept = self.accounts.filter(pc.invert(is_replaced))
        return self._changed(f"accounts {_digest(new)}", note, accounts=pa.concat_tables([kept, new]))

    def with_more(self, other: Dataset, note: str = "") -> Dataset:
        """The same with the accounts, posts, images, links and pictures of another Dataset. No id may be in
        both."""
        tables = {
            "accounts": pa.concat_tables([self.accounts, other.accounts]),
            "posts": pa.concat_tables([self.posts, other.posts], promote_options="default"),
            "images": pa.concat_tables([self.images, other.images]),
            "links": pa.concat_tables([self.stored_links, other.stored_links]),
        }
        # Pictures are read lazily, from the Dataset that has them.
        hashes_of_other = set(other.images["hash"].to_pylist())
        result = self._changed(f"more {other.fingerprint}", note, **tables)
        result._pictures = lambda hash: (other if hash in hashes_of_other else self).picture(hash)
        return result

    def hide_categories(self, ids: str | Iterable[str]) -> Dataset:
        """The same with the category of these accounts unknown."""
        table = _nulled(self.accounts, "category", ids=ids)
        return self._changed(f"hidden categories {_digest(table.select(['id', 'category']))}", accounts=table)

    def with_categories(self, category_by_id: Mapping[str, str], note: str = "") -> Dataset:
        """The same with these categories of accounts, and none for all other accounts."""
        categories = pa.array(
            [category_by_id.get(id) for id in self.accounts["id"].to_pylist()], self.accounts["category"].type
        )
        table = _replaced(self.accounts, "category", values=categories)
        return self._changed(f"categories {_digest(table.select(['id', 'category']))}", note, accounts=table)

    @cached_property
    def post_categories(self) -> dict[str, str]:
        """Post id to category, for the posts with a category by ``with_post_categories``."""
        if "category" not in self.posts.column_names:
            return {}
        rows = zip(self.posts["id"].to_pylist(), self.posts["category"].to_pylist(), strict=True)
        return {id: category for id, category in rows if category is not None}

    def with_post_categories(self, category_by_post: Mapping[str, str], note: str = "") -> Dataset:
        """The same with these categories of posts, and none for all other posts. The column is not in the
        schema, because no platform has it."""
        categories = pa.array([category_by_post.get(id) for id in self.posts["id"].to_pylist()], pa.string())
        posts = self.posts.drop_columns("category") if "category" in self.posts.column_names else self.posts
        table = posts.append_column("category", categories)
        return self._changed(
            f"post categories {_digest(table.select(['id', 'category']))}", note, posts=table
        )

    def hide_post_categories(self, posts: str | Iterable[str]) -> Dataset:
        """The same with the category of these posts unknown."""
        hidden = set(listed(posts))
        return self.with_post_categories(
            {id: category for id, category in self.post_categories.items() if id not in hidden}
        )

    def hide_disclosures(self, posts: str | Iterable[str]) -> Dataset:
        """The same without knowing whether these posts are marked as advertisements."""
        table = _nulled(self.posts, "disclosed", ids=posts)
        return self._changed(f"hidden disclosures {_digest(table.select(['id', 'disclosed']))}", posts=table)

    def with_links(
        self, links: pa.Table | Sequence[Link], replacing: str | Iterable[str] = (), note: str = ""
    ) -> Dataset:
        """The same with more links. Stored links of the kinds ``replacing`` are removed first."""
        new = links if isinstance(links, pa.Table) else schema.to_table("links", list(links))
        replacing = list(listed(replacing))
        is_replaced = pc.is_in(self.stored_links["kind"], pa.array(replacing, pa.string()))
        kept = self.stored_links.filter(pc.invert(is_replaced))
        return self._changed(
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
        """Only these brands, influencers and posts (None keeps all), with the rows that belong to them.

        Posts go with their account and images with their post. A link goes with either of its accounts and
        with its post. Audience accounts stay.
        """
        removed = pa.array(
            [
                *_without(self.brands, self.brands if brands is None else listed(brands)),
                *_without(self.influencers, self.influencers if influencers is None else listed(influencers)),
            ],
            pa.string(),
        )
        accounts = self.accounts.filter(pc.invert(pc.is_in(self.accounts["id"], value_set=removed)))
        kept = self.posts.filter(pc.invert(pc.is_in(self.posts["account"], value_set=removed)))
        if posts is not None:
            kept = kept.filter(pc.is_in(kept["id"], value_set=pa.array(listed(posts), pa.string())))
        kept_ids = combined(kept["id"])
        removed_posts = self.posts["id"].filter(pc.invert(pc.is_in(self.posts["id"], value_set=kept_ids)))

        # Links without a post stay; pc.is_in would match their null with a null.
        links = self.stored_links
        has_removed_account = pc.or_(
            pc.is_in(links["source"], value_set=removed), pc.is_in(links["target"], value_set=removed)
        )
        has_removed_post = pc.and_(
            pc.is_in(links["post"], value_set=combined(removed_posts)), pc.is_valid(links["post"])
        )
        return self._changed(
            f"keep -{_digest_ids(removed)} posts -{_digest_ids(removed_posts)}",
            note,
            accounts=accounts,
            posts=kept,
            images=self.images.filter(pc.is_in(self.images["post"], value_set=kept_ids)),
            links=links.filter(pc.invert(pc.or_(has_removed_account, has_removed_post))),
        )

    # --- inside ---------------------------------------------------------------------------------------------

    def _changed(
        self,
        change: str | None,
        note: str = "",
        *,
        slots: Mapping[str, Features] | None = None,
        **tables: pa.Table,
    ) -> Dataset:
        """The same with these slots and tables in place of the old ones. The new fingerprint is made from the
        old one and ``change``; None keeps the old one."""
        # Pictures, slots and notes are shared: only tables that change are replaced.
        old = {
            "accounts": self.accounts,
            "posts": self.posts,
            "images": self.images,
            "links": self.stored_links,
        }
        changed = hashlib.sha256(f"{self.fingerprint}\n{change}".encode()).hexdigest()
        return Dataset(
            {**old, **tables},
            self.fingerprint if change is None else changed,
            slots=self.slots if slots is None else slots,
            pictures=self._pictures,
            notes=(*self.notes, note) if note else self.notes,
            partners_represent=self.partners_represent,
            uncounted_pairs=self.uncounted_pairs,
        )

    def _role(self, role: str) -> np.ndarray:
        ids = self.accounts["id"].filter(pc.equal(self.accounts["role"], role))
        return np.sort(ids.to_numpy().astype(object))

    def _pairs(self, kind: str) -> Pairs:
        """(p, 2) distinct pairs of the links of this kind from an influencer to a brand, sorted."""
        links = self.links_of_kinds(kind).select(["target", "source"])
        # Links between accounts of other roles, such as two influencers, are no pairs.
        is_pair = pc.and_(
            pc.is_in(links["target"], value_set=pa.array(self.brands, pa.string())),
            pc.is_in(links["source"], value_set=pa.array(self.influencers, pa.string())),
        )
        pairs = (
            links.filter(is_pair)
            .group_by(["target", "source"], use_threads=False)
            .aggregate([])
            .sort_by([("target", "ascending"), ("source", "ascending")])
        )
        columns = [pairs[end].to_numpy().astype(object) for end in ("target", "source")]
        return np.stack(columns, axis=1)


def stated_links(posts: pa.Table, kind: str) -> pa.Table:
    """The links that posts state in their list field ``kind`` ('mentions', 'tags', 'sponsors'), in the links
    schema."""
    lists = combined(posts[kind])
    parent = pc.list_parent_indices(lists)  # (n,) row of the post of each list entry
    n = len(parent)
    # Stated links have no id of their own: they change with their post.
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
    total = hashlib.sha256(str(schema.HASHED_VERSION).encode())
    for table in schema.TABLES:
        total.update(table.encode())
        total.update(_sorted_hashes(hashes[table]))
    return total.hexdigest()


def _sorted_hashes(hashes: Iterable[bytes]) -> bytes:
    """128-bit hashes in order, one after the other. As one array, because a large table has millions."""
    joined = bytearray()
    for one in hashes:
        joined += one
    halves = np.frombuffer(bytes(joined), ">u8").reshape(-1, 2)  # (n, 2) big-endian, which sorts as bytes do
    order = np.lexsort((halves[:, 1], halves[:, 0]))
    return halves[order].tobytes()


def _without(ids: np.ndarray, kept: Iterable[str]) -> list[str]:
    kept = set(kept)
    return [id for id in ids.tolist() if id not in kept]


def _replaced(table: pa.Table, column: str, *, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    """The table with other values in a column that it has."""
    index = table.schema.get_field_index(column)
    return table.set_column(index, table.schema.field(index), values)


def _nulled(table: pa.Table, column: str, *, ids: str | Iterable[str]) -> pa.Table:
    """The table with null in this column for the rows with one of these ids."""
    is_hidden = pc.is_in(table["id"], value_set=pa.array(list(listed(ids)), pa.string()))
    null = pa.scalar(None, table[column].type)
    return _replaced(table, column, values=pc.if_else(is_hidden, null, table[column]))


def _digest(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()[:16]


def _digest_ids(ids: pa.Array | pa.ChunkedArray) -> str:
    return hashlib.sha256("\n".join(sorted(ids.to_pylist())).encode()).hexdigest()[:16]
