"""Radars of named columns: past activity and marketing direction of both sides (C-17); and similar brands
(S-09)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.explain.explanation import Attribution, Radar
from brandfit.learning.pooling import account_vectors, brand_vectors
from brandfit.learning.similarity import unit
from brandfit.mappings import map_values, rows_of_each, with_prefix
from brandfit.rankers.base import Ranker

AXES = 8
MOST_BRANDS = 5
"""Similar brands, at most."""
HISTORY, DIRECTION = "historical activity", "marketing direction"


def radar(
    dataset: Dataset,
    slot: str,
    *,
    brand: str,
    influencer: str,
    attention: Mapping[str, np.ndarray] | None = None,
) -> Radar | None:
    """Shares of the columns of a slot for both sides: the columns with the largest share of either.

    attention  side to attention (n_columns,) on the concepts, from CAMERA: the direction of each side towards
               the other. Without it, the direction of both is the geometric mean of their shares.

    None if the columns have no names, or if one side has no such features.
    """
    features = dataset.slots.get(slot)
    if features is None or not features.columns:
        return None
    of_brand = brand_vectors(dataset, slot, brands=np.array([brand], dtype=object))
    of_influencer = account_vectors(dataset, slot, accounts=np.array([influencer], dtype=object))
    if not (of_brand.present[0] and of_influencer.present[0]):
        return None
    history = {"brand": _shares(of_brand.values[0]), "influencer": _shares(of_influencer.values[0])}
    if attention is None:
        common = np.sqrt(history["brand"] * history["influencer"])
        direction = {"both": common / max(common.sum(), 1e-12)}
    else:
        direction = map_values(_float64, attention)
    # The heaviest columns, in the order of the features, so that radars of different pairs look the same.
    weight = np.max([*history.values(), *direction.values()], axis=0)  # (n_columns,)
    chosen = np.sort(np.argsort(-weight, kind="stable")[:AXES])
    chosen = chosen[weight[chosen] > 0]
    series = with_prefix(f"{HISTORY}: ", rows_of_each(history, chosen))
    series |= with_prefix(f"{DIRECTION}: ", rows_of_each(direction, chosen))
    return Radar(tuple(features.columns[n] for n in chosen), series, features.name)


def shared_topics(
    dataset: Dataset, slot: str, *, brand: str, influencers: np.ndarray, most: int = 3
) -> list[list[str]]:
    """For each influencer the named columns with the largest geometric mean of its share and the brand's, as
    in ``radar``, the largest first; [] if nothing with names is encoded for both."""
    features = dataset.slots.get(slot)
    if features is None or not features.columns:
        return [[] for _ in influencers]
    of_brand = brand_vectors(dataset, slot, brands=np.array([brand], dtype=object))
    of_influencers = account_vectors(dataset, slot, accounts=influencers)
    if not of_brand.present[0]:
        return [[] for _ in influencers]
    brand_shares = _shares(of_brand.values[0])  # (n_columns,)
    result = []
    for values, is_present in zip(of_influencers.values, of_influencers.present, strict=True):
        common = np.sqrt(brand_shares * _shares(values)) if is_present else np.zeros_like(brand_shares)
        best = np.argsort(-common, kind="stable")[:most]
        result.append([features.columns[n] for n in best if common[n] > 0])
    return result


def column_radar(attribution: Attribution, source: str) -> Radar:
    """The columns of an attribution, as shares of what they add; columns against the pair are a separate
    series."""
    items = sorted(attribution.items[:AXES], key=lambda item: item.label)
    # Axes by name, so that radars of different pairs can be compared.
    values = np.array([item.value for item in items])
    total = max(np.abs(values).sum(), 1e-12)
    series = {"for": np.maximum(values, 0) / total, "against": np.maximum(-values, 0) / total}
    return Radar(tuple(item.label for item in items), series, source)


def similar_brands(ranker: Ranker, dataset: Dataset, *, brand: str, influencer: str) -> list[dict[str, Any]]:
    """The brands most similar to this one (S-09), their numbers of partners, and whether this influencer is
    one. Similarity (``likeness``) is the mean cosine over the slots of the ranker.
    """
    with_partners = [id for id in dataset.brands.tolist() if id != brand and dataset.partners.get(id)]
    others = np.array(with_partners, dtype=object)
    if not len(others):
        return []
    # Mean cosine over the slots that both brands have.
    total, n_slots = np.zeros(len(others)), np.zeros(len(others))
    for slot in ranker.used_slots(dataset):
        if slot in ranker.one_sided or slot not in dataset.slots:
            continue
        own = unit(brand_vectors(dataset, slot, brands=np.array([brand], dtype=object)))
        vectors = unit(brand_vectors(dataset, slot, brands=others))
        if own.present[0]:
            total += np.where(vectors.present, vectors.values @ own.values[0], 0)
            n_slots += vectors.present
    similarity = np.where(n_slots > 0, total / np.maximum(n_slots, 1), -np.inf)
    order = sorted(range(len(others)), key=lambda n: (-similarity[n], others[n]))[:MOST_BRANDS]
    result = []
    for n in order:
        if np.isfinite(similarity[n]):
            partners = dataset.partners[others[n]]
            row = {
                "brand": str(others[n]),
                "likeness": float(similarity[n]),
                "partners": len(partners),
                "works_with_this_one": influencer in partners,
            }
            result.append(row)
    return result


def _shares(values: np.ndarray) -> np.ndarray:
    """Positive values as shares that add up to 1."""
    positive = np.maximum(values.astype(np.float64), 0)
    return np.asarray(positive / max(positive.sum(), 1e-12))


def _float64(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.float64)
