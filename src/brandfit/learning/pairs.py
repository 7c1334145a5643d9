"""The endorsements that a ranker may learn from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from brandfit import seeds
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Link, link_id
from brandfit.errors import UsageError


class Pairs(NamedTuple):
    """brands (b,) and influencers (i,) ids; at (p, 2) distinct rows (brand, influencer) of the endorsing pairs, sorted."""

    brands: np.ndarray
    influencers: np.ndarray
    at: np.ndarray


def without_leak(dataset: Dataset, seed: int = 0) -> Dataset:
    """A view in which no partner stands for a brand that it is to be matched with.

    A brand without posts, brief or profile is seen through its partners. Learning to match it with these very partners
    would teach that equal is equal. Where no ``represents`` links say who stands for whom, half of the partners of such a
    brand, drawn with the seed, stand for it from here on and the other half is left to learn from.
    """
    seen_through = {brand for brand, how in dataset.representation.items() if how == "partners"}
    stated = dataset.representing is not dataset.endorsements
    if not seen_through or stated:
        return dataset
    partners: dict[str, list[str]] = {}
    for brand, influencer in dataset.endorsements.tolist():
        if brand in seen_through:
            partners.setdefault(brand, []).append(influencer)
    links = []
    for brand, known in partners.items():
        drawn = sorted(known, key=lambda influencer: seeds.derive(seed, "represents", brand, influencer))
        links += [
            Link(id=link_id("represents", influencer, brand), kind="represents", source=influencer, target=brand)
            for influencer in drawn[: (len(drawn) + 1) // 2]
        ]
    return dataset.with_links(links)


def to_learn_from(dataset: Dataset, ranker: str) -> Pairs:
    """The endorsing pairs of a view without leak. Raises UsageError where there are none."""
    pairs = dataset.endorsements
    through = {brand for brand, how in dataset.representation.items() if how == "partners"}
    if through:
        standing = set(map(tuple, dataset.representing.tolist()))
        kept = [n for n, pair in enumerate(pairs.tolist()) if pair[0] not in through or tuple(pair) not in standing]
        pairs = pairs[kept]
    if not len(pairs):
        raise UsageError(
            f"{ranker} learns from endorsements, and there are none that it may learn from.",
            "Import who endorses whom, derive endorsements from mentions, tags and sponsors, or use simcos, which does not learn.",
        )
    brands, influencers = dataset.brands, dataset.influencers
    at = np.stack([np.searchsorted(brands, pairs[:, 0]), np.searchsorted(influencers, pairs[:, 1])], axis=1)
    return Pairs(brands, influencers, at)


def narrowed(pairs: Pairs, brands: np.ndarray, influencers: np.ndarray) -> Pairs:
    """Only these brands (b,) bool and influencers (i,) bool, renumbered."""
    brand_row, influencer_row = np.cumsum(brands) - 1, np.cumsum(influencers) - 1
    kept = brands[pairs.at[:, 0]] & influencers[pairs.at[:, 1]]
    at = np.stack([brand_row[pairs.at[kept, 0]], influencer_row[pairs.at[kept, 1]]], axis=1)
    return Pairs(pairs.brands[brands], pairs.influencers[influencers], at)


def held_out(pairs: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """(p,) bool: the pairs of a share of the brands, drawn with the seed; never of all brands."""
    brands = np.unique(pairs[:, 0])
    n = min(round(fraction * len(brands)) or int(fraction > 0), len(brands) - 1)
    drawn = seeds.generator(seed, "held out brands").permutation(brands)[:n]
    return np.isin(pairs[:, 0], drawn)
