"""Judges profilers on the category of accounts, or posts, that they were not fitted on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import rankdata

from brandfit import seeds
from brandfit.arguments import Seeds, checked, seeds_of
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.evaluation.calibration import BINS
from brandfit.evaluation.report_text import aligned
from brandfit.mappings import map_values
from brandfit.profilers._folds import group_stratified_folds
from brandfit.profilers.base import UNSURE, Profiler
from brandfit.progress import Progress

RESAMPLES = 2_000
FEW_RESAMPLES = 500
MANY_DRAWS = 4e7
"""Draws from which on intervals use ``FEW_RESAMPLES``."""
SEVERAL = 3
"""Accounts with at least this many posts are also judged apart."""

Measure = Callable[[np.ndarray, np.ndarray], float]
"""Guesses (n,) and true classes (n,) to one number."""


@dataclass
class ProfilerResult:
    """Probabilities (n, c) of one profiler, one array a seed, and the seconds over all seeds."""

    probabilities: list[np.ndarray] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class ProfileReport:
    """Results of profilers on the same n accounts, or posts.

    classes     the c categories
    ids, truth  (n,) what is judged, and its class number
    posts       (n,) number of posts of each account, or of the account of each post
    sentence    how it was judged
    confidence  probability below which a profiler answers ``UNSURE``
    quantity    what is judged: "influencers" or "posts"
    notes       where labels come from that no source stated
    """

    classes: tuple[str, ...]
    ids: np.ndarray
    truth: np.ndarray
    posts: np.ndarray
    results: Mapping[str, ProfilerResult]
    seeds: tuple[int, ...]
    sentence: str
    confidence: float
    quantity: str
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON types; ``results`` is ``{profiler: {"accuracy", "macro_f1", "accuracy_several", "per_class",
        "ece", ...}}``."""
        return {
            "classes": list(self.classes),
            self.quantity: len(self.truth),
            "seeds": list(self.seeds),
            "how": self.sentence,
            "notes": list(self.notes),
            "majority": float(np.bincount(self.truth).max() / len(self.truth)),
            "results": map_values(self._figures, self.results),
        }

    def _figures(self, result: ProfilerResult) -> dict[str, Any]:
        """All figures of one profiler, as means over the seeds."""
        n_classes = len(self.classes)
        guesses = list(map(answered, result.probabilities))
        has_several = self.posts >= SEVERAL
        errors = [calibration_error(p, self.truth) for p in result.probabilities]
        return {
            "accuracy": self._interval(guesses, accuracy),
            "macro_f1": self._interval(guesses, lambda g, t: macro_f1(g, t, n_classes)),
            "accuracy_several": self._interval(guesses, accuracy, has_several),
            "per_class": self._per_class(guesses, result.probabilities),
            "ece": float(np.mean(errors)),
            "sure": self._sure(guesses, result.probabilities),
            "seconds": round(result.seconds, 3),
        }

    def _sure(self, guesses: Sequence[np.ndarray], probabilities: Sequence[np.ndarray]) -> dict[str, float]:
        """Share of answers that reach the confidence, and the accuracy of these; NaN for a seed without
        any."""
        shares, accuracies = [], []
        for guess, probability in zip(guesses, probabilities, strict=True):
            is_sure = probability.max(axis=1) >= self.confidence  # (n,)
            is_right = guess == self.truth
            shares.append(is_sure.mean())
            accuracies.append(is_right[is_sure].mean() if is_sure.any() else np.nan)
        return {
            "share": float(np.mean(shares)),
            "accuracy": float(np.mean(accuracies)),
            "confidence": self.confidence,
        }

    def _interval(
        self, guesses: Sequence[np.ndarray], measure: Measure, is_judged: np.ndarray | None = None
    ) -> dict[str, float | None]:
        """Mean and standard deviation over seeds, and a 95 % bootstrap interval over accounts.

        The resamples are those of the first seed; the interval is moved to the mean over seeds.
        """
        rows = np.arange(len(self.truth)) if is_judged is None else np.flatnonzero(is_judged)
        n = len(rows)
        if not n:
            return {"mean": None, "low": None, "high": None, "seed_std": None, "influencers": 0}
        # One figure a seed.
        by_seed = [measure(guess[rows], self.truth[rows]) for guess in guesses]
        rng = seeds.generator(0, "profiles", n)
        resampled = []
        for _ in range(RESAMPLES if n * RESAMPLES < MANY_DRAWS else FEW_RESAMPLES):
            drawn_rows = rng.choice(rows, n)
            resampled.append(measure(guesses[0][drawn_rows], self.truth[drawn_rows]))
        low, high = np.quantile(resampled, [0.025, 0.975]) - by_seed[0] + np.mean(by_seed)
        return {
            "mean": float(np.mean(by_seed)),
            "low": float(low),
            "high": float(high),
            "seed_std": float(np.std(by_seed, ddof=1)) if len(by_seed) > 1 else None,
            "influencers": n,
        }

    def _per_class(
        self, guesses: Sequence[np.ndarray], probabilities: Sequence[np.ndarray]
    ) -> dict[str, dict[str, float | int]]:
        """Category to precision, recall, F1, AUC and its number of accounts."""
        n_classes = len(self.classes)
        scores = np.mean([f1_scores(guess, self.truth, n_classes) for guess in guesses], axis=0)  # (c, 3)
        auc = np.mean(list(map(self._class_auc, probabilities)), axis=0)  # (c,)
        counts = np.bincount(self.truth, minlength=n_classes)
        table: dict[str, dict[str, float | int]] = {}
        for number, name in enumerate(self.classes):
            precision, recall, f1 = scores[number]
            table[name] = {
                "precision": float(precision),
                "recall": float(recall),
                "f1": float(f1),
                "auc": float(auc[number]),
                "influencers": int(counts[number]),
            }
        return table

    def _class_auc(self, probability: np.ndarray) -> list[float]:
        return [_auc(probability[:, n], self.truth == n) for n in range(len(self.classes))]

    def to_text(self) -> str:
        """The table for people: profilers down, figures across."""
        figures = self.to_dict()
        results = figures["results"]
        best = max(results, key=lambda name: results[name]["accuracy"]["mean"])
        # The profiler that is right most often is printed in detail.
        f1_by_class = []
        for name, row in results[best]["per_class"].items():
            f1_by_class.append(f"{name} {_short(row['f1'])} ({row['influencers']:,})")
        return "\n".join(
            [
                f"{len(self.truth):,} {self.quantity} of {len(self.classes)} categories; the most frequent: "
                f"{_short(figures['majority'])}.",
                *self.notes,
                f"{self.sentence} Seeds: {', '.join(map(str, self.seeds))}. In brackets: 95 % interval over "
                f"{self.quantity}.",
                "",
                *self._table(results),
                "",
                f"F1 of {best}: {', '.join(f1_by_class)}.",
                f"The answer is '{UNSURE}' below a probability of {self.confidence:.2g}.",
            ]
        )

    def _table(self, results: Mapping[str, Any]) -> list[str]:
        heading_by_key = {"accuracy": "accuracy", "macro_f1": "macro-F1"}
        if self.quantity == "influencers":  # a post has one post
            heading_by_key["accuracy_several"] = f"{SEVERAL} posts or more"
        sure = f"sure ({self.confidence:.2g})"
        rows = [["", *heading_by_key.values(), "calibration error", sure, "then right", "seconds"]]
        for name, figures in results.items():
            shares = [figures["ece"], figures["sure"]["share"], figures["sure"]["accuracy"]]
            cells = [_cell(figures[key]) for key in heading_by_key]
            rows.append([name, *cells, *map(_short, shares), f"{figures['seconds']:.0f}"])
        return aligned(rows)


