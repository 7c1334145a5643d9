"""Searches for better settings of a ranker by Optuna (Akiba et al., KDD 2019).

Settings are judged on held-out training brands. Test brands of the source are removed before the search. The
folds have their own seed, so they differ from those of an evaluation. The result is tuned to the brands of
this workspace: judge it on other brands, by ``--protocol official``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from brandfit import pipeline, registry
from brandfit.config import describe
from brandfit.data.dataset import Dataset
from brandfit.errors import ConfigError, MissingExtra, UnknownName, UsageError
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.evaluate import evaluate
from brandfit.evaluation.metrics import Metric, parse
from brandfit.evaluation.protocol import Protocol
from brandfit.evaluation.report import RankerResult
from brandfit.evaluation.significance import holm, paired_test
from brandfit.progress import Progress
from brandfit.rankers.base import Ranker
from brandfit.seeds import derive
from brandfit.workspace import Workspace

PROTOCOLS = ("cv5", "expansion")
"""Protocols to tune by: the others end on the days and brands that nothing may be chosen by."""
BRANDS = "brands"
"""Attribute of a study or trial: the value of each brand."""
READS = "reads"
"""Attribute of a study: slot to the name of the Features that the ranker reads with its defaults."""
FAILED = "failed"
"""Attribute of a trial that could not be judged."""
FOLD_SEED = 1_000_003
"""Added to the seed of the folds, so that they are not those of an evaluation."""
MANY = 10
"""Ratio of the ends of a range from which on it is searched on a log scale."""


@dataclass(frozen=True)
class Range:
    """All numbers from ``low`` to ``high``; only integers if the setting is one."""

    low: float
    high: float
    integer: bool = False


@dataclass(frozen=True)
class Choice:
    """One of these values."""

    values: tuple[str, ...]


Space = Mapping[str, Range | Choice]
"""Setting to the values to try."""


@dataclass(frozen=True)
class Tuned:
    """The result of a search.

    settings      of the best trial; empty if no trial was better than the defaults
    value         of the metric with them
    default       of the metric with the defaults
    p             of "no better than the defaults": paired over brands, corrected for the number of trials
                  (Holm); 1 if no trial was better
    trials        settings and value of all trials, in order
    feature_keys  name of each Features that the ranker read with its defaults, to the key of its content
    """

    ranker: str
    metric: str
    settings: Mapping[str, Any]
    value: float
    default: float
    p: float
    trials: Sequence[tuple[Mapping[str, Any], float]]
    feature_keys: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return {
            "ranker": self.ranker,
            "metric": self.metric,
            "settings": dict(self.settings),
            "value": self.value,
            "default": self.default,
            "p": self.p,
            "trials": [{"settings": dict(settings), "value": value} for settings, value in self.trials],
            "feature_keys": dict(self.feature_keys),
        }


def space(ranker: str, tries: Mapping[str, str]) -> dict[str, Range | Choice]:
    """The values to try, as typed: ``learning_rate=1e-4:1e-2`` is a range, ``pool_size=2,4,6`` a choice.

    Raises UnknownName for an unknown setting, ConfigError for a value that it cannot have, UsageError if a
    value would be leaky.
    """
    cls = registry.load("ranker", ranker)
    values_by_setting: dict[str, Range | Choice] = {}
    for name, text in tries.items():
        low, colon, high = text.partition(":")
        if colon:
            is_integer = describe(cls.Config).get(name, {}).get("type") == "int"
            # Both ends are checked as settings.
            values_by_setting[name] = _range(name, text, is_integer=is_integer)
            samples = [low, high]
        else:
            samples = [value.strip() for value in text.split(",") if value.strip()]
            values_by_setting[name] = Choice(tuple(samples))
        for value in samples:
            if cls(cls.Config.from_settings({name: value})).leaky:
                raise UsageError(
                    f"{name}={value} reads the labels that it is judged on: it would always be best.",
                    "Leave it out.",
                )
    return values_by_setting


def _range(name: str, text: str, *, is_integer: bool) -> Range:
    """LOW:HIGH. Raises ConfigError unless both are finite numbers and the first is smaller."""
    low, _, high = text.partition(":")
    try:
        found = Range(float(low), float(high), is_integer)
    except ValueError:
        found = Range(0, 0)
    if not -math.inf < found.low < found.high < math.inf:
        raise ConfigError(
            f"{name}={text}: a range goes from a smaller to a larger number.", "For example: epochs=10:200"
        )
    return found


def tune(  # noqa: PLR0913 - the options of one command, each with a default
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
    """Try ``trials`` settings of a ranker. A search that was stopped goes on.

    tries   setting to the values to try, as ``space`` reads them
    metric  its mean over held-out training brands decides; of a rank such as MedR the lowest is best
    """
    try:
        import optuna
    except ImportError:
        raise MissingExtra("tuning", "tune") from None
    if protocol not in PROTOCOLS:
        raise UnknownName(
            "protocol to tune by",
            protocol,
            known=PROTOCOLS,
            hint="Tune by cv5 or expansion: the others end on the days and brands that nothing may be "
            "chosen by.",
        )
    values_by_setting = space(ranker, tries)
    if not values_by_setting:
        raise UsageError(
            "Tune what?",
            "Name a setting and what to try: --try learning_rate=0.0001:0.01 (brandfit list settings "
            f"{ranker})",
        )
    # Nothing after this line sees a test brand.
    dataset = _without_test_brands(pipeline.load(workspace, data))
    measured = parse(metric)
    judge = _Judge(
        registry.load("ranker", ranker),
        dataset,
        name=ranker,
        metric=measured,
        protocol=protocols.get(protocol, {"seed": seed + FOLD_SEED}).replace(metrics=(measured,)),
        seed=seed,
    )
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # The name of a study is a hash of all that its values depend on.
    content = [ranker, dataset.fingerprint, dict(tries), metric, protocol, seed, BRANDS]
    study = optuna.create_study(
        storage=_storage(optuna, workspace),
        study_name=hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()[:32],
        direction="minimize" if metric.startswith("MedR") else "maximize",
        load_if_exists=True,
    )
    if BRANDS not in study.user_attrs:
        _judge_defaults(judge, study)
    _run_trials(judge, study, space=values_by_setting, n_trials=trials, progress=progress)
    return _tuned(judge, study)


@dataclass(frozen=True)
class _Judge:
    """Judges settings of one ranker on held-out training brands."""

    ranker: type[Ranker]
    dataset: Dataset
    name: str
    metric: Metric
    protocol: Protocol
    seed: int

    def result(self, settings: Mapping[str, Any]) -> RankerResult:
        config = self.ranker.Config.from_settings(settings)
        make = {self.name: lambda seed: self.ranker(config, seed)}
        report = evaluate(make, self.dataset, protocol=self.protocol, seeds=(self.seed,))
        return report.results[self.name]

    def values(self, settings: Mapping[str, Any]) -> np.ndarray:
        """(b,) values of the brands."""
        return self.result(settings).mean(self.metric)


def _without_test_brands(dataset: Dataset) -> Dataset:
    """The Dataset without the brands that the source reserves for testing."""
    accounts = dataset.accounts
    split_by_id = dict(zip(accounts["id"].to_pylist(), accounts["split"].to_pylist(), strict=True))
    training = [brand for brand in dataset.brands.tolist() if split_by_id[brand] != "test"]
    return dataset.restricted(brands=training)


def _judge_defaults(judge: _Judge, study: Any) -> None:
    """Store the values of the default settings in the study. Raises UsageError if the metric is not
    defined."""
    result = judge.result({})
    values = result.mean(judge.metric)
    if np.isnan(values).all():
        raise UsageError(
            f"{judge.metric} is not defined on this data for {judge.name}.",
            "Tune by another metric: --metric MAP",
        )
    study.set_user_attr(READS, dict(result.fitted_features))
    study.set_user_attr(BRANDS, values.tolist())


def _run_trials(judge: _Judge, study: Any, *, space: Space, n_trials: int, progress: Progress | None) -> None:
    """Add trials to a study until it has this many. Raises UsageError if each of them failed."""
    import optuna

    def objective(trial: Any) -> float:
        settings = {name: _suggest(trial, name, values=values) for name, values in space.items()}
        try:
            values = judge.values(settings)
        except UsageError:  # a training that diverged; one that the user stopped does not count
            trial.set_user_attr(FAILED, True)
            raise
        trial.set_user_attr(BRANDS, values.tolist())
        return judge.metric.aggregate(values)

    complete = optuna.trial.TrialState.COMPLETE
    while True:
        trials = study.get_trials(deepcopy=False)
        n_done = sum(trial.state == complete or FAILED in trial.user_attrs for trial in trials)
        if n_done >= n_trials:
            break
        if progress:
            progress(n_done, n_trials)
        # A seed for each trial: a search that was stopped goes on with the same draws.
        seed = derive(judge.seed, "trial", n_done) % 2**32
        study.sampler = optuna.samplers.TPESampler(seed=seed)
        study.optimize(objective, n_trials=1, catch=(UsageError,))
    if progress:
        progress(n_trials, n_trials)
    if not study.get_trials(deepcopy=False, states=(complete,)):
        raise UsageError(
            f"Each of the {n_trials} trials failed.",
            "Try other values: a lower learning_rate, for example.",
        )


def _tuned(judge: _Judge, study: Any) -> Tuned:
    """The best trial of a study, compared with the defaults brand by brand."""
    import optuna

    finished = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    defaults = np.array(study.user_attrs[BRANDS])  # (b,)
    # MedR is a rank: lower is better.
    default = judge.metric.aggregate(defaults)
    sign = 1 if study.direction.name == "MAXIMIZE" else -1
    best = study.best_trial
    settings, value, p = best.params, best.value, 1.0
    if sign * value <= sign * default:
        settings, value = {}, default
    else:
        # The best of many trials is better by chance: p is corrected for all of them.
        adjusted = holm([_p_of_gain(np.array(t.user_attrs[BRANDS]), defaults, sign) for t in finished])
        p = adjusted[[trial.number for trial in finished].index(best.number)]
    return Tuned(
        ranker=judge.name,
        metric=str(judge.metric),
        settings=settings,
        value=value,
        default=default,
        p=p,
        trials=[(trial.params, float(trial.value)) for trial in finished if trial.value is not None],
        feature_keys=_feature_keys(judge, study),
    )


def _feature_keys(judge: _Judge, study: Any) -> dict[str, str]:
    """Name to key of the Features that the ranker read. A study of an earlier version did not store their
    slots: then all that the ranker can read."""
    slots = study.user_attrs.get(READS, judge.ranker.slots)
    features = [judge.dataset.slots[slot] for slot in slots if slot in judge.dataset.slots]
    return {one.name: one.key for one in features}


def _p_of_gain(values: np.ndarray, defaults: np.ndarray, sign: int) -> float:
    """p of a gain over brands (b,); 1 if the mean does not gain, although a median may."""
    return paired_test(values, defaults) if sign * np.nanmean(values - defaults) > 0 else 1.0


def _suggest(trial: Any, name: str, *, values: Range | Choice) -> Any:
    """The value of a setting in a trial."""
    if isinstance(values, Choice):
        return trial.suggest_categorical(name, values.values)
    # Learning rates and penalties vary by orders of magnitude.
    is_log = values.low > 0 and values.high / values.low >= MANY
    if values.integer:
        return trial.suggest_int(name, int(values.low), int(values.high), log=is_log)
    return trial.suggest_float(name, values.low, values.high, log=is_log)


def _storage(optuna: Any, workspace: Workspace) -> Any:
    file = workspace.path / "experiments" / "tuning.sqlite"
    file.parent.mkdir(exist_ok=True)
    return optuna.storages.RDBStorage(f"sqlite:///{file.resolve()}")
