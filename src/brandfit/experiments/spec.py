"""What an experiment is: a protocol, rows, and what the paper says of each. One TOML file a table, in folders
named by paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from brandfit.config import from_toml
from brandfit.data.dataset import SLOTS
from brandfit.errors import ConfigError, UnknownName
from brandfit.evaluation.metrics import parse
from brandfit.evaluation.protocol import PROTOCOLS

HOME = Path(__file__).parent
METRICS = ("AUC", "cAUC", "Recall@10", "Recall@50", "MRR", "MAP", "MedR")


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of a table.

    name      as it is printed
    ranker    what is run; empty for a row that is only quoted, with the reason in ``note``
    settings  of the ranker
    slots     slot to the Features that fill it, "none" to leave it empty; others are filled as always
    reads     slots that the ranker may read in this row, for example those of the paper; empty: all that it
              can
    paper     metric name to the published figure
    spread    and to what the paper says that it varies by (its ±)
    parameters  how many the paper says that it has, as it is printed there
    note      what a reader must know of this row
    needs     slots without which the row would not be what it is named; without them it is not run
    series, x of a sweep: the line that the row is a point of, and where on it
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

    title       what is asked
    source      the paper and its table
    protocol, options   how rows are judged (``brandfit list protocols``) and the settings of it
    seeds       how many seeds each ranker is trained with
    refit       whether Features that were fitted on all accounts are encoded anew in every fold
    baseline    the row that the others are compared with, brand by brand
    categories  published figures of each brand category: the table is then one of categories, of the one row
    note        what a reader must know of the table
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
    """What x is, of a sweep; empty for a table."""
    note: str = ""


def available() -> dict[str, Experiment]:
    """Name ("wsim/table1") to the experiments that come with the package."""
    return {f"{file.parent.name}/{file.stem}": _read(file) for file in sorted(HOME.glob("*/*.toml"))}


def read(name: str) -> Experiment:
    """An experiment by name, or from a TOML file of one's own. Raises UnknownName, ConfigError with what is
    wrong where."""
    if name.endswith(".toml"):
        if not Path(name).is_file():
            raise ConfigError(
                f"There is no file {name}.", "Name a TOML file, or one of: brandfit list experiments"
            )
        return _read(Path(name))
    file = HOME / f"{name}.toml"
    names = [f"{f.parent.name}/{f.stem}" for f in sorted(HOME.glob("*/*.toml"))]
    if name not in names:
        raise UnknownName("experiment", name, known=names)
    return _read(file)


def _read(file: Path) -> Experiment:
    try:
        experiment = from_toml(file, Experiment)
    except ConfigError as error:
        raise ConfigError(error.message, "What an experiment may hold is in docs/experiments.md.") from None
    names = [row.name for row in experiment.rows]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"{file}: two rows are named {doubled[0]!r}.", "Give each row a name of its own.")
    try:
        if experiment.protocol not in PROTOCOLS:  # its options may come with the command
            raise UnknownName("protocol", experiment.protocol, known=PROTOCOLS)
        for metric in {*experiment.metrics, *(m for row in experiment.rows for m in row.paper)}.union(
            *experiment.categories.values()
        ):
            parse(metric)
    except UnknownName as error:
        raise ConfigError(f"{file}: {error.message}", error.hint) from None
    for row in experiment.rows:
        if unknown := [slot for slot in (*row.needs, *row.slots, *row.reads) if slot not in SLOTS]:
            raise ConfigError(
                f"{file}: {row.name} names a slot {unknown[0]!r} that does not exist.",
                f"Slots: {', '.join(SLOTS)}",
            )
        if alone := sorted(set(row.spread) - set(row.paper)):
            raise ConfigError(
                f"{file}: {row.name} has a spread of {alone[0]} but no figure.",
                "Add the figure to its paper.",
            )
    if experiment.baseline and experiment.baseline not in names:
        raise ConfigError(
            f"{file}: the baseline {experiment.baseline!r} is no row.", f"Rows: {', '.join(names)}"
        )
    return experiment
