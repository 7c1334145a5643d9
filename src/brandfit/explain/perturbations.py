"""Variants of one account: copies with other posts, other words, or other values of columns.

A variant is an additional account in a Dataset with the real ones, with copies of the posts and its own rows
of Features. Any ranker scores hundreds of variants in one call, as it scores real accounts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit import seeds
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Link, link_id, to_table
from brandfit.explain.explanation import Side
from brandfit.learning.pooling import account_has, any_account_has
from brandfit.mappings import rows_of_each
from brandfit.rankers.base import Ranker

AT_ONCE = 2**26
"""Values of Features in all variants of one call (256 MiB)."""


def pair(dataset: Dataset, brand: str, influencer: str, *, others: Sequence[str] = ()) -> Dataset:
    """The part of a Dataset that the score of a pair depends on: both accounts, the accounts that represent
    the brand, and the brands that the influencer endorses. ``others`` are added, with their posts.

    The links state explicitly who represents the brand, so that a variant of a representing account does not
    represent it too. The part is small, and so are hundreds of variants.
    """
    # Representing accounts are part of the score only for a brand without own content.
    partners: list[str] = []
    if dataset.representation[brand] == "partners":
        partners = dataset.representing[dataset.representing[:, 0] == brand, 1].tolist()
    endorsed = dataset.endorsements[dataset.endorsements[:, 1] == influencer, 0].tolist()
    members = list(dict.fromkeys([brand, influencer, *partners, *others]))
    is_account = pc.is_in(dataset.accounts["id"], pa.array([*members, *endorsed], pa.string()))
    accounts = dataset.accounts.filter(is_account)
    posts = dataset.posts.filter(pc.is_in(dataset.posts["account"], pa.array(members, pa.string())))
    # Rows of Features of these posts and accounts alone.
    ids_by_level = {
        "post": posts["id"].to_numpy().astype(object),
        "account": accounts["id"].to_numpy().astype(object),
    }
    slots = {}
    for slot, features in dataset.slots.items():
        ids = ids_by_level[features.level]
        values, has_row = features.values_of(ids)
        slots[slot] = replace(features, ids=ids[has_row], values=values[has_row])
    tables = {
        "accounts": accounts,
        "posts": posts,
        "images": dataset.images,
        "links": _pair_links(dataset, brand, influencer=influencer, partners=partners, members=members),
    }
    part = Dataset(
        tables,
        f"{dataset.fingerprint} {brand} {influencer}",
        slots=slots,
        pictures=dataset.picture,
        notes=dataset.notes,
        partners_represent=bool(partners),
    )
    return with_known_slots(part, dataset)


def _pair_links(
    dataset: Dataset, brand: str, *, influencer: str, partners: Sequence[str], members: Sequence[str]
) -> pa.Table:
    """Links of members to the brand and of the influencer, with ``represents`` stated for the partners."""
    links = dataset.stored_links
    is_member = pc.is_in(links["source"], pa.array(members, pa.string()))
    # Links between members matter; others would bring in accounts that are not in the part.
    is_to_brand = pc.and_(pc.equal(links["target"], brand), is_member)
    links = links.filter(pc.or_(is_to_brand, pc.equal(links["source"], influencer)))
    links = links.filter(pc.not_equal(links["kind"], "represents"))
    represents = []
    for partner in partners:
        id = link_id("represents", partner, target=brand)
        represents.append(Link(id=id, kind="represents", source=partner, target=brand))
    return pa.concat_tables([links, to_table("links", represents)])


@dataclass(frozen=True)
class Subject:
    """An account of which variants are made.

    posts  (p,) ids of its posts; of its brief if it has no posts
    rows   slot to Features (p, d) of the posts, or (1, d) of the account
    has    slot to (p,) or (1,) bool: which of these rows exist
    """

    dataset: Dataset
    id: str
    posts: np.ndarray
    rows: Mapping[str, np.ndarray]
    has: Mapping[str, np.ndarray]


def subject(dataset: Dataset, account: str, slots: Sequence[str]) -> Subject:
    own = dataset.posts.filter(pc.equal(dataset.posts["account"], account))
    posts = own.filter(pc.equal(own["kind"], "post"))
    ids = (posts if len(posts) else own)["id"].to_numpy().astype(object)
    rows, has = {}, {}
    for slot in slots:
        features = dataset.slots[slot]
        row_ids = ids if features.level == "post" else np.array([account], dtype=object)
        rows[slot], has[slot] = features.values_of(row_ids)
    return Subject(dataset=dataset, id=account, posts=ids, rows=rows, has=has)


def others(
    dataset: Dataset, slots: Sequence[str], *, ids: np.ndarray, count: int, seed: int
) -> dict[str, list[tuple[str, np.ndarray]]]:
    """Slot to ``count`` random accounts and their rows (q, d), as replacements.

    The same accounts in every slot, as far as they have it. If fewer accounts have a slot, all of them,
    repeatedly.
    """
    sampled = seeds.generator(seed, "others").permutation(ids)
    has = {slot: account_has(dataset, slot, sampled) for slot in slots}  # (n,) bool each
    # Accounts with the most slots first, so that slots have as many accounts in common as possible.
    by_slots = np.argsort(-sum(has.values(), np.zeros(len(sampled))), kind="stable")
    result: dict[str, list[tuple[str, np.ndarray]]] = {}
    for slot in slots:
        chosen = sampled[by_slots[has[slot][by_slots]]]
        result[slot] = []
        for n in range(count if len(chosen) else 0):
            id = str(chosen[n % len(chosen)])
            account = subject(dataset, id, [slot])
            result[slot].append((id, account.rows[slot][account.has[slot]]))
    return result


@dataclass(frozen=True)
class Variants:
    """m variants of a subject.

    changed  slot to rows (m, p, d) of the posts, or (m, 1, d) of the account, in place of the subject's. A
             post without a row has none in any variant.
    """

    subject: Subject
    changed: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(next(iter(self.changed.values()))) if self.changed else 1

    def subset(self, rows: slice) -> Variants:
        return replace(self, changed=rows_of_each(self.changed, rows))

    def dataset(self) -> tuple[Dataset, np.ndarray]:
        """A Dataset with the variants as additional accounts, and their ids (m,)."""
        base, m, p = self.subject.dataset, len(self), len(self.subject.posts)
        names = np.array([f"{self.subject.id} {n}" for n in range(m)], dtype=object)
        numbers = np.tile(np.arange(p), m)
        post_ids = np.array(
            [f"{name} {n}" for name, n in zip(np.repeat(names, p), numbers, strict=True)], dtype=object
        )
        # Every variant has a copy of each post, under its own name: (m p,) rows.
        own_posts = pc.index_in(
            pa.array(self.subject.posts, pa.string()), value_set=base.posts["id"].combine_chunks()
        )
        copies = base.posts.take(pa.array(np.tile(own_posts.to_numpy(), m)))
        copies = _with_column(copies, "id", values=post_ids)
        copies = _with_column(copies, "account", values=np.repeat(names, p))
        # Rows of the variants are appended to those of the real accounts.
        slots = dict(base.slots)
        for slot in self.subject.rows.keys() & base.slots.keys():
            ids = names if base.slots[slot].level == "account" else post_ids
            slots[slot] = self._extended(base.slots[slot], slot, ids=ids)
        tables = {
            "accounts": with_copies(base.accounts, self.subject.id, names=names),
            "posts": pa.concat_tables([base.posts, copies]),
            "images": base.images,
            "links": self._links(base.stored_links, names),
        }
        extended = Dataset(
            tables,
            f"{base.fingerprint} variants",
            slots=slots,
            pictures=base.picture,
            notes=base.notes,
            partners_represent=base.partners_represent,
        )
        return with_known_slots(extended, base), names

    def _extended(self, features: Features, slot: str, *, ids: np.ndarray) -> Features:
        """Features with the rows of all variants, by these ids (m p,) or (m,)."""
        m, own = len(self), self.subject.rows[slot]
        rows = self.changed.get(slot, np.broadcast_to(own, (m, *own.shape)))
        has_row = np.tile(self.subject.has[slot], m)
        values = rows.reshape(-1, features.dim)[has_row]
        return replace(
            features,
            ids=np.concatenate([features.ids, ids[has_row]]),
            values=np.concatenate([features.values, values.astype(np.float32)]),
        )

    def _links(self, links: pa.Table, names: np.ndarray) -> pa.Table:
        """Links with the endorsements of the subject copied for each variant.

        For a brand, endorsements and representation are removed from the brand and not given to its variants:
        the influencer would have worked with hundreds of brands, or with another brand that equals them.
        """
        is_to_subject = pc.and_(
            pc.equal(links["target"], self.subject.id),
            pc.is_in(links["kind"], pa.array(["endorses", "represents"])),
        )
        links = links.filter(pc.invert(is_to_subject))
        is_own = pc.and_(pc.equal(links["source"], self.subject.id), pc.equal(links["kind"], "endorses"))
        own = links.filter(is_own)
        copies = own.take(pa.array(np.tile(np.arange(len(own)), len(names))))
        copies = _with_column(copies, "source", values=np.repeat(names, len(own)))
        return pa.concat_tables([links, copies])


def scores(ranker: Ranker, other: str, *, side: Side, variants: Variants) -> np.ndarray:
    """(m,) scores of the variants of one side with the account of the other; 0 without evidence."""
    size = sum(rows.size for rows in variants.subject.rows.values())
    # Batches keep the memory of the variants bounded.
    step = max(AT_ONCE // max(size, 1), 1)
    parts = []
    opposite = np.array([other], dtype=object)
    for start in range(0, len(variants), step):
        dataset, names = variants.subset(slice(start, start + step)).dataset()
        if side == "influencer":
            parts.append(ranker.score(dataset, opposite, names)[0])
        else:
            parts.append(ranker.score(dataset, names, opposite)[:, 0])
    return np.nan_to_num(np.concatenate(parts)) if parts else np.zeros(0)


def with_known_slots(part: Dataset, dataset: Dataset) -> Dataset:
    """The part, in which a slot counts as filled if it is in the dataset, even if no account of the part has
    it."""
    for slot in part.slots:
        for side in ("influencer", "brand"):
            any_account_has(part, slot, side=side, as_in=dataset)
    return part


def with_copies(accounts: pa.Table, id: str, *, names: np.ndarray) -> pa.Table:
    """Accounts with copies of one account under these names."""
    row = pc.index(accounts["id"], id).as_py()
    copies = accounts.take(pa.array([row] * len(names), pa.int64()))
    return pa.concat_tables([accounts, _with_column(copies, "id", values=names)])


def _with_column(table: pa.Table, column: str, *, values: np.ndarray) -> pa.Table:
    index = table.schema.get_field_index(column)
    return table.set_column(index, table.schema.field(index), pa.array(values, pa.string()))
