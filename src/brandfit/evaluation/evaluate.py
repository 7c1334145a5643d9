"""Evaluates rankers: fits each on the training side of every fold and judges it on the other side.

The steps are in three files: ``plan`` makes the folds, ``judging`` judges a fitted ranker on one of them, and
this file fits the rankers and collects a ``Report``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from brandfit.arguments import Seeds, checked, seeds_of
from brandfit.data.dataset import Dataset
from brandfit.data.split import Fold
from brandfit.errors import UnknownName, UsageError
from brandfit.evaluation.first_ten import NO_EVIDENCE
from brandfit.evaluation.judging import (
    HISTORY,
    KINDS,
    FoldJudgement,
    PartnerRanks,
    ScoredCandidates,
    brand_values,
    candidate_tiers,
    judge_fold,
    tier_shares,
    undefined,
)
from brandfit.evaluation.metrics import TIES
from brandfit.evaluation.plan import Plan, PlannedFold, plan_folds
from brandfit.evaluation.protocol import Protocol
from brandfit.evaluation.references import DRAWN, references
from brandfit.evaluation.report import RankerResult, Report
from brandfit.exposure import PARITY, TierShares
from brandfit.learning.trainer import CHECKPOINT
from brandfit.progress import Progress
from brandfit.rankers.base import Ranker

SECONDS = "seconds.txt"
"""File next to a checkpoint with the seconds that the training took so far."""


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
    """Judge rankers under one protocol; ``make[name](seed)`` makes a new one for every seed and fold.

    All rankers share the split of the protocol; the seeds are those of the rankers. The report keeps one
    value a brand, so that rankers can be compared brand by brand.

    folder   where trainings keep checkpoints, so that a stopped evaluation goes on from them; the caller
             removes it
    prepare  changes every fold before it is judged
    """
    seeds = seeds_of(seeds, "seeds")
    if protocol.ties not in TIES:
        raise UnknownName("tie rule", protocol.ties, known=TIES)
    if not make:
        raise UsageError("There is nothing to judge: no ranker is named.", "Name one at least.")
    # The plan is made once, so that all rankers see the same folds and candidates.
    plan = plan_folds(dataset, protocol, prepare=prepare, progress=progress)
    run = _Run(plan, protocol, dataset=dataset, seeds=tuple(seeds), folder=folder)
    steps = _Steps(progress, total=len(make) * len(seeds) * len(plan.folds))
    results = {name: run.judge(name, make_ranker, steps=steps) for name, make_ranker in make.items()}
    steps.finish()
    # References need no fit; they are judged on the same folds.
    return Report(
        protocol=protocol,
        seeds=tuple(seeds),
        results=results,
        references=judge_references(plan, protocol),
        brands=plan.brands,
        brand_categories=dataset.account_values("category", plan.brands),
        candidate_counts=tuple(len(planned.fold.candidates) for planned in plan.folds),
        positives=plan.n_positives,
        category_source=plan.category_source,
        dataset=dataset.fingerprint,
        partner_counts=plan.partner_counts,
        pool_sizes=plan.pool_sizes,
        has_posts=plan.has_posts,
        notes=plan.notes(dataset, protocol),
        refit=prepare is not None,
        fold_sizes=tuple(len(planned.fold.brands) for planned in plan.folds),
    )


class _Steps:
    """Counts the fits of an evaluation and reports each before it starts."""

    def __init__(self, progress: Progress | None, *, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def start(self, step: str) -> None:
        if self.progress:
            self.progress(self.done, self.total, step)
        self.done += 1

    def finish(self) -> None:
        if self.progress:
            self.progress(self.total, self.total, "done")


@dataclass
class _Notes:
    """Notes on one ranker, and on which folds and seeds each of them is true."""

    folds_by_note: dict[str, list[str]] = field(default_factory=dict)
    silent_brands: set[str] = field(default_factory=set)

    def add(self, judgement: FoldJudgement, planned: PlannedFold, *, label: str) -> None:
        for note in judgement.notes:
            self.folds_by_note.setdefault(note, []).append(label)
        self.silent_brands.update(planned.fold.brands[judgement.values.is_silent].tolist())

    def sentences(self, *, n_fits: int, n_brands: int, protocol: Protocol) -> list[str]:
        """Each note once, with the folds that it is limited to."""
        sentences = []
        for note, labels in self.folds_by_note.items():
            sentences.append(note if len(labels) == n_fits else f"{note} ({', '.join(labels)})")
        if self.silent_brands:
            sentences.append(_silence(len(self.silent_brands), n_brands, protocol))
        return sentences


@dataclass(frozen=True)
class _Run:
    """What all rankers of an evaluation have in common."""

    plan: Plan
    protocol: Protocol
    dataset: Dataset
    seeds: tuple[int, ...]
    folder: Path | None

    def judge(self, name: str, make_ranker: Callable[[int], Ranker], *, steps: _Steps) -> RankerResult:
        """Fit and judge one ranker with every seed on every fold."""
        result = RankerResult(
            _no_values(self.protocol), {kind: _no_values(self.protocol) for kind in HISTORY}
        )
        if self.protocol.compares_ties:
            result.by_tie_rule = {rule: _no_values(self.protocol) for rule in TIES}
        if self.protocol.compares_parity:
            result.parity = RankerResult(_no_values(self.protocol))
        notes = _Notes()
        for seed in self.seeds:
            values = {kind: _no_values(self.protocol) for kind in KINDS}
            by_tie_rule = {rule: _no_values(self.protocol) for rule in result.by_tie_rule}
            in_parity = {PARITY: _no_values(self.protocol)} if result.parity else {}
            ranks_of_folds: list[PartnerRanks] = []
            scored_of_folds: list[ScoredCandidates] = []
            parity_ranks_of_folds: list[PartnerRanks] = []
            for number, planned in enumerate(self.plan.folds):
                steps.start(f"{name}, seed {seed}, {planned.fold.name}")
                clock = Clock(self.folder / f"{name}-{seed}-{number}" if self.folder else None)
                # A new ranker for every fold: it must not have seen the held-out side.
                ranker = make_ranker(seed).fit(planned.fold.train, clock.progress, clock.folder)
                result.fit_seconds += clock.read()
                judgement = self._score(ranker, planned, result=result)
                notes.add(judgement, planned, label=self._label(planned, seed))
                ranks_of_folds.append(judgement.values.partner_ranks)
                scored_of_folds.append(judgement.values.scored)
                _append(values, judgement.values.by_kind)
                _append(by_tie_rule, judgement.values.by_tie_rule)
                if judgement.values.parity is not None:
                    _append(in_parity, {PARITY: judgement.values.parity.values})
                    parity_ranks_of_folds.append(judgement.values.parity.partner_ranks)
            # One (b,) array a seed: the brands of all folds, in the order of the plan.
            _collect({"all": result.values, **result.history}, values)
            _collect(result.by_tie_rule, by_tie_rule)
            if result.parity:
                _collect({PARITY: result.parity.values}, in_parity)
                result.parity.partner_ranks.append(PartnerRanks.joined(parity_ranks_of_folds))
            result.partner_ranks.append(PartnerRanks.joined(ranks_of_folds))
            result.scored.append(ScoredCandidates.joined(scored_of_folds))
        n_fits = len(self.plan.folds) * len(self.seeds)
        n_brands = len(self.plan.brands)
        for sentence in notes.sentences(n_fits=n_fits, n_brands=n_brands, protocol=self.protocol):
            result.notes[sentence] = None
        return result

    def _score(self, ranker: Ranker, planned: PlannedFold, *, result: RankerResult) -> FoldJudgement:
        """Judge a fitted ranker on a fold, and add to its result all that is not one value a brand."""
        started = time.perf_counter()
        if ranker.leaky:  # it needs the labels of what it scores
            ranker.reveal_labels(self.dataset)
            result.leaky = True
        judgement = judge_fold(ranker, planned, protocol=self.protocol)
        result.score_seconds += time.perf_counter() - started
        result.probabilities.append((judgement.probabilities, judgement.is_partner))
        result.shares += judgement.values.shares
        if result.parity and judgement.values.parity is not None:
            result.parity.shares += judgement.values.parity.shares
        result.parameters = ranker.n_parameters
        result.fitted_features |= judgement.feature_name_by_slot
        return judgement

    def _label(self, planned: PlannedFold, seed: int) -> str:
        """The fold as notes name it, with the seed if it is not the only one, 0."""
        is_default = len(self.seeds) == 1 and not seed
        return planned.fold.name if is_default else f"{planned.fold.name}, seed {seed}"


class Clock:
    """Seconds of one fit. A fit that goes on from a checkpoint includes the seconds before it was stopped,
    which are written to ``SECONDS`` after every epoch."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        # Only a checkpoint is gone on from; seconds without one are those of a fit that starts again.
        self.before = 0.0
        if folder is not None and (folder / CHECKPOINT).exists():
            with suppress(OSError, ValueError):  # no such file, or stopped while it was written
                self.before = float((folder / SECONDS).read_text())
        self.started = time.perf_counter()

    def read(self) -> float:
        return self.before + time.perf_counter() - self.started

    def progress(self, _done: int, _total: int, _step: str = "", /) -> None:
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / SECONDS).write_text(str(self.read()))