@dataclass(frozen=True)
class Judged:
    """What is judged: ids (n,) of the accounts or posts of ``dataset``, their categories and how."""

    dataset: Dataset
    ids: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    quantity: str
    sentence: str


@checked
def judge(
    make: Mapping[str, Callable[[int], Profiler]],
    dataset: Dataset,
    *,
    other: Dataset | None = None,
    folds: int = 5,
    seeds: Seeds = (0,),
    progress: Progress | None = None,
) -> ProfileReport:
    """Judge profilers; ``make[name](seed)`` makes a new one for every seed and fold.

    Without ``other`` they are judged in folds over influencers. With it they are fitted on ``dataset`` and
    judged on ``other``, on the categories that both have and without accounts that both label.

    The category of what is judged is hidden from the profiler. An account of which nothing is known counts as
    a wrong answer. Raises UsageError if nothing is left to judge.
    """
    seeds = seeds_of(seeds, "seeds")
    first = next(iter(make.values()))(0)
    judged = judged_examples(first, dataset, other=other, n_folds=folds)
    # (n,) class numbers; classes are sorted.
    truth = np.searchsorted(judged.classes, judged.labels)
    owners = first.owners(judged.dataset, judged.ids)
    results = {name: ProfilerResult() for name in make}

    # A second Dataset is judged whole, after one fit on the first.
    n_parts = folds if other is None else 1
    n_steps, n_done = len(make) * len(seeds) * n_parts, 0
    for seed in seeds:
        # part (n,): number of the fold; all posts of an account are in one.
        part = np.zeros(len(truth), np.int64)
        if other is None:
            part = group_stratified_folds(owners, truth, folds=folds, seed=seed)
        for name, make_profiler in make.items():
            probabilities = np.zeros((len(truth), len(judged.classes)))
            for number in range(n_parts):
                if progress:
                    progress(n_done, n_steps, f"{name}, seed {seed}")
                started = time.perf_counter()
                rows = np.flatnonzero(part == number)
                visible = first.hide(dataset, judged.ids[rows]) if other is None else dataset
                profiler = make_profiler(seed).fit(visible)
                probabilities[rows] = predicted(profiler, judged, rows=rows)
                results[name].seconds += time.perf_counter() - started
                n_done += 1
            results[name].probabilities.append(probabilities)
    if progress:
        progress(n_steps, n_steps, "done")
    n_posts_by_account = Counter(judged.dataset.posts["account"].to_pylist())
    return ProfileReport(
        classes=judged.classes,
        ids=judged.ids,
        truth=truth,
        posts=np.array([n_posts_by_account[id] for id in owners.tolist()]),
        results=results,
        seeds=tuple(seeds),
        sentence=judged.sentence,
        confidence=first.config.confidence,
        quantity=judged.quantity,
        notes=dataset.notes,
    )


