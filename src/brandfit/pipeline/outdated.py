"""What of a workspace is older than its rows: Features, profiles and models."""

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
from brandfit.encoders.base import Gap
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
    """Features that do not cover all rows. ids: of the posts or accounts (``level``) that are new or changed;
    why_not: why ``brandfit update`` cannot encode them, "" where it can."""

    name: str
    level: str
    new: int
    changed: int
    ids: frozenset[str] = field(repr=False)
    why_not: str = ""

    @property
    def sentence(self) -> str:
        counts = [f"{n:,} {word}" for n, word in ((self.new, "new"), (self.changed, "changed")) if n]
        noun = self.level if self.new + self.changed == 1 else f"{self.level}s"
        verb = "is" if self.new + self.changed == 1 else "are"
        examples = ", ".join(sorted(self.ids)[:EXAMPLES])
        return f"{self.name}: {' and '.join(counts)} {noun} {verb} not encoded, for example {examples}"

    def to_dict(self) -> dict[str, Any]:
        examples = sorted(self.ids)[:EXAMPLES]
        return {
            "name": self.name,
            "level": self.level,
            "new": self.new,
            "changed": self.changed,
            "examples": examples,
            "why_not": self.why_not,
        }


@dataclass(frozen=True)
class StaleResult:
    """A profile or model that is older than its data. why_not: why ``brandfit update`` cannot make it again,
    "" where it can."""

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
        """One for each; it ends with what to do where ``brandfit update`` cannot do it."""
        return [f"{one.sentence}. {one.why_not}" if one.why_not else one.sentence for one in self.all]

    @property
    def can_update(self) -> bool:
        return any(not one.why_not for one in self.all)

    def to_dict(self) -> dict[str, Any]:
        parts = {
            name: [one.to_dict() for one in getattr(self, name)]
            for name in ("features", "profiles", "models")
        }
        return {"up_to_date": not self, **parts, "can_update": self.can_update}


@checked
def outdated(workspace: Place) -> Outdated:
    """What is older than the rows: Features that do not cover all of them, profiles and models that were made
    from other data.

    Features that were imported are not looked at: nothing here can encode as they were.
    """
    workspace = as_workspace(workspace)
    if not workspace.fingerprint:
        return Outdated()

    def found() -> Outdated:
        dataset = workspace.dataset()
        features = [_stale_features(workspace, dataset, name) for name in workspace.feature_names()]
        profiles = [_stale_profile(workspace, name) for name in workspace.feature_names()]
        models = [_stale_model(workspace, name) for name in workspace.model_names()]
        return Outdated(
            tuple(one for one in features if one is not None),
            tuple(one for one in profiles if one is not None),
            tuple(one for one in models if one is not None),
        )

    result: Outdated = workspace.memo.get("outdated", workspace.stamp, found)
    return result


def _stale_features(workspace: Workspace, dataset: Dataset, name: str) -> StaleFeatures | None:
    if workspace.feature_info(name)["covers"] == workspace.fingerprint:
        return None
    features = workspace.features(name)
    gap, encoder = Gap([], []), None
    try:
        encoder = maker_of(workspace, features)
        if encoder is not None:
            gap = encoder.gap(dataset, features)
    except (BrandfitError, OSError) as error:
        why_not = f"They cannot be encoded here: {error}"
    else:
        why_not = ""
    if not gap.new and not gap.changed:
        return None
    return StaleFeatures(
        name=name,
        level=features.level,
        new=len(gap.new),
        changed=len(gap.changed),
        ids=frozenset([*gap.new, *gap.changed]),
        why_not=why_not,
    )


def profile_note(workspace: Workspace, name: str) -> dict[str, Any] | None:
    """What was noted when a profiler made these Features ({} where an earlier version made them); None of
    other Features."""
    info = workspace.feature_info(name)
    if info["slot"] not in PROFILE_SLOTS.values() or name.removesuffix(".posts") not in registry.names(
        "profiler"
    ):
        return None
    about = workspace.maker(info["key"].partition("-")[0])
    return about if "profiler" in about else {}


