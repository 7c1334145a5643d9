"""Rankers judged on the endorsements of a workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from brandfit import registry
from brandfit.arguments import Account, Seeds, Texts, checked, seeds_of
from brandfit.config import Config
from brandfit.errors import UsageError
from brandfit.evaluation import evaluate as evaluation
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.first_ten import FirstTen, first_ten
from brandfit.evaluation.report import Report
from brandfit.exposure import checked_exposure
from brandfit.pipeline.datasets import load, ready
from brandfit.pipeline.lookup import find_brand
from brandfit.pipeline.missing_features import unencoded_note
from brandfit.pipeline.refitting import Refit
from brandfit.pipeline.settings import check_settings, scope
from brandfit.pipeline.training import default_ranker
from brandfit.progress import Progress
from brandfit.rankers.base import Ranker
from brandfit.workspace import Place, as_workspace


@checked
def evaluate(
    workspace: Place,
    rankers: Texts,
    *,
    protocol: str = "expansion",
    settings: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    seeds: Seeds = (0,),
    ties: str | None = None,
    progress: Progress | None = None,
    folder: Path | None = None,
    refit: bool = False,
    exposure: str | None = None,
) -> Report:
    """Judge rankers on the endorsements of the workspace under a named protocol.

    settings  ``protocol.NAME`` of the protocol, ``RANKER.NAME`` of one ranker
    ties      the rank of tied scores, in place of that of the protocol; "all": the report also has every
              metric under each rule
    folder    where trainings store checkpoints (``evaluation.evaluate``), for example one of ``resumable``
    refit     in every fold, encode again what was fitted on all accounts or describes whole accounts
              (``pipeline.refitting``)
    exposure  "parity": each ranker is also judged in the order with parity of exposure by follower tier
              (``exposure.parity_order``), with the difference of every metric
    """
    workspace = as_workspace(workspace)
    settings, rankers, seeds = dict(settings or {}), list(rankers), seeds_of(seeds, "seeds")
    if not rankers:
        raise UsageError("There is nothing to judge: no ranker is named.", "Rankers: brandfit list rankers")
    # The settings of the protocol have its scope, whatever its name.
    chosen_protocol = protocols.get(protocol, scope(settings, "protocol"))
    if ties == "all":
        chosen_protocol = chosen_protocol.replace(compares_ties=True)
    elif ties is not None:
        chosen_protocol = chosen_protocol.replace(ties=ties)
    if checked_exposure(exposure):
        chosen_protocol = chosen_protocol.replace(compares_parity=True)
    dataset = load(workspace, data)
    # One new ranker for each fold and seed.
    factories: dict[str, Callable[[int], Ranker]] = {}
    configs: dict[str, type[Config]] = {"protocol": chosen_protocol.Config}
    for name in dict.fromkeys(rankers):
        cls = registry.load("ranker", name)
        factories[name] = _factory(cls, cls.Config.from_settings(scope(settings, name)))
        configs[name] = cls.Config
        ready(dataset, cls, workspace)
    # A setting for a ranker that is not judged has no effect, so it is refused.
    check_settings(settings, others=configs)
    report = evaluation.evaluate(
        factories,
        dataset,
        protocol=chosen_protocol,
        seeds=seeds,
        progress=progress,
        folder=folder,
        prepare=Refit.from_dataset(workspace, dataset) if refit else None,
    )
    # New posts are not encoded for an evaluation: every fold fits on the stored Features.
    everyone = [*dataset.brands.tolist(), *dataset.influencers.tolist()]
    return replace(report, notes=(*unencoded_note(workspace, dataset, everyone), *report.notes))


@checked
def suggestions(
    workspace: Place,
    brand: Account | None = None,
    *,
    ranker: str | None = None,
    settings: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    seed: int = 0,
    protocol: str = "suggestions",
    progress: Progress | None = None,
) -> FirstTen:
    """The plain answer on the workspace's own list of partners: of the ten influencers that a ranker would
    have suggested, how many are really partners, and how many by chance (``evaluation.first_ten``).

    Every brand is judged by a ranker that was fitted without it. ranker: the default is the one that ranks.
    Raises UnknownName for a brand that cannot be judged.
    """
    workspace = as_workspace(workspace)
    name = ranker or default_ranker(workspace)
    dataset = load(workspace, data)
    if brand is not None:
        brand = find_brand(dataset, brand)
    report = evaluate(
        workspace,
        [name],
        protocol=protocol,
        settings=settings,
        data=data,
        seeds=(seed,),
        progress=progress,
    )
    # New posts are not encoded for an evaluation: every fold fits on the stored Features.
    judged = [brand] if brand is not None else report.brands.tolist()
    answer = first_ten(report, name, brand=brand)
    return replace(answer, notes=(*unencoded_note(workspace, dataset, judged), *answer.notes))


def _factory(cls: type[Ranker], config: Config) -> Callable[[int], Ranker]:
    """A function of the seed, because every fold fits a new ranker."""
    return lambda seed: cls(config, seed)
