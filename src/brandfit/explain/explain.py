"""Everything there is to say of one pair, put together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from brandfit.arguments import Texts, checked
from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder
from brandfit.errors import UnknownName, UsageError
from brandfit.explain import heatmap, radar
from brandfit.explain.attribute import Attributor
from brandfit.explain.explanation import Attribution, Explanation, HeatMap, Radar, Side
from brandfit.explain.sentences import sentences
from brandfit.rankers.base import Ranker

KINDS = ("posts", "columns", "words", "maps")
SIDES: tuple[Side, ...] = ("influencer", "brand")
Known = TypeVar("Known", bound=str)
MAPS = 3
"""Posts whose pictures are mapped: those that add most."""


@checked
def explain(
    ranker: Ranker,
    dataset: Dataset,
    brand: str,
    influencer: str,
    kinds: Texts = ("posts", "columns"),
    sides: Texts = ("influencer",),
    encoders: Mapping[str, Encoder] | None = None,
    more: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Explanation:
    """Why a fitted ranker gave this pair its score.

    kinds     of ``KINDS``: posts, named columns, words of captions, heat maps of pictures
    encoders  slot to the encoder that filled it: words and maps read captions and pictures anew

    Raises UsageError where there is no evidence to explain.
    """
    kinds, wanted = _known(kinds, KINDS, "kind of explanation"), _known(sides, SIDES, "side of a pair")
    for role, id, known in (("brand", brand, dataset.brands), ("influencer", influencer, dataset.influencers)):
        if id not in set(known.tolist()):
            raise UnknownName(role, id, known.tolist())
    pair = np.array([brand], dtype=object), np.array([influencer], dtype=object)
    parts = {name: float(values[0, 0]) for name, values in ranker.parts(dataset, *pair).items()}
    score = sum(parts.values())
    if np.isnan(score):
        raise UsageError(
            f"{ranker.name} has no evidence on {brand} and {influencer}: there is no score to explain.",
            "Encode the posts of both, or ask for a pair that is ranked.",
        )
    notes = ranker.notes(dataset)
    seen = dataset.representation[brand]
    asked = [side for side in wanted if side == "influencer" or seen in ("posts", "brief", "profile")]
    if len(asked) < len(wanted):
        notes.append(f"{brand} is seen through its partners: its side is not taken apart")
    found = _attributions(Attributor(ranker, dataset, seed=seed), dataset, brand, influencer, kinds, asked, encoders or {}, notes)
    explanation = Explanation(
        brand,
        influencer,
        ranker.name,
        score,
        parts,
        attributions=tuple(found),
        radars=tuple(_radars(ranker, dataset, brand, influencer, found)),
        maps=tuple(_maps(ranker, dataset, brand, influencer, found, encoders or {}, notes)) if "maps" in kinds else (),
        notes=tuple(notes),
        more={
            **_chance(ranker, dataset, pair),
            "like_brands": radar.like_brands(ranker, dataset, brand, influencer),
            **(more or {}),
        },
    )
    return replace(explanation, sentences=sentences(explanation))


def _known(named: Texts, known: tuple[Known, ...], what: str) -> list[Known]:
    """Those of ``known`` that are named, in the order in which they are. Raises UnknownName for another."""
    for name in named:
        if name not in known:
            raise UnknownName(what, name, known)
    return [one for name in named for one in known if one == name]


def _attributions(
    attributor: Attributor,
    dataset: Dataset,
    brand: str,
    influencer: str,
    kinds: Collection[str],
    sides: Collection[Side],
    encoders: Mapping[str, Encoder],
    notes: list[str],
) -> list[Attribution]:
    found = []
    for side in sides:
        if "posts" in kinds or "maps" in kinds:
            found.append(attributor.attribution(attributor.posts(brand, influencer, side)))
        if "columns" in kinds:
            named = [slot for slot in attributor.slots if dataset.slots[slot].columns]
            found += [attributor.attribution(attributor.columns(brand, influencer, slot, side)) for slot in named]
        if "words" in kinds and "text" in attributor.slots:
            if "text" in encoders:
                found.append(attributor.attribution(attributor.words(brand, influencer, encoders["text"], "text", side)))
            elif side == "influencer":
                notes.append(f"words not told: nothing here can read captions as {dataset.slots['text'].name} did")
    return [attribution for attribution in found if attribution.items or attribution.kind == "posts"]


def _maps(
    ranker: Ranker,
    dataset: Dataset,
    brand: str,
    influencer: str,
    attributions: list[Attribution],
    encoders: Mapping[str, Encoder],
    notes: list[str],
) -> list[HeatMap]:
    if "picture" not in ranker.used_slots(dataset):
        return []
    if "picture" not in encoders:
        notes.append(f"no heat maps: nothing here can read pictures as {dataset.slots['picture'].name} did")
        return []
    shown = set(dataset.images["post"].to_pylist())
    found = []
    for attribution in attributions:
        if attribution.kind == "posts":
            posts = [item.id for item in attribution.items if item.id in shown][:MAPS]
            side = attribution.side
            found += [heatmap.occlusion(ranker, dataset, encoders["picture"], brand, influencer, post, side) for post in posts]
    return found


def _radars(ranker: Ranker, dataset: Dataset, brand: str, influencer: str, attributions: list[Attribution]) -> list[Radar]:
    attention = radar.attention_of(ranker, dataset, brand, influencer)
    named = [slot for slot in ("concept", "category", "profile") if slot in dataset.slots]
    found = [radar.radar(dataset, slot, brand, influencer, attention if slot == "concept" else None) for slot in named]
    columns = [a for a in attributions if a.kind == "columns" and a.side == "influencer" and a.slot == "concept"]
    return [r for r in found if r is not None and len(r.axes) > 2] + [radar.column_radar(a, "concept") for a in columns[:1]]


def _chance(ranker: Any, dataset: Dataset, pair: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
    if getattr(ranker, "stack", None) is None:
        return {}
    return {"probability": [float(values[0, 0]) for values in ranker.probability(dataset, *pair)]}
