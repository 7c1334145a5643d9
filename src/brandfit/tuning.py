"""Searches for better settings of a ranker, with Optuna (Akiba et al., KDD 2019).

Settings are judged on held-out training brands. Test brands of the source are removed before the search. The
folds differ from those of an evaluation, because they have another seed. The best settings are fitted to the
brands of this workspace: judge them on other brands, by ``--protocol official``.
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
"""Protocols to tune by. The others judge on the last days or on test brands, which must not influence
settings."""
BRANDS = "brands"
"""Attribute of an Optuna study or trial: list of the metric of each brand. That of a study is with the
defaults."""
READS = "reads"
"""Attribute of a study: slot to the name of the Features that the ranker reads with its defaults."""
FAILED = "failed"
"""Attribute of a trial that could not be judged; it counts as one of the trials."""
FOLD_SEED = 1_000_003
"""Added to the seed of the folds, so that they are not those of an evaluation."""
LOG_RATIO = 10
"""A range is searched on a log scale if its upper end is at least this many times the lower one."""


@dataclass(frozen=True)
class Range:
    """All numbers from ``low`` to ``high``; only integers if ``integer``."""

    low: float
    high: float
    integer: bool = False


@dataclass(frozen=True)
class Choice:
    """One of several values, as typed."""

    values: tuple[str, ...]


Space = Mapping[str, Range | Choice]
"""Name of a setting to the values to try."""


@dataclass(frozen=True)
class Tuned:
    """The result of a search.

    settings      settings of the best trial; empty if no trial was better than the defaults
    value         the metric with ``settings``
    default       the metric with the defaults
    p             p value of the hypothesis that ``settings`` are no better than the defaults: paired over
                  brands, corrected for the number of trials (Holm); 1 if no trial was better
    trials        settings and metric of each trial that did not fail, in order
    feature_keys  name to key of the Features that the ranker reads with its defaults
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
    """Setting to the values to try, from setting to text: ``learning_rate`` to ``1e-4:1e-2`` is a range,
    ``pool_size`` to ``2,4,6`` a choice.

    Raises UnknownName for an unknown setting, ConfigError for a value that the setting cannot have,
    UsageError for a value with which the ranker reads the labels that it is judged on.
    """
    cls = registry.load("ranker", ranker)
    values_by_setting: dict[str, Range | Choice] = {}
    for name, text in tries.items():
        low, colon, high = text.partition(":")
        if colon:
            # An unknown setting has no description; ``from_settings`` below refuses it.
            description = describe(cls.Config).get(name, {})
            is_integer = description.get("type") == "int"
            values_by_setting[name] = _range(name, text, is_integer=is_integer)
            typed_values = [low, high]
        else:
            stripped = [value.strip() for value in text.split(",")]
            typed_values = [value for value in stripped if value]
            values_by_setting[name] = Choice(tuple(typed_values))
        # Of a range, the two ends are checked.
        for value in typed_values:
            if cls(cls.Config.from_settings({name: value})).leaky:
                raise UsageError(
                    f"{name}={value} reads the labels that it is judged on: it would always be best.",
                    "Leave it out.",
                )
    return values_by_setting


