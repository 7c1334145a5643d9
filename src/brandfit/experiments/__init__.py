"""Experiments: tables of the papers and our own, run row by row and printed next to the published figures.

Allowed here: declaring, running and publishing tables (``tables/PAPER/NAME.toml``). Not allowed: judging.
"""

from __future__ import annotations

from brandfit.experiments.profiler_files import profilers_to_dict, profilers_to_markdown, publish_profilers
from brandfit.experiments.profilers import (
    ProfilerExperiment,
    ProfilerOutcome,
    ProfilerRow,
    available_profiler_experiments,
    profiler_experiment,
    run_profilers,
)
from brandfit.experiments.publish import publish, writable
from brandfit.experiments.run import Outcome, outcome_of_report, run
from brandfit.experiments.spec import Experiment, Row, available, read
from brandfit.experiments.table import to_dict

__all__ = [
    "Experiment",
    "Outcome",
    "ProfilerExperiment",
    "ProfilerOutcome",
    "ProfilerRow",
    "Row",
    "available",
    "available_profiler_experiments",
    "outcome_of_report",
    "profiler_experiment",
    "profilers_to_dict",
    "profilers_to_markdown",
    "publish",
    "publish_profilers",
    "read",
    "run",
    "run_profilers",
    "to_dict",
    "writable",
]
