"""The folds of an evaluation, with what every ranker is judged against on each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.data.split import Fold
from brandfit.errors import UsageError
from brandfit.evaluation.metrics import Recall
from brandfit.evaluation.protocol import Protocol
from brandfit.mappings import position_by_item
from brandfit.progress import Progress


@dataclass(frozen=True)
class PlannedFold:
    """A fold of b brands and n candidates.

    same_category  (b, n) bool: candidates of the brand's own category, None if no account has a category
    is_warm        (n,) bool: candidates that are partners of a training brand
    """

    fold: Fold
    same_category: np.ndarray | None
    is_warm: np.ndarray


@dataclass(frozen=True)
class Plan:
    """All folds of a protocol, and the source of the categories that cAUC uses."""

    folds: tuple[PlannedFold, ...]
    category_source: str

    @property
    def brands(self) -> np.ndarray:
        """(b,) ids of the judged brands of all folds, in the order of the folds."""
        return np.concatenate([planned.fold.brands for planned in self.folds])

    @property
    def partner_counts(self) -> np.ndarray:
        """(b,) held-out partners of each brand that can be found."""
        return np.concatenate([(one.fold.relevant & one.fold.eligible).sum(axis=1) for one in self.folds])

    @property
    def pool_sizes(self) -> np.ndarray:
        """(b,) candidates of each brand."""
        return np.concatenate([one.fold.eligible.sum(axis=1) for one in self.folds])

    @property
    def has_posts(self) -> np.ndarray:
        """(b,) bool: brands with a post or brief in the view that a ranker scores them in. The posts that
        state a held-out endorsement are not part of it."""
        parts = []
        for fold in (one.fold for one in self.folds):
            owners = np.unique(fold.test.posts["account"].to_numpy().astype(str))
            parts.append(np.isin(fold.brands.astype(str), owners))
        return np.concatenate(parts)

    @property
    def n_positives(self) -> int:
        """Held-out pairs that can be found, over all folds."""
        return int(sum((planned.fold.relevant & planned.fold.eligible).sum() for planned in self.folds))

    def notes(self, dataset: Dataset, protocol: Protocol) -> tuple[str, ...]:
        """What readers must know of the data and the folds, each sentence once."""
        folds = [planned.fold for planned in self.folds]
        notes = [*dataset.notes, *_hidden_posts(folds)]
        for fold in folds:
            notes += fold.notes
        return tuple(dict.fromkeys([*notes, *_constant_metrics(folds, protocol)]))


def plan_folds(
    dataset: Dataset,
    protocol: Protocol,
    *,
    prepare: Callable[[Fold], Fold] | None = None,
    progress: Progress | None = None,
) -> Plan:
    """The folds of a protocol on a Dataset. Raises UsageError if they hold no pair that can be judged.

    ``prepare`` changes every fold before it is judged, for example encodes its Features again.
    """
    folds = protocol.folds(dataset)
    if prepare is not None:
        # Encoding again takes long, so it reports progress fold by fold.
        prepared = []
        for number, fold in enumerate(folds):
            if progress:
                progress(number, len(folds), f"encoding anew, {fold.name}")
            prepared.append(prepare(fold))
        folds = prepared
    # The notes of the folds say why pairs were excluded.
    if not any(fold.relevant.any() for fold in folds):
        reasons = "; ".join(dict.fromkeys(note for fold in folds for note in fold.notes))
        raise UsageError(
            f"No partner can be judged under {protocol.name}{f': {reasons}' if reasons else ''}.",
            f"Look at its settings: brandfit list settings {protocol.name}",
        )
    # Categories of candidates come from the whole Dataset, warm partners only from the training side.
    planned, sources = [], []
    for fold in folds:
        same, source = same_category(dataset, fold)
        planned.append(PlannedFold(fold, same, warm(fold)))
        sources.append(source)
    return Plan(tuple(planned), sources[0])


def same_category(dataset: Dataset, fold: Fold) -> tuple[np.ndarray | None, str]:
    """(b, n) bool: candidates of the brand's own category, for cAUC, and where categories come from.

    A candidate belongs to its stated category. If no candidate states one, it belongs to the categories of
    the brands that it endorses in the held-out pairs; these labels judge and are never seen by a ranker. If
    no candidate has the category of a brand, the most frequent category of its partners is used.
    """
    stated = dataset.account_values("category", fold.candidates)
    brand_categories = dataset.account_values("category", fold.brands)
    # (n,) sets: a candidate has at most one stated category.
    categories: list[set[str]] = [set() if category is None else {category} for category in stated.tolist()]
    if any(categories):
        source = "categories of the candidates' accounts"
    else:
        categories = _categories_of_endorsed_brands(fold, brand_categories)
        source = "categories of the brands that a candidate endorses"
    if not any(categories):
        return None, "no account has a category: cAUC is not defined"
    names = sorted(set().union(*categories))

    # is_member (n, c) bool: candidate n belongs to category c.
    is_member = np.zeros((len(categories), len(names)), bool)
    column_by_name = position_by_item(names)
    for row, own in enumerate(categories):
        for name in own:
            is_member[row, column_by_name[name]] = True

    result = np.zeros(fold.relevant.shape, bool)
    for row, category in enumerate(brand_categories.tolist()):
        if category in column_by_name:
            result[row] = is_member[:, column_by_name[category]]
        else:  # the partners decide; without a category among them no candidate is of the brand's own
            votes = is_member[fold.relevant[row]].sum(axis=0)  # (c,)
            result[row] = is_member[:, int(np.argmax(votes))] if votes.any() else False
    return result, source


def warm(fold: Fold) -> np.ndarray:
    """(n,) bool: candidates that are partners of a training brand, or represent one."""
    partners = set().union(*fold.train.partners.values())
    return np.array([id in partners for id in fold.candidates.tolist()], bool)


def _categories_of_endorsed_brands(fold: Fold, brand_categories: np.ndarray) -> list[set[str]]:
    """For each of n candidates the categories of the brands that it is a held-out partner of."""
    category_by_brand = dict(zip(fold.brands.tolist(), brand_categories.tolist(), strict=True))
    categories: list[set[str]] = [set() for _ in fold.candidates]
    # relevant (b, n): a row a brand, a column a candidate
    for row, column in np.argwhere(fold.relevant):
        category = category_by_brand[fold.brands[row]]
        if category is not None:
            categories[column].add(category)
    return categories


def _hidden_posts(folds: Sequence[Fold]) -> list[str]:
    """A note on the number of hidden posts: distinct ones over all folds, and the range over single folds."""
    n_posts = len(set().union(*(fold.hidden.tolist() for fold in folds)))
    if not n_posts:
        return []
    sizes = sorted(len(fold.hidden) for fold in folds)
    spread = f" ({sizes[0]:,} to {sizes[-1]:,} in each of {len(folds)} folds)" if len(folds) > 1 else ""
    return [f"{n_posts:,} posts that state a held-out endorsement are hidden{spread}"]


def _constant_metrics(folds: Sequence[Fold], protocol: Protocol) -> list[str]:
    """Notes on Recall@k where a brand has k candidates or fewer: its value is 1 for every ranker."""
    pool_sizes = np.concatenate([fold.eligible.sum(axis=1) for fold in folds])  # (b,) of all folds
    notes = []
    for metric in protocol.metrics:
        if not isinstance(metric, Recall):
            continue
        n_small = int((pool_sizes <= metric.k).sum())
        if n_small:
            is_all = n_small == len(pool_sizes)
            subject = "all brands have" if is_all else f"{n_small:,} of {len(pool_sizes):,} brands have"
            notes.append(
                f"{metric} is 1 for every ranker in small pools: {subject} {metric.k} candidates or fewer"
            )
    return notes
