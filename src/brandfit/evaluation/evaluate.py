"""Fit on the training side of each fold, score its other side, judge: any ranker, no particular one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from brandfit.arguments import Seeds, checked, seeds_of
from brandfit.data.dataset import Dataset
from brandfit.data.split import Fold
from brandfit.errors import UnknownName, UsageError
from brandfit.evaluation.metrics import TIES, Metric, Recall, blocks
from brandfit.evaluation.protocol import Protocol
from brandfit.evaluation.references import DRAWN, references
from brandfit.evaluation.report import RankerResult, Report
from brandfit.learning.trainer import CHECKPOINT
from brandfit.progress import Progress
from brandfit.rankers.base import Ranker

SECONDS = "seconds.txt"
CELLS = 4_000_000
"""Scores held at once: brands are scored in blocks of so many candidates in all."""
HISTORY = ("warm", "cold")
"""Partners to find that work with a training brand too, and those that do not; each judged without the others
as candidates."""


@checked
def evaluate(
    make: Mapping[str, Callable[[int], Ranker]],
    dataset: Dataset,
    *,
    protocol: Protocol,
    seeds: Seeds = (0,),
    progress: Progress | None = None,
    folder: Path | None = None,
    prepare: Callable[[Fold], Fold] | None = None,
) -> Report:
    """Judge rankers, each made anew for every seed and fold by ``make[name](seed)``, under one protocol.

    The split is the protocol's and the same for all; the seeds are the rankers'. Values are kept a brand, so
    that the report can compare rankers brand by brand. ``folder``: where trainings keep checkpoints, so that
    an evaluation that was broken off goes on from them; whoever names it removes it. ``prepare``: what is
    done to every fold before it is judged.
    """
    seeds = seeds_of(seeds, "seeds")
    if protocol.ties not in TIES:
        raise UnknownName("tie rule", protocol.ties, known=TIES)
    if not make:
        raise UsageError("There is nothing to judge: no ranker is named.", "Name one at least.")
    folds = protocol.folds(dataset)
    if prepare:
        folds = [
            _prepared(prepare, fold, n=n, folds=len(folds), progress=progress) for n, fold in enumerate(folds)
        ]
    if not any(fold.relevant.any() for fold in folds):
        why = "; ".join(dict.fromkeys(note for fold in folds for note in fold.notes))
        raise UsageError(
            f"No partner can be judged under {protocol.name}{f': {why}' if why else ''}.",
            f"Look at its settings: brandfit list settings {protocol.name}",
        )
    categories = [same_category(dataset, fold) for fold in folds]
    steps, done = len(make) * len(seeds) * len(folds), 0
    known = [warm(fold) for fold in folds]
    judged = {}
    for name, maker in make.items():
        result = RankerResult(_empty(protocol), history={kind: _empty(protocol) for kind in HISTORY})
        without: set[str] = set()
        told: dict[str, list[str]] = {}
        for seed in seeds:
            values = {kind: _empty(protocol) for kind in ("all", *HISTORY)}
            for number, (fold, (same, _), warm_) in enumerate(zip(folds, categories, known, strict=True)):
                if progress:
                    progress(done, steps, f"{name}, seed {seed}, {fold.name}")
                clock = Clock(folder / f"{name}-{seed}-{number}" if folder else None)
                ranker = maker(seed).fit(fold.train, clock.progress, clock.folder)
                result.fit_seconds += clock.read()
                fitted = time.perf_counter()
                if ranker.leaky:
                    ranker.reveal_labels(dataset)
                    result.leaky = True
                result.probabilities.append(_probabilities(ranker, fold))
                found_of, silent = _fold_values(ranker, fold, protocol=protocol, same=same, known=warm_)
                for kind, found in found_of.items():
                    for metric, array in found.items():
                        values[kind][metric].append(array)
                result.score_seconds += time.perf_counter() - fitted
                result.parameters = ranker.n_parameters
                where = f"{fold.name}, seed {seed}" if len(seeds) > 1 or seed else fold.name
                read = {*ranker.used_slots(fold.test), *ranker.reads}
                features = {
                    slot: fold.test.slots[slot].name
                    for slot in ranker.slots
                    if slot in read & fold.test.slots.keys()
                }
                result.fitted_features |= features
                leaks = [f"{name} {what}" for name, what in fold.features if name in features.values()]
                for note in (*ranker.notes(fold.test), *leaks):
                    told.setdefault(note, []).append(where)
                without.update(fold.brands[silent].tolist())
                done += 1
            for kind, kept in (("all", result.values), *result.history.items()):
                for metric, arrays in values[kind].items():
                    kept[metric].append(np.concatenate(arrays))
        for note, places in told.items():
            some = "" if len(places) == len(folds) * len(seeds) else f" ({', '.join(places)})"
            result.notes[f"{note}{some}"] = None
        if without:
            result.notes[_silence(len(without), sum(len(fold.brands) for fold in folds), protocol)] = None
        judged[name] = result
    if progress:
        progress(steps, steps, "done")
    return Report(
        protocol=protocol,
        seeds=tuple(seeds),
        results=judged,
        references=_references(folds, [same for same, _ in categories], protocol),
        brands=np.concatenate([fold.brands for fold in folds]),
        brand_categories=dataset.account_values("category", np.concatenate([fold.brands for fold in folds])),
        candidate_counts=tuple(len(fold.candidates) for fold in folds),
        positives=int(sum((fold.relevant & fold.eligible).sum() for fold in folds)),
        category_source=categories[0][1],
        dataset=dataset.fingerprint,
        notes=_notes(dataset, folds, protocol),
        refit=prepare is not None,
    )


def _notes(dataset: Dataset, folds: Sequence[Fold], protocol: Protocol) -> tuple[str, ...]:
    of_folds = (note for fold in folds for note in fold.notes)
    return tuple(
        dict.fromkeys([*dataset.notes, *_hidden(folds), *of_folds, *_without_choice(folds, protocol)])
    )


def _silence(silent: int, brands: int, protocol: Protocol) -> str:
    figures = (
        "its figures are those of chance"
        if protocol.ties == "expected"
        else f"its figures are those of {protocol.ties} ties"
    )
    if silent == brands:
        return f"it has no evidence on any pair: {figures}"
    return f"it has no evidence on {silent:,} of {brands:,} brands: there {figures}"


def _prepared(
    prepare: Callable[[Fold], Fold], fold: Fold, *, n: int, folds: int, progress: Progress | None
) -> Fold:
    if progress:
        progress(n, folds, f"encoding anew, {fold.name}")
    return prepare(fold)


def _hidden(folds: Sequence[Fold]) -> list[str]:
    """How many posts are hidden; of several folds, of which each hides its own, how many different ones and
    in each."""
    posts = len({id for fold in folds for id in fold.hidden.tolist()})
    if not posts:
        return []
    each = sorted(len(fold.hidden) for fold in folds)
    more = f" ({each[0]:,} to {each[-1]:,} in each of {len(folds)} folds)" if len(folds) > 1 else ""
    return [f"{posts:,} posts that state a held-out endorsement are hidden{more}"]


def _without_choice(folds: Sequence[Fold], protocol: Protocol) -> list[str]:
    """Metrics that find everybody, whoever ranks: those of the first k of no more than k candidates."""
    pools = np.concatenate([fold.eligible.sum(axis=1) for fold in folds])
    notes = []
    for metric in protocol.metrics:
        if isinstance(metric, Recall) and (pools <= metric.k).any():
            some = int((pools <= metric.k).sum())
            whom = "all brands have" if some == len(pools) else f"{some:,} of {len(pools):,} brands have"
            notes.append(
                f"{metric} is 1 whoever ranks where there is nobody to leave out: {whom} {metric.k} "
                "candidates or fewer"
            )
    return notes


class Clock:
    """Seconds of one fit, those of before it was broken off too where it goes on from a checkpoint: noted
    with every epoch."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.before = 0.0
        with suppress(OSError, ValueError):  # the first time, or broken off while it was noted
            self.before = (
                float((folder / SECONDS).read_text()) if folder and (folder / CHECKPOINT).exists() else 0.0
            )
        self.started = time.perf_counter()

    def read(self) -> float:
        return self.before + time.perf_counter() - self.started

    def progress(self, _done: int, _total: int, _step: str = "", /) -> None:
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / SECONDS).write_text(str(self.read()))


