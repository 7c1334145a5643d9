"""What the weights of ``brandfit`` are learned from: pairs that are judged by evidence which was not fitted
on them (stacking).

    by_brands    the training brands are dealt into parts, and each part is judged by evidence from the
                 others: brands are new
    by_moments   the pairs are, whole moments of an influencer at a time: brands are known by the partners
                 that are left

What an influencer states at the same second is one moment: a post that names ten brands is one event and not
ten, and nine of them tell too much of the tenth.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import sparse

from brandfit.data.dataset import Dataset
from brandfit.rankers._evidence import Evidence, Training


class Part(NamedTuple):
    """Brands and candidates that are judged by evidence which was not fitted on their pairs.

    brands       (m,)  numbers of the training brands
    candidates   (n,)  and of the training influencers
    asked    what is seen of them
    works    (m, n)  bool, pairs to be told apart from ...
    others   (m, n)  bool, ... these; the rest is known already
    worked   (n, brands that the evidence was fitted on) of 0 and 1: those that each candidate has worked
             with, but for these pairs
    known    (n,)    bool, whether with any brand
    """

    evidence: Evidence
    brands: np.ndarray
    candidates: np.ndarray
    training_of_candidates: Training
    works: np.ndarray
    others: np.ndarray
    worked: sparse.csr_matrix
    history: np.ndarray


class PairHistory(NamedTuple):
    """What is known of b training brands and n candidates, beside what they show.

    partners  (all brands, n) of 0 and 1, the training brands first: who has worked with whom
    moments   (b, n) of numbers from 1 on: the moment of each pair that is learned from
    """

    partners: sparse.csr_matrix
    moments: sparse.csr_matrix


def pair_history(dataset: Dataset, brands: np.ndarray, influencers: np.ndarray) -> PairHistory:
    """Of these brands (b,) and influencers (n,), ids."""
    others = [brand for brand in dataset.partners if brand not in set(brands.tolist())]
    row = {brand: n for n, brand in enumerate([*brands.tolist(), *others])}
    column = {id: n for n, id in enumerate(influencers.tolist())}
    pairs = ((b, i, 1) for b, of_brand in dataset.partners.items() for i in of_brand)
    return PairHistory(
        _matrix(pairs, row, column), _matrix(_statement_groups(dataset), row, column)[: len(brands)]
    )


def by_brands(training: Training, known: PairHistory, *, fold: np.ndarray, everybody: bool) -> Iterator[Part]:
    """fold (b,): the part of each brand. Candidates are the partners of its brands, or everybody."""
    for number in range(fold.max() + 1):
        judged, learned = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        asked = training.narrowed(judged, partners=not everybody)
        others = ~asked.works
        if everybody:
            others &= ~(known.partners[judged].toarray() > 0)
        candidates = np.flatnonzero(everybody | training.works[judged].any(axis=0))
        left = _without(known.partners, np.broadcast_to((fold == number)[:, None], training.works.shape))[
            candidates
        ]
        evidence = Evidence.fit(training.narrowed(learned))
        yield Part(
            evidence=evidence,
            brands=judged,
            candidates=candidates,
            training_of_candidates=asked,
            works=asked.works,
            others=others,
            worked=left[:, learned],
            history=_any(left),
        )


def by_statement_groups(
    training: Training, known: PairHistory, *, folds: int, rng: np.random.Generator
) -> Iterator[Part]:
    """Everybody is a candidate. There are two moments at least, and not more parts than moments."""
    moments = known.moments.tocoo()
    each, at = np.unique(moments.data, return_inverse=True)
    folds = min(folds, len(each))
    fold = rng.permutation(len(each))[at] % folds
    partners = known.partners[: len(training.works)].toarray() > 0
    for number in range(folds):
        row, column = (at[fold == number] for at in (moments.row, moments.col))
        held = np.zeros_like(training.works)
        held[row, column] = True
        judged = np.flatnonzero(held.any(axis=1))
        evidence = Evidence.fit(training.without(held))
        asked = training.narrowed(judged, partners=False)
        left, everybody = _without(known.partners, held), np.arange(held.shape[1])
        worked = left[:, : len(held)]
        yield Part(
            evidence=evidence,
            brands=judged,
            candidates=everybody,
            training_of_candidates=asked,
            works=held[judged],
            others=~partners[judged],
            worked=worked,
            history=_any(left),
        )


def _statement_groups(dataset: Dataset) -> Iterator[tuple[str, str, int]]:
    """Brand, influencer and the number of the moment of every endorsement; without a time, each is one."""
    links = (
        dataset.links_of_kinds("endorses")
        .group_by(["target", "source"], use_threads=False)
        .aggregate([("time", "min")])
    )
    numbers: dict[tuple[str, int | str], int] = {}
    for brand, influencer, time in zip(
        *(links[name].to_pylist() for name in ("target", "source", "time_min")), strict=True
    ):
        yield (
            brand,
            influencer,
            numbers.setdefault((influencer, brand if time is None else time), len(numbers) + 1),
        )


def _without(partners: sparse.csr_matrix, pairs: np.ndarray) -> sparse.csr_matrix:
    """(n, all brands) partners (all brands, n), turned round, but for these pairs (b, n), bool, of the first
    brands."""
    at = partners.tocoo()
    kept = np.ones(len(at.row), bool)
    first = at.row < len(pairs)
    kept[first] = ~pairs[at.row[first], at.col[first]]
    return sparse.csr_matrix((at.data[kept], (at.col[kept], at.row[kept])), shape=partners.shape[::-1])


def _any(left: sparse.csr_matrix) -> np.ndarray:
    return np.diff(left.indptr) > 0


def _matrix(
    rows: Iterator[tuple[str, str, int]], row: dict[str, int], column: dict[str, int]
) -> sparse.csr_matrix:
    found = [(row[b], column[i], value) for b, i, value in rows if b in row and i in column]
    at = np.array(found, np.int64).reshape(-1, 3)
    return sparse.csr_matrix((at[:, 2], (at[:, 0], at[:, 1])), shape=(len(row), len(column)))
