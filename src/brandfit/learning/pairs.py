"""The endorsements that a ranker may learn from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from brandfit import seeds
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError


class Pairs(NamedTuple):
    """brands (b,) and influencers (i,) ids; at (p, 2) distinct rows (brand, influencer) of the endorsing
    pairs, sorted."""

    brands: np.ndarray
    influencers: np.ndarray
    at: np.ndarray


def to_learn_from(dataset: Dataset, ranker: str, unseen: bool = False) -> Pairs:
    """The endorsing pairs of a Dataset, but for those of brands of which nothing is seen and of partners that
    stand for the brand.

    A brand that shows nothing of its own is seen through its partners. Learning to match it with these very
    partners would teach that equal is equal. (A split says with ``represents`` links who stands for whom, so
    that others are left.) ``unseen``: brands of which nothing is seen too, for one that learns from what
    partners are like whatever the brand. Raises UsageError where no pair is left.
    """
    pairs = dataset.endorsements
    seen_as = dataset.representation
    if not {"partners", "none"}.isdisjoint(seen_as.values()):
        standing = set(map(tuple, dataset.representing.tolist()))
        barred = {"partners": standing, "none": standing if unseen else set(map(tuple, pairs.tolist()))}
        pairs = pairs[
            [
                n
                for n, pair in enumerate(pairs.tolist())
                if tuple(pair) not in barred.get(seen_as[pair[0]], ())
            ]
        ]
    if not len(pairs):
        raise UsageError(
            f"{ranker} learns from endorsements, and there are none that it may learn from.",
            "Import who endorses whom, or derive it from mentions, tags and sponsors. Of a brand that is "
            "seen through its "
            "partners, some must stand for it (represents links) and others be left to learn from.",
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


def candidates(pairs: Pairs, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the influencers that negatives are drawn from, to learn from and for held-out brands (pairs
    ``held`` (p,) bool).

    As when a ranker is judged: whoever works only with held-out brands is nobody's negative in training, and
    whoever works only with the others is none of a held-out brand.
    """
    everybody = np.arange(len(pairs.influencers))
    of_held, of_others = (np.isin(everybody, pairs.at[at, 1]) for at in (held, ~held))
    return everybody[of_others | ~of_held], everybody[of_held | ~of_others]


def held_out(pairs: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """(p,) bool: the pairs of a share of the brands, drawn with the seed; never of all brands."""
    brands = np.unique(pairs[:, 0])
    n = min(round(fraction * len(brands)) or int(fraction > 0), len(brands) - 1)
    drawn = seeds.generator(seed, "held out brands").permutation(brands)[:n]
    return np.isin(pairs[:, 0], drawn)