def same_category(dataset: Dataset, fold: Fold) -> tuple[np.ndarray | None, str]:
    """(b, n) bool: candidates of the brand's own category, for cAUC, and where categories come from.

    A candidate is of its own category, if it has one, else of those of the brands that it endorses: the
    truth, used to judge and never seen by a ranker. A brand whose category no candidate has is of the one
    most frequent among its partners.
    """
    own = dataset.account_values("category", fold.candidates)
    brands = dataset.account_values("category", fold.brands)
    stated = np.array([c is not None for c in own], bool)
    if stated.any():
        theirs = [{c} if c is not None else set() for c in own.tolist()]
        source = "categories of the candidates' accounts"
    else:
        by_brand = dict(zip(fold.brands.tolist(), brands.tolist(), strict=True))
        theirs = [set() for _ in own]
        for row, column in np.argwhere(fold.relevant):
            if (category := by_brand[fold.brands[row]]) is not None:
                theirs[column].add(category)
        source = "categories of the brands that a candidate endorses"
    if not any(theirs):
        return None, "no account has a category: cAUC is not defined"
    names = sorted(set().union(*theirs))
    member = np.array([[name in found for name in names] for found in theirs], bool).reshape(
        len(theirs), len(names)
    )
    result = np.zeros(fold.relevant.shape, bool)
    for row, category in enumerate(brands.tolist()):
        if category is None or category not in names:
            votes = member[fold.relevant[row]].sum(axis=0)
            result[row] = member[:, int(np.argmax(votes))] if votes.any() else False
        else:
            result[row] = member[:, names.index(category)]
    return result, source