def judged_examples(
    profiler: Profiler, dataset: Dataset, *, n_folds: int, other: Dataset | None = None
) -> Judged:
    """The labelled accounts, or posts, of a Dataset or of another one."""
    ids, labels = profiler.examples(dataset)
    quantity = "posts" if profiler.level == "post" else "influencers"
    classes = tuple(sorted(set(labels.tolist())))
    if len(classes) < 2:
        raise UsageError(
            f"There are no {profiler.learns} of two kinds, with posts, to judge by.", profiler.advice(dataset)
        )
    if other is None:
        sentence = f"{n_folds} folds over influencers."
        return Judged(dataset, ids, labels=labels, classes=classes, quantity=quantity, sentence=sentence)

    # Of the other Dataset: labels that were learned, of accounts that were not.
    judged_ids, judged_labels = profiler.examples(other)
    is_learned = np.isin(judged_labels, classes)
    judged_ids, judged_labels = judged_ids[is_learned], judged_labels[is_learned]
    if not len(judged_ids):
        raise UsageError(
            f"The other workspace has no {profiler.learns} of the kinds that were learned.",
            f"Learned: {', '.join(classes)}.",
        )
    is_new = ~np.isin(judged_ids, ids)
    if not is_new.any():
        raise UsageError(
            f"All {len(judged_ids):,} {quantity} of the other workspace were learned from.",
            "Judge on others than these; or leave out --test, and they are judged in folds.",
        )
    sentence = f"Fitted on {len(ids):,} {quantity} of one workspace, judged on another."
    if not is_new.all():
        sentence += f" {len(judged_ids) - is_new.sum():,} that are in both are not judged."
    return Judged(
        other,
        judged_ids[is_new],
        labels=judged_labels[is_new],
        classes=classes,
        quantity=quantity,
        sentence=sentence,
    )