def _stale_profile(workspace: Workspace, name: str) -> StaleResult | None:
    about = profile_note(workspace, name)
    if about is None:
        return None
    by_hand = f"Run: brandfit profile {name.removesuffix('.posts')}"
    if not about:
        return StaleResult(name, "it is not known from which data it was made", by_hand)
    why = _why_older(workspace, about["rows"], about["features"])
    why = why or _later("made", dict.fromkeys(_later_features(workspace, about), ""))
    if not why:
        return None
    return StaleResult(name, why, f"{by_hand} --labels FILE" if about["labels"] else "")


def _stale_model(workspace: Workspace, name: str) -> StaleResult | None:
    info = workspace.model_info(name)
    why = _why_older(workspace, info["dataset"], info.get("features", {}))
    why = why or _later("trained", _later_slots(workspace, name, info))
    return StaleResult(name, why) if why else None


def chosen_data(info: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the data that the caller of ``train`` gave, of the info of a model.

    Models of earlier versions noted them together with the Features that filled each slot. Their slots stay
    as they were, but for stated categories: these are what filled the slot before anything was predicted.
    """
    if "chosen" in info:
        return dict(info["chosen"])
    return {
        name: value
        for name, value in stored_data(info).items()
        if (name, value) != (f"slots.{categories.SLOT}", categories.STATED)
    }


def _later_slots(workspace: Workspace, ranker: str, info: Mapping[str, Any]) -> dict[str, str]:
    """Features that a model would read if it were trained now, and that it was not trained with, to those
    that it reads in their place ("": nothing)."""
    if ranker not in registry.names("ranker"):
        return {}
    then, now = scope(info["data"], "slots"), fill_slots(workspace, scope(chosen_data(info), "slots"))
    found = {}
    for slot in registry.load("ranker", ranker).slots:
        name, old = now.get(slot), then.get(slot, "")
        if name is None or name == old:
            continue
        if slot == categories.SLOT and workspace.feature_info(name)["dim"] < 2:
            continue  # one category distinguishes nobody: it fills no slot
        found[name] = "" if old == categories.STATED else old
    return found


def _later_features(workspace: Workspace, about: Mapping[str, Any]) -> list[str]:
    """Features that a profiler would read if it were fitted now, and that it was not fitted with."""
    if about["profiler"] not in registry.names("profiler"):
        return []
    cls = registry.load("profiler", about["profiler"])
    profiler: Profiler = cls(cls.Config.from_settings(about["config"]))
    infos = [workspace.feature_info(name) for name in workspace.feature_names()]
    return [
        info["name"]
        for info in infos
        if info["rows"]
        and info["name"] not in about["features"]
        and profiler.can_read(info["slot"] or info["name"], info["level"])
    ]


def _later(made: str, features: Mapping[str, str]) -> str:
    """Why a result is older than these Features; to those that it reads in their place, "" for none."""
    if not features:
        return ""
    words = [f"{name} (in place of {old})" if old else name for name, old in sorted(features.items())]
    return f"{made} before there was {', '.join(words)}, and would read it now"


def _why_older(workspace: Workspace, rows: str, features: Mapping[str, str]) -> str:
    """features: name to key of the Features that were read."""
    if rows != workspace.fingerprint:
        return "made before the data changed"
    here = set(workspace.feature_names())
    encoded = [
        name for name, key in features.items() if name in here and workspace.feature_info(name)["key"] != key
    ]
    return f"made before {', '.join(sorted(encoded))} changed" if encoded else ""


def features_read(features: Iterable[Features]) -> dict[str, str]:
    """Name to key, to be noted with what was made from them; stated categories are rows, not Features."""
    return {one.name: one.key.partition(JOINT)[0] for one in features}
