"""Runs the rows of an experiment and keeps each: one that was run on the same data with the same settings is
not run again."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from brandfit import __version__, pipeline, registry
from brandfit.errors import ConfigError, UnknownName, UsageError
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.report import Report
from brandfit.experiments.spec import Experiment, Row
from brandfit.experiments.store import load_report, over_rows, over_seeds, save_report
from brandfit.progress import Progress
from brandfit.rankers.base import NOT_FILLED
from brandfit.workspace import Workspace

FOLDER = "experiments"
"""Where rows are kept, in the folder of the workspace."""


@dataclass(frozen=True)
class Outcome:
    """``report`` holds the rows that were run, by their names, or is None where none was; ``missing`` says
    why others were not."""

    experiment: Experiment
    report: Report | None
    missing: Mapping[str, str]


def run(
    workspace: Workspace,
    experiment: Experiment,
    *,
    seeds: int | None = None,
    data: Mapping[str, Any] | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Run an experiment on a workspace.

    seeds  in place of the experiment's own number
    data   endorsement rules and slots for all rows (``pipeline.load``); a row's own slots come before them
    fresh  run rows again that are kept; they are kept by data, settings, seed and version of the package
    """
    asked = range(seeds or experiment.seeds)
    protocols.get(experiment.protocol, experiment.options)
    for row in experiment.rows:  # what is typed wrongly is told before anything runs
        if row.ranker:
            cls = registry.load("ranker", row.ranker)
            cls.Config.from_settings(row.settings)
            if unread := [slot for slot in row.reads if slot not in cls.slots]:
                raise ConfigError(
                    f"{row.name}: {row.ranker} cannot read the slot {unread[0]!r}.",
                    f"{row.ranker} reads: {', '.join(cls.slots) or 'no slots'}.",
                )
    reports: dict[str, Report] = {}
    missing: dict[str, str] = {}
    refused: dict[tuple[str, str], list[str]] = {}
    for n, row in enumerate(experiment.rows):
        if progress:
            progress(n, len(experiment.rows), row.name)
        if not row.ranker:
            missing[row.name] = f"is quoted{f': {row.note}' if row.note else ''}"
            continue
        try:
            inner = _inside(progress, row.name, done=n, rows=len(experiment.rows)) if progress else None
            reports[row.name] = over_seeds(
                _reports(
                    workspace,
                    experiment,
                    row=row,
                    seeds=asked,
                    data=dict(data or {}),
                    fresh=fresh,
                    progress=inner,
                )
            )
        except (UnknownName, ConfigError):
            raise
        except UsageError as error:
            missing[row.name] = f"was not run: {error.message}"
            refused.setdefault((error.message, error.hint), []).append(row.name)
    if progress:
        progress(len(experiment.rows), len(experiment.rows), "done")
    if not reports:
        whom = {
            rows[0] if len(rows) == 1 else "all rows" if len(refused) == 1 else ", ".join(rows): m
            for (m, _), rows in refused.items()
        }
        reasons = "; ".join(f"{rows}: {message.rstrip('.')}" for rows, message in whom.items())
        hints = list(dict.fromkeys(hint for _, hint in refused if hint))
        raise UsageError(
            f"No row of this experiment can be run here: {reasons or 'all are quoted'}.",
            hints[0] if len(hints) == 1 else "Import and encode what it needs first.",
        )
    if experiment.baseline not in reports:  # what was not run is nothing to compare with
        experiment = msgspec.structs.replace(experiment, baseline="")
    return Outcome(experiment, over_rows(reports), missing)


def outcome_of_report(report: Report, title: str, settings: Mapping[str, Any] | None = None) -> Outcome:
    """An evaluation that nobody declared as an outcome, to be published like one; settings as
    ``pipeline.evaluate`` was given."""
    own: dict[str, dict[str, Any]] = {name: {} for name in report.results}
    for option, value in (settings or {}).items():
        ranker, _, setting = option.partition(".")
        if ranker in own:
            own[ranker][setting] = value
    rows = [Row(name=name, ranker=name, settings=own[name]) for name in report.results]
    metrics = tuple(map(str, report.protocol.metrics))
    experiment = Experiment(
        title=title, source="an evaluation", rows=rows, metrics=metrics, baseline=rows[0].name
    )
    return Outcome(experiment, report, {})


def _inside(progress: Progress, row: str, *, done: int, rows: int) -> Progress:
    """What is told within a row: seed and fold. Rows are what is counted."""
    return lambda _done, _total, step="", /: progress(done, rows, ", ".join([row, *step.split(", ")[1:]]))


def _reports(
    workspace: Workspace,
    experiment: Experiment,
    *,
    row: Row,
    seeds: range,
    data: dict[str, Any],
    fresh: bool,
    progress: Progress | None = None,
) -> list[Report]:
    """One report a seed, with the row's ranker as the only one judged."""
    here = workspace.feature_names()
    if lacking := [name for name in row.slots.values() if name != "none" and name not in here]:
        raise UsageError(f"it needs the Features {', '.join(lacking)}.")
    cls = registry.load("ranker", row.ranker)
    chosen = {slot: "none" for slot in cls.slots if row.reads and slot not in row.reads} | row.slots
    emptied = [slot for slot in pipeline.fill_slots(workspace) if chosen.get(slot) == "none"]
    data |= {f"slots.{slot}": name for slot, name in chosen.items()}
    settings = {f"protocol.{name}": value for name, value in experiment.options.items()}
    settings |= {f"{row.ranker}.{name}": value for name, value in row.settings.items()}
    protocol = protocols.get(experiment.protocol, experiment.options)
    dataset = pipeline.load(workspace, data)
    left_out = {slot: NOT_FILLED for slot in row.needs if slot not in dataset.slots}
    left_out |= cls(cls.Config.from_settings(row.settings)).unusable_slots(dataset) if row.needs else {}
    if lacking := [f"{slot} ({left_out[slot]})" for slot in row.needs if slot in left_out]:
        raise UsageError(f"it needs {', '.join(lacking)}.")
    said = [
        __version__,
        dataset.fingerprint,
        protocol.name,
        protocol.Config.from_settings(experiment.options).to_dict(),
        row.ranker,
        registry.load("ranker", row.ranker).Config.from_settings(row.settings).to_dict(),
        *(["refit"] if experiment.refit else []),
    ]
    reports = []
    for seed in seeds:
        key = hashlib.sha256(msgspec.json.encode([*said, seed], order="sorted")).hexdigest()
        file = workspace.path / FOLDER / f"{key[:32]}.msgpack"
        if fresh or not file.exists():
            training = workspace.path / "training" / file.stem
            if fresh:
                shutil.rmtree(training, ignore_errors=True)
            report = pipeline.evaluate(
                workspace,
                [row.ranker],
                protocol=experiment.protocol,
                settings=settings,
                data=data,
                seeds=(seed,),
                progress=progress,
                folder=training,
                refit=experiment.refit,
            )
            save_report(report, file)
            shutil.rmtree(training, ignore_errors=True)
        reports.append(_with_reasons(load_report(file, protocol), row, emptied))
    return reports


def _with_reasons(report: Report, row: Row, emptied: Collection[str]) -> Report:
    """The report, whose notes say of a slot that the row leaves empty that it is the row that does."""

    def reworded(note: str) -> str:
        slot = note.partition(" left out: ")[0]
        return note.replace(NOT_FILLED, "this row leaves it empty") if slot in emptied else note

    judged = report.results[row.ranker]
    notes = dict.fromkeys(map(reworded, judged.notes))
    return replace(report, results={row.ranker: replace(judged, notes=notes)})
