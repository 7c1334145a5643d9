"""Which settings of a ranker are best: Optuna's search (Akiba et al., KDD 2019), judged by held-out training
brands alone.

Brands that a source marks as test brands are taken out before anything is looked at, and the folds are dealt
with a seed of their own. What is found is tuned to the brands of this workspace: judge it on others, by
``--protocol official``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from brandfit import pipeline, registry
from brandfit.config import describe
from brandfit.errors import ConfigError, MissingExtra, UnknownName, UsageError
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.evaluate import evaluate
from brandfit.evaluation.metrics import parse
from brandfit.evaluation.significance import holm, paired_test
from brandfit.progress import Progress
from brandfit.seeds import derive
from brandfit.workspace import Workspace

BRANDS = "brands"
"""What the values of each brand are kept under."""
FAILED = "failed"
"""What a trial is marked with that could not be judged."""
DEALING = 1_000_003
"""Added to the seed of the folds, so that they are not those of an evaluation."""
MANY = 10
"""Ratio of the ends of a range from which on it is searched by its logarithm."""


@dataclass(frozen=True)
class Range:
    """All numbers from ``low`` to ``high``; ``whole`` ones alone where the setting is one."""

    low: float
    high: float
    integer: bool = False


@dataclass(frozen=True)
class Choice:
    values: tuple[str, ...]


@dataclass(frozen=True)
class Tuned:
    """``settings`` of the best trial and ``value`` of the metric there; ``default`` with those as they come;
    all trials in order.

    ``p`` of "no better than as they come": paired over brands, and corrected for how many were tried (Holm).
    Where no trial was better than those as they come, ``settings`` is empty and ``p`` 1.
    """

    ranker: str
    metric: str
    settings: Mapping[str, Any]
    value: float
    default: float
    p: float
    trials: Sequence[tuple[Mapping[str, Any], float]]

    def to_dict(self) -> dict[str, Any]:
        trials = [{"settings": dict(s), "value": v} for s, v in self.trials]
        told = {
            "ranker": self.ranker,
            "metric": self.metric,
            "settings": dict(self.settings),
            "value": self.value,
        }
        return told | {"default": self.default, "p": self.p, "trials": trials}


def space(ranker: str, tries: Mapping[str, str]) -> dict[str, Range | Choice]:
    """What to try, as typed: ``learning_rate=1e-4:1e-2`` is a range, ``pool_size=2,4,6`` a choice.

    Raises UnknownName, ConfigError where a setting is not there or cannot be so, UsageError where it would be
    leaky.
    """
    cls = registry.load("ranker", ranker)
    config = cls.Config
    found: dict[str, Range | Choice] = {}
    for name, text in tries.items():
        low, sep, high = text.partition(":")
        if sep:
            try:
                reach = Range(float(low), float(high), describe(config).get(name, {}).get("type") == "int")
            except ValueError:
                reach = Range(0, 0)
            if not -math.inf < reach.low < reach.high < math.inf:
                raise ConfigError(
                    f"{name}={text}: a range goes from a smaller to a larger number.",
                    "For example: epochs=10:200",
                )
            found[name], ends = reach, [low, high]
        else:
            ends = [value.strip() for value in text.split(",") if value.strip()]
            found[name] = Choice(tuple(ends))
        for value in ends:
            if cls(config.from_settings({name: value})).leaky:
                raise UsageError(
                    f"{name}={value} reads what it is asked for: it would always be best.", "Leave it out."
                )
    return found


def tune(
    workspace: Workspace,
    ranker: str,
    *,
    tries: Mapping[str, str],
    trials: int = 20,
    metric: str = "MAP",
    protocol: str = "cv5",
    data: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Tuned:
    """Try ``trials`` settings of a ranker. A search that was broken off goes on where it stopped.

    tries   setting to what to try, as ``space`` reads it
    metric  by its mean over held-out training brands the settings are chosen; a rank such as MedR is chosen
            low
    """
    try:
        import optuna
    except ImportError:
        raise MissingExtra("tuning", "tune") from None
    if protocol not in ("cv5", "expansion"):
        raise UnknownName(
            "protocol to tune by",
            protocol,
            known=("cv5", "expansion"),
            hint="Tune by cv5 or expansion: the others end on the days and brands that nothing may be "
            "chosen by.",
        )
    cls = registry.load("ranker", ranker)
    wanted = space(ranker, tries)
    if not wanted:
        raise UsageError(
            "Tune what?",
            "Name a setting and what to try: --try learning_rate=0.0001:0.01 (brandfit list settings "
            f"{ranker})",
        )
    dataset = pipeline.load(workspace, data)
    split = dict(zip(dataset.accounts["id"].to_pylist(), dataset.accounts["split"].to_pylist(), strict=True))
    dataset = dataset.restricted(brands=[b for b in dataset.brands.tolist() if split[b] != "test"])
    measured = parse(metric)
    chosen = protocols.get(protocol, {"seed": seed + DEALING}).replace(metrics=(measured,))

    def judged(settings: Mapping[str, Any]) -> np.ndarray:
        """(b,) of the brands."""
        config = cls.Config.from_settings(settings)
        return (
            evaluate({ranker: lambda s: cls(config, s)}, dataset, protocol=chosen, seeds=(seed,))
            .results[ranker]
            .mean(measured)
        )

    def tried(trial: Any) -> float:
        try:
            values = judged({name: _suggest(trial, name, what) for name, what in wanted.items()})
        except UsageError:  # a training that diverged is a trial that failed; one that was broken off is none
            trial.set_user_attr(FAILED, True)
            raise
        trial.set_user_attr(BRANDS, values.tolist())
        return measured.aggregate(values)

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    told = [ranker, dataset.fingerprint, dict(tries), metric, protocol, seed, BRANDS]
    study = optuna.create_study(
        storage=_storage(optuna, workspace),
        study_name=hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()[:32],
        direction="minimize" if metric.startswith("MedR") else "maximize",
        load_if_exists=True,
    )
    if BRANDS not in study.user_attrs:
        values = judged({})
        if np.isnan(values).all():
            raise UsageError(
                f"{metric} is not defined on this data for {ranker}.", "Tune by another metric: --metric MAP"
            )
        study.set_user_attr(BRANDS, values.tolist())
    done = optuna.trial.TrialState.COMPLETE
    while (
        number := sum(t.state == done or FAILED in t.user_attrs for t in study.get_trials(deepcopy=False))
    ) < trials:
        if progress:
            progress(number, trials)
        study.sampler = optuna.samplers.TPESampler(
            seed=derive(seed, "trial", number) % 2**32
        )  # the same whether it was broken off or not
        study.optimize(tried, n_trials=1, catch=(UsageError,))
    if progress:
        progress(trials, trials)
    finished = study.get_trials(states=(done,))
    if not finished:
        raise UsageError(
            f"Each of the {trials} trials failed.", "Try other values: a lower learning_rate, for example."
        )
    as_it_comes, best = np.array(study.user_attrs[BRANDS]), study.best_trial
    default, sign = measured.aggregate(as_it_comes), 1 if study.direction.name == "MAXIMIZE" else -1
    trials_found = [(trial.params, float(trial.value)) for trial in finished if trial.value is not None]
    assert best.value is not None
    if sign * best.value <= sign * default:
        return Tuned(
            ranker=ranker,
            metric=metric,
            settings={},
            value=default,
            default=default,
            p=1.0,
            trials=trials_found,
        )
    p = holm([_doubt(np.array(trial.user_attrs[BRANDS]), as_it_comes, sign) for trial in finished])
    return Tuned(
        ranker=ranker,
        metric=metric,
        settings=best.params,
        value=best.value,
        default=default,
        p=p[[trial.number for trial in finished].index(best.number)],
        trials=trials_found,
    )


def _doubt(values: np.ndarray, as_it_comes: np.ndarray, sign: int) -> float:
    """p of a gain brand by brand; 1 where on the mean there is none (a median may rise all the same)."""
    return paired_test(values, as_it_comes) if sign * np.nanmean(values - as_it_comes) > 0 else 1.0


def _suggest(trial: Any, name: str, what: Range | Choice) -> Any:
    if isinstance(what, Choice):
        return trial.suggest_categorical(name, what.values)
    log = what.low > 0 and what.high / what.low >= MANY
    if what.integer:
        return trial.suggest_int(name, int(what.low), int(what.high), log=log)
    return trial.suggest_float(name, what.low, what.high, log=log)


def _storage(optuna: Any, workspace: Workspace) -> Any:
    file = workspace.path / "experiments" / "tuning.sqlite"
    file.parent.mkdir(exist_ok=True)
    return optuna.storages.RDBStorage(f"sqlite:///{file.resolve()}")
