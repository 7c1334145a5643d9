"""Experiments on profilers: tables of Kim et al., WWW 2020, run on a workspace next to the published figures.

A TOML file whose rows are ``[[profilers]]`` declares one; those of the package are in ``tables/profiler``.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from brandfit import __version__, pipeline, registry, seeds
from brandfit.config import from_toml
from brandfit.data.dataset import Dataset
from brandfit.errors import BrandfitError, ConfigError, UsageError
from brandfit.evaluation.profile_truncation import judge_truncated
from brandfit.evaluation.profiles import judge
from brandfit.experiments.spec import PROFILERS, TABLES
from brandfit.pipeline.labels import with_labels
from brandfit.profilers.base import Profiler
from brandfit.progress import Progress
from brandfit.workspace import Workspace
from brandfit.workspace.artifacts import write_atomic

FOLDER = "experiments"
"""Folder of the workspace with the stored rows."""
LABELS_ALONE = "concept"
"""Slot that rows read in addition to their own: ``attentive`` makes weak labels of posts from it."""


class ProfilerRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of a table.

    name      as it is printed
    profiler  the profiler that is run; empty for a row that is only quoted, with the reason in ``note``
    settings  of the profiler
    reads     kinds of Features (text, picture) that it may read; empty: all
    paper     published figures: accuracy, and the F1 of each category; in a table by posts, the accuracy at
              each number of posts
    note      what readers must know of this row
    """

    name: str
    profiler: str = ""
    settings: dict[str, Any] = {}
    reads: tuple[str, ...] = ()
    paper: dict[str, float] = {}
    note: str = ""


class ProfilerExperiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of profilers.

    title       the question
    source      the paper and its table
    profilers   the rows
    level       what is profiled: accounts, or posts
    categories  categories of the paper, to name those that have no labels here; empty: those of the data
    each        most labelled posts of a category, of those with words and pictures; 0: all
    posts       numbers of posts of an account, ascending; empty: all posts
    least       accounts that a number of posts needs
    """

    title: str
    source: str
    profilers: Annotated[list[ProfilerRow], Meta(min_length=1)]
    level: Literal["account", "post"] = "account"
    categories: tuple[str, ...] = ()
    each: Annotated[int, Meta(ge=0)] = 0
    posts: tuple[int, ...] = ()
    least: Annotated[int, Meta(ge=2)] = 20
    folds: Annotated[int, Meta(ge=2, le=100)] = 5
    seeds: Annotated[int, Meta(ge=1, le=100)] = 1
    note: str = ""


@dataclass(frozen=True)
class ProfilerOutcome:
    """The result of an experiment.

    rows     row name to its figures (``ProfileReport.to_dict``, and ``result`` of its one profiler); in a
             table by posts, ``by_posts`` has the figures of each number of posts
    missing  row name to the reason why it was not run
    notes    sentences on the data: labels, categories without labels, accounts that are judged
    """

    experiment: ProfilerExperiment
    rows: Mapping[str, Mapping[str, Any]]
    missing: Mapping[str, str]
    notes: Sequence[str]


def available_profiler_experiments() -> dict[str, ProfilerExperiment]:
    """Name ("profiler/table1") to the experiments of the package."""
    files = sorted((TABLES / PROFILERS).glob("*.toml"))
    return {f"{PROFILERS}/{file.stem}": _read(file) for file in files}


def profiler_experiment(name: str) -> ProfilerExperiment | None:
    """An experiment on profilers by its name, or any such TOML file; None if it is none on profilers."""
    if not name.endswith(".toml"):
        return available_profiler_experiments().get(name)
    file = Path(name)
    return _read(file) if file.is_file() and is_of_profilers(file) else None


def is_of_profilers(file: Path) -> bool:
    """Whether the rows of this TOML file are profilers. A file with a fault is read as one of rankers, which
    reports the fault."""
    try:
        return "profilers" in tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False


def _read(file: Path) -> ProfilerExperiment:
    """Read and check a declaration. Raises ConfigError."""
    experiment = from_toml(file, ProfilerExperiment)
    for name, count in sorted(Counter(row.name for row in experiment.profilers).items()):
        if count > 1:
            raise ConfigError(f"{file}: two rows are named {name!r}.", "Give each row its own name.")
    if list(experiment.posts) != sorted(set(experiment.posts)):
        raise ConfigError(f"{file}: posts must ascend.", "For example: posts = [1, 2, 4, 8]")
    if experiment.posts and experiment.level == "post":
        raise ConfigError(f"{file}: posts is for accounts.", 'Leave out posts, or set level = "account".')
    return experiment


def run_profilers(
    workspace: Workspace,
    experiment: ProfilerExperiment,
    *,
    seeds: int | None = None,
    labels: Sequence[str] = (),
    fresh: bool = False,
    progress: Progress | None = None,
) -> ProfilerOutcome:
    """Run an experiment on a workspace. Raises UsageError if no row can be run.

    seeds   in place of the number that the experiment declares
    labels  CSV files of labels, as for ``pipeline.profile``
    fresh   whether to run stored rows again; they are stored by data, labels, settings and package version
    """
    if seeds:
        experiment = msgspec.structs.replace(experiment, seeds=seeds)
    # A typing error in the last row must not show up after hours of the first rows.
    factories = {row.name: _factory(row, experiment.level) for row in experiment.profilers if row.profiler}
    models = [factory(0) for factory in factories.values()]
    dataset = with_labels(pipeline.with_features(workspace), labels, models)
    notes = [*dataset.notes]
    if experiment.level == "post":
        dataset, more = _balanced(dataset, experiment)
        notes += more
    notes += _without_labels(dataset, experiment)

    rows: dict[str, Mapping[str, Any]] = {}
    missing: dict[str, str] = {}
    for number, row in enumerate(experiment.profilers):
        if progress:
            progress(number, len(experiment.profilers), row.name)
        if not row.profiler:
            missing[row.name] = f"is quoted{f': {row.note}' if row.note else ''}"
            continue
        seen = _features_of(row, dataset)
        file = _file(workspace, experiment, row=row, dataset=seen)
        try:
            if fresh or not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                result = _figures(experiment, row, factories[row.name], dataset=seen)
                write_atomic(file, msgspec.json.encode(result))
            rows[row.name] = msgspec.json.decode(file.read_bytes())
        except BrandfitError as error:  # this workspace lacks what the row needs
            missing[row.name] = f"was not run: {error.message}"
    if progress:
        progress(len(experiment.profilers), len(experiment.profilers), "done")
    if not rows:
        raise UsageError(
            f"No row of this experiment can be run here: {'; '.join(dict.fromkeys(missing.values()))}",
            "Import accounts with categories and posts, and encode them, first.",
        )
    for figures in rows.values():
        notes += figures["notes"]
    return ProfilerOutcome(experiment, rows, missing, tuple(dict.fromkeys(notes)))


def _factory(row: ProfilerRow, level: str) -> Callable[[int], Profiler]:
    """A function of the seed. Raises UnknownName and ConfigError for wrong settings."""
    cls = registry.load("profiler", row.profiler)
    config = cls.Config.from_settings({**row.settings, "level": level})
    return partial(cls, config)


def _features_of(row: ProfilerRow, dataset: Dataset) -> Dataset:
    """The Dataset with the Features that the row may read."""
    if not row.reads:
        return dataset
    kinds = (*row.reads, LABELS_ALONE)
    return dataset.with_slots({name: f for name, f in dataset.slots.items() if f.slot in kinds})


def _file(
    workspace: Workspace, experiment: ProfilerExperiment, *, row: ProfilerRow, dataset: Dataset
) -> Path:
    """The file of the figures of a row: its name is a hash of all that they depend on."""
    cls = registry.load("profiler", row.profiler)
    content = [
        __version__,
        dataset.fingerprint,
        sorted((name, features.key) for name, features in dataset.slots.items()),
        row.profiler,
        cls.Config.from_settings(row.settings).to_dict(),
        row.reads,
        [experiment.level, experiment.posts, experiment.least, experiment.folds, experiment.seeds],
    ]
    key = hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
    return workspace.path / FOLDER / f"{key[:32]}.json"


def _figures(
    experiment: ProfilerExperiment, row: ProfilerRow, make: Callable[[int], Profiler], *, dataset: Dataset
) -> dict[str, Any]:
    """The figures of one row. Raises UsageError if the row reads Features that are not there."""
    filled = {features.slot for features in dataset.slots.values()}
    lacking = [kind for kind in row.reads if kind not in filled]
    # A tuned encoder reads the pictures themselves.
    if lacking and not (row.settings.get("tune") and lacking == ["picture"]):
        raise UsageError(f"it needs Features of {' and '.join(lacking)}.")
    all_seeds = range(experiment.seeds)
    if not experiment.posts:
        report = judge({row.name: make}, dataset, folds=experiment.folds, seeds=all_seeds)
        figures = report.to_dict()
        return {**figures, "result": figures.pop("results")[row.name], "notes": []}
    truncation = judge_truncated(
        {row.name: make},
        dataset,
        experiment.posts,
        least=experiment.least,
        folds=experiment.folds,
        seeds=all_seeds,
    )
    by_posts = {}
    for n_posts, report in truncation.reports.items():
        figures = report.to_dict()
        by_posts[str(n_posts)] = figures["results"][row.name]
    figures.pop("results")
    return {
        **figures,
        "result": by_posts[str(max(truncation.reports))],
        "by_posts": by_posts,
        "notes": [truncation.sentence],
    }


def _balanced(dataset: Dataset, experiment: ProfilerExperiment) -> tuple[Dataset, list[str]]:
    """The Dataset with at most ``each`` labelled posts of a category that have words and pictures, as the
    paper selects them (Section 4.3), and a sentence."""
    category_by_post = dataset.post_categories
    if not experiment.each:
        return dataset, []
    has_all = set(category_by_post)
    for kind in ("text", "picture"):
        ids: set[str] = set()
        for features in dataset.slots.values():
            if features.slot == kind and features.level == "post":
                ids |= set(features.ids.tolist())
        has_all &= ids
    usable = sorted(has_all)
    chosen: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for n in seeds.generator(0, "posts").permutation(len(usable)).tolist():
        category = category_by_post[usable[n]]
        if counts[category] < experiment.each:
            chosen[usable[n]] = category
            counts[category] += 1
    n_incomplete = len(category_by_post) - len(usable)
    note = (
        f"{len(chosen):,} labelled posts, at most {experiment.each:,} of a category; {n_incomplete:,} "
        "labelled posts without words or without a picture are left out."
    )
    return dataset.with_post_categories(chosen), [note]


def _without_labels(dataset: Dataset, experiment: ProfilerExperiment) -> list[str]:
    """A sentence on the categories of the paper that nothing here is labelled with."""
    if experiment.level == "post":
        present = set(dataset.post_categories.values())
    else:
        present = set(dataset.account_values("category", dataset.influencers).tolist())
    lacking = [category for category in experiment.categories if category not in present]
    if not lacking:
        return []
    what = f"{experiment.level}s"
    return [f"No {what} are labelled {', '.join(lacking)}: label some and give the file as --labels."]
