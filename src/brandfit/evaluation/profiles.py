"""How well profilers tell the category of accounts that they were not fitted on."""

from __future__ import annotations

import time
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
from brandfit.profilers._folds import group_stratified_folds
from brandfit.profilers.base import UNSURE, Profiler
from brandfit.progress import Progress

RESAMPLES = 2_000
SEVERAL = 3
"""Posts from which on an account is judged apart too."""


@dataclass
class ProfilerResult:
    """Of one profiler: probabilities (s, n, c) of n accounts by s seeds, and what was noted."""

    probabilities: list[np.ndarray] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class ProfileReport:
    """truth (n,) class numbers of the accounts, posts (n,) how many of each are there; ``told`` by
    profiler."""

    classes: tuple[str, ...]
    ids: np.ndarray
    truth: np.ndarray
    posts: np.ndarray
    results: Mapping[str, ProfilerResult]
    seeds: tuple[int, ...]
    sentence: str
    confidence: float
    quantity: str
    """What is told: influencers or posts."""
    notes: tuple[str, ...] = ()
    """How the labels came to be, where nobody stated them."""

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
            "results": {name: self._result(told) for name, told in self.results.items()},
        }

    def _result(self, told: ProfilerResult) -> dict[str, Any]:
        guesses = [answered(p) for p in told.probabilities]
        several = self.posts >= SEVERAL
        sure = [p.max(axis=1) >= self.confidence for p in told.probabilities]
        right = [g == self.truth for g in guesses]
        return {
            "accuracy": self._interval(guesses, accuracy),
            "macro_f1": self._interval(guesses, lambda g, t: macro_f1(g, t, len(self.classes))),
            "accuracy_several": self._interval(guesses, accuracy, several),
            "per_class": self._per_class(guesses, told.probabilities),
            "ece": float(np.mean([calibration_error(p, self.truth) for p in told.probabilities])),
            "sure": {
                "share": float(np.mean([s.mean() for s in sure])),
                "accuracy": float(
                    np.mean([r[s].mean() if s.any() else np.nan for r, s in zip(right, sure, strict=True)])
                ),
                "confidence": self.confidence,
            },
            "seconds": round(told.seconds, 3),
        }

    def _interval(
        self,
        guesses: Sequence[np.ndarray],
        measure: Callable[[np.ndarray, np.ndarray], float],
        chosen: np.ndarray | None = None,
    ) -> dict[str, float | None]:
        """Mean and spread over seeds, 95 % bootstrap interval over influencers (of the first seed, put around
        the mean)."""
        at = np.arange(len(self.truth)) if chosen is None else np.flatnonzero(chosen)
        if not len(at):
            return {"mean": None, "low": None, "high": None, "seed_std": None, "influencers": 0}
        each = [measure(g[at], self.truth[at]) for g in guesses]
        rng = seeds.generator(0, "profiles", len(at))
        drawn = (rng.choice(at, len(at)) for _ in range(RESAMPLES if len(at) * RESAMPLES < 4e7 else 500))
        resampled = [measure(guesses[0][d], self.truth[d]) for d in drawn]
        low, high = np.quantile(resampled, [0.025, 0.975]) - each[0] + np.mean(each)
        spread = float(np.std(each, ddof=1)) if len(each) > 1 else None
        told = {"mean": float(np.mean(each)), "low": float(low), "high": float(high), "seed_std": spread}
        return {**told, "influencers": len(at)}

    def _per_class(
        self, guesses: Sequence[np.ndarray], probabilities: Sequence[np.ndarray]
    ) -> dict[str, dict[str, float | int]]:
        found = [f1_scores(g, self.truth, len(self.classes)) for g in guesses]
        mean = np.mean(found, axis=0)
        auc = np.mean(
            [[_auc(p[:, n], self.truth == n) for n in range(len(self.classes))] for p in probabilities],
            axis=0,
        )
        counts = np.bincount(self.truth, minlength=len(self.classes))
        return {
            name: {
                "precision": float(p),
                "recall": float(r),
                "f1": float(f),
                "auc": float(a),
                "influencers": int(n),
            }
            for name, (p, r, f), a, n in zip(self.classes, mean, auc, counts, strict=True)
        }

    def to_text(self) -> str:
        told = self.to_dict()
        intervals = {"accuracy": "accuracy", "macro_f1": "macro-F1"}
        if self.quantity == "influencers":  # a post is one post
            intervals["accuracy_several"] = f"{SEVERAL} posts or more"
        header = [
            "",
            *intervals.values(),
            "calibration error",
            f"sure ({self.confidence:.2g})",
            "then right",
            "seconds",
        ]
        rows = []
        for name, found in told["results"].items():
            values = [_cell(found[key]) for key in intervals]
            sure = found["sure"]
            rows.append(
                [
                    name,
                    *values,
                    _short(found["ece"]),
                    _short(sure["share"]),
                    _short(sure["accuracy"]),
                    f"{found['seconds']:.0f}",
                ]
            )
        widths = [max(len(row[n]) for row in [header, *rows]) for n in range(len(header))]
        lines = [
            "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
            for row in [header, *rows]
        ]
        share = _short(told["majority"])
        best = max(told["results"], key=lambda n: told["results"][n]["accuracy"]["mean"])
        classes = told["results"][best]["per_class"]
        return "\n".join(
            [
                f"{len(self.truth):,} {self.quantity} of {len(self.classes)} categories; the most frequent: "
                f"{share}.",
                *self.notes,
                f"{self.sentence} Seeds: {', '.join(map(str, self.seeds))}. In brackets: 95 % interval over "
                f"{self.quantity}.",
                "",
                *lines,
                "",
                f"F1 of {best}: "
                + ", ".join(f"{name} {_short(c['f1'])} ({c['influencers']:,})" for name, c in classes.items())
                + ".",
                f"'{UNSURE}' is what is answered below a probability of {self.confidence:.2g}.",
            ]
        )


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
    """Judge profilers, each made anew for every seed and fold: in folds over influencers, or fitted on one
    Dataset and judged on another, on the categories that both have.

    What is judged has its category hidden from the profiler; what both Datasets know is learned from, and not
    judged. Accounts of which nothing is known count as told wrongly. Raises UsageError where nothing is left
    to judge.
    """
    seeds = seeds_of(seeds, "seeds")
    first = next(iter(make.values()))(0)
    ids, labels = first.examples(dataset)
    what = "posts" if first.level == "post" else "influencers"
    classes = tuple(sorted(set(labels.tolist())))
    if len(classes) < 2:
        raise UsageError(
            f"There are no {first.learns} of two kinds, with posts, to judge by.", first.advice(dataset)
        )
    if other is not None:
        judged, truth = first.examples(other)
        known = np.isin(truth, classes)
        judged, truth = judged[known], truth[known]
        if not len(judged):
            raise UsageError(
                f"The other workspace has no {first.learns} of the kinds that were learned.",
                f"Learned: {', '.join(classes)}.",
            )
        new = ~np.isin(judged, ids)
        if not new.any():
            raise UsageError(
                f"All {len(judged):,} {what} of the other workspace were learned from.",
                "Judge on others than these; or leave out --test, and they are judged in folds.",
            )
        sentence = f"Fitted on {len(ids):,} {what} of one workspace, judged on another."
        if not new.all():
            sentence += f" {len(judged) - new.sum():,} that are in both are not judged."
        judged, truth = judged[new], truth[new]
    else:
        judged, truth = ids, labels
        sentence = f"{folds} folds over influencers."
    y = np.searchsorted(classes, truth)
    posts = dict(
        zip(
            *np.unique((other or dataset).posts["account"].to_numpy().astype(str), return_counts=True),
            strict=True,
        )
    )
    owners = first.owners(other or dataset, judged)
    told = {name: ProfilerResult() for name in make}
    parts = folds if other is None else 1
    steps, done = len(make) * len(seeds) * parts, 0
    for seed in seeds:
        fold = (
            group_stratified_folds(owners, y, folds=folds, seed=seed)
            if other is None
            else np.zeros(len(y), np.int64)
        )
        for name, maker in make.items():
            probabilities = np.zeros((len(y), len(classes)))
            for number in range(parts):
                if progress:
                    progress(done, steps, f"{name}, seed {seed}")
                started = time.perf_counter()
                asked = np.flatnonzero(fold == number)
                seen = dataset if other is not None else first.hide(dataset, judged[asked])
                profiler = maker(seed).fit(seen)
                found = profiler.probabilities(other or dataset, judged[asked])
                at = np.array([classes.index(c) for c in profiler.classes if c in classes], np.int64)
                own = [n for n, c in enumerate(profiler.classes) if c in classes]
                probabilities[np.ix_(asked, at)] = np.nan_to_num(found[:, own])
                told[name].seconds += time.perf_counter() - started
                done += 1
            told[name].probabilities.append(probabilities)
    if progress:
        progress(steps, steps, "done")
    counts = np.array([posts.get(id, 0) for id in owners.tolist()])
    return ProfileReport(
        classes=classes,
        ids=judged,
        truth=y,
        posts=counts,
        results=told,
        seeds=tuple(seeds),
        sentence=sentence,
        confidence=first.config.confidence,
        quantity=what,
        notes=dataset.notes,
    )


