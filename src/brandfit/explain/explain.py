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
from brandfit.explain.explanation import Attribution, Explanation, HeatMap, MapMethod, Radar, Side
from brandfit.explain.text import sentences
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
    *,
    brand: str,
    influencer: str,
    kinds: Texts = ("posts", "columns"),
    sides: Texts = ("influencer",),
    encoders: Mapping[str, Encoder] | None = None,
    more: Mapping[str, Any] | None = None,
    seed: int = 0,
    map_method: MapMethod = "occlusion",
) -> Explanation:
    """Why a fitted ranker gave this pair its score.

    kinds       of ``KINDS``: posts, named columns, words of captions, heat maps of pictures
    encoders    slot to the encoder that filled it: words and maps read captions and pictures anew
    map_method  how heat maps are made (``explain.heatmap``)

    Raises UsageError where there is no evidence to explain, or if heat maps of another method than occlusion
    are wanted and it lacks something. Of occlusion, which draws unless said, a note says so.
    """
    kinds, wanted = (
        _checked_names(kinds, KINDS, "kind of explanation"),
        _checked_names(sides, SIDES, "side of a pair"),
    )
    for role, id, ids in (("brand", brand, dataset.brands), ("influencer", influencer, dataset.influencers)):
        if id not in set(ids.tolist()):
            raise UnknownName(role, id, known=ids.tolist())
    pair = np.array([brand], dtype=object), np.array([influencer], dtype=object)
    made_of = ranker.parts(dataset, *pair)
    score = float(sum(values[0, 0] for values in made_of.values()))
    if np.isnan(score):
        raise UsageError(
            f"{ranker.name} has no evidence on {brand} and {influencer}: there is no score to explain.",
            "Encode the posts of both, or ask for a pair that is ranked.",
        )
    known = {
        name: float(values[0, 0])
        for name, values in ranker.known_parts(dataset, brand, candidates=pair[1], parts=made_of).items()
    }
    notes = [*ranker.unknown(dataset, brand, pair[1]), *ranker.notes(dataset)]
    readers = dict(encoders or {})
    lacks = (
        heatmap.lacking(map_method, ranker, dataset=dataset, encoder=readers.get("picture"))
        if "maps" in kinds
        else None
    )
    if lacks and map_method != "occlusion":
        raise UsageError(f"There are no heat maps by {map_method}: {lacks[0]}.", lacks[1])
    if lacks:
        notes.append(f"no heat maps: {lacks[0]}")
    mapped = "maps" in kinds and not lacks
    seen = dataset.representation[brand]
    asked = [side for side in wanted if side == "influencer" or seen in ("posts", "brief", "profile")]
    if len(asked) < len(wanted):
        notes.append(f"{brand} is seen through its partners: its side is not taken apart")
    found = _attributions(
        Attributor(ranker, dataset, seed=seed),
        dataset,
        brand=brand,
        influencer=influencer,
        kinds=kinds,
        sides=asked,
        encoders=readers,
        notes=notes,
    )
    explanation = Explanation(
        brand=brand,
        influencer=influencer,
        ranker=ranker.name,
        score=score,
        parts={name: value for name, value in known.items() if not np.isnan(value)},
        attributions=tuple(found),
        radars=tuple(_radars(ranker, dataset, brand=brand, influencer=influencer, attributions=found)),
        maps=tuple(
            _maps(
                map_method,
                ranker,
                dataset=dataset,
                brand=brand,
                influencer=influencer,
                attributions=found,
                encoder=readers.get("picture"),
                notes=notes,
            )
        )
        if mapped
        else (),
        notes=tuple(notes),
        unknown=ranker.unknown_slots(dataset, brand, influencer),
        more={
            **_chance(ranker, dataset, pair),
            "like_brands": radar.similar_brands(ranker, dataset, brand=brand, influencer=influencer),
            **(more or {}),
        },
    )
    return replace(explanation, sentences=sentences(explanation))


def _checked_names(named: Texts, known: tuple[Known, ...], what: str) -> list[Known]:
    """Those of ``known`` that are named, in the order in which they are. Raises UnknownName for another."""
    for name in named:
        if name not in known:
            raise UnknownName(what, name, known=known)
    return [one for name in named for one in known if one == name]


def _attributions(
    attributor: Attributor,
    dataset: Dataset,
    *,
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
            found += [
                attributor.attribution(attributor.columns(brand, influencer, slot=slot, side=side))
                for slot in named
            ]
        if "words" in kinds and "text" in attributor.slots:
            if "text" in encoders:
                found.append(
                    attributor.attribution(
                        attributor.words(brand, influencer, encoder=encoders["text"], slot="text", side=side)
                    )
                )
            elif side == "influencer":
                notes.append(
                    f"words not told: nothing here can read captions as {dataset.slots['text'].name} did"
                )
    return [attribution for attribution in found if attribution.items or attribution.kind == "posts"]


def _maps(
    method: MapMethod,
    ranker: Ranker,
    *,
    dataset: Dataset,
    brand: str,
    influencer: str,
    attributions: list[Attribution],
    encoder: Encoder | None,
    notes: list[str],
) -> list[HeatMap]:
    """Of each side the first ``MAPS`` of its heaviest posts whose picture can be mapped; a note says which
    could not."""
    shown = set(dataset.images["post"].to_pylist())
    found: list[HeatMap] = []
    failed: list[str] = []
    for attribution in attributions:
        if attribution.kind != "posts":
            continue
        drawn: list[HeatMap] = []
        for item in attribution.items:
            if item.id not in shown or len(drawn) == MAPS:
                continue
            try:
                drawn.append(
                    heatmap.heat_map(
                        method,
                        ranker,
                        dataset=dataset,
                        encoder=encoder,
                        brand=brand,
                        influencer=influencer,
                        post=item.id,
                        side=attribution.side,
                    )
                )
            except UsageError as error:
                failed.append(error.message.rstrip("."))
        found += drawn
    if failed:
        notes.append(f"no heat maps of {len(failed)} posts, for example: {failed[0]}")
    return found


def _radars(
    ranker: Ranker, dataset: Dataset, *, brand: str, influencer: str, attributions: list[Attribution]
) -> list[Radar]:
    attention = ranker.attention(dataset, brand, influencer)
    named = [slot for slot in ("concept", "category", "profile") if slot in dataset.slots]
    found = [
        radar.radar(
            dataset,
            slot,
            brand=brand,
            influencer=influencer,
            attention=attention if slot == "concept" else None,
        )
        for slot in named
    ]
    columns = [
        a for a in attributions if a.kind == "columns" and a.side == "influencer" and a.slot == "concept"
    ]
    return [r for r in found if r is not None and len(r.axes) > 2] + [
        radar.column_radar(a, "concept") for a in columns[:1]
    ]


def _chance(ranker: Ranker, dataset: Dataset, pair: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
    chance = ranker.probability(dataset, *pair)
    return {} if chance is None else {"probability": [float(values[0, 0]) for values in chance]}
