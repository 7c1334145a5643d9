"""Judges profilers on the newest 1, 2, 4 ... posts of the same accounts (P-11).

Source: Kim et al., WWW 2020, Fig. 5a. The paper does not say whether the training also has fewer posts. Here
a profiler is fitted on all posts of the other accounts, once a fold, and each account is then judged by its
newest n posts: the answer for an account of which little was collected.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.data.newest_posts import with_newest_posts
from brandfit.errors import UsageError
from brandfit.evaluation.profiles import ProfileReport, ProfilerResult, judged_examples, predicted
from brandfit.profilers._folds import stratified_folds
from brandfit.profilers.base import Profiler
from brandfit.progress import Progress


@dataclass(frozen=True)
class Truncation:
    """Reports by the number of posts, all on the same accounts.

    reports     number of posts to the report of all profilers
    dropped     numbers of posts that too few accounts have
    accounts    number of accounts that are judged: those with the largest number of posts, or more
    left_out    number of labelled accounts with fewer posts; they are only learned from
    features    Features of whole accounts that were not read, because they cannot be cut to some posts
    """

    reports: Mapping[int, ProfileReport]
    accounts: int
    left_out: int
    dropped: tuple[int, ...] = ()
    features: tuple[str, ...] = field(default=())

    @property
    def sentence(self) -> str:
        """Which accounts are judged, for people."""
        most = max(self.reports)
        text = (
            f"The same {self.accounts:,} accounts with {most:,} posts or more at every point, judged by "
            f"their newest posts; {self.left_out:,} accounts with fewer posts are only learned from."
        )
        if self.dropped:
            text += f" Too few accounts have {', '.join(map(str, self.dropped))} posts."
        if self.features:
            text += f" Features of whole accounts are not read: {', '.join(self.features)}."
        return text


def judge_truncated(
    make: Mapping[str, Callable[[int], Profiler]],
    dataset: Dataset,
    points: Sequence[int],
    *,
    least: int = 20,
    folds: int = 5,
    seeds: Sequence[int] = (0,),
    progress: Progress | None = None,
) -> Truncation:
    """Judge profilers of accounts by their newest posts.

    points  numbers of posts, ascending
    least   accounts that a point needs; larger points are dropped

    Raises UsageError if not even the smallest point has that many accounts.
    """
    dataset, whole = _without_account_features(dataset)
    judged = judged_examples(next(iter(make.values()))(0), dataset, n_folds=folds)
    truth = np.searchsorted(judged.classes, judged.labels)  # (n,)
    n_posts_by_account = Counter(dataset.posts["account"].to_pylist())
    n_posts = np.array([n_posts_by_account[id] for id in judged.ids.tolist()])  # (n,)
    kept = [point for point in points if (n_posts >= point).sum() >= least]
    if not kept:
        raise UsageError(
            f"{(n_posts >= min(points)).sum():,} labelled accounts have {min(points):,} posts or more, "
            f"{least:,} are needed.",
            "Import more accounts with a category and posts.",
        )
    is_judged = n_posts >= max(kept)  # (n,) the same accounts at every point

    results = {point: {name: ProfilerResult() for name in make} for point in kept}
    n_steps, n_done = len(make) * len(seeds) * folds, 0
    for seed in seeds:
        fold = stratified_folds(truth, folds, seed)
        for name, make_profiler in make.items():
            # (n, c) probabilities at each point; rows of accounts that are not judged stay 0.
            values = {point: np.zeros((len(truth), len(judged.classes))) for point in kept}
            started = time.perf_counter()
            for number in range(folds):
                if progress:
                    progress(n_done, n_steps, f"{name}, seed {seed}")
                rows = np.flatnonzero((fold == number) & is_judged)
                hidden = judged.ids[np.flatnonzero(fold == number)]
                profiler = make_profiler(seed)
                profiler.fit(profiler.hide(dataset, hidden))
                for point in kept if len(rows) else ():
                    values[point][rows] = predicted(
                        profiler, judged, rows=rows, dataset=with_newest_posts(dataset, point)
                    )
                n_done += 1
            for point in kept:
                results[point][name].probabilities.append(values[point][is_judged])
                results[point][name].seconds += (time.perf_counter() - started) / len(kept)
    reports = {}
    for point in kept:
        reports[point] = ProfileReport(
            classes=judged.classes,
            ids=judged.ids[is_judged],
            truth=truth[is_judged],
            posts=np.full(is_judged.sum(), point),
            results=results[point],
            seeds=tuple(seeds),
            sentence=judged.sentence,
            confidence=next(iter(make.values()))(0).config.confidence,
            quantity="influencers",
            notes=dataset.notes,
        )
    return Truncation(
        reports=reports,
        accounts=int(is_judged.sum()),
        left_out=int((~is_judged).sum()),
        dropped=tuple(point for point in points if point not in kept),
        features=whole,
    )


def _without_account_features(dataset: Dataset) -> tuple[Dataset, tuple[str, ...]]:
    """The Dataset without Features of accounts, which were made from all posts, and their names."""
    whole = tuple(sorted(name for name, features in dataset.slots.items() if features.level == "account"))
    of_posts = {name: features for name, features in dataset.slots.items() if features.level == "post"}
    return dataset.with_slots(of_posts), whole
