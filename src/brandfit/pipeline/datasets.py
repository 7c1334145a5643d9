"""The Dataset that rankers, profilers and pages see, read from a workspace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from brandfit import registry
from brandfit.arguments import Accounts, checked
from brandfit.compute.local import thread_map
from brandfit.config import describe, refuse_unread
from brandfit.data import categories, checks, endorsements
from brandfit.data.dataset import SLOTS, Dataset
from brandfit.data.features import Features
from brandfit.data.newest_posts import OlderPosts
from brandfit.errors import UnknownName, UsageError
from brandfit.pipeline.lookup import find_accounts
from brandfit.pipeline.settings import ENDORSEMENTS, rules, scope, stored_data
from brandfit.progress import Progress
from brandfit.rankers.base import Ranker
from brandfit.search.facts import category_words, predicted_categories
from brandfit.workspace import Place, Workspace, as_workspace, orphans
from brandfit.workspace.orphans import Orphan

UNINSTALLED_PREFERENCE = 5
"""Preference of Features that no installed encoder makes."""


@checked
def load(workspace: Place, settings: Mapping[str, Any] | None = None) -> Dataset:
    """The Dataset that rankers see: endorsements stated or derived, and every slot filled that can be.

    Settings: ``endorsements.NAME`` (``data.endorsements.Config``) and ``slots.SLOT`` (the name of Features,
    or none). The slot ``category`` holds the stated categories and, if a profiler has predicted some, its
    probabilities for the accounts without a stated category; ``slots.category=stated`` leaves the predictions
    out.
    """
    workspace = as_workspace(workspace)
    endorsement_rules, chosen_slots = rules(settings), scope(settings, "slots")

    def loaded() -> Dataset:
        rows = workspace.dataset()
        # Names first, because unchanged Features are the same objects.
        names = fill_slots(workspace, chosen_slots)
        slots = {slot: workspace.features(name) for slot, name in names.items()}
        if chosen_slots.get(categories.SLOT) != "none":
            slots = _with_categories(workspace, rows, slots)
        # The keys hold ids of objects. An entry of the memo holds these objects too, so no other object can
        # get the same id while the entry exists.
        slot_ids = tuple((slot, id(features)) for slot, features in slots.items())
        return workspace.memo.get(
            "datasets",
            (id(rows), endorsement_rules, slot_ids),
            lambda: (endorsements.derive(rows, endorsement_rules).with_slots(slots), rows),
        )[0]

    key = (workspace.stamp, endorsement_rules, tuple(sorted(chosen_slots.items())))
    return workspace.memo.get("loaded", key, loaded)


def read_by(workspace: Workspace, ranker: str, data: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Settings of the data that a ranker reads: those that its model was trained with, changed by ``data``;
    ``data`` alone if it has not been trained."""
    if ranker not in workspace.model_names():
        return dict(data) if data is not None else None
    return {**stored_data(workspace.model_info(ranker)), **(data or {})}


