"""Runs the rows of an experiment and stores each: a row with the same data and settings is not run twice."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from brandfit import __version__, pipeline, registry
from brandfit.data.dataset import Dataset
from brandfit.errors import ConfigError, UnknownName, UsageError
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.report import Report
from brandfit.experiments.spec import Experiment, Row
from brandfit.experiments.store import load_report, over_rows, over_seeds, save_report
from brandfit.mappings import with_prefix
from brandfit.progress import Progress
from brandfit.rankers.base import NOT_FILLED
from brandfit.workspace import Workspace

FOLDER = "experiments"
"""Folder of the workspace with the stored rows."""


@dataclass(frozen=True)
class Outcome:
    """The result of an experiment.

    report       the rows that were run, by their names; None if none was
    missing      row name to the reason why it was not run
    feature_keys name of each Features that a row read, to the key of its content
    """

    experiment: Experiment
    report: Report | None
    missing: Mapping[str, str]
    feature_keys: Mapping[str, str] = field(default_factory=dict)


def run(
    workspace: Workspace,
    experiment: Experiment,
    *,
    seeds: int | None = None,
    data: Mapping[str, Any] | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Run an experiment on a workspace. Raises UsageError if no row can be run.

    seeds  in place of the number that the experiment declares
    data   endorsement rules and slots for all rows (``pipeline.load``); the slots of a row override them
    fresh  whether to run stored rows again; they are stored by data, settings, seed and package version
    """
    # A typing error in the last row must not show up after hours of the first rows.
    _check(experiment)
    runner = _Runner(
        workspace,
        experiment,
        seeds=range(seeds or experiment.seeds),
        data=dict(data or {}),
        fresh=fresh,
    )
    reports: dict[str, Report] = {}
    missing: dict[str, str] = {}
    failures: dict[str, UsageError] = {}
    n_rows = len(experiment.rows)
    for number, row in enumerate(experiment.rows):
        if progress:
            progress(number, n_rows, row.name)
        if not row.ranker:  # there is no implementation to run
            missing[row.name] = f"is quoted{f': {row.note}' if row.note else ''}"
            continue
        within = _within_row(progress, row.name, n_done=number, n_rows=n_rows) if progress else None
        try:
            reports[row.name] = over_seeds(runner.reports(row, progress=within))
        except (UnknownName, ConfigError):  # wrong input is wrong for the whole table
            raise
        except UsageError as error:  # this workspace lacks what the row needs
            missing[row.name] = f"was not run: {error.message}"
            failures[row.name] = error
    if progress:
        progress(n_rows, n_rows, "done")
    if not reports:
        raise _no_row(failures)
    if experiment.baseline not in reports:  # a row that was not run cannot be compared with
        experiment = msgspec.structs.replace(experiment, baseline="")
    # Rows that read other Features share the brands, so they go into one report.
    report = over_rows(reports)
    return Outcome(experiment, report, missing, feature_keys=keys_of_read(report, runner.feature_keys))


def outcome_of_report(
    report: Report,
    title: str,
    settings: Mapping[str, Any] | None = None,
    *,
    dataset: Dataset | None = None,
) -> Outcome:
    """An evaluation as an outcome, so that it can be published like an experiment.

    settings  those that ``pipeline.evaluate`` was called with
    dataset   the Dataset that was judged on, for the keys of its Features
    """
    settings_by_ranker: dict[str, dict[str, Any]] = {name: {} for name in report.results}
    # Settings of the protocol are part of the report.
    for option, value in (settings or {}).items():
        ranker, _, setting = option.partition(".")
        if ranker in settings_by_ranker:
            settings_by_ranker[ranker][setting] = value
    rows = [Row(name=name, ranker=name, settings=own) for name, own in settings_by_ranker.items()]
    experiment = Experiment(
        title=title,
        source="an evaluation",
        rows=rows,
        metrics=tuple(map(str, report.protocol.metrics)),
        baseline=rows[0].name,
    )
    keys = feature_keys(dataset) if dataset is not None else {}
    return Outcome(experiment, report, {}, feature_keys=keys_of_read(report, keys))


def feature_keys(dataset: Dataset) -> dict[str, str]:
    """Name of each Features that fills a slot, to the key of its content."""
    return {features.name: features.key for features in dataset.slots.values()}


def keys_of_read(report: Report, keys: Mapping[str, str]) -> dict[str, str]:
    """The entries of ``keys`` for Features that a ranker of the report read, in the order of the rankers."""
    found: dict[str, str] = {}
    for result in report.results.values():
        found |= {name: keys[name] for name in result.fitted_features.values() if name in keys}
    return found


def _check(experiment: Experiment) -> None:
    """Raise UnknownName or ConfigError for wrong settings, before any row runs."""
    protocols.get(experiment.protocol, experiment.options)
    for row in experiment.rows:
        if not row.ranker:
            continue
        cls = registry.load("ranker", row.ranker)
        cls.Config.from_settings(row.settings)
        unreadable = [slot for slot in row.reads if slot not in cls.slots]
        if unreadable:
            raise ConfigError(
                f"{row.name}: {row.ranker} cannot read the slot {unreadable[0]!r}.",
                f"{row.ranker} reads: {', '.join(cls.slots) or 'no slots'}.",
            )


