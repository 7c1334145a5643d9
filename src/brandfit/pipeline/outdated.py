"""Features, profiles and models of a workspace that are older than its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from brandfit import registry
from brandfit.arguments import checked
from brandfit.data import categories
from brandfit.data.categories import JOINT
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.encoders.base import Gap, has_changed
from brandfit.errors import BrandfitError
from brandfit.pipeline.datasets import fill_slots
from brandfit.pipeline.readers import maker_of
from brandfit.pipeline.settings import scope, stored_data
from brandfit.profilers.base import SLOTS as PROFILE_SLOTS
from brandfit.profilers.base import Profiler
from brandfit.workspace import Place, Workspace, as_workspace

EXAMPLES = 3


@dataclass(frozen=True)
class StaleFeatures:
    """Features that do not cover all rows, or that were made with an earlier state of a file.

    ids      of the posts or accounts (``level``) that are new or changed
    why_not  why ``brandfit update`` cannot encode them, "" if it can
    edited   files of its settings that have changed
    """

    name: str
    level: str
    new: int
    changed: int
    ids: frozenset[str] = field(repr=False)
    why_not: str = ""
    edited: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        changes = [f"{', '.join(self.edited)} changed after they were encoded"] if self.edited else []
        changes += [self._missing_rows()] if self.ids else []
        return f"{self.name}: {'; '.join(changes)}"

    def _missing_rows(self) -> str:
        # Only counts that are not 0 are named.
        counts = [f"{n:,} {word}" for n, word in ((self.new, "new"), (self.changed, "changed")) if n]
        noun = self.level if self.new + self.changed == 1 else f"{self.level}s"
        verb = "is" if self.new + self.changed == 1 else "are"
        examples = ", ".join(sorted(self.ids)[:EXAMPLES])
        return f"{' and '.join(counts)} {noun} {verb} not encoded, for example {examples}"

    def to_dict(self) -> dict[str, Any]:
        examples = sorted(self.ids)[:EXAMPLES]
        return {
            "name": self.name,
            "level": self.level,
            "new": self.new,
            "changed": self.changed,
            "examples": examples,
            "edited": list(self.edited),
            "why_not": self.why_not,
        }


@dataclass(frozen=True)
class StaleResult:
    """A profile or model that is older than its data.

    why      how it is older, to follow its name
    why_not  why ``brandfit update`` cannot make it again, "" if it can
    """

    name: str
    why: str
    why_not: str = ""

    @property
    def sentence(self) -> str:
        return f"{self.name}: {self.why}"

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "why": self.why, "why_not": self.why_not}


@dataclass(frozen=True)
class Outdated:
    """Everything in a workspace that is older than its rows."""

    features: tuple[StaleFeatures, ...] = ()
    profiles: tuple[StaleResult, ...] = ()
    models: tuple[StaleResult, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.features or self.profiles or self.models)

    @property
    def all(self) -> tuple[StaleFeatures | StaleResult, ...]:
        return (*self.features, *self.profiles, *self.models)

    @property
    def sentences(self) -> list[str]:
        """A sentence for each; it ends with what to do if ``brandfit update`` cannot make it again."""
        return [
            f"{stale.sentence}. {stale.why_not}" if stale.why_not else stale.sentence for stale in self.all
        ]

    @property
    def can_update(self) -> bool:
        """Whether ``brandfit update`` can make some of them again."""
        return any(not stale.why_not for stale in self.all)

    def to_dict(self) -> dict[str, Any]:
        return {
            "up_to_date": not self,
            "features": list(map(StaleFeatures.to_dict, self.features)),
            "profiles": list(map(StaleResult.to_dict, self.profiles)),
            "models": list(map(StaleResult.to_dict, self.models)),
            "can_update": self.can_update,
        }


@checked
def outdated(workspace: Place) -> Outdated:
    """What is older than the rows: Features that do not cover all of them, or were made with an earlier state
    of a file that their settings name, and profiles and models that were made from other data.

    Imported Features are never out of date, because nothing here can encode in the same way.
    """
    workspace = as_workspace(workspace)
    # Nothing has been imported.
    if not workspace.fingerprint:
        return Outdated()

    # The stamp of the workspace does not change with a file outside it.
    edited = _edited_files(workspace)
    key = (workspace.stamp, tuple(sorted(edited.items())))
    result: Outdated = workspace.memo.get("outdated", key, lambda: _outdated(workspace, edited))
    return result


def _edited_files(workspace: Workspace) -> dict[str, tuple[str, ...]]:
    """Name of Features to the files of its settings that have changed since it was encoded."""

    def recorded() -> dict[str, dict[str, Any]]:
        by_name = {}
        for name in workspace.feature_names():
            key = workspace.feature_info(name)["key"]
            by_name[name] = workspace.maker(key.partition("-")[0]).get("files", {})
        return by_name

    states = workspace.memo.get("recorded_files", workspace.stamp, recorded)
    edited = {}
    for name, state_by_path in states.items():
        changed = [path for path, state in state_by_path.items() if has_changed(path, state)]
        if changed:
            edited[name] = tuple(changed)
    return edited


def _outdated(workspace: Workspace, edited: Mapping[str, tuple[str, ...]]) -> Outdated:
    dataset = workspace.dataset()
    features: list[StaleFeatures] = []
    profiles: list[StaleResult] = []
    models: list[StaleResult] = []
    for name in workspace.feature_names():
        stale_features = _stale_features(workspace, dataset, name, edited=edited.get(name, ()))
        if stale_features is not None:
            features.append(stale_features)
        if (stale_profile := _stale_profile(workspace, name)) is not None:
            profiles.append(stale_profile)
    for name in workspace.model_names():
        stale_model = _stale_model(workspace, name)
        models.extend([stale_model] if stale_model is not None else [])
    return Outdated(tuple(features), tuple(profiles), tuple(models))


def _stale_features(
    workspace: Workspace, dataset: Dataset, name: str, *, edited: tuple[str, ...]
) -> StaleFeatures | None:
    is_covering = workspace.feature_info(name)["covers"] == workspace.fingerprint
    if is_covering and not edited:
        return None
    features = workspace.features(name)
    # Features without a known encoder count as complete.
    gap = Gap([], [])
    why_not = ""
    try:
        encoder = maker_of(workspace, features)
        if encoder is not None and not is_covering:
            gap = encoder.gap(dataset, features)
    except (BrandfitError, OSError) as error:
        why_not = f"They cannot be encoded here: {error}"
    if not gap.new and not gap.changed and not edited:
        return None
    return StaleFeatures(
        name=name,
        level=features.level,
        new=len(gap.new),
        changed=len(gap.changed),
        ids=frozenset([*gap.new, *gap.changed]),
        why_not=why_not,
        edited=edited,
    )


def profile_note(workspace: Workspace, name: str) -> dict[str, Any] | None:
    """The record of the profiler that made these Features; {} if an earlier version made them; None for
    Features that no profiler made."""
    info = workspace.feature_info(name)
    is_profile = info["slot"] in PROFILE_SLOTS.values()
    if not is_profile or name.removesuffix(".posts") not in registry.names("profiler"):
        return None
    record = workspace.maker(info["key"].partition("-")[0])
    return record if "profiler" in record else {}


def _stale_profile(workspace: Workspace, name: str) -> StaleResult | None:
    record = profile_note(workspace, name)
    if record is None:
        return None
    command = f"Run: brandfit profile {name.removesuffix('.posts')}"
    if not record:
        return StaleResult(name, "it is not known from which data it was made", command)
    why = _why_older(workspace, record["rows"], record["features"])
    why = why or _why_incomplete("made", dict.fromkeys(_later_features(workspace, record), ""))
    if not why:
        return None
    # A file of labels is not stored, so only the user can give it again.
    return StaleResult(name, why, f"{command} --labels FILE" if record["labels"] else "")


def _stale_model(workspace: Workspace, name: str) -> StaleResult | None:
    info = workspace.model_info(name)
    why = _why_older(workspace, info["dataset"], info.get("features", {}))
    why = why or _why_incomplete("trained", _later_slots(workspace, name, info))
    return StaleResult(name, why) if why else None


def chosen_data(info: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the data that the caller of ``train`` chose, from the info of a model.

    Models of earlier versions stored them together with the Features that filled each slot. Such slots stay
    filled in the same way, except stated categories: they filled the slot before a profiler had run.
    """
    if "chosen" in info:
        return dict(info["chosen"])
    data = stored_data(info)
    if data.get(f"slots.{categories.SLOT}") == categories.STATED:
        del data[f"slots.{categories.SLOT}"]
    return data