def _range(name: str, text: str, *, is_integer: bool) -> Range:
    """The range of a text LOW:HIGH. Raises ConfigError unless both are finite numbers and the first is
    smaller."""
    low_text, _, high_text = text.partition(":")
    try:
        low, high = float(low_text), float(high_text)
    except ValueError:
        low = high = math.nan  # fails the comparison below
    if not -math.inf < low < high < math.inf:
        raise ConfigError(
            f"{name}={text}: a range goes from a smaller to a larger number.", "For example: epochs=10:200"
        )
    return Range(low, high, is_integer)


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
    """Search for the settings of a ranker with the best metric on held-out training brands.

    Trials are stored in the workspace. A search with the same arguments continues one that was stopped.

    tries     setting to the values to try, as ``space`` reads them
    trials    number of trials in all, with those of an earlier call
    metric    its value over all brands decides; the largest is best, of MedR the lowest
    protocol  one of ``PROTOCOLS``
    data      settings of the data

    Raises MissingExtra without Optuna, UnknownName for a protocol that is not in ``PROTOCOLS``, UsageError
    without ``tries`` or if each trial failed; see ``space`` for others.
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
    # No code below sees a test brand.
    dataset = _without_test_brands(pipeline.load(workspace, data))
    parsed_metric = parse(metric)
    judge = _Judge(
        registry.load("ranker", ranker),
        dataset,
        name=ranker,
        metric=parsed_metric,
        protocol=protocols.get(protocol, {"seed": seed + FOLD_SEED}).replace(metrics=(parsed_metric,)),
        seed=seed,
    )
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # The name of a study is a hash of everything that its trials depend on, so that the same search finds it.
    identity = [ranker, dataset.fingerprint, dict(tries), metric, protocol, seed, BRANDS]
    study_name = hashlib.sha256(msgspec.json.encode(identity, order="sorted")).hexdigest()[:32]
    study = optuna.create_study(
        storage=_storage(optuna, workspace),
        study_name=study_name,
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
        """The evaluation of the ranker with these settings."""
        config = self.ranker.Config.from_settings(settings)
        ranker_by_name = {self.name: lambda seed: self.ranker(config, seed)}
        report = evaluate(ranker_by_name, self.dataset, protocol=self.protocol, seeds=(self.seed,))
        return report.results[self.name]

    def values(self, settings: Mapping[str, Any]) -> np.ndarray:
        """(b,) the metric of each brand with these settings."""
        return self.result(settings).mean(self.metric)


def _without_test_brands(dataset: Dataset) -> Dataset:
    """The Dataset without the brands that the source reserves for testing."""
    accounts = dataset.accounts
    split_by_id = dict(zip(accounts["id"].to_pylist(), accounts["split"].to_pylist(), strict=True))
    training = [brand for brand in dataset.brands.tolist() if split_by_id[brand] != "test"]
    return dataset.restricted(brands=training)


def _judge_defaults(judge: _Judge, study: Any) -> None:
    """Store in the study the metric of each brand with the default settings. Raises UsageError if it is
    defined for no brand."""
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
    """Add trials to a study until it has ``n_trials``, failed ones included. Raises UsageError if all
    failed."""
    import optuna

    def objective(trial: Any) -> float:
        settings = {name: _suggest(trial, name, values=values) for name, values in space.items()}
        try:
            values = judge.values(settings)
        except UsageError:
            # For example, the training diverged. A trial that a person stopped gets no mark: it is repeated.
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
        # Each trial has a seed, so that a search that was stopped continues with the same draws.
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
    default = judge.metric.aggregate(defaults)
    sign = 1 if study.direction.name == "MAXIMIZE" else -1  # lower is better for MedR
    best = study.best_trial
    if sign * best.value > sign * default:
        settings, value = best.params, best.value
        # The best of many trials may be better by chance, so p is corrected for their number.
        p_of_trials = [_p_of_gain(np.array(trial.user_attrs[BRANDS]), defaults, sign) for trial in finished]
        best_index = [trial.number for trial in finished].index(best.number)
        p = holm(p_of_trials)[best_index]
    else:
        settings, value, p = {}, default, 1.0
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
    """Name to key of the Features that the ranker reads with its defaults. A study of an earlier version did
    not store their slots: then of all Features that the ranker can read."""
    slots = study.user_attrs.get(READS, judge.ranker.slots)
    features = [judge.dataset.slots[slot] for slot in slots if slot in judge.dataset.slots]
    return {one.name: one.key for one in features}


def _p_of_gain(values: np.ndarray, defaults: np.ndarray, sign: int) -> float:
    """p value of the gain of values (b,) over defaults (b,), by brand.

    sign  1 if higher is better, else -1

    It is 1 if the mean is not better. The metric itself may be: MedR is a median.
    """
    mean_gain = sign * np.nanmean(values - defaults)
    return paired_test(values, defaults) if mean_gain > 0 else 1.0


def _suggest(trial: Any, name: str, *, values: Range | Choice) -> Any:
    """The value that Optuna draws for a setting in a trial."""
    if isinstance(values, Choice):
        return trial.suggest_categorical(name, values.values)
    # Learning rates and penalties vary by orders of magnitude.
    is_log = values.low > 0 and values.high / values.low >= LOG_RATIO
    if values.integer:
        return trial.suggest_int(name, int(values.low), int(values.high), log=is_log)
    return trial.suggest_float(name, values.low, values.high, log=is_log)


def _storage(optuna: Any, workspace: Workspace) -> Any:
    """The database of the studies of a workspace."""
    file = workspace.path / "experiments" / "tuning.sqlite"
    file.parent.mkdir(exist_ok=True)
    return optuna.storages.RDBStorage(f"sqlite:///{file.resolve()}")