@checked
def fill_slots(workspace: Place, chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """Slot to the name of the Features that fill it: the chosen ones, else the preferred ones of the
    workspace (``Encoder.preference``).

    chosen  slot to the name of Features; "none" leaves the slot empty

    Raises UnknownName for an unknown slot.
    """
    workspace = as_workspace(workspace)
    chosen = dict(chosen or {})
    for slot in chosen:
        if slot not in SLOTS:
            raise UnknownName("slot", slot, known=SLOTS)
    name_by_slot = preferred(workspace)
    for slot, name in chosen.items():
        name_by_slot.pop(slot, None)
        if name not in ("none", categories.STATED):
            name_by_slot[slot] = name
    return {slot: name_by_slot[slot] for slot in SLOTS if slot in name_by_slot}


def _with_categories(
    workspace: Workspace, rows: Dataset, slots: Mapping[str, Features]
) -> dict[str, Features]:
    """The slots, with stated categories merged into the slot ``category``. The workspace caches the merged
    Features while rows and predictions are the same objects."""
    predicted = slots.get(categories.SLOT)
    merged: Features | None = workspace.memo.get(
        "categories",
        (id(rows), id(predicted)),
        lambda: (categories.with_stated(rows, predicted), rows, predicted),
    )[0]
    return {**slots, categories.SLOT: merged} if merged is not None else dict(slots)


def preferred(workspace: Workspace) -> dict[str, str]:
    """Slot to the name of the preferred Features of the workspace; slots of posts are included."""
    best: dict[str, tuple[int, str]] = {}
    for name in workspace.feature_names():
        slot = workspace.feature_info(name)["slot"]
        # Of equally preferred Features the last name of the alphabet fills the slot.
        best[slot] = max(best.get(slot, (-1, "")), (_preference(name), name))
    return {slot: name for slot, (_, name) in best.items()}


def _preference(name: str) -> int:
    maker = name.removesuffix(".posts")
    # Features of posts have the name of their profiler and an ending.
    for kind in ("encoder", "profiler"):
        if maker in registry.names(kind):
            return int(registry.load(kind, maker).preference)
    return UNINSTALLED_PREFERENCE


@checked
def with_features(workspace: Place) -> Dataset:
    """The Dataset that profilers see: all Features of the workspace, each under its own name."""
    workspace = as_workspace(workspace)
    features_by_name = {name: workspace.features(name) for name in workspace.feature_names()}
    return workspace.dataset().with_slots(features_by_name)


@checked
def check(workspace: Place, settings: Mapping[str, Any] | None = None) -> checks.Check:
    """Faults in the data of a workspace, counted, with examples. Settings: ``endorsements.NAME``."""
    workspace = as_workspace(workspace)
    refuse_unread(settings, {ENDORSEMENTS: describe(endorsements.Config)})
    return checks.check(endorsements.derive(workspace.dataset(), rules(settings)))


@checked
def encode(
    workspace: Place,
    encoder: str,
    *,
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Features:
    """Features of everything in the workspace by one encoder. Contents that are already encoded are read from
    the cache."""
    workspace = as_workspace(workspace)
    cls = registry.load("encoder", encoder)
    model = cls(cls.Config.from_settings(settings or {}))
    return model.encode(workspace.dataset(), workspace, progress=progress, map=thread_map)


@checked
def posts_not_read(
    workspace: Place, encoder: str, *, settings: Mapping[str, Any] | None = None
) -> OlderPosts | None:
    """The posts that the setting ``last_posts`` of an encoder leaves out; None if it reads all."""
    cls = registry.load("encoder", encoder)
    config = cls.Config.from_settings(settings or {})
    return cls(config).older_posts(as_workspace(workspace).dataset())


@checked
def sweep(workspace: Place, name: str | None = None) -> list[Orphan]:
    """Remove encoded contents without a referrer, of one encoder or profiler or of all
    (``workspace.orphans``). Returns the removed entries."""
    workspace = as_workspace(workspace)
    orphan_list = orphans.find(workspace, name)
    orphans.remove(workspace, orphan_list)
    return orphan_list


@checked
def describe_accounts(
    workspace: Place, ids: Accounts, *, ranker: str | None = None, data: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Category and followers of accounts, as tables show them; None if unknown.

    category_source is "stated" or "predicted" (by a profiler, only without a stated category), with
    category_probability of the latter.

    ranker  describe the accounts as this ranker reads them: with the Features that its model was trained with
    data    settings of the data, as for the answer that is described

    Raises UnknownName.
    """
    workspace = as_workspace(workspace)
    settings = read_by(workspace, ranker, data) if ranker is not None else data
    return described(load(workspace, settings), ids)


def described(dataset: Dataset, accounts: Iterable[str]) -> list[dict[str, Any]]:
    """``describe_accounts`` in a Dataset, so that an answer shows the categories from which it was made."""
    ids = np.array(find_accounts(dataset, accounts), dtype=object)
    predicted = predicted_categories(dataset, ids)
    # (n,) each, None without a profiler.
    predicted_category: list[str | None] = [None] * len(ids)
    probability: list[float | None] = [None] * len(ids)
    if predicted is not None:
        predicted_category, probability = (column.to_pylist() for column in predicted)
    stated_categories = dataset.account_values("category", ids)
    followers = dataset.account_values("followers", ids)
    rows = []
    for n, stated in enumerate(stated_categories):
        category = stated if stated is not None else predicted_category[n]
        source = None
        if category is not None:
            source = "stated" if stated is not None else "predicted"
        has_followers = followers[n] is not None and not np.isnan(followers[n])
        rows.append(
            {
                "category": category,
                "category_source": source,
                "category_probability": probability[n] if source == "predicted" else None,
                "followers": int(followers[n]) if has_followers else None,
            }
        )
    return rows


@checked
def category_of(description: Mapping[str, Any]) -> str | None:
    """The category of a row of ``describe_accounts`` as a table prints it: "food", or "food (predicted,
    83 %)"; None if unknown."""
    # A stated category is shown without a probability.
    is_stated = description["category_source"] == "stated"
    return category_words(description["category"], is_stated, description["category_probability"]) or None


def ready(dataset: Dataset, cls: type[Ranker], workspace: Workspace) -> None:
    """Raise UsageError if the Dataset lacks what a ranker needs: one of its slots, or endorsements to learn
    from."""
    name = registry.name_of("ranker", cls)
    if cls.slots and not any(slot in dataset.slots for slot in cls.slots):
        raise UsageError(
            f"{name} reads {', '.join(cls.slots)}, and this workspace holds no features for any of them.",
            f"Encode first, for example: brandfit encode text.hashing image.classical -w {workspace.path}",
        )
    # Some rankers learn from endorsements only if there are any.
    needs_endorsements = cls.learns and not cls.optional_endorsements
    if needs_endorsements and not len(dataset.endorsements):
        raise UsageError(
            f"{name} learns from endorsements, and there are none.",
            "Import endorsements, or --set endorsements.min_endorsers=1; simcos needs none.",
        )