def warm(fold: Fold) -> np.ndarray:
    """(n,) bool: candidates that are known to work with a brand of the training side, or to stand for one."""
    known = {influencer for found in fold.train.partners.values() for influencer in found}
    return np.array([id in known for id in fold.candidates.tolist()], bool)


def _empty(protocol: Protocol) -> dict[str, list[np.ndarray]]:
    return {str(m): [] for m in protocol.metrics}


def _references(
    folds: list[Fold], same: list[np.ndarray | None], protocol: Protocol
) -> dict[str, RankerResult]:
    """The references that every fold has."""
    scores = [references(fold, s) for fold, s in zip(folds, same, strict=True)]
    result = {}
    for name in (name for name in scores[0] if all(name in s for s in scores)):
        values = _empty(protocol)
        judge = protocol.replace(ties="expected") if name in DRAWN else protocol
        for fold, s, found in zip(folds, same, scores, strict=True):
            rows = [
                _brand_values(judge, fold, row=row, scores=found[name][row], same=s, asked=fold.eligible[row])
                for row in range(len(fold.brands))
            ]
            for metric in protocol.metrics:
                values[str(metric)].append(np.array([row.get(metric, np.nan) for row in rows]))
        result[name] = RankerResult({metric: [np.concatenate(arrays)] for metric, arrays in values.items()})
    return result


def _probabilities(ranker: Ranker, fold: Fold) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the pairs that are asked for, and which work together; empty for a ranker that tells
    none."""
    step = max(1, CELLS // max(1, len(fold.candidates)))
    rows = []
    for start in range(0, len(fold.brands), step):
        found = ranker.probability(fold.test, fold.brands[start : start + step], fold.candidates)
        if found is None:
            return np.zeros(0), np.zeros(0, bool)
        rows.append(found.value)
    return np.concatenate(rows)[fold.eligible], fold.relevant[fold.eligible]


def _fold_values(
    ranker: Ranker, fold: Fold, *, protocol: Protocol, same: np.ndarray | None, known: np.ndarray
) -> tuple[dict[str, dict[str, np.ndarray]], np.ndarray]:
    """Of all partners, of the warm and of the cold ones: metric name to (b,) values of the fold's brands. And
    (b,) bool: those without a single score.
    """
    silent = np.zeros(len(fold.brands), bool)
    values = {
        kind: {str(m): np.full(len(fold.brands), np.nan) for m in protocol.metrics}
        for kind in ("all", *HISTORY)
    }
    step = max(1, CELLS // max(1, len(fold.candidates)))
    for start in range(0, len(fold.brands), step):
        scores = ranker.score(fold.test, fold.brands[start : start + step], fold.candidates)
        silent[start : start + len(scores)] = np.isnan(scores).all(axis=1)
        for n, row in enumerate(range(start, min(start + step, len(fold.brands)))):
            asked = {"all": fold.eligible[row]}
            asked |= {
                "warm": asked["all"] & ~(fold.relevant[row] & ~known),
                "cold": asked["all"] & ~(fold.relevant[row] & known),
            }
            for kind, chosen in asked.items():
                for metric, value in _brand_values(
                    protocol, fold, row=row, scores=scores[n], same=same, asked=chosen
                ).items():
                    values[kind][str(metric)][row] = value
    return values, silent


def _brand_values(
    protocol: Protocol,
    fold: Fold,
    *,
    row: int,
    scores: np.ndarray,
    same: np.ndarray | None,
    asked: np.ndarray,
) -> dict[Metric, float]:
    """All metrics of one brand on the candidates that are asked for (n,) bool, its scores sorted once."""
    relevant = fold.relevant[row][asked]
    if not relevant.any():
        return {}
    found = blocks(scores[asked], relevant)
    result = {}
    for metric in protocol.metrics:
        if metric.same_category:
            category = None if same is None else same[row][asked]
            result[metric] = metric.per_brand(scores[asked], relevant, ties=protocol.ties, category=category)
        else:
            result[metric] = metric.value(found, protocol.ties)
    return result