def _no_row(failures: Mapping[str, UsageError]) -> UsageError:
    """The error that no row could be run: each reason once, with the rows that it holds for."""
    names_by_reason: dict[tuple[str, str], list[str]] = {}
    for name, error in failures.items():
        names_by_reason.setdefault((error.message, error.hint), []).append(name)
    reasons = []
    for (message, _), names in names_by_reason.items():
        is_all = len(names_by_reason) == 1 and len(names) > 1
        reasons.append(f"{'all rows' if is_all else ', '.join(names)}: {message.rstrip('.')}")
    # Several reasons have no common next step.
    hints = list(dict.fromkeys(hint for _, hint in names_by_reason if hint))
    return UsageError(
        f"No row of this experiment can be run here: {'; '.join(reasons) or 'all are quoted'}.",
        hints[0] if len(hints) == 1 else "Import and encode what it needs first.",
    )


def _within_row(progress: Progress, row: str, *, n_done: int, n_rows: int) -> Progress:
    """Progress that counts rows, and names the seed and the fold within one."""

    def report(_done: int, _total: int, step: str = "", /) -> None:
        # The first part of a step is the ranker; the row is named instead.
        progress(n_done, n_rows, ", ".join([row, *step.split(", ")[1:]]))

    return report


class _Runner:
    """Runs single rows of one experiment on one workspace."""

    def __init__(
        self,
        workspace: Workspace,
        experiment: Experiment,
        *,
        seeds: range,
        data: dict[str, Any],
        fresh: bool,
    ) -> None:
        self.workspace = workspace
        self.experiment = experiment
        self.seeds = seeds
        self.data = data
        self.fresh = fresh
        self.feature_keys: dict[str, str] = {}

    def reports(self, row: Row, *, progress: Progress | None) -> list[Report]:
        """One report a seed, with the ranker of the row as the only one. Raises UsageError if the workspace
        lacks what the row needs."""
        self._check_features(row)
        cls = registry.load("ranker", row.ranker)
        # Slots that the row does not read are left empty; those that it names come last and win.
        chosen = {slot: "none" for slot in cls.slots if row.reads and slot not in row.reads} | row.slots
        # Only a slot that would have been filled is left out because of the row.
        emptied = [slot for slot in pipeline.fill_slots(self.workspace) if chosen.get(slot) == "none"]
        data = self.data | with_prefix("slots.", chosen)
        dataset = pipeline.load(self.workspace, data)
        self._check_slots(row, dataset)
        self.feature_keys |= feature_keys(dataset)
        protocol = protocols.get(self.experiment.protocol, self.experiment.options)
        reports = []
        for seed in self.seeds:
            file = self._file(row, dataset, seed=seed)
            if self.fresh or not file.exists():
                self._evaluate(row, file, seed=seed, data=data, progress=progress)
            # Read back even if it was just run: stored and new rows are then equal to the last digit.
            reports.append(_with_reasons(load_report(file, protocol), row, emptied))
        return reports

    def _check_features(self, row: Row) -> None:
        """Raise UsageError if the workspace lacks Features that the row names."""
        existing = self.workspace.feature_names()
        lacking = [name for name in row.slots.values() if name != "none" and name not in existing]
        if lacking:
            raise UsageError(f"it needs the Features {', '.join(lacking)}.")

    def _check_slots(self, row: Row, dataset: Dataset) -> None:
        """Raise UsageError if a slot that the row needs is empty or of no use to its ranker."""
        if not row.needs:
            return
        cls = registry.load("ranker", row.ranker)
        reasons = {slot: NOT_FILLED for slot in row.needs if slot not in dataset.slots}
        reasons |= cls(cls.Config.from_settings(row.settings)).unusable_slots(dataset)
        lacking = [f"{slot} ({reasons[slot]})" for slot in row.needs if slot in reasons]
        if lacking:
            raise UsageError(f"it needs {', '.join(lacking)}.")

    def _file(self, row: Row, dataset: Dataset, *, seed: int) -> Path:
        """The file of a row and seed: its name is a hash of all that the result depends on."""
        protocol = protocols.get(self.experiment.protocol, self.experiment.options)
        content = [
            __version__,
            dataset.fingerprint,
            protocol.name,
            protocol.Config.from_settings(self.experiment.options).to_dict(),
            row.ranker,
            registry.load("ranker", row.ranker).Config.from_settings(row.settings).to_dict(),
            *(["refit"] if self.experiment.refit else []),
            seed,
        ]
        key = hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
        return self.workspace.path / FOLDER / f"{key[:32]}.msgpack"

    def _evaluate(
        self, row: Row, file: Path, *, seed: int, data: Mapping[str, Any], progress: Progress | None
    ) -> None:
        """Judge the ranker of a row with one seed, and store the report.

        A training that was stopped goes on, unless the run is fresh.
        """
        # Checkpoints are removed once the report is stored.
        training = self.workspace.path / "training" / file.stem
        if self.fresh:
            shutil.rmtree(training, ignore_errors=True)
        settings = with_prefix("protocol.", self.experiment.options)
        settings |= with_prefix(f"{row.ranker}.", row.settings)
        report = pipeline.evaluate(
            self.workspace,
            [row.ranker],
            protocol=self.experiment.protocol,
            settings=settings,
            data=data,
            seeds=(seed,),
            progress=progress,
            folder=training,
            refit=self.experiment.refit,
        )
        save_report(report, file)
        shutil.rmtree(training, ignore_errors=True)


def _with_reasons(report: Report, row: Row, emptied: Collection[str]) -> Report:
    """The report with the right reason for slots that the row itself leaves empty."""
    result = report.results[row.ranker]
    notes: dict[str, None] = {}
    for note in result.notes:
        slot = note.partition(" left out: ")[0]
        is_emptied = slot in emptied
        notes[note.replace(NOT_FILLED, "this row leaves it empty") if is_emptied else note] = None
    return replace(report, results={row.ranker: replace(result, notes=notes)})