def answered(probabilities: np.ndarray) -> np.ndarray:
    """(n,) number of the likeliest class; one past the last where nothing is told, which is never right."""
    return np.where(probabilities.max(axis=1) > 0, probabilities.argmax(axis=1), probabilities.shape[1])


def accuracy(guesses: np.ndarray, truth: np.ndarray) -> float:
    return float((guesses == truth).mean())


def macro_f1(guesses: np.ndarray, truth: np.ndarray, classes: int) -> float:
    """Mean over the classes that are there of F1."""
    return float(f1_scores(guesses, truth, classes)[np.bincount(truth, minlength=classes) > 0, 2].mean())


def f1_scores(guesses: np.ndarray, truth: np.ndarray, classes: int) -> np.ndarray:
    """(c, 3) precision, recall and F1 of each class, of what ``answered`` gives; 0 where there is nothing to
    divide by."""
    table = np.bincount(truth * (classes + 1) + guesses, minlength=classes * (classes + 1)).reshape(
        classes, classes + 1
    )
    right = np.diag(table).astype(float)
    precision, recall = (right / np.maximum(n, 1) for n in (table.sum(axis=0)[:classes], table.sum(axis=1)))
    return np.stack(
        [precision, recall, 2 * precision * recall / np.maximum(precision + recall, 1e-12)], axis=1
    )


def calibration_error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Expected calibration error of the probability of the likeliest class, in bins of equally many
    accounts."""
    told, right = probabilities.max(axis=1), answered(probabilities) == truth
    parts = [part for part in np.array_split(np.argsort(told, kind="stable"), BINS) if len(part)]
    return float(sum(len(part) * abs(told[part].mean() - right[part].mean()) for part in parts) / len(told))


def _auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Chance that a positive stands above another, ties half; NaN without both."""
    ranks = rankdata(scores)
    n = int(positive.sum())
    others = len(scores) - n
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * others)) if n and others else float("nan")


def _cell(value: Mapping[str, float | None]) -> str:
    return (
        "-"
        if value["mean"] is None
        else f"{_short(value['mean'])} [{_short(value['low'])}, {_short(value['high'])}]"
    )


def _short(value: float | None) -> str:
    return "-" if value is None or np.isnan(value) else f"{value:.3f}".removeprefix("0")
