"""Radars: shares of named columns, of what both sides do and of where they are going (C-17), and what like
brands do (S-09)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.explain.explanation import Attribution, Radar
from brandfit.learning.pooling import account_vectors, brand_vectors
from brandfit.learning.similarity import unit
from brandfit.rankers.base import Ranker

AXES = 8
LIKE = 5
"""Brands that are like this one."""
HISTORY, DIRECTION = "historical activity", "marketing direction"


def radar(
    dataset: Dataset,
    slot: str,
    *,
    brand: str,
    influencer: str,
    attention: Mapping[str, np.ndarray] | None = None,
) -> Radar | None:
    """What both sides are about: shares of the columns that weigh most in either.

    attention  of the concepts, by side, from CAMERA: where each goes in the eyes of the other. Without, the
               direction of both is the geometric mean of what they do, what both have in common.

    None where the columns have no names, or one side has no such features.
    """
    features = dataset.slots.get(slot)
    if features is None or not features.columns:
        return None
    left = brand_vectors(dataset, slot, brands=np.array([brand], dtype=object))
    right = account_vectors(dataset, slot, accounts=np.array([influencer], dtype=object))
    if not (left.present[0] and right.present[0]):
        return None
    shares = {"brand": _shares(left.values[0]), "influencer": _shares(right.values[0])}
    if attention is None:
        common = np.sqrt(shares["brand"] * shares["influencer"])
        going = {"both": common / max(common.sum(), 1e-12)}
    else:
        going = {side: np.asarray(values, np.float64) for side, values in attention.items()}
    weight = np.max([*shares.values(), *going.values()], axis=0)
    chosen = np.sort(np.argsort(-weight, kind="stable")[:AXES])
    chosen = chosen[weight[chosen] > 0]
    series = {f"{HISTORY}: {side}": values[chosen] for side, values in shares.items()}
    series |= {f"{DIRECTION}: {side}": values[chosen] for side, values in going.items()}
    return Radar(tuple(features.columns[n] for n in chosen), series, features.name)


def shared_topics(
    dataset: Dataset, slot: str, *, brand: str, influencers: np.ndarray, most: int = 3
) -> list[list[str]]:
    """Of each influencer the named columns that weigh most in what it and the brand have in common (the
    geometric mean of their shares, as in ``radar``), the heaviest first; [] where nothing with names was
    encoded for both."""
    features = dataset.slots.get(slot)
    if features is None or not features.columns:
        return [[] for _ in influencers]
    left = brand_vectors(dataset, slot, brands=np.array([brand], dtype=object))
    right = account_vectors(dataset, slot, accounts=influencers)
    if not left.present[0]:
        return [[] for _ in influencers]
    brand_shares = _shares(left.values[0])  # (columns,)
    found = []
    for values, present in zip(right.values, right.present, strict=True):
        common = np.sqrt(brand_shares * _shares(values)) if present else np.zeros_like(brand_shares)
        best = np.argsort(-common, kind="stable")[:most]
        found.append([features.columns[n] for n in best if common[n] > 0])
    return found


def column_radar(attribution: Attribution, source: str) -> Radar:
    """The columns that carry a score, as shares of what they add; those against it on a series of their
    own."""
    items = sorted(attribution.items[:AXES], key=lambda item: item.label)
    values = np.array([item.value for item in items])
    total = max(np.abs(values).sum(), 1e-12)
    series = {"for": np.maximum(values, 0) / total, "against": np.maximum(-values, 0) / total}
    return Radar(tuple(item.label for item in items), series, source)


def similar_brands(ranker: Ranker, dataset: Dataset, *, brand: str, influencer: str) -> list[dict[str, Any]]:
    """Brands most like this one (S-09), how many partners each has, and whether this influencer is one;
    likeness is the mean cosine over the slots of the ranker.
    """
    others = np.array(
        [b for b in dataset.brands.tolist() if b != brand and dataset.partners.get(b)], dtype=object
    )
    if not len(others):
        return []
    total, count = np.zeros(len(others)), np.zeros(len(others))
    for slot in ranker.used_slots(dataset):
        if slot in ranker.one_sided or slot not in dataset.slots:
            continue
        mine = unit(brand_vectors(dataset, slot, brands=np.array([brand], dtype=object)))
        theirs = unit(brand_vectors(dataset, slot, brands=others))
        if mine.present[0]:
            total += np.where(theirs.present, theirs.values @ mine.values[0], 0)
            count += theirs.present
    likeness = np.where(count > 0, total / np.maximum(count, 1), -np.inf)
    order = sorted(range(len(others)), key=lambda n: (-likeness[n], others[n]))[:LIKE]
    return [
        {
            "brand": str(others[n]),
            "likeness": float(likeness[n]),
            "partners": len(dataset.partners[others[n]]),
            "works_with_this_one": influencer in dataset.partners[others[n]],
        }
        for n in order
        if np.isfinite(likeness[n])
    ]


def _shares(values: np.ndarray) -> np.ndarray:
    positive = np.maximum(values.astype(np.float64), 0)
    return positive / max(positive.sum(), 1e-12)
