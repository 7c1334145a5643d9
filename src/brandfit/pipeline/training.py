"""Training rankers, and loading trained ones with the data that they read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from brandfit import registry
from brandfit.arguments import Account, checked
from brandfit.data import categories, split
from brandfit.data.dataset import Dataset
from brandfit.errors import WorkspaceError
from brandfit.pipeline.datasets import load, ready
from brandfit.pipeline.labels import stated_categories_note
from brandfit.pipeline.missing_features import completed
from brandfit.pipeline.outdated import features_read, outdated, profile_note
from brandfit.pipeline.settings import stored_data
from brandfit.progress import Progress
from brandfit.rankers.base import Ranker
from brandfit.workspace import Place, Workspace, as_workspace


class Fitted(NamedTuple):
    """A ranker that can score, and the Dataset that it reads."""

    model: Ranker
    dataset: Dataset


@checked
def train(
    workspace: Place,
    ranker: str,
    *,
    settings: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Ranker:
    """Fit a ranker on all endorsements of the workspace, and store it there as the current model of its name.

    Two things are stored with the model: ``data``, the Features that it read of every slot, which rankings by
    it read too; and ``chosen``, the settings of the caller, with which ``update`` trains it again.

    Raises WorkspaceError if an account was erased during the training; then nothing is stored.
    """
    workspace = as_workspace(workspace)
    cls = registry.load("ranker", ranker)
    model: Ranker = cls(cls.Config.from_settings(settings or {}), seed)
    # The state before the training. Afterwards it shows whether an account was erased meanwhile.
    forgotten = workspace.forgotten()
    rows = workspace.dataset().fingerprint
    dataset = load(workspace, data)
    ready(dataset, cls, workspace)
    started = time.perf_counter()
    # Posts that state a pair to learn from are hidden: a brand that looks for partners has no such posts yet.
    training_data = split.training_view(dataset, seed) if cls.learns else dataset
    model.fit(training_data, progress, workspace.checkpoint(ranker))
    # The model has learned from the erased account, so it must not be stored.
    if workspace.forgotten() != forgotten:
        raise WorkspaceError(
            f"An account was forgotten while {ranker} was trained, and {ranker} has learned from it: the "
            "model was not stored.",
            "Train it again.",
        )
    # Rankings by this model read the same Features.
    features_by_slot = {f"slots.{slot}": features.name for slot, features in dataset.slots.items()}
    # The model reads Features that do not cover new posts; its notes say which.
    stale_notes = [stale.sentence for stale in outdated(workspace).features]
    workspace.save_model(
        model,
        {
            "data": {**(data or {}), **features_by_slot},
            "chosen": dict(data or {}),
            "dataset": rows,
            "features": features_read(dataset.slots.values()),
            "seconds": round(time.perf_counter() - started, 3),
            "notes": [*model.notes(dataset), *stale_notes, *_label_notes(workspace, model, dataset)],
        },
    )
    return model


def _label_notes(workspace: Workspace, model: Ranker, dataset: Dataset) -> list[str]:
    """A note if the model reads categories that a profiler learned from a file of labels, because stated
    categories take precedence over them."""
    features = dataset.slots.get(categories.SLOT)
    if features is None or categories.SLOT not in model.slots or features.name == categories.STATED:
        return []
    record = profile_note(workspace, features.name)
    if not record or not record["labels"]:
        return []
    # The slot also has columns of categories that are only stated; the stored Features have the predicted
    # ones.
    predicted = workspace.features(features.name)
    note = stated_categories_note(dataset, predicted.columns)
    return [note] if note else []


@checked
def fitted(
    workspace: Place, ranker: str, *, data: Mapping[str, Any] | None = None, brand: Account | None = None
) -> Fitted:
    """A ranker ready to score, with the Dataset that it reads: the trained model, or a ranker that needs no
    training.

    If few posts of brands are new, they are encoded in memory (``missing_features.completed``).

    brand  encode new posts only if this brand has some; None: if any brand has some
    """
    workspace = as_workspace(workspace)
    brands = None if brand is None else [brand]
    cls = registry.load("ranker", ranker)
    needs_no_model = ranker not in workspace.model_names() and not cls.learns
    if needs_no_model:
        dataset = completed(workspace, load(workspace, data), brands)
        ready(dataset, cls, workspace)
        return Fitted(dataset.cached(("fitted", ranker), lambda: cls().fit(dataset)), dataset)
    model, info = workspace.load_model(ranker)
    # The model reads the Features that it was trained with, unless the caller names others.
    dataset = completed(workspace, load(workspace, {**stored_data(info), **(data or {})}), brands)
    ready(dataset, cls, workspace)
    return Fitted(model, dataset)


@checked
def default_ranker(workspace: Place) -> str:
    """``brandfit`` if it has been trained, else ``simcos``, which needs no training."""
    workspace = as_workspace(workspace)
    return "brandfit" if "brandfit" in workspace.model_names() else "simcos"
