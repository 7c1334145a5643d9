"""Telling what accounts and posts are about, and judging who tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from brandfit import registry, seeds
from brandfit.arguments import Count, Files, PositiveCount, Seeds, Texts, checked, paths, seeds_of
from brandfit.compute.local import thread_map
from brandfit.config import Config
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.errors import ConfigError, DataError, UsageError
from brandfit.evaluation.profiles import ProfileReport, judge
from brandfit.pipeline.datasets import check_settings, scope, with_features
from brandfit.pipeline.outdated import features_read
from brandfit.profilers._labels import Kind, read_labels
from brandfit.profilers._weak import WEAK, weakly_labelled
from brandfit.profilers.base import ATTENTION, SLOTS, Profiler
from brandfit.progress import Progress
from brandfit.workspace import Place, as_workspace

DEFAULT_PROFILER = "combined"


@checked
def profile(
    workspace: Place,
    profiler: str = DEFAULT_PROFILER,
    *,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    labels: Files | None = (),
    progress: Progress | None = None,
) -> tuple[Profiler, Features]:
    """Fit a profiler on the influencers whose category is known and tell the category of every account that
    anything is known of.

    ``labels``: CSV files, of accounts in place of the categories of the workspace, of posts (with
    ``level=post``) in place of weak labels. The Features, a column a class, are kept in the workspace under
    the profiler's name; what was told before is not told again. How much each post counted, where the
    profiler weighs them, is kept beside, as ``PROFILER.attention``.
    """
    workspace = as_workspace(workspace)
    cls = registry.load("profiler", profiler)
    model: Profiler = cls(cls.Config.from_settings(settings or {}), seed)
    model.mapper = thread_map
    dataset = with_labels(with_features(workspace), labels or (), [model])
    model.notes = dataset.notes
    model.fit(dataset, progress, cross=True)
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
    if (weighed := model.attention(dataset)) is not None:
        posts, values = weighed
        name, key = (f"{told}{mark}{ATTENTION}" for told, mark in ((features.name, "."), (features.key, "-")))
        workspace.save(
            Features(
                name=name,
                ids=posts,
                values=values[:, None].astype(np.float32),
                level="post",
                columns=(ATTENTION,),
                key=key,
                slot=ATTENTION,
            )
        )
    return model, features


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

    ``labels``: CSV files, as for ``profile``. ``settings``: ``PROFILER.NAME``. Features that only one of two
    workspaces holds are left out.
    """
    settings, profilers, seeds = dict(settings or {}), list(profilers), seeds_of(seeds, "seeds")
    makers = {}
    for name in dict.fromkeys(profilers):
        cls = registry.load("profiler", name)
        makers[name] = _profiler_factory(cls, cls.Config.from_settings(scope(settings, name)))
    check_settings(settings, others={name: registry.load("profiler", name).Config for name in makers})
    made = [maker(0) for maker in makers.values()]
    if len({profiler.level for profiler in made}) > 1:
        raise ConfigError(
            "Some of these profilers tell accounts, others posts.",
            "Judge those of accounts and those of posts apart.",
        )
    dataset = with_labels(with_features(workspace), labels or (), made)
    if other is None:
        return judge(makers, dataset, other=None, folds=folds, seeds=seeds, progress=progress)
    judged = with_labels(with_features(other), (), made)
    shared = {n for n, f in dataset.slots.items() if n in judged.slots and judged.slots[n].dim == f.dim}
    left, right = (d.with_slots({n: f for n, f in d.slots.items() if n in shared}) for d in (dataset, judged))
    return judge(makers, left, other=right, folds=folds, seeds=seeds, progress=progress)


