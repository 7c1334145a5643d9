"""Experiments: tables of the papers and our own, run row by row and printed next to the published figures.

Allowed here: declaring, running and publishing tables (``tables/PAPER/NAME.toml``). Not allowed: judging.
"""

from __future__ import annotations

from brandfit.experiments.publish import publish, writable
from brandfit.experiments.run import Outcome, outcome_of_report, run
from brandfit.experiments.spec import Experiment, Row, available, read
from brandfit.experiments.table import to_dict

__all__ = [
    "Experiment",
    "Outcome",
    "Row",
    "available",
    "outcome_of_report",
    "publish",
    "read",
    "run",
    "to_dict",
    "writable",
]
