"""Categories of accounts and posts, predicted by profilers, and profilers judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from brandfit import registry
from brandfit.arguments import Files, PositiveCount, Seeds, Texts, checked, seeds_of
from brandfit.compute.local import thread_map
from brandfit.config import Config
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.errors import ConfigError
from brandfit.evaluation.profiles import ProfileReport, judge
from brandfit.pipeline.datasets import with_features
from brandfit.pipeline.labels import stated_categories_note, with_labels
from brandfit.pipeline.outdated import features_read
from brandfit.pipeline.settings import check_settings, scope
from brandfit.profilers.base import ATTENTION, Profiler
from brandfit.progress import Progress
from brandfit.workspace import Place, Workspace, as_workspace

DEFAULT_PROFILER = "combined"


class Profiled(NamedTuple):
    """A fitted profiler and its predictions, a column for each class."""

    profiler: Profiler
    features: Features


@checked
def profile(
    workspace: Place,
    profiler: str = DEFAULT_PROFILER,
    *,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    labels: Files | None = (),
    progress: Progress | None = None,
) -> Profiled:
    """Fit a profiler on the influencers with a stated category, and predict the category of every account
    with Features.

    labels  CSV files of labels: of accounts in place of the categories of the workspace, or of posts (with
            ``level=post``) in place of weak labels. Where rankers, conditions and pages read a category, the
            stated one still takes precedence; a note names how many accounts that concerns

    The workspace stores the predictions as Features under the name of the profiler, in place of earlier ones.
    If the profiler weighs posts, their weights are stored as ``PROFILER.attention``.
    """
    workspace = as_workspace(workspace)
    cls = registry.load("profiler", profiler)
    model: Profiler = cls(cls.Config.from_settings(settings or {}), seed)
    model.mapper = thread_map
    dataset = with_labels(with_features(workspace), labels or (), [model])
    model.notes = dataset.notes
    # Cross-fitting: a labelled account is predicted by a model that was not fitted on it.
    model.fit(dataset, progress, cross=True)
    model.notes = (*model.notes, *_older_posts_notes(model, dataset))
    if labels and model.level == "account":
        note = stated_categories_note(workspace.dataset(), model.classes)
        model.notes = (*model.notes, note) if note else model.notes
    # The rows and Features of the fit; an import may change the workspace during ``encode``.
    rows, read = workspace.fingerprint, features_read(dataset.slots[slot] for slot in model.reads)
    features = model.encode(dataset, workspace, progress=progress, map=thread_map)
    workspace.note_maker(
        model.maker,
        {
            "profiler": profiler,
            "config": model.config.to_dict(),
            "seed": seed,
            "labels": bool(labels),
            "rows": rows,
            "features": read,
        },
    )
    attention = model.attention(dataset)
    if attention is not None:
        posts, weights = attention
        _save_attention(workspace, features, posts=posts, weights=weights)
    return Profiled(model, features)


def _older_posts_notes(model: Profiler, dataset: Dataset) -> list[str]:
    """Sentences on the posts that the setting ``last_posts`` leaves out, and on Features that it does not
    reach."""
    older = model.older_posts(dataset)
    if older is None:
        return []
    names = model.whole_account_features(dataset)
    if not names:
        return [older.sentence]
    return [
        older.sentence,
        f"Features of whole accounts keep all posts that they were made from: {', '.join(names)}. Encode "
        f"them with --set last_posts={model.last_posts} too.",
    ]


def _save_attention(
    workspace: Workspace, predictions: Features, *, posts: np.ndarray, weights: np.ndarray
) -> None:
    """Store the weight (n,) of each post in the predictions."""
    workspace.save(
        Features(
            name=f"{predictions.name}.{ATTENTION}",
            ids=posts,
            values=weights[:, None].astype(np.float32),
            level="post",
            columns=(ATTENTION,),
            key=f"{predictions.key}-{ATTENTION}",
            slot=ATTENTION,
        )
    )


@checked
def judge_profilers(
    workspace: Place,
    profilers: Texts,
    *,
    settings: Mapping[str, Any] | None = None,
    other: Place | None = None,
    folds: PositiveCount = 5,
    seeds: Seeds = (0,),
    labels: Files | None = (),
    progress: Progress | None = None,
) -> ProfileReport:
    """Judge profilers in folds over influencers, or fitted on one workspace and judged on another.

    settings  ``PROFILER.NAME``
    other     the workspace to judge on; Features that only one of the two workspaces holds are left out
    labels    CSV files, as for ``profile``

    Raises ConfigError for profilers of accounts together with profilers of posts.
    """
    settings, profilers, seeds = dict(settings or {}), list(profilers), seeds_of(seeds, "seeds")
    factories: dict[str, Callable[[int], Profiler]] = {}
    configs: dict[str, type[Config]] = {}
    for name in dict.fromkeys(profilers):
        cls = registry.load("profiler", name)
        factories[name] = _factory(cls, cls.Config.from_settings(scope(settings, name)))
        configs[name] = cls.Config
    check_settings(settings, others=configs)
    # Only for their level and their labels; every fold fits new ones.
    models = [factory(0) for factory in factories.values()]
    if len({model.level for model in models}) > 1:
        raise ConfigError(
            "Some of these profilers tell accounts, others posts.",
            "Judge those of accounts and those of posts apart.",
        )
    train = with_labels(with_features(workspace), labels or (), models)
    if other is None:
        return judge(factories, train, other=None, folds=folds, seeds=seeds, progress=progress)
    test = with_labels(with_features(other), (), models)
    # Only Features of both workspaces, with the same width, can be read on both sides.
    shared = [
        name
        for name, features in train.slots.items()
        if name in test.slots and test.slots[name].dim == features.dim
    ]
    train = train.with_slots({name: train.slots[name] for name in shared})
    shared_of_test = [name for name in test.slots if name in shared]
    test = test.with_slots({name: test.slots[name] for name in shared_of_test})
    return judge(factories, train, other=test, folds=folds, seeds=seeds, progress=progress)


def _factory(cls: type[Profiler], config: Config) -> Callable[[int], Profiler]:
    """A function of the seed, because every fold fits a new profiler."""
    return lambda seed: cls(config, seed)
