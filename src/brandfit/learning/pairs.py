"""The endorsements that a ranker may learn from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from brandfit import seeds
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.learning.pooling import Sides
from brandfit.mappings import position_by_item


class Pairs(NamedTuple):
    """Pairs that work together.

    brands       (b,) ids
    influencers  (i,) ids
    rows         (p, 2) distinct row numbers (brand, influencer), sorted
    """

    brands: np.ndarray
    influencers: np.ndarray
    rows: np.ndarray

    def subset(self, *, brands: np.ndarray, influencers: np.ndarray) -> Pairs:
        """These brands (b,) bool and influencers (i,) bool only, renumbered."""
        new_brand_row, new_influencer_row = np.cumsum(brands) - 1, np.cumsum(influencers) - 1
        kept = self.rows[brands[self.rows[:, 0]] & influencers[self.rows[:, 1]]]
        rows = np.stack([new_brand_row[kept[:, 0]], new_influencer_row[kept[:, 1]]], axis=1)
        return Pairs(self.brands[brands], self.influencers[influencers], rows)


def training_pairs(dataset: Dataset, ranker: str, *, include_unseen: bool = False) -> Pairs:
    """The endorsing pairs of a Dataset that teach something.

    Training skips pairs whose influencer also represents the brand: their similarity is 1 by construction. (A
    split states with ``represents`` links which partners represent a brand, so that others are left.) It also
    skips brands without any content.

    ranker          name for the error message
    include_unseen  keep brands without content, for a ranker that learns from their partners alone

    Raises UsageError if no pair is left.
    """
    pairs = dataset.endorsements
    seen_as = dataset.representation
    if not {"partners", "none"}.isdisjoint(seen_as.values()):
        representing = set(map(tuple, dataset.representing.tolist()))
        all_pairs = set(map(tuple, pairs.tolist()))
        skipped = {"partners": representing, "none": representing if include_unseen else all_pairs}
        is_kept = [tuple(pair) not in skipped.get(seen_as[pair[0]], ()) for pair in pairs.tolist()]
        pairs = pairs[np.flatnonzero(is_kept)]
    if not len(pairs):
        raise UsageError(
            f"{ranker} learns from endorsements, and there are none that it may learn from.",
            "Import endorsements, or derive them from mentions, tags and sponsors. If a brand is represented "
            "by its partners, some partners must represent it (represents links) and others must be left to "
            "learn from.",
        )
    brands, influencers = dataset.brands, dataset.influencers
    rows = np.stack([np.searchsorted(brands, pairs[:, 0]), np.searchsorted(influencers, pairs[:, 1])], axis=1)
    return Pairs(brands, influencers, rows)


class CandidateRows(NamedTuple):
    """Rows of influencers that negatives are drawn from."""

    training: np.ndarray
    validation: np.ndarray


def negative_candidates(pairs: Pairs, is_held_out: np.ndarray) -> CandidateRows:
    """Candidates for negatives in training, and for the held-out pairs (p,) bool.

    As in evaluation, partners of held-out brands only are no negatives in training, and partners of training
    brands only are no negatives of held-out brands.
    """
    rows = np.arange(len(pairs.influencers))
    is_held_out_partner = np.isin(rows, pairs.rows[is_held_out, 1])
    is_training_partner = np.isin(rows, pairs.rows[~is_held_out, 1])
    return CandidateRows(
        training=rows[is_training_partner | ~is_held_out_partner],
        validation=rows[is_held_out_partner | ~is_training_partner],
    )


def held_out_pairs(pairs: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """(p,) bool: the pairs (p, 2) of a random fraction of the brands; never of all brands."""
    brands = np.unique(pairs[:, 0])
    n_held_out = min(round(fraction * len(brands)) or int(fraction > 0), len(brands) - 1)
    held_out = seeds.generator(seed, "held out brands").permutation(brands)[:n_held_out]
    return np.isin(pairs[:, 0], held_out)


class Categories(NamedTuple):
    """Category numbers of brands (b,) and influencers (i,), -1 if unknown, and the names of the numbers."""

    numbers: Sides[np.ndarray]
    names: list[str]


def categories_of(dataset: Dataset, pairs: Pairs) -> Categories:
    """The stated categories of the accounts of pairs.

    An influencer without a stated category gets the one that is most frequent among the brands of its pairs.
    """
    of_brands = dataset.account_values("category", pairs.brands).tolist()
    of_influencers = dataset.account_values("category", pairs.influencers).tolist()
    names = sorted({name for name in (*of_brands, *of_influencers) if name is not None})
    number_by_name = position_by_item(names)
    brand_numbers = np.array([number_by_name.get(name, -1) for name in of_brands], np.int64)
    # (i, c) pairs of each influencer with brands of each category
    votes = np.zeros((len(of_influencers), len(names)), np.int64)
    has_category = brand_numbers[pairs.rows[:, 0]] >= 0
    voting = pairs.rows[has_category]
    np.add.at(votes, (voting[:, 1], brand_numbers[voting[:, 0]]), 1)
    influencer_numbers = np.array([number_by_name.get(name, -1) for name in of_influencers], np.int64)
    if names:
        most_frequent = np.where(votes.any(axis=1), votes.argmax(axis=1), -1)
        influencer_numbers = np.where(influencer_numbers >= 0, influencer_numbers, most_frequent)
    return Categories(Sides(brand_numbers, influencer_numbers), names)