@checked
def with_labels(dataset: Dataset, files: Files, profilers: Sequence[Profiler]) -> Dataset:
    """With the labels of these files; where these profilers tell what posts are about and no file labels any,
    with weak labels.

    Raises DataError for a file that labels nothing that is here, UsageError for one that none of these
    profilers learns from.
    """
    for file in paths(files, "files"):
        kind, told = read_labels(file)
        if not any(kind in profiler.labels for profiler in profilers):
            takes = sorted({f"{level}s" for profiler in profilers for level in profiler.labels})
            who = ", ".join(profiler.name for profiler in profilers)
            raise UsageError(
                f"{file} labels {kind}s; {who} learns from labels of {', '.join(takes) or 'nobody'}.",
                "To tell what posts are about: --set level=post."
                if kind == "post" and takes
                else f"Leave --labels {file} out.",
            )
        here = set((dataset.accounts if kind == "account" else dataset.posts)["id"].to_pylist())
        if not here & told.keys():
            raise DataError(
                f"{file} labels no {kind} of this workspace.", f"It names {', '.join(list(told)[:3])} ..."
            )
        gone = sorted(told.keys() - here)
        note = (
            f"{len(gone):,} of {len(told):,} labels of {file} are of {kind}s that are not here: "
            f"{', '.join(gone[:3])}"
            if gone
            else ""
        )
        dataset = (
            dataset.with_categories(told, note)
            if kind == "account"
            else dataset.with_post_categories(told, note)
        )
    posts = all(profiler.slot == SLOTS["post"] for profiler in profilers)
    return weakly_labelled(dataset) if posts and not dataset.post_categories else dataset


def _profiler_factory(cls: type[Profiler], config: Config) -> Callable[[int], Profiler]:
    return lambda seed: cls(config, seed)


@checked
def labelled_table(profiler: Profiler, features: Features) -> pa.Table:
    """A row an account or post (D-16): its label, if any, the answer, its probability, and the probability of
    every class."""
    stated = profiler.stated
    values = np.asarray(features.values)
    return pa.table(
        {
            features.level: pa.array(features.ids, pa.string()),
            # what nobody stated is named so
            "weak" if any(WEAK in note for note in profiler.notes) else "stated": pa.array(
                [stated.get(id) for id in features.ids.tolist()], pa.string()
            ),
            "answer": profiler.answers(values),
            "probability": values.max(axis=1) if len(values) else np.zeros(0, np.float32),
            **{name: values[:, n] for n, name in enumerate(features.columns)},
        }
    )


@checked
def posts_to_label(
    workspace: Place, done: Texts, *, count: Count, seed: int = 0, kind: Kind = "account"
) -> tuple[list[tuple[str, list[str]]], list[str]]:
    """Influencers or posts to label by hand, drawn anew, with what each says; and the categories that the
    workspace knows."""
    workspace, done = as_workspace(workspace), list(done)
    dataset = workspace.dataset()
    categories = sorted(
        {c for c in dataset.account_values("category", dataset.influencers).tolist() if c is not None}
    )
    told = _texts_of_posts(dataset) if kind == "post" else _texts_of_accounts(dataset)
    left = [id for id in told if id not in set(done)]
    drawn = seeds.generator(seed, "mark", len(done)).permutation(len(left))[:count]
    return [(left[i], told[left[i]]) for i in drawn.tolist()], categories


def _texts_of_posts(dataset: Dataset) -> dict[str, list[str]]:
    """Post of an influencer to its words and the descriptions of its pictures."""
    told = {}
    here = set(dataset.influencers.tolist())
    for id, account, kind, caption in zip(
        *(dataset.posts[c].to_pylist() for c in ("id", "account", "kind", "caption")), strict=True
    ):
        if caption and account in here and kind == "post":
            told[id] = [f"@{account}", " ".join(caption.split())[:400]]
    for id, text in zip(
        dataset.images["post"].to_pylist(), dataset.images["alt_text"].to_pylist(), strict=True
    ):
        if text and id in told:
            told[id].append(" ".join(text.split())[:200])
    return told


def _texts_of_accounts(dataset: Dataset) -> dict[str, list[str]]:
    """Influencer to its biography and the captions of three posts."""
    told: dict[str, list[str]] = {}
    for account, caption in zip(
        dataset.posts["account"].to_pylist(), dataset.posts["caption"].to_pylist(), strict=True
    ):
        if caption and len(told.setdefault(account, [])) < 3:
            told[account].append(" ".join(caption.split())[:200])
    for account, text in zip(
        dataset.accounts["id"].to_pylist(), dataset.accounts["biography"].to_pylist(), strict=True
    ):
        if text and account in told:
            told[account].insert(0, " ".join(text.split())[:200])
    return {id: told[id] for id in dataset.influencers.tolist() if id in told}