def judge_references(plan: Plan, protocol: Protocol) -> dict[str, RankerResult]:
    """Name to result of the references that every fold can compute."""
    scores_of_folds = [references(planned.fold, planned.same_category) for planned in plan.folds]
    first, *others = scores_of_folds
    # A fold may lack the data of a reference, for example engagement.
    in_all_folds = set(first).intersection(*others)
    results = {}
    for name in first:
        if name not in in_all_folds:
            continue
        # Equal scores of these mean "no evidence": the mean over all orders judges them under any tie rule.
        judge = protocol.replace(ties="expected") if name in DRAWN else protocol
        values = _no_values(protocol)
        shares = TierShares.empty()
        for planned, scores in zip(plan.folds, scores_of_folds, strict=True):
            for metric, of_fold in _reference_values(planned, scores[name], protocol=judge).items():
                values[metric].append(of_fold)
            tiers = candidate_tiers(planned.fold)
            for row, brand_scores in enumerate(scores[name]):
                shares += tier_shares(planned.fold, row, brand_scores, tiers=tiers)
        joined = {metric: [np.concatenate(arrays)] for metric, arrays in values.items()}
        results[name] = RankerResult(joined, shares=shares)
    return results


def _reference_values(
    planned: PlannedFold, scores: np.ndarray, *, protocol: Protocol
) -> dict[str, np.ndarray]:
    """Metric name to (b,) values of the scores (b, n) of a reference."""
    fold = planned.fold
    values = undefined(protocol, len(fold.brands))
    for row in range(len(fold.brands)):
        found = brand_values(protocol, planned, row=row, scores=scores[row], is_judged=fold.eligible[row])
        for metric, value in found.items():
            values[str(metric)][row] = value
    return values


