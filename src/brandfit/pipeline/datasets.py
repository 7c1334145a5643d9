"""The Dataset that rankers, profilers and pages see, read from a workspace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from brandfit import registry
from brandfit.arguments import Accounts, account, checked
from brandfit.compute.local import thread_map
from brandfit.config import Config, describe, refuse_unread
from brandfit.data import categories, checks, endorsements
from brandfit.data.dataset import SLOTS, Dataset
from brandfit.data.features import Features
from brandfit.encoders.base import Encoder
from brandfit.errors import BrandfitError, UnknownName, UsageError
from brandfit.progress import Progress
from brandfit.rankers.base import Ranker
from brandfit.search.facts import category_words, predicted_categories
from brandfit.workspace import Place, Workspace, as_workspace, orphans
from brandfit.workspace.orphans import Orphan

ENDORSEMENTS, SLOT = "endorsements", "slots"
"""Scopes of the settings of the data."""
FOREIGN = 5
"""Preference of Features that nothing installed makes."""


@checked
def load(workspace: Place, settings: Mapping[str, Any] | None = None) -> Dataset:
    """The Dataset that rankers see: endorsements stated or derived, and every slot filled that can be.

    Settings: ``endorsements.NAME`` (``data.endorsements.Config``) and ``slots.SLOT`` (the name of Features,
    or none). The slot ``category`` is filled with the stated categories and, where a profiler has predicted
    one, with its probabilities for the accounts that state none; ``slots.category=stated`` leaves the
    predictions out.
    """
    workspace = as_workspace(workspace)
    told, chosen = rules(settings), scope(settings, "slots")

    def loaded() -> Dataset:
        rows = workspace.dataset()
        slots = {slot: workspace.features(name) for slot, name in fill_slots(workspace, chosen).items()}
        slots = _with_categories(workspace, rows, slots) if chosen.get(categories.SLOT) != "none" else slots
        # Rows and Features that have not changed are the same objects; what is kept holds them, so that their
        # ids stay theirs.
        key = (id(rows), told, tuple((slot, id(features)) for slot, features in slots.items()))
        return workspace.memo.get(
            "datasets", key, lambda: (endorsements.derive(rows, told).with_slots(slots), rows)
        )[0]

    return workspace.memo.get("loaded", (workspace.stamp, told, tuple(sorted(chosen.items()))), loaded)


@checked
def fill_slots(workspace: Place, chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """Slot to the name of the Features that fill it: the chosen ones, else the best of what the workspace
    holds.

    The best is what its encoder says it is (``Encoder.preference``); ``slots.text=none`` leaves a slot empty.
    """
    workspace = as_workspace(workspace)
    chosen = dict(chosen or {})
    for slot in chosen:
        if slot not in SLOTS:
            raise UnknownName("slot", slot, known=SLOTS)
    best = {slot: name for slot, name in preferred(workspace).items() if slot not in chosen}
    empty = {"none", categories.STATED}
    result = best | {s: n for s, n in chosen.items() if n not in empty}
    return {slot: result[slot] for slot in SLOTS if slot in result}


def _with_categories(
    workspace: Workspace, rows: Dataset, slots: Mapping[str, Features]
) -> dict[str, Features]:
    """The slots, that of categories with those that accounts state. The memo keeps it while rows and
    predictions are the same."""
    predicted = slots.get(categories.SLOT)
    key = (id(rows), id(predicted))
    merged: Features | None = workspace.memo.get(
        "categories", key, lambda: (categories.with_stated(rows, predicted), rows, predicted)
    )[0]
    return {**slots, **({categories.SLOT: merged} if merged is not None else {})}


def preferred(workspace: Workspace) -> dict[str, str]:
    """Slot, those of posts too, to the name of the best Features that the workspace holds for it."""
    best: dict[str, tuple[int, str]] = {}
    for name in workspace.feature_names():
        slot = workspace.feature_info(name)["slot"]
        best[slot] = max(best.get(slot, (-1, "")), (_preference(name), name))
    return {slot: name for slot, (_, name) in best.items()}


def _preference(name: str) -> int:
    maker = name.removesuffix(".posts")
    kind = next((kind for kind in ("encoder", "profiler") if maker in registry.names(kind)), None)
    return int(registry.load(kind, maker).preference) if kind else FOREIGN


@checked
def with_features(workspace: Place) -> Dataset:
    """The Dataset that profilers see: all Features of the workspace, each under its own name."""
    workspace = as_workspace(workspace)
    return workspace.dataset().with_slots(
        {name: workspace.features(name) for name in workspace.feature_names()}
    )


@checked
def check(workspace: Place, settings: Mapping[str, Any] | None = None) -> checks.Check:
    """What is wrong with the data of a workspace, counted, with examples. Settings: ``endorsements.NAME``."""
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
    """Features of everything in the workspace by one encoder; what was encoded before is not computed
    again."""
    workspace = as_workspace(workspace)
    cls = registry.load("encoder", encoder)
    return cls(cls.Config.from_settings(settings or {})).encode(
        workspace.dataset(), workspace, progress=progress, map=thread_map
    )


@checked
def sweep(workspace: Place, name: str | None = None) -> list[Orphan]:
    """Remove what nothing refers to of all encoders and profilers, or of one (``workspace.orphans``). Returns
    what was removed."""
    workspace = as_workspace(workspace)
    found = orphans.find(workspace, name)
    orphans.remove(workspace, found)
    return found


@checked
def describe_accounts(workspace: Place, ids: Accounts) -> list[dict[str, Any]]:
    """Category and followers of accounts, to print beside a ranking; None where not known.

    category_source is "stated" or "predicted" (by a profiler, only where none is stated), with
    category_probability of the latter. Raises UnknownName.
    """
    workspace = as_workspace(workspace)
    dataset = load(workspace)
    ids = np.array(find_accounts(dataset, ids), dtype=object)
    followers = dataset.account_values("followers", ids)
    predicted = predicted_categories(dataset, ids)
    unknown = [None] * len(ids)
    category, probability = (
        (column.to_pylist() for column in predicted) if predicted is not None else (unknown, unknown)
    )
    rows = []
    for n, stated in enumerate(dataset.account_values("category", ids)):
        source = "stated" if stated is not None else "predicted" if category[n] is not None else None
        rows.append(
            {
                "category": stated if stated is not None else category[n],
                "category_source": source,
                "category_probability": probability[n] if source == "predicted" else None,
                "followers": None if followers[n] is None or np.isnan(followers[n]) else int(followers[n]),
            }
        )
    return rows


@checked
def category_of(about: Mapping[str, Any]) -> str | None:
    """The category of one of these as a table prints it: "food", or "food (predicted, 83 %)"; None where
    there is none."""
    return (
        category_words(about["category"], about["category_source"] == "stated", about["category_probability"])
        or None
    )


def ready(dataset: Dataset, cls: type[Ranker], workspace: Workspace) -> None:
    """A ranker that reads slots needs at least one; one that learns needs endorsements."""
    name = registry.name_of("ranker", cls)
    if cls.slots and not any(slot in dataset.slots for slot in cls.slots):
        raise UsageError(
            f"{name} reads {', '.join(cls.slots)}, and this workspace holds no features for any of them.",
            f"Encode first, for example: brandfit encode text.hashing image.classical -w {workspace.path}",
        )
    if cls.learns and not cls.optional_endorsements and not len(dataset.endorsements):
        raise UsageError(
            f"{name} learns from endorsements, and there are none.",
            "Import endorsements, or --set endorsements.min_endorsers=1; simcos needs none.",
        )


def find_brand(dataset: Dataset, brand: str) -> str:
    """The id of a brand as a person types it. Raises where it is not there or nothing is known to rank by."""
    brand = account(brand, "brand")
    if brand not in dataset.representation:
        hint = "" if len(dataset.brands) else "This workspace has no brands."
        if brand in dataset.influencers.tolist():
            hint = f"It is an influencer. Brands for it: brandfit brands {brand}"
        raise UnknownName("brand", brand, known=dataset.brands.tolist(), hint=hint)
    if dataset.representation[brand] == "none":
        raise UsageError(
            f"Nothing is known of {brand!r} to rank by: it has no posts, no brief and no known partners.",
            "Import some of its posts, or a brief (a post with kind=brief), or endorsements that name its "
            "partners.",
        )
    return brand


def find_influencer(dataset: Dataset, influencer: str) -> str:
    """The id of an influencer as a person types it. Raises UnknownName."""
    return find_influencers(dataset, [influencer])[0]


def find_influencers(dataset: Dataset, influencers: Iterable[str]) -> list[str]:
    """The ids of influencers as people type them. Raises UnknownName for the first that is not
    there or is another kind of account."""
    known = _ids(dataset, "influencers")
    found = [account(id, "influencer") for id in influencers]
    for id in found:
        if id not in known:
            role = dataset.account(id)["role"] if id in _ids(dataset, "accounts") else ""
            hint = f"It is {'an' if role[:1] in 'aeiou' else 'a'} {role} here." if role else ""
            raise UnknownName("influencer", id, known=known, hint=hint)
    return found


def find_account(dataset: Dataset, id: str) -> str:
    """The id of any account as a person types it. Raises UnknownName."""
    return find_accounts(dataset, [id])[0]


def find_accounts(dataset: Dataset, ids: Iterable[str]) -> list[str]:
    """The ids of any accounts as people type them. Raises UnknownName for the first that is not
    there."""
    known = _ids(dataset, "accounts")
    found = [account(id, "account") for id in ids]
    for id in found:
        if id not in known:
            raise UnknownName("account", id, known=known)
    return found


def _ids(dataset: Dataset, kind: str) -> set[str]:
    def made() -> set[str]:
        return set(
            dataset.influencers.tolist() if kind == "influencers" else dataset.accounts["id"].to_pylist()
        )

    return dataset.cached(("ids", kind), made)


def reader_of(features: Features, settings: Mapping[str, Any] | None) -> Encoder | None:
    """The encoder that made these Features, told by their key; None where there is none that can read anew
    what it read."""
    if features.name not in registry.names("encoder"):
        return None
    cls = registry.load("encoder", features.name)
    encoder: Encoder = cls(cls.Config.from_settings(scope(settings, features.name)))
    if not encoder.stateless:
        return None
    try:
        made = encoder.maker
    except BrandfitError:
        if scope(settings, features.name):
            raise
        return None
    return encoder if features.key.startswith(made) else None


def maker_of(workspace: Workspace, features: Features) -> Encoder | None:
    """The encoder that made these Features, with its settings of then; None where the workspace does not know
    it."""
    about = workspace.maker(features.key.partition("-")[0])
    if about.get("encoder") not in registry.names("encoder"):
        return None
    cls = registry.load("encoder", about["encoder"])
    encoder: Encoder = cls(cls.Config.from_settings(about["config"]))
    return encoder


def readers_of(dataset: Dataset, settings: Mapping[str, Any] | None) -> dict[str, Encoder]:
    """Slot to the encoder that filled it, of those that can read anew."""
    found = {slot: reader_of(features, settings) for slot, features in dataset.slots.items()}
    return {slot: encoder for slot, encoder in found.items() if encoder is not None}


def check_settings(
    settings: Mapping[str, Any] | None,
    dataset: Dataset | None = None,
    others: Mapping[str, type[Config]] | None = None,
) -> None:
    """Refuses a setting that nothing here takes: it would change nothing, and nobody would know.

    Taken are ``ENCODER.NAME`` of the encoders that fill the slots of the Dataset, and ``SCOPE.NAME`` of
    ``others``.
    """
    filled = [features.name for features in dataset.slots.values()] if dataset is not None else []
    takers = {
        name: registry.load("encoder", name).Config for name in filled if name in registry.names("encoder")
    } | dict(others or {})
    for name in settings or {}:
        if taker := _owner(name, takers):
            takers[taker].from_settings(scope(settings, taker))
        elif dataset is not None and (encoder := _owner(name, registry.names("encoder"))):
            slot = registry.load("encoder", encoder).slot
            now = dataset.slots[slot].name if slot in dataset.slots else "nothing"
            raise UsageError(
                f"Setting {name!r}: {encoder} fills no slot here; {slot} is filled by {now}.",
                f"Fill it with --set slots.{slot}={encoder}, or set what is there: "
                f"{', '.join(takers) or 'nothing'}.",
            )
        elif dataset is not None and name.count(".") > 1 and name.partition(".")[0] in _kinds():
            raise UnknownName("encoder", name.rpartition(".")[0], known=registry.names("encoder"))
        elif _owner(name, data_settings()):
            raise UsageError(
                f"Setting {name!r} is a setting of the data, not of this.",
                f"Give it as data={{{name!r}: ...}}.",
            )
        else:
            readers = {taker: describe(config) for taker, config in takers.items()}
            refuse_unread([name], readers | data_settings())


def _kinds() -> set[str]:
    """text, image, concept ...: what the names of encoders begin with."""
    return {name.partition(".")[0] for name in registry.names("encoder")}


def _owner(name: str, takers: Iterable[str]) -> str | None:
    """The one of these that a setting ``TAKER.NAME`` is of."""
    return max((taker for taker in takers if name.startswith(f"{taker}.")), key=len, default=None)


def scope(settings: Mapping[str, Any] | None, scope: str) -> dict[str, Any]:
    """The settings named ``scope.NAME``, without the scope."""
    return {
        name[len(scope) + 1 :]: value
        for name, value in (settings or {}).items()
        if name.startswith(f"{scope}.")
    }


def rules(data: Mapping[str, Any] | None) -> endorsements.Config:
    """How endorsements are derived. Raises UnknownName for a setting that is none of the data."""
    refuse_unread(data, data_settings())
    return endorsements.Config.from_settings(scope(data, ENDORSEMENTS))


def data_settings() -> dict[str, Iterable[str]]:
    """Scope of settings of the data to its names."""
    return {ENDORSEMENTS: describe(endorsements.Config), SLOT: SLOTS}


def stored_data(info: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the data that a stored model was trained with. Earlier versions stored settings that
    nothing read, too: they are left out."""
    return {name: value for name, value in info["data"].items() if _owner(name, data_settings())}
