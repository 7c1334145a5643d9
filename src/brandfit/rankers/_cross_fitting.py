"""Cross-fitting for the weights of ``brandfit``: the evidence of a pair comes from a fit without this pair.

    by_brands            folds of training brands; the evidence of a fold is fitted on the other brands, so
                         that its brands are new
    by_statement_groups  folds of pairs; brands are known by the pairs that are left

All pairs that an influencer states at the same second are one statement group: a post that names ten brands
is one event, and nine of its pairs would reveal the tenth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset
from brandfit.mappings import position_by_item
from brandfit.rankers.evidence._model import Evidence
from brandfit.rankers.evidence._training import Training


@dataclass(frozen=True)
class Fold:
    """Pairs of brands and candidates, with evidence that was not fitted on these pairs.

    brands           (m,) rows of the training brands
    candidates       (n,) rows of the training influencers
    content          their vectors and posts
    works            (m, n) bool: positive pairs
    others           (m, n) bool: negative pairs; the remaining pairs are known positives of other folds
    worked           (n, t) sparse, of 0 and 1: the t brands of the evidence that each candidate has worked
                     with, without these pairs
    has_worked       (n,) bool: whether each candidate has worked with any brand, without these pairs
    """

    evidence: Evidence
    brands: np.ndarray
    candidates: np.ndarray
    content: Training
    works: np.ndarray
    others: np.ndarray
    worked: sparse.csr_matrix
    has_worked: np.ndarray


class PairHistory(NamedTuple):
    """Known partners of b training brands among n candidates.

    partners          (all brands, n) of 0 and 1, the training brands first: pairs that work together
    statement_groups  (b, n) group number, from 1, of each training pair
    """

    partners: sparse.csr_matrix
    statement_groups: sparse.csr_matrix


def pair_history(dataset: Dataset, brands: np.ndarray, influencers: np.ndarray) -> PairHistory:
    """The history of these training brands (b,) and influencers (n,), ids."""
    training_brands = set(brands.tolist())
    others = [brand for brand in dataset.partners if brand not in training_brands]
    row = position_by_item([*brands.tolist(), *others])
    column = position_by_item(influencers.tolist())
    pairs = ((brand, partner, 1) for brand, partners in dataset.partners.items() for partner in partners)
    statement_groups = _matrix(_statement_groups(dataset), row=row, column=column)
    return PairHistory(_matrix(pairs, row=row, column=column), statement_groups[: len(brands)])


def by_brands(
    training: Training, history: PairHistory, *, fold_of_brand: np.ndarray, all_candidates: bool
) -> Iterator[Fold]:
    """Folds of brands.

    fold_of_brand   (b,) fold number of each training brand
    all_candidates  whether all influencers are candidates, or the partners of the fold's brands only
    """
    for number in range(fold_of_brand.max() + 1):
        is_in_fold = fold_of_brand == number  # (b,)
        brands, training_brands = np.flatnonzero(is_in_fold), np.flatnonzero(~is_in_fold)
        content = training.subset(brands, only_partners=not all_candidates)
        # With all candidates, partners that are known otherwise are no negatives.
        others = ~content.works
        if all_candidates:
            others &= ~(history.partners[brands].toarray() > 0)
        candidates = np.flatnonzero(all_candidates | training.works[brands].any(axis=0))
        # All pairs of the fold's brands are hidden from the history of candidates.
        fold_pairs = np.broadcast_to(is_in_fold[:, None], training.works.shape)
        remaining = _without(history.partners, fold_pairs)[candidates]  # (n, all brands)
        yield Fold(
            evidence=Evidence.fit(training.subset(training_brands)),
            brands=brands,
            candidates=candidates,
            content=content,
            works=content.works,
            others=others,
            worked=remaining[:, training_brands],
            has_worked=_has_any(remaining),
        )


def by_statement_groups(
    training: Training, history: PairHistory, *, n_folds: int, rng: np.random.Generator
) -> Iterator[Fold]:
    """Folds of pairs, with all influencers as candidates.

    There must be at least two statement groups; there are no more folds than groups.
    """
    pairs = history.statement_groups.tocoo()
    groups, group_of_pair = np.unique(pairs.data, return_inverse=True)
    n_folds = min(n_folds, len(groups))
    # Whole groups go to one fold.
    fold_of_pair = rng.permutation(len(groups))[group_of_pair] % n_folds
    is_partner = history.partners[: len(training.works)].toarray() > 0  # (b, n)
    for number in range(n_folds):
        is_in_fold = fold_of_pair == number
        is_held_out = np.zeros_like(training.works)  # (b, n)
        is_held_out[pairs.row[is_in_fold], pairs.col[is_in_fold]] = True
        brands = np.flatnonzero(is_held_out.any(axis=1))
        remaining = _without(history.partners, is_held_out)  # (n, all brands)
        yield Fold(
            evidence=Evidence.fit(training.without(is_held_out)),
            brands=brands,
            candidates=np.arange(is_held_out.shape[1]),
            content=training.subset(brands, only_partners=False),
            works=is_held_out[brands],
            others=~is_partner[brands],
            worked=remaining[:, : len(is_held_out)],
            has_worked=_has_any(remaining),
        )


def _statement_groups(dataset: Dataset) -> Iterator[tuple[str, str, int]]:
    """Brand, influencer and group number of every endorsement; one without a time is a group by itself."""
    links = (
        dataset.links_of_kinds("endorses")
        .group_by(["target", "source"], use_threads=False)
        .aggregate([("time", "min")])
    )
    number_by_group: dict[tuple[str, int | str], int] = {}
    columns = column_lists(links, ("target", "source", "time_min"))
    for brand, influencer, time in zip(*columns, strict=True):
        group = influencer, brand if time is None else time
        yield brand, influencer, number_by_group.setdefault(group, len(number_by_group) + 1)


def _without(partners: sparse.csr_matrix, pairs: np.ndarray) -> sparse.csr_matrix:
    """(n, all brands): ``partners`` (all brands, n) transposed, without these pairs (b, n) bool."""
    entries = partners.tocoo()
    is_kept = np.ones(len(entries.row), bool)
    # ``pairs`` covers the first b brands only.
    is_covered = entries.row < len(pairs)
    is_kept[is_covered] = ~pairs[entries.row[is_covered], entries.col[is_covered]]
    index = entries.col[is_kept], entries.row[is_kept]
    return sparse.csr_matrix((entries.data[is_kept], index), shape=partners.shape[::-1])


def _has_any(matrix: sparse.csr_matrix) -> np.ndarray:
    """(n,) bool: rows with an entry."""
    return np.diff(matrix.indptr) > 0


def _matrix(
    pairs: Iterable[tuple[str, str, int]], *, row: dict[str, int], column: dict[str, int]
) -> sparse.csr_matrix:
    """Sparse (row, column) matrix of brand, influencer, value; pairs with an unknown id are left out."""
    entries = [(row[b], column[i], value) for b, i, value in pairs if b in row and i in column]
    table = np.array(entries, np.int64).reshape(-1, 3)
    shape = len(row), len(column)
    return sparse.csr_matrix((table[:, 2], (table[:, 0], table[:, 1])), shape=shape)