Collected = Mapping[str, Mapping[str, list[np.ndarray]]]
"""Kind of partners, or tie rule, to metric name to arrays of values of brands."""


def _append(arrays_by_kind: Collected, of_fold: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """Append the (b,) values of the brands of one fold."""
    for kind, values in of_fold.items():
        for metric, of_brands in values.items():
            arrays_by_kind[kind][metric].append(of_brands)


def _collect(collected: Collected, arrays_by_kind: Collected) -> None:
    """Append one array of the brands of all folds to each list."""
    for kind, arrays_by_metric in arrays_by_kind.items():
        for metric, arrays in arrays_by_metric.items():
            collected[kind][metric].append(np.concatenate(arrays))


def _silence(n_silent: int, n_brands: int, protocol: Protocol) -> str:
    """A note on brands of which a ranker scores no candidate."""
    outcome = "chance" if protocol.ties == "expected" else f"{protocol.ties} ties"
    if n_silent == n_brands:
        return f"{NO_EVIDENCE} any pair: its figures are those of {outcome}"
    return f"{NO_EVIDENCE} {n_silent:,} of {n_brands:,} brands: there its figures are those of {outcome}"


def _no_values(protocol: Protocol) -> dict[str, list[np.ndarray]]:
    return {str(metric): [] for metric in protocol.metrics}
