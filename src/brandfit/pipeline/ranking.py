"""Training rankers, ranking by them, and judging them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from brandfit import names
from brandfit.config import Config
from brandfit.data import endorsements, split
from brandfit.data.dataset import Dataset
from brandfit.errors import ConfigError
from brandfit.evaluation import evaluate as evaluation
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.report import Report
from brandfit.pipeline.loading import Steps, known_brand, known_settings, load, readers_of, ready, rules, scope
from brandfit.rankers.base import Ranker
from brandfit.ranking import Ranking
from brandfit.search.lookalike import BRIEF, with_brief
from brandfit.workspace import Workspace


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
    ready(dataset, cls, workspace)
    started = time.perf_counter()
    model.fit(split.training_view(dataset, seed) if cls.learns else dataset, tick, workspace.checkpoint(ranker))
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


def fitted(workspace: Workspace, ranker: str, data: Mapping[str, Any] | None = None) -> tuple[Ranker, Dataset]:
    """A ranker ready to score, with the Dataset that it reads: the trained model, or a ranker that needs no training."""
    cls = names.load("ranker", ranker)
    if ranker not in workspace.model_names() and not cls.learns:
        dataset = load(workspace, data)
        ready(dataset, cls, workspace)
        return cls().fit(dataset), dataset
    model, info = workspace.load_model(ranker)
    dataset = load(workspace, {**info["data"], **(data or {})})
    ready(dataset, cls, workspace)
    return model, dataset


def default_ranker(workspace: Workspace) -> str:
    """Our own where it has been trained, else the one that needs no training."""
    return "brandfit" if "brandfit" in workspace.model_names() else "simcos"


def rank(
    workspace: Workspace,
    brand: str,
    ranker: str | None = None,
    k: int | None = None,
    partners: bool = False,
    data: Mapping[str, Any] | None = None,
) -> Ranking:
    """The best k influencers for a brand, best first. Past partners are left out unless ``partners``.

    The ranker is ``default_ranker`` unless another is named.
    """
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data)
    return ranked(model, dataset, known_brand(dataset, brand), k, partners, data)


def rank_brief(
    workspace: Workspace,
    text: str,
    pictures: Sequence[str | Path] = (),
    ranker: str | None = None,
    k: int | None = None,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Ranking:
    """The best influencers for a brand that has no account yet: what it looks for, in words and pictures."""
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data)
    known_settings(settings, dataset)
    readers = {slot: reader for slot, reader in readers_of(dataset, settings).items() if slot in model.slots}
    asked = with_brief(dataset, text, pictures, readers)
    unread = [slot for slot in model.used_slots(dataset) if slot not in readers and slot not in model.one_sided]
    notes = [f"{slot} left out: nothing here can read a brief as {dataset.slots[slot].name} read posts" for slot in unread]
    ranking = ranked(model, asked, BRIEF, k, True, data)
    return replace(ranking, notes=(*ranking.notes, *notes))


def ranked(model: Ranker, dataset: Dataset, brand: str, k: int | None, partners: bool, data: Mapping[str, Any] | None) -> Ranking:
    known = set() if partners else dataset.partners.get(brand, set())
    candidates = [c for c in endorsements.within_bounds(dataset, rules(data)).tolist() if c not in known]
    return model.rank(dataset, brand, np.array(candidates, dtype=object), k)


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
    chosen = protocols.get(protocol, scope(settings, "protocol"))
    if ties is not None:
        chosen = chosen.replace(ties=ties)
    dataset = load(workspace, data)
    makers = {}
    for name in dict.fromkeys(rankers):
        cls = names.load("ranker", name)
        config = cls.Config.of(scope(settings, name))
        makers[name] = _maker(cls, config)
        ready(dataset, cls, workspace)
    for name in settings:
        if name.partition(".")[0] not in ("protocol", *makers):
            raise ConfigError(
                f"Setting {name!r}: evaluation takes settings of a ranker or of the protocol.",
                f"Write for example {rankers[0]}.NAME=VALUE or protocol.NAME=VALUE.",
            )
    return evaluation.evaluate(makers, dataset, chosen, tuple(seeds), tick)


def _maker(cls: type[Ranker], config: Config) -> Callable[[int], Ranker]:
    return lambda seed: cls(config, seed)
