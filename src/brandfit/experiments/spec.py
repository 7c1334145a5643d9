"""The declaration of an experiment: a protocol, rows, and the published figures of each row.

Each table is one TOML file; those of the package are in ``tables``, a folder for each paper.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from brandfit.config import from_toml
from brandfit.data.dataset import SLOTS
from brandfit.errors import ConfigError, UnknownName
from brandfit.evaluation.metrics import parse
from brandfit.evaluation.protocol import PROTOCOLS
from brandfit.mappings import map_values

TABLES = Path(__file__).parent / "tables"
PROFILERS = "profiler"
"""Folder of the tables of profilers (``experiments.profilers``)."""
METRICS = ("AUC", "cAUC", "Recall@10", "Recall@50", "MRR", "MAP", "MedR")


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of a table.

    name        as it is printed
    ranker      the ranker that is run; empty for a row that is only quoted, with the reason in ``note``
    settings    of the ranker
    slots       slot to the Features that fill it, "none" to leave it empty; other slots are filled by default
    reads       slots that the ranker may read, for example those of the paper; empty: all that it can read
    paper       metric name to the published figure
    spread      metric name to the published variation of that figure (its ±)
    parameters  published number of parameters, as it is printed there
    note        what readers must know of this row
    needs       slots without which the row is not run, because its name would be wrong
    series, x   in a sweep: the line of this point, and its position on the line
    """

    name: str
    ranker: str = ""
    settings: dict[str, Any] = {}
    slots: dict[str, str] = {}
    reads: tuple[str, ...] = ()
    paper: dict[str, float] = {}
    spread: dict[str, float] = {}
    parameters: str = ""
    note: str = ""
    needs: tuple[str, ...] = ()
    series: str = ""
    x: float | None = None


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table.

    title       the question
    source      the paper and its table
    protocol    how rows are judged (``brandfit list protocols``); ``options`` are its settings
    seeds       number of seeds that each ranker is trained with
    refit       whether Features that were fitted on all accounts are encoded again in every fold
    baseline    the row that all others are compared with, brand by brand
    by_category whether the table has a row for each brand category, of its one declared row
    categories  published figures of each brand category
    sweep       in a sweep: what x is; empty for a table
    note        what readers must know of the table
    """

    title: str
    source: str
    rows: Annotated[list[Row], Meta(min_length=1)]
    protocol: str = "cv5"
    options: dict[str, Any] = {}
    seeds: Annotated[int, Meta(ge=1, le=100)] = 3
    refit: bool = False
    metrics: tuple[str, ...] = METRICS
    baseline: str = ""
    by_category: bool = False
    categories: dict[str, dict[str, float]] = {}
    sweep: str = ""
    note: str = ""


def available() -> dict[str, Experiment]:
    """Name ("wsim/table1") to the experiments of the package."""
    return map_values(_read, _file_by_name())


def read(name: str) -> Experiment:
    """An experiment of the package by name, or any TOML file by path.

    Raises UnknownName, or ConfigError with what is wrong and where.
    """
    if name.endswith(".toml"):
        if not Path(name).is_file():
            raise ConfigError(
                f"There is no file {name}.", "Name a TOML file, or one of: brandfit list experiments"
            )
        return _read(Path(name))
    file_by_name = _file_by_name()
    if name not in file_by_name:
        of_profilers = [f"{PROFILERS}/{file.stem}" for file in sorted((TABLES / PROFILERS).glob("*.toml"))]
        raise UnknownName("experiment", name, known=[*file_by_name, *of_profilers])
    return _read(file_by_name[name])


def _file_by_name() -> dict[str, Path]:
    """Tables of rankers; those in the folder of the profilers are of another form."""
    files = [file for file in sorted(TABLES.glob("*/*.toml")) if file.parent.name != PROFILERS]
    return {f"{file.parent.name}/{file.stem}": file for file in files}


def _read(file: Path) -> Experiment:
    """Read and check a declaration. Raises ConfigError."""
    try:
        experiment = from_toml(file, Experiment)
    except ConfigError as error:
        raise ConfigError(error.message, "What an experiment may hold is in docs/experiments.md.") from None
    # Names are the keys of results, so they must differ.
    names = [row.name for row in experiment.rows]
    for name, count in sorted(Counter(names).items()):
        if count > 1:
            raise ConfigError(f"{file}: two rows are named {name!r}.", "Give each row its own name.")
    _check_names(file, experiment)
    for row in experiment.rows:
        _check_row(file, row)
    if experiment.baseline and experiment.baseline not in names:
        raise ConfigError(
            f"{file}: the baseline {experiment.baseline!r} is no row.", f"Rows: {', '.join(names)}"
        )
    return experiment


def _check_names(file: Path, experiment: Experiment) -> None:
    """Raise ConfigError for an unknown protocol or metric. Options are not checked: a command may add
    some."""
    # All metrics that the file mentions: printed ones and published figures.
    metrics = {*experiment.metrics}.union(*experiment.categories.values())
    for row in experiment.rows:
        metrics |= row.paper.keys()
    try:
        if experiment.protocol not in PROTOCOLS:
            raise UnknownName("protocol", experiment.protocol, known=PROTOCOLS)
        for metric in metrics:
            parse(metric)
    except UnknownName as error:
        raise ConfigError(f"{file}: {error.message}", error.hint) from None


def _check_row(file: Path, row: Row) -> None:
    """Raise ConfigError for an unknown slot, or a published variation without its figure."""
    for slot in (*row.needs, *row.slots, *row.reads):
        if slot not in SLOTS:
            raise ConfigError(
                f"{file}: {row.name} names a slot {slot!r} that does not exist.",
                f"Slots: {', '.join(SLOTS)}",
            )
    without_figure = sorted(set(row.spread) - set(row.paper))
    if without_figure:
        raise ConfigError(
            f"{file}: {row.name} has a spread of {without_figure[0]} but no figure.",
            "Add the figure to its paper.",
        )
