"""Brands that came after the last encoding: their posts are encoded in memory, so that they can be ranked for
at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.arguments import checked
from brandfit.compute.local import thread_map
from brandfit.data.candidates import EXAMPLES
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.encoders.base import Encoder
from brandfit.errors import BrandfitError
from brandfit.pipeline.datasets import load, maker_of
from brandfit.pipeline.outdated import outdated
from brandfit.ranking import Ranking
from brandfit.workspace import Place, Workspace, as_workspace

QUICK = 64
"""Posts of brands at most that a ranking encodes by itself, in each slot: a second or two with the default
encoders."""


@dataclass(frozen=True)
class Completion:
    """What ``completed`` did. encoded: brand to its posts (or 1, its profile) that were encoded in memory;
    left: brand to those that were not, because they are more than ``QUICK`` or their encoder learns from all
    accounts."""

    encoded: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)


def completion_of(dataset: Dataset) -> Completion:
    """Of a Dataset that ``completed`` returned."""
    noted = _noted(dataset)
    return noted[0] if noted else Completion()


def _noted(dataset: Dataset) -> list[Completion]:
    """The one Completion of a Dataset, or none. A list, because ``completed`` may note it after it was looked
    up: where nothing can be encoded, it returns the Dataset that it was given."""
    return dataset.cached("completion", list)


def completed(workspace: Workspace, dataset: Dataset, accounts: Collection[str] | None = None) -> Dataset:
    """The Dataset with new and changed posts of brands encoded where its Features do not cover them yet.

    Brands with the fewest missing posts come first; a brand is encoded whole or not at all, and at most
    ``QUICK`` posts are. Nothing is written. The same object where nothing is missing, or nothing of these
    ``accounts`` (ids) where they are given.
    """
    # What is kept holds the Dataset, so that its id stays its own.
    gaps, _ = workspace.memo.get("gaps", id(dataset), lambda: (_brand_gaps(workspace, dataset), dataset))
    if not gaps or (accounts is not None and not any(gap.of(id) for gap in gaps.values() for id in accounts)):
        return dataset
    result, _ = workspace.memo.get("completed", id(dataset), lambda: (_completed(dataset, gaps), dataset))
    return result


@checked
def brands_encoded_in_memory(workspace: Place) -> list[str]:
    """Brands that ``completed`` encodes, sorted."""
    workspace = as_workspace(workspace)
    return sorted(completion_of(completed(workspace, load(workspace))).encoded)


def load_for(
    workspace: Workspace, accounts: Collection[str], data: Mapping[str, Any] | None = None
) -> Dataset:
    """``load``, with new posts of those of these accounts (ids) encoded that are brands, where they are
    few."""
    return completed(workspace, load(workspace, data), accounts)


def _completed(dataset: Dataset, gaps: Mapping[str, _BrandGap]) -> Dataset:
    brands = set().union(*(gap.ids_of for gap in gaps.values()))
    missing = {brand: max(len(gap.of(brand)) for gap in gaps.values()) for brand in brands}
    quick = _quickest(missing, [gap for gap in gaps.values() if gap.readable])
    slots = dict(dataset.slots)
    encoded: set[str] = set()
    left = set(missing) - set(quick)
    for slot, gap in gaps.items():
        wanted = {brand for brand in quick if gap.of(brand)}
        ids = [id for brand in sorted(wanted) for id in gap.of(brand)]
        if not gap.readable:
            left |= wanted
            continue
        try:
            more = gap.encoder.encode(gap.rows, None, progress=None, map=thread_map, only=ids)
        except (BrandfitError, OSError):  # an extra or a file is missing: it waits, like what is too much
            left |= wanted
            continue
        encoded |= wanted
        slots[slot] = _replaced(dataset.slots[slot], ids, more)
    result = dataset.with_slots(slots) if encoded else dataset
    note = Completion({brand: missing[brand] for brand in encoded}, {brand: missing[brand] for brand in left})
    _noted(result)[:] = [note]
    return result


@dataclass(frozen=True)
class _BrandGap:
    """Posts or accounts of brands that the Features of a slot do not cover. rows: those of brands alone;
    readable: whether each can be encoded for itself."""

    encoder: Encoder
    rows: Dataset
    readable: bool
    ids_of: Mapping[str, list[str]]

    def of(self, brand: str) -> list[str]:
        return self.ids_of.get(brand, [])


def _brand_gaps(workspace: Workspace, dataset: Dataset) -> dict[str, _BrandGap]:
    """By slot. Encoders that read other accounts' rows too are left out: brands alone do not tell them what
    changed."""
    old = {slot: f for slot, f in dataset.slots.items() if f.name in workspace.feature_names()}
    old = {
        slot: f
        for slot, f in old.items()
        if workspace.feature_info(f.name)["covers"] != workspace.fingerprint
    }
    if not old:
        return {}
    rows = dataset.restricted(influencers=())
    found = {}
    for slot, features in old.items():
        try:
            encoder = maker_of(workspace, features)
            if encoder is None or encoder.reads_others:
                continue
            gap = encoder.gap(rows, features)
        except (BrandfitError, OSError):
            continue
        owners = owners_of(rows, [*gap.new, *gap.changed], features.level)
        brands = set(dataset.brands.tolist())
        ids_of: dict[str, list[str]] = {}
        for id, owner in owners.items():
            if owner in brands:
                ids_of.setdefault(owner, []).append(id)
        if ids_of:
            found[slot] = _BrandGap(encoder, rows, encoder.stateless, ids_of)
    return found


def _quickest(missing: Mapping[str, int], gaps: Collection[_BrandGap]) -> list[str]:
    """Brands that can be encoded at once, those with the fewest missing posts first."""
    chosen: list[str] = []
    total = 0
    for brand in sorted(missing, key=lambda brand: (missing[brand], brand)):
        if total + missing[brand] > QUICK:
            break
        if any(gap.of(brand) for gap in gaps):
            chosen.append(brand)
            total += missing[brand]
    return chosen


def _replaced(features: Features, ids: Collection[str], more: Features) -> Features:
    """Features with the rows of these ids replaced by others (or by none)."""
    if not ids:
        return features
    kept = np.ones(len(features), bool)
    old = features.rows_of(np.array(list(ids), dtype=object))
    kept[old[old >= 0]] = False
    rows = features.values if kept.all() else features.values[kept]
    maker = features.key.partition("-")[0]
    return replace(
        features,
        ids=np.concatenate([features.ids[kept], more.ids]),
        values=np.concatenate([rows, more.values]),
        key=f"{maker}-{features.key.partition('-')[2]} and {more.key.partition('-')[2]}",
        contents=None,
    )


def owners_of(dataset: Dataset, ids: Collection[str], level: str) -> dict[str, str]:
    """Id of a post or account to its account, of those that are in the Dataset."""
    wanted = pa.array(sorted(ids), pa.string())
    if level == "account":
        here = set(dataset.accounts["id"].to_pylist())
        return {id: id for id in wanted.to_pylist() if id in here}
    posts = dataset.posts.filter(pc.is_in(dataset.posts["id"], value_set=wanted))
    return dict(zip(posts["id"].to_pylist(), posts["account"].to_pylist(), strict=True))


@dataclass(frozen=True)
class Encoding:
    """How far the posts that an answer rests on are encoded.

    notes    for people: what was encoded for this answer alone, what is not encoded, with what to do
    waiting  posts that are not encoded: account to their number
    """

    notes: tuple[str, ...]
    waiting: Mapping[str, int]


def encoding_of(workspace: Workspace, dataset: Dataset, accounts: Iterable[str]) -> Encoding:
    """Of the accounts (ids) that an answer is about. The one place that every function asks whose answer
    reads the posts of a brand.

    dataset  the one that the answer was computed from
    """
    done = completion_of(dataset)
    waiting_posts = _waiting(workspace, dataset)
    command = f"brandfit update -w {workspace.path}"
    named = list(dict.fromkeys(accounts))
    encoded = {id: done.encoded[id] for id in named if done.encoded.get(id)}
    waiting = {id: waiting_posts[id] for id in named if waiting_posts.get(id)}
    notes: list[str] = []
    if encoded:
        notes.append(f"{_posts(encoded)} encoded for this answer alone; to keep that: {command}")
    if waiting:
        notes.append(f"{_posts(waiting)} not encoded: {command}")
    return Encoding(tuple(notes), waiting)


def _waiting(workspace: Workspace, dataset: Dataset) -> dict[str, int]:
    """Account to its posts (or 1, its profile) that the Features of the Dataset do not cover."""
    others = dataset.cached(("waiting", workspace.stamp), lambda: _waiting_of_influencers(workspace, dataset))
    return others | dict(completion_of(dataset).waiting)


def _waiting_of_influencers(workspace: Workspace, dataset: Dataset) -> dict[str, int]:
    """The same of accounts that are no brands: nothing of them is encoded in memory."""
    used = {features.name for features in dataset.slots.values()}
    stale = [one for one in outdated(workspace).features if one.name in used]
    brands = set(dataset.brands.tolist())
    found: dict[str, int] = {}
    for one in stale:
        counts = Counter(owners_of(dataset, one.ids, one.level).values())
        for owner, count in counts.items():
            if owner not in brands:
                found[owner] = max(found.get(owner, 0), count)
    return found


def with_waiting_notes(workspace: Workspace, dataset: Dataset, ranking: Ranking) -> Ranking:
    """The ranking with notes on the posts that were encoded for it in memory, and on those that wait for
    ``brandfit update``."""
    of_brand = encoding_of(workspace, dataset, [ranking.brand])
    waits = {"brand": of_brand.waiting[ranking.brand]} if of_brand.waiting else {}
    notes = [*of_brand.notes]
    scored = ranking.candidates[~np.isnan(ranking.scores)].tolist()
    if note := older_features_note(workspace, dataset, scored):
        waits["scored_candidates"] = len(encoding_of(workspace, dataset, scored).waiting)
        notes.append(note)
    without = ranking.candidates[np.isnan(ranking.scores)].tolist()
    if without:
        stale = outdated(workspace).features
        owners = {owner for one in stale for owner in owners_of(dataset, one.ids, one.level).values()}
        if candidates := len(owners.intersection(without)):
            waits["candidates"] = candidates
            have = "candidate without evidence has" if candidates == 1 else "candidates without evidence have"
            notes.append(
                f"{candidates:,} {have} posts that are not encoded: brandfit update -w {workspace.path}"
            )
    return replace(ranking, notes=(*notes, *ranking.notes), not_encoded=waits)


def older_features_note(workspace: Workspace, dataset: Dataset, influencers: Iterable[str]) -> str:
    """A note on influencers with new or changed posts that are not encoded: an answer uses their earlier
    features. "" if there are none."""
    waiting = encoding_of(workspace, dataset, influencers).waiting
    if not waiting:
        return ""
    whose = "its" if len(waiting) == 1 else "their"
    command = f"brandfit update -w {workspace.path}"
    return f"{_posts(waiting)} not encoded; {whose} earlier features are used: {command}"


def _posts(counts: Mapping[str, int]) -> str:
    """ "81 posts of a.brand are"; of several accounts the sum, and those with most."""
    total = sum(counts.values())
    posts = "1 post" if total == 1 else f"{total:,} posts"
    verb = "is" if total == 1 else "are"
    if len(counts) == 1:
        return f"{posts} of {next(iter(counts))} {verb}"
    most = sorted(counts, key=lambda id: (-counts[id], id))[:EXAMPLES]
    more = ", …" if len(counts) > len(most) else ""
    return f"{posts} of {len(counts):,} accounts ({', '.join(most)}{more}) {verb}"