def predicted(
    profiler: Profiler, judged: Judged, *, rows: np.ndarray, dataset: Dataset | None = None
) -> np.ndarray:
    """(r, c) probabilities of a fitted profiler for some rows; 0 for a class that it did not learn.

    dataset  in place of that of ``judged``, with fewer posts
    """
    found = profiler.probabilities(
        dataset or judged.dataset, judged.ids[rows]
    )  # (r, classes of the profiler)
    probabilities = np.zeros((len(rows), len(judged.classes)))
    for column, name in enumerate(profiler.classes):
        if name in judged.classes:
            probabilities[:, judged.classes.index(name)] = np.nan_to_num(found[:, column])
    return probabilities


def answered(probabilities: np.ndarray) -> np.ndarray:
    """(n,) number of the most probable class; c, which is never right, if all c probabilities are 0."""
    return np.where(probabilities.max(axis=1) > 0, probabilities.argmax(axis=1), probabilities.shape[1])


def accuracy(guesses: np.ndarray, truth: np.ndarray) -> float:
    """Share of right answers."""
    return float((guesses == truth).mean())


def macro_f1(guesses: np.ndarray, truth: np.ndarray, classes: int) -> float:
    """Mean F1 over the classes that occur in ``truth``."""
    is_present = np.bincount(truth, minlength=classes) > 0
    return float(f1_scores(guesses, truth, classes)[is_present, 2].mean())


def f1_scores(guesses: np.ndarray, truth: np.ndarray, classes: int) -> np.ndarray:
    """(c, 3) precision, recall and F1 of each class for the answers of ``answered``; 0 instead of 0/0."""
    # confusion (c, c + 1): true class by answer; the last column counts missing answers.
    pairs = np.bincount(truth * (classes + 1) + guesses, minlength=classes * (classes + 1))
    confusion = pairs.reshape(classes, classes + 1)
    right = np.diag(confusion).astype(float)
    precision = right / np.maximum(confusion.sum(axis=0)[:classes], 1)
    recall = right / np.maximum(confusion.sum(axis=1), 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return np.stack([precision, recall, f1], axis=1)


def calibration_error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Expected calibration error of the highest probability of each account (n, c), in bins of equally many
    accounts."""
    predicted, is_right = probabilities.max(axis=1), answered(probabilities) == truth
    error = 0
    for rows in np.array_split(np.argsort(predicted, kind="stable"), BINS):
        if len(rows):
            error += len(rows) * abs(predicted[rows].mean() - is_right[rows].mean())
    return float(error / len(predicted))


def _auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Chance that a positive scores higher than another, ties counted half; NaN without both."""
    # Mann-Whitney: the rank sum of the positives, ties at their mean rank.
    ranks = rankdata(scores)
    n = int(positive.sum())
    n_others = len(scores) - n
    if not n or not n_others:
        return float("nan")
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * n_others))


def _cell(value: Mapping[str, float | None]) -> str:
    if value["mean"] is None:
        return "-"
    return f"{_short(value['mean'])} [{_short(value['low'])}, {_short(value['high'])}]"


def _short(value: float | None) -> str:
    return "-" if value is None or np.isnan(value) else f"{value:.3f}".removeprefix("0")
