"""Attributions of the brand's side for a brand that is represented by its partners.

Such a brand has no posts: rankers see the mean of its partners. Two attributions take this side apart.
``partners``: the things are the partners. A missing partner is replaced by another influencer, so the base is
the score of a brand with other partners. ``posts``: the things are posts of the partners that add most. A
missing post is replaced by a post of another influencer.

A variant of the brand is an additional brand with ``represents`` links to other accounts, so any ranker
scores it as it scores a brand. As on the influencer's side, both attributions add up to the score
(``explain.attribute``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit import seeds
from brandfit.data.dataset import Dataset
from brandfit.data.schema import link_id, to_table
from brandfit.explain.attribute import OTHERS, Game, each_missing, post_labels
from brandfit.explain.explanation import Attribution
from brandfit.explain.perturbations import (
    Subject,
    Variants,
    pair,
    subject,
    with_copies,
    with_known_slots,
)
from brandfit.explain.shapley import Value
from brandfit.learning.pooling import account_has
from brandfit.rankers.base import Ranker

MOST_PARTNERS = 12
"""Partners that are separate things; the others are one thing together."""
MOST_POSTS = 12
"""The same for posts."""
PARTNERS_WITH_POSTS = 3
"""Partners whose posts are taken apart: those that add most."""
AT_ONCE = 1024
"""Variants of the brand in one call of the ranker."""


@dataclass
class PartnerSide:
    """The brand's side of one pair, for a brand with ``representation`` "partners"."""

    ranker: Ranker
    dataset: Dataset
    brand: str
    influencer: str
    slots: Sequence[str]
    seed: int = 0

    @cached_property
    def partners(self) -> list[str]:
        """The partners that represent the brand and have Features of a slot, by id."""
        ids = self.dataset.representing[self.dataset.representing[:, 0] == self.brand, 1]
        ids = np.unique(ids.astype(str)).astype(object)
        return list(ids[self._n_slots(ids) > 0].tolist())

    @cached_property
    def pool(self) -> list[str]:
        """Influencers that replace partners, at random: neither partners nor the influencer of the pair.
        Those with Features of most slots come first."""
        sampled = seeds.generator(self.seed, "other partners").permutation(self.dataset.influencers)
        taken = {self.influencer, *self.dataset.partners.get(self.brand, ()), *self.partners}
        ids = np.array([id for id in sampled.tolist() if id not in taken], dtype=object)
        n_slots = self._n_slots(ids)
        order = np.argsort(-n_slots, kind="stable")
        order = order[n_slots[order] > 0]
        # Partners that are missing together need different replacements: a brand has each partner once.
        return list(ids[order][: max(OTHERS, len(self.partners))].tolist())

    @cached_property
    def part(self) -> Dataset:
        """The part of the Dataset that the score depends on, with the replacing accounts."""
        part = pair(self.dataset, self.brand, self.influencer, others=self.pool)
        return with_known_slots(part, self.dataset)

    def by_partner(self, most: int = MOST_PARTNERS) -> Game:
        """The partners as things; empty without another influencer."""
        if not self.pool:
            return self._empty("partners")

        def value_of(groups: Sequence[Sequence[int]], n_replacements: int) -> Value:
            def value(present: np.ndarray) -> np.ndarray:
                members = []
                for row in present:
                    is_present = np.ones(len(self.partners), bool)
                    for group, is_group_present in zip(groups, row, strict=True):
                        is_present[list(group)] = is_group_present
                    members += [self._members(is_present, offset) for offset in range(n_replacements)]
                return self._scores(self.part, members).reshape(len(present), n_replacements)

            return value

        n = len(self.partners)
        single = value_of([[k] for k in range(n)], 1)
        groups, ids = self._separate(single, n, most=most)
        labels = [self.partners[k] for k in ids]
        return Game(
            kind="partners",
            side="brand",
            slot="",
            ids=labels + ["all others"] * (len(groups) > len(ids)),
            labels=labels + ["all others"] * (len(groups) > len(ids)),
            value=value_of(groups, OTHERS),
            last=len(groups) > len(ids),
        )

    def by_post(self, by_partner: Attribution, most: int = MOST_POSTS) -> Game:
        """Posts of the partners that add most, as things; the other partners stay as they are."""
        raising = [item.id for item in by_partner.items if item.value > 0]
        chosen = (raising or [item.id for item in by_partner.items])[:PARTNERS_WITH_POSTS]
        subjects = [subject(self.part, id, self.slots) for id in chosen]
        replacements = [self._replacement_rows(account) for account in subjects]
        posts = [(n, k) for n, account in enumerate(subjects) for k in range(len(account.posts))]
        if not posts or not any(replacements):
            return self._empty("posts")
        rest = [id for id in self.partners if id not in chosen]

        def value_of(groups: Sequence[Sequence[int]], n_replacements: int) -> Value:
            def value(present: np.ndarray) -> np.ndarray:
                is_present = np.ones((len(present), len(posts)), bool)  # (m, all posts)
                for n, group in enumerate(groups):
                    is_present[:, list(group)] = present[:, [n]]
                m = len(present) * n_replacements
                scores = np.zeros(m)
                for start in range(0, m, AT_ONCE):
                    variant = np.arange(start, min(start + AT_ONCE, m))
                    scores[variant] = self._scores_of_posts(
                        subjects,
                        replacements,
                        is_present=is_present[variant // n_replacements],
                        replacement=variant % n_replacements,
                        rest=rest,
                    )
                return scores.reshape(len(present), n_replacements)

            return value

        single = value_of([[k] for k in range(len(posts))], 1)
        groups, separate = self._separate(single, len(posts), most=most)
        ids, labels = [], []
        for k in separate:
            n, row = posts[k]
            account = subjects[n]
            ids.append(str(account.posts[row]))
            labels.append(f"{account.id}: {post_labels(self.part, account.posts[[row]])[0]}")
        has_rest = len(groups) > len(separate)
        return Game(
            kind="posts",
            side="brand",
            slot="",
            ids=ids + ["all others"] * has_rest,
            labels=labels + ["all others"] * has_rest,
            value=value_of(groups, OTHERS),
            last=has_rest,
        )

    def _n_slots(self, ids: np.ndarray) -> np.ndarray:
        """(n,) number of slots that each account has."""
        has = [account_has(self.dataset, slot, ids) for slot in self.slots]
        return np.sum(has, axis=0) if has else np.zeros(len(ids), np.int64)

    def _separate(self, single: Value, n: int, *, most: int) -> tuple[list[list[int]], list[int]]:
        """Groups of things, and the things that are alone in the first groups: the ``most`` with the largest
        effect alone. The last group has all others, if there are any."""
        full = float(single(np.ones((1, n), bool)).mean())
        effect = full - each_missing(single, n)
        separate = np.lexsort((np.arange(n), -np.abs(effect)))[:most].tolist()
        others = sorted(set(range(n)) - set(separate))
        return [*([k] for k in separate), *([others] if others else [])], separate

    def _members(self, is_present: np.ndarray, offset: int) -> list[str]:
        """The accounts that represent a variant: each missing partner is another account of the pool."""
        members = []
        for k, partner in enumerate(self.partners):
            members.append(partner if is_present[k] else self.pool[(offset + k) % len(self.pool)])
        return members

    def _replacement_rows(self, account: Subject) -> dict[str, np.ndarray]:
        """Slot of posts to (o, p, d) rows of other accounts in place of those of a partner."""
        rows_by_slot = {}
        for slot, own in account.rows.items():
            if self.dataset.slots[slot].level != "post" or not account.has[slot].any():
                continue
            rows = []
            for id in self.pool:
                other = subject(self.part, id, [slot])
                if other.has[slot].any():
                    # An account with fewer posts repeats them.
                    found = other.rows[slot][other.has[slot]]
                    rows.append(found[np.arange(len(own)) % len(found)])
            if rows:
                cycled = [rows[n % len(rows)] for n in range(OTHERS)]
                rows_by_slot[slot] = np.where(account.has[slot][:, None], np.array(cycled), 0)
        return rows_by_slot

    def _scores_of_posts(
        self,
        subjects: Sequence[Subject],
        replacements: Sequence[Mapping[str, np.ndarray]],
        *,
        is_present: np.ndarray,
        replacement: np.ndarray,
        rest: Sequence[str],
    ) -> np.ndarray:
        """(m,) scores. is_present (m, all posts) bool; replacement (m,) numbers of the replacing accounts."""
        dataset, first = self.part, 0
        members: list[list[str]] = [list(rest) for _ in replacement]
        for account, rows_by_slot in zip(subjects, replacements, strict=True):
            own = is_present[:, first : first + len(account.posts), None]  # (m, p, 1)
            first += len(account.posts)
            changed = {}
            for slot, rows in rows_by_slot.items():
                changed[slot] = np.where(own, account.rows[slot], rows[replacement])  # (m, p, d)
            # A partner without rows to change has one variant, which is itself.
            names = np.full(len(replacement), account.id, dtype=object)
            if changed:
                dataset, names = Variants(replace(account, dataset=dataset), changed).dataset()
            for own_members, name in zip(members, names.tolist(), strict=True):
                own_members.append(name)
        return self._scores(dataset, members)

    def _scores(self, dataset: Dataset, members: Sequence[Sequence[str]]) -> np.ndarray:
        """(m,) scores of variants of the brand with these partners each; 0 without evidence."""
        opposite = np.array([self.influencer], dtype=object)
        scores = []
        for start in range(0, len(members), AT_ONCE):
            variants, names = _with_brands(dataset, self.brand, members[start : start + AT_ONCE])
            with_known_slots(variants, self.dataset)
            scores.append(self.ranker.score(variants, names, opposite)[:, 0])
        return np.nan_to_num(np.concatenate(scores))

    def _empty(self, kind: str) -> Game:
        """A game without things: the score is its base."""
        score = self._scores(self.part, [self.partners])

        def value(present: np.ndarray) -> np.ndarray:
            return np.repeat(score, len(present))

        return Game(kind=kind, side="brand", slot="", ids=[], labels=[], value=value)


def _with_brands(
    dataset: Dataset, brand: str, members: Sequence[Sequence[str]]
) -> tuple[Dataset, np.ndarray]:
    """The Dataset with m copies of a brand that these accounts represent, and the ids (m,) of the copies.

    The brand itself loses its endorsements: the influencer would count as a partner of another brand that
    equals the variant.
    """
    names = np.array([f"{brand} {n}" for n in range(len(members))], dtype=object)
    links = dataset.stored_links
    is_to_brand = pc.and_(
        pc.equal(links["target"], brand), pc.is_in(links["kind"], pa.array(["endorses", "represents"]))
    )
    targets = np.repeat(names, list(map(len, members)))
    sources = [id for own in members for id in own]
    # Own features of the brand, such as its category, are those of every copy.
    slots = dict(dataset.slots)
    for slot, features in dataset.slots.items():
        values, has_row = features.values_of(np.array([brand], dtype=object))
        if features.level == "account" and has_row[0]:
            slots[slot] = replace(
                features,
                ids=np.concatenate([features.ids, names]),
                values=np.concatenate([features.values, np.repeat(values, len(names), axis=0)]),
            )
    tables = {
        "accounts": with_copies(dataset.accounts, brand, names=names),
        "posts": dataset.posts,
        "images": dataset.images,
        "links": pa.concat_tables([links.filter(pc.invert(is_to_brand)), _represents(sources, targets)]),
    }
    extended = Dataset(
        tables,
        f"{dataset.fingerprint} partners",
        slots=slots,
        pictures=dataset.picture,
        notes=dataset.notes,
        partners_represent=True,
    )
    return extended, names


def _represents(sources: Sequence[str], targets: np.ndarray) -> pa.Table:
    """Links of kind ``represents``, made column by column because there may be many."""
    empty = to_table("links", [])
    pairs = zip(sources, targets.tolist(), strict=True)
    columns = {
        "id": [link_id("represents", source, target=target) for source, target in pairs],
        "kind": ["represents"] * len(sources),
        "source": list(sources),
        "target": targets.tolist(),
    }
    arrays = []
    for schema_field in empty.schema:
        values = columns.get(schema_field.name)
        if values is None:
            arrays.append(pa.nulls(len(sources), schema_field.type))
        else:
            arrays.append(pa.array(values, schema_field.type))
    return pa.Table.from_arrays(arrays, schema=empty.schema)
