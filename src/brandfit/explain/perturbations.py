"""Variants of one account: what would it score, were this post another's, that word not said, this column as
elsewhere?

A variant is an account of its own in a Dataset beside the real ones, with copies of the posts and with rows
of Features of its own. Any ranker scores hundreds of them in one call and knows nothing of it.
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
from brandfit.rankers.base import Ranker

AT_ONCE = 2**26
"""Numbers of Features that variants may hold at once (256 MiB)."""


def pair(dataset: Dataset, brand: str, influencer: str) -> Dataset:
    """All that a score of this pair depends on, and nothing else: both, who stands for the brand, whom the
    influencer endorses.

    Who stands for the brand is said once and for all: a variant of one who does, does not.

    Small, so that hundreds of variants are.
    """
    seen_as = dataset.representation[brand]
    partners = (
        dataset.representing[dataset.representing[:, 0] == brand, 1].tolist() if seen_as == "partners" else []
    )
    endorsed = dataset.endorsements[dataset.endorsements[:, 1] == influencer, 0].tolist()
    asked = pa.array(list(dict.fromkeys([brand, influencer, *partners])), pa.string())
    accounts = dataset.accounts.filter(
        pc.is_in(dataset.accounts["id"], pa.array([*asked.to_pylist(), *endorsed], pa.string()))
    )
    posts = dataset.posts.filter(pc.is_in(dataset.posts["account"], asked))
    links = dataset.stored_links.filter(
        pc.or_(
            pc.and_(
                pc.equal(dataset.stored_links["target"], brand),
                pc.is_in(dataset.stored_links["source"], asked),
            ),
            pc.equal(dataset.stored_links["source"], influencer),
        )
    )
    links = links.filter(pc.not_equal(links["kind"], "represents"))
    stands = [
        Link(id=link_id("represents", i, target=brand), kind="represents", source=i, target=brand)
        for i in partners
    ]
    links = pa.concat_tables([links, to_table("links", stands)])
    wanted = {
        "post": posts["id"].to_numpy().astype(object),
        "account": accounts["id"].to_numpy().astype(object),
    }
    slots = {}
    for slot, features in dataset.slots.items():
        values, there = features.values_of(wanted[features.level])
        slots[slot] = replace(features, ids=wanted[features.level][there], values=values[there])
    tables = {"accounts": accounts, "posts": posts, "images": dataset.images, "links": links}
    fingerprint = f"{dataset.fingerprint} {brand} {influencer}"
    alone = Dataset(
        tables,
        fingerprint,
        slots=slots,
        pictures=dataset.picture,
        notes=dataset.notes,
        stand_ins=bool(partners),
    )
    return _as_among(dataset, alone)


@dataclass(frozen=True)
class Subject:
    """An account as its variants are made of it.

    posts  (p,) ids of its posts, of its brief where it has none
    rows   slot to (p, d) of its posts or (1, d) of itself; has: slot to (p,) or (1,) bool
    """

    dataset: Dataset
    id: str
    posts: np.ndarray
    rows: Mapping[str, np.ndarray]
    has: Mapping[str, np.ndarray]


def subject(dataset: Dataset, account: str, slots: Sequence[str]) -> Subject:
    mine = dataset.posts.filter(pc.equal(dataset.posts["account"], account))
    own = mine.filter(pc.equal(mine["kind"], "post"))
    ids = (own if len(own) else mine)["id"].to_numpy().astype(object)
    found = {}
    for slot in slots:
        asked = ids if dataset.slots[slot].level == "post" else np.array([account], dtype=object)
        found[slot] = dataset.slots[slot].values_of(asked)
    return Subject(
        dataset=dataset,
        id=account,
        posts=ids,
        rows={s: v[0] for s, v in found.items()},
        has={s: v[1] for s, v in found.items()},
    )


def others(
    dataset: Dataset, slots: Sequence[str], *, ids: np.ndarray, count: int, seed: int
) -> dict[str, list[tuple[str, np.ndarray]]]:
    """Slot to ``count`` accounts, drawn anew for every seed, and their rows (q, d): what stands in for what
    is taken away.

    The same accounts in every slot, as far as they have it; where fewer have it, all of them, again and
    again.
    """
    drawn = seeds.generator(seed, "others").permutation(ids)
    has = {slot: account_has(dataset, slot, drawn) for slot in slots}
    best = np.argsort(-sum(has.values(), np.zeros(len(drawn))), kind="stable")
    result: dict[str, list[tuple[str, np.ndarray]]] = {}
    for slot in slots:
        chosen = drawn[best[has[slot][best]]]
        result[slot] = []
        for n in range(count if len(chosen) else 0):
            id = str(chosen[n % len(chosen)])
            found = subject(dataset, id, [slot])
            result[slot].append((id, found.rows[slot][found.has[slot]]))
    return result


@dataclass(frozen=True)
class Variants:
    """m variants of a subject: slot to (m, p, d) rows of its posts, or (m, 1, d) of itself, in place of its
    own.

    Where a post of the subject has no row, no variant of it has.
    """

    subject: Subject
    changed: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(next(iter(self.changed.values()))) if self.changed else 1

    def subset(self, at: slice) -> Variants:
        return replace(self, changed={slot: rows[at] for slot, rows in self.changed.items()})

    def dataset(self) -> tuple[Dataset, np.ndarray]:
        """A Dataset that holds the variants too, and their ids (m,)."""
        base, m, p = self.subject.dataset, len(self), len(self.subject.posts)
        names = np.array([f"{self.subject.id} {n}" for n in range(m)], dtype=object)
        posts = np.array([f"{name} {n}" for name in names for n in range(p)], dtype=object)
        mine = pc.index_in(
            pa.array(self.subject.posts, pa.string()), value_set=base.posts["id"].combine_chunks()
        )
        copies = base.posts.take(pa.array(np.tile(mine.to_numpy(), m)))
        copies = _set(_set(copies, "id", posts), "account", np.repeat(names, p))
        slots = {}
        for slot, features in base.slots.items():
            slots[slot] = features
            if slot in self.subject.rows:
                ids = names if features.level == "account" else posts
                rows = self.changed.get(
                    slot, np.broadcast_to(self.subject.rows[slot], (m, *self.subject.rows[slot].shape))
                )
                there = np.tile(self.subject.has[slot], m)
                slots[slot] = _longer(features, ids[there], rows.reshape(-1, features.dim)[there])
        tables = {
            "accounts": _copied(base.accounts, "id", id=self.subject.id, names=names),
            "posts": pa.concat_tables([base.posts, copies]),
            "images": base.images,
            "links": self._links(base.stored_links, names),
        }
        longer = Dataset(
            tables,
            f"{base.fingerprint} variants",
            slots=slots,
            pictures=base.picture,
            notes=base.notes,
            stand_ins=base.stand_ins,
        )
        return _as_among(base, longer), names

    def _links(self, links: pa.Table, names: np.ndarray) -> pa.Table:
        """Whom the subject endorses every variant does. Of a brand no more is said of its variants, nor of
        itself: the influencer would be one that has worked with hundreds, or with another brand that is just
        like them."""
        links = links.filter(
            pc.invert(
                pc.and_(
                    pc.equal(links["target"], self.subject.id),
                    pc.is_in(links["kind"], pa.array(["endorses", "represents"])),
                )
            )
        )
        mine = links.filter(
            pc.and_(pc.equal(links["source"], self.subject.id), pc.equal(links["kind"], "endorses"))
        )
        copies = mine.take(pa.array(np.tile(np.arange(len(mine)), len(names))))
        return pa.concat_tables([links, _set(copies, "source", np.repeat(names, len(mine)))])


def scores(ranker: Ranker, other: str, *, side: Side, variants: Variants) -> np.ndarray:
    """(m,) scores of the variants of one side with the account of the other; 0 where there is no evidence."""
    width = sum(rows.size for rows in variants.subject.rows.values())
    step = max(AT_ONCE // max(width, 1), 1)
    found = []
    opposite = np.array([other], dtype=object)
    for start in range(0, len(variants), step):
        dataset, names = variants.subset(slice(start, start + step)).dataset()
        told = (
            ranker.score(dataset, opposite, names)[0]
            if side == "influencer"
            else ranker.score(dataset, names, opposite)[:, 0]
        )
        found.append(told)
    return np.nan_to_num(np.concatenate(found)) if found else np.zeros(0)


def _as_among(dataset: Dataset, part: Dataset) -> Dataset:
    """The part, in which a slot counts as in the whole, also where nobody of the part has it."""
    for slot in part.slots:
        for side in ("influencer", "brand"):
            any_account_has(part, slot, side=side, as_in=dataset)
    return part


def _copied(table: pa.Table, column: str, *, id: str, names: np.ndarray) -> pa.Table:
    at = pc.index(table[column], id).as_py()
    return pa.concat_tables([table, _set(table.take(pa.array([at] * len(names), pa.int64())), column, names)])


def _set(table: pa.Table, column: str, values: np.ndarray) -> pa.Table:
    at = table.schema.get_field_index(column)
    return table.set_column(at, table.schema.field(at), pa.array(values, pa.string()))


def _longer(features: Features, ids: np.ndarray, rows: np.ndarray) -> Features:
    """The same with more rows."""
    return replace(
        features,
        ids=np.concatenate([features.ids, ids]),
        values=np.concatenate([features.values, rows.astype(np.float32)]),
    )
