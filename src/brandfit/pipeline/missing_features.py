"""Brands that came after the last encoding are encoded in memory, so that a ranking for them is possible at
once. Answers name what was encoded for them alone, and what is not encoded."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.arguments import checked
from brandfit.compute.local import thread_map
from brandfit.data.candidates import EXAMPLES
from brandfit.data.dataset import POST_SLOTS, Dataset
from brandfit.data.features import Features
from brandfit.encoders.base import Encoder
from brandfit.errors import BrandfitError
from brandfit.learning.pooling import account_vectors
from brandfit.pipeline.datasets import load
from brandfit.pipeline.outdated import outdated
from brandfit.pipeline.readers import maker_of
from brandfit.ranking import Ranking
from brandfit.workspace import Place, Workspace, as_workspace

MAX_POSTS = 64
"""Posts of brands that a ranking encodes at most, in each slot. The default encoders need a second or two."""


@dataclass(frozen=True)
class Completion:
    """What ``completed`` did.

    encoded  brand to the number of its posts (or 1, its profile) that were encoded in memory
    waiting  brand to the number of those that were not: they are more than ``MAX_POSTS``, or their encoder
             learns from all accounts
    """

    encoded: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)


def completion_of(dataset: Dataset) -> Completion:
    """The Completion of a Dataset that ``completed`` returned."""
    completions = _completions(dataset)
    return completions[0] if completions else Completion()


def _completions(dataset: Dataset) -> list[Completion]:
    """The Completion of a Dataset, or []. It is a list because the Completion may be added after a first
    look: ``completed`` returns the same Dataset if nothing can be encoded."""
    return dataset.cached("completion", list)


def completed(workspace: Workspace, dataset: Dataset, accounts: Collection[str] | None = None) -> Dataset:
    """The Dataset with new and changed posts of brands encoded that its Features do not cover.

    Brands with the fewest missing posts come first. A brand is encoded completely or not at all, and at most
    ``MAX_POSTS`` posts are encoded. Nothing is written. Returns the same object if nothing is missing.

    accounts  ids: also the same object if nothing of these accounts is missing
    """
    # Both entries hold the Dataset, so that no other object can get the same id.
    gaps, _ = workspace.memo.get("gaps", id(dataset), lambda: (_brand_gaps(workspace, dataset), dataset))
    if not gaps:
        return dataset
    if accounts is not None and not any(gap.ids_of(accounts) for gap in gaps.values()):
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
    """``load``, with new posts of those of these accounts (ids) encoded that are brands, if they are few."""
    return completed(workspace, load(workspace, data), accounts)


def _completed(dataset: Dataset, gaps: Mapping[str, _BrandGap]) -> Dataset:
    brands = set().union(*(gap.ids_by_brand for gap in gaps.values()))
    # The slots may lack different posts; the largest number counts.
    n_missing = {brand: max(len(gap.of(brand)) for gap in gaps.values()) for brand in brands}
    chosen = _fewest_missing(n_missing, [gap for gap in gaps.values() if gap.is_readable])
    slots = dict(dataset.slots)
    encoded: set[str] = set()
    waiting = set(n_missing) - set(chosen)
    for slot, gap in gaps.items():
        brands_of_gap = {brand for brand in chosen if gap.of(brand)}
        new_features = gap.encode(brands_of_gap)
        if new_features is None:
            waiting |= brands_of_gap
            continue
        encoded |= brands_of_gap
        slots[slot] = _replaced(dataset.slots[slot], gap.ids_of(brands_of_gap), new_features)
    result = dataset.with_slots(slots) if encoded else dataset
    completion = Completion(encoded=_picked(n_missing, encoded), waiting=_picked(n_missing, waiting))
    _completions(result)[:] = [completion]
    return result


def _picked(counts: Mapping[str, int], ids: Iterable[str]) -> dict[str, int]:
    """The counts of these ids that are not zero."""
    return {id: counts[id] for id in ids if counts.get(id)}


@dataclass(frozen=True)
class _BrandGap:
    """Posts or accounts of brands that the Features of a slot do not cover.

    rows          the Dataset of the brands alone
    is_readable   whether single contents can be encoded
    ids_by_brand  brand to ids of its posts, or of itself
    """

    encoder: Encoder
    rows: Dataset
    is_readable: bool
    ids_by_brand: Mapping[str, list[str]]

    def of(self, brand: str) -> list[str]:
        return self.ids_by_brand.get(brand, [])

    def ids_of(self, brands: Iterable[str]) -> list[str]:
        """Ids of all of these brands, in the order of their names."""
        return list(itertools.chain.from_iterable(map(self.of, sorted(brands))))

    def encode(self, brands: Iterable[str]) -> Features | None:
        """Features of the missing contents of these brands; None if they cannot be encoded here."""
        if not self.is_readable:
            return None
        ids = self.ids_of(brands)
        try:
            return self.encoder.encode(self.rows, None, progress=None, map=thread_map, only=ids)
        except (BrandfitError, OSError):
            # An extra or a file is missing. The brands wait, as those with too many posts do.
            return None


def _brand_gaps(workspace: Workspace, dataset: Dataset) -> dict[str, _BrandGap]:
    """Slot to the gap of its Features. Encoders that also read rows of other accounts are left out, because
    the rows of brands do not show what changed for them."""
    stored = set(workspace.feature_names())
    stale_by_slot = {
        slot: features
        for slot, features in dataset.slots.items()
        if features.name in stored
        and workspace.feature_info(features.name)["covers"] != workspace.fingerprint
    }
    if not stale_by_slot:
        return {}
    # The rows of the brands alone, so that the time does not grow with the number of influencers.
    rows = dataset.restricted(influencers=())
    brands = set(dataset.brands.tolist())
    gaps: dict[str, _BrandGap] = {}
    for slot, features in stale_by_slot.items():
        try:
            encoder = maker_of(workspace, features)
            if encoder is None or encoder.reads_others:
                continue
            gap = encoder.gap(rows, features)
        except (BrandfitError, OSError):
            continue
        ids_by_brand: dict[str, list[str]] = {}
        for id, owner in owners_of(rows, [*gap.new, *gap.changed], features.level).items():
            if owner in brands:
                ids_by_brand.setdefault(owner, []).append(id)
        if ids_by_brand:
            gaps[slot] = _BrandGap(encoder, rows, encoder.stateless, ids_by_brand)
    return gaps


def _fewest_missing(n_missing: Mapping[str, int], gaps: Collection[_BrandGap]) -> list[str]:
    """Brands that are encoded at once: those with the fewest missing posts, up to ``MAX_POSTS`` posts."""
    chosen: list[str] = []
    total = 0
    for brand in sorted(n_missing, key=lambda brand: (n_missing[brand], brand)):
        if total + n_missing[brand] > MAX_POSTS:
            break
        if any(gap.of(brand) for gap in gaps):
            chosen.append(brand)
            total += n_missing[brand]
    return chosen


def _replaced(features: Features, ids: Collection[str], new: Features) -> Features:
    """The Features with the rows of these ids replaced by those of ``new``."""
    if not ids:
        return features
    is_kept = np.ones(len(features), bool)  # (n_rows,)
    old_rows = features.rows_of(np.array(list(ids), dtype=object))  # -1: no row
    is_kept[old_rows[old_rows >= 0]] = False
    # Without a replaced row the values are not copied.
    kept_values = features.values if is_kept.all() else features.values[is_kept]
    maker, _, contents = features.key.partition("-")
    return replace(
        features,
        ids=np.concatenate([features.ids[is_kept], new.ids]),
        values=np.concatenate([kept_values, new.values]),
        key=f"{maker}-{contents} and {new.key.partition('-')[2]}",
        contents=None,
    )


def owners_of(dataset: Dataset, ids: Collection[str], level: str) -> dict[str, str]:
    """Id of a post or account (``level``) to its account, for those that are in the Dataset."""
    sorted_ids = pa.array(sorted(ids), pa.string())
    if level == "account":
        known = set(dataset.accounts["id"].to_pylist())
        return {id: id for id in sorted_ids.to_pylist() if id in known}
    posts = dataset.posts.filter(pc.is_in(dataset.posts["id"], value_set=sorted_ids))
    return dict(zip(posts["id"].to_pylist(), posts["account"].to_pylist(), strict=True))


@dataclass(frozen=True)
class Encoding:
    """How completely the posts behind an answer are encoded.

    notes    for people: what was encoded for this answer alone, what is not encoded, and what to do
    waiting  account to the number of its posts that are not encoded
    """

    notes: tuple[str, ...]
    waiting: Mapping[str, int]


def encoding_of(workspace: Workspace, dataset: Dataset, accounts: Iterable[str]) -> Encoding:
    """The Encoding of the accounts (ids) of an answer. Every answer that reads posts of a brand gets its
    notes here.

    dataset  the one from which the answer was computed
    """
    encoded_posts = completion_of(dataset).encoded
    waiting_posts = _waiting(workspace, dataset)
    command = f"brandfit update -w {workspace.path}"
    ids = list(dict.fromkeys(accounts))
    encoded = _picked(encoded_posts, ids)
    waiting = _picked(waiting_posts, ids)
    notes: list[str] = []
    if encoded:
        notes.append(f"{_posts_are(encoded)} encoded for this answer alone; to keep that: {command}")
    if waiting:
        notes.append(f"{_posts_are(waiting)} not encoded: {command}")
    return Encoding(tuple(notes), waiting)


def _waiting(workspace: Workspace, dataset: Dataset) -> dict[str, int]:
    """Account to the number of its posts (or 1, its profile) that Features of the Dataset do not cover."""
    waiting = dataset.cached(
        ("waiting", workspace.stamp), lambda: _waiting_of_influencers(workspace, dataset)
    )
    return waiting | dict(completion_of(dataset).waiting)


def _waiting_of_influencers(workspace: Workspace, dataset: Dataset) -> dict[str, int]:
    """``_waiting`` of accounts that are no brands. Nothing of them is encoded in memory."""
    used = {features.name for features in dataset.slots.values()}
    brands = set(dataset.brands.tolist())
    n_waiting: dict[str, int] = {}
    for stale in outdated(workspace).features:
        if stale.name not in used:
            continue
        n_by_owner = Counter(owners_of(dataset, stale.ids, stale.level).values())
        for owner, n in n_by_owner.items():
            # The slots may lack different posts. The largest number is reported.
            if owner not in brands:
                n_waiting[owner] = max(n_waiting.get(owner, 0), n)
    return n_waiting


def with_waiting_notes(workspace: Workspace, dataset: Dataset, ranking: Ranking) -> Ranking:
    """The ranking with notes on posts that were encoded in memory for it, and on posts that wait for
    ``brandfit update``."""
    of_brand = encoding_of(workspace, dataset, [ranking.brand])
    notes = [*of_brand.notes]
    n_waiting: dict[str, int] = {}
    if of_brand.waiting:
        n_waiting["brand"] = of_brand.waiting[ranking.brand]
    has_score = ~np.isnan(ranking.scores)  # (n_candidates,)
    scored = ranking.candidates[has_score].tolist()
    if note := older_features_note(workspace, dataset, scored):
        n_waiting["scored_candidates"] = len(encoding_of(workspace, dataset, scored).waiting)
        notes.append(note)
    unscored = ranking.candidates[~has_score].tolist()
    if unscored and (n_unencoded := len(_stale_owners(workspace, dataset).intersection(unscored))):
        n_waiting["candidates"] = n_unencoded
        have = "candidate without evidence has" if n_unencoded == 1 else "candidates without evidence have"
        notes.append(
            f"{n_unencoded:,} {have} posts that are not encoded: brandfit update -w {workspace.path}"
        )
    notes += older_model_notes(workspace, ranking.ranker)
    return replace(ranking, notes=(*notes, *ranking.notes), not_encoded=n_waiting)


def older_model_notes(workspace: Workspace, ranker: str) -> list[str]:
    """A note if the model of a ranker is older than the data; [] if it is not."""
    stale_models = [stale for stale in outdated(workspace).models if stale.name == ranker]
    return [f"{stale.sentence}: brandfit update -w {workspace.path}" for stale in stale_models]


def unencoded_note(workspace: Workspace, dataset: Dataset, accounts: Iterable[str]) -> tuple[str, ...]:
    """A note on those of the accounts with posts that are not encoded, for answers that encode nothing in
    memory; () if there are none."""
    waiting = sorted(_stale_owners(workspace, dataset).intersection(accounts))
    if not waiting:
        return ()
    more = ", …" if len(waiting) > EXAMPLES else ""
    names = ", ".join(waiting[:EXAMPLES])
    return (f"posts of {names}{more} are not encoded: brandfit update -w {workspace.path}",)


def _stale_owners(workspace: Workspace, dataset: Dataset) -> set[str]:
    """Accounts with posts that some Features of the workspace do not cover."""
    owners: set[str] = set()
    for stale in outdated(workspace).features:
        owners.update(owners_of(dataset, stale.ids, stale.level).values())
    return owners


def older_features_note(workspace: Workspace, dataset: Dataset, influencers: Iterable[str]) -> str:
    """A note on influencers with new or changed posts that are not encoded, because an answer uses their
    earlier Features or knows nothing of their content; "" if there are none."""
    waiting = encoding_of(workspace, dataset, influencers).waiting
    if not waiting:
        return ""
    has_features = _with_features(dataset, list(waiting))
    earlier = {id: n for id, n in waiting.items() if id in has_features}
    unknown = {id: n for id, n in waiting.items() if id not in has_features}
    sentences = []
    if earlier:
        whose = "its" if len(earlier) == 1 else "their"
        sentences.append(f"{_posts_are(earlier)} not encoded; {whose} earlier features are used")
    if unknown:
        sentences.append(f"{_posts_are(unknown)} not encoded, and so is nothing else of the account")
        if len(unknown) > 1:
            sentences[-1] += "s"
    return f"{'; '.join(sentences)}: brandfit update -w {workspace.path}"


def _with_features(dataset: Dataset, influencers: Sequence[str]) -> set[str]:
    """The influencers with Features of their content."""
    ids = np.array(influencers, dtype=object)
    has_any = np.zeros(len(ids), bool)  # (n,)
    for slot in POST_SLOTS:
        if slot in dataset.slots:
            has_any |= account_vectors(dataset, slot, accounts=ids).present
    return set(ids[has_any].tolist())


def _posts_are(n_posts: Mapping[str, int]) -> str:
    """ "81 posts of a.brand are"; for several accounts the sum, and the accounts with most posts."""
    total = sum(n_posts.values())
    posts = "1 post" if total == 1 else f"{total:,} posts"
    verb = "is" if total == 1 else "are"
    if len(n_posts) == 1:
        return f"{posts} of {next(iter(n_posts))} {verb}"
    most = sorted(n_posts, key=lambda id: (-n_posts[id], id))[:EXAMPLES]
    more = ", …" if len(n_posts) > len(most) else ""
    return f"{posts} of {len(n_posts):,} accounts ({', '.join(most)}{more}) {verb}"