def _later_slots(workspace: Workspace, ranker: str, info: Mapping[str, Any]) -> dict[str, str]:
    """Features that a model would read if it were trained now, but does not read; each to the Features that
    it reads instead ("" for none)."""
    if ranker not in registry.names("ranker"):
        return {}
    old_names = scope(info["data"], "slots")
    new_names = fill_slots(workspace, scope(chosen_data(info), "slots"))
    old_by_new: dict[str, str] = {}
    for slot in registry.load("ranker", ranker).slots:
        new, old = new_names.get(slot), old_names.get(slot, "")
        if new is None or new == old:
            continue
        # A single category distinguishes no accounts, so it fills no slot.
        if slot == categories.SLOT and workspace.feature_info(new)["dim"] < 2:
            continue
        old_by_new[new] = "" if old == categories.STATED else old
    return old_by_new


def _later_features(workspace: Workspace, record: Mapping[str, Any]) -> list[str]:
    """Features that a profiler would read if it were fitted now, but that it was not fitted with."""
    if record["profiler"] not in registry.names("profiler"):
        return []
    cls = registry.load("profiler", record["profiler"])
    profiler: Profiler = cls(cls.Config.from_settings(record["config"]))
    # Empty Features change nothing.
    infos = map(workspace.feature_info, workspace.feature_names())
    return [
        info["name"]
        for info in infos
        if info["rows"]
        and info["name"] not in record["features"]
        and profiler.can_read(info["slot"] or info["name"], info["level"])
    ]


def _why_incomplete(made: str, old_by_new: Mapping[str, str]) -> str:
    """Why a result is older than Features that it does not read, each to those that it reads instead ("" for
    none). "" without such Features."""
    if not old_by_new:
        return ""
    words = [f"{new} (in place of {old})" if old else new for new, old in sorted(old_by_new.items())]
    return f"{made} before there was {', '.join(words)}, and would read it now"


def _why_older(workspace: Workspace, rows: str, features: Mapping[str, str]) -> str:
    """Why a result is older than the rows or Features that it was made from; "" if it is not.

    rows      fingerprint of the rows that were read
    features  name to key of the Features that were read
    """
    if rows != workspace.fingerprint:
        return "made before the data changed"
    stored = set(workspace.feature_names())
    changed = [
        name
        for name, key in features.items()
        if name in stored and workspace.feature_info(name)["key"] != key
    ]
    return f"made before {', '.join(sorted(changed))} changed" if changed else ""


def features_read(features: Iterable[Features]) -> dict[str, str]:
    """Name to key of Features, to be stored with a result that was made from them. The part of a key that
    covers stated categories is left out, because these are rows."""
    return {one.name: one.key.partition(JOINT)[0] for one in features}
