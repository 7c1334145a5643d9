"""Why a ranker gave an influencer its score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from brandfit.arguments import Texts, checked
from brandfit.data.candidates import sentences
from brandfit.data.dataset import Dataset
from brandfit.explain import explain as explaining
from brandfit.explain import heatmap, render
from brandfit.explain.explanation import Explanation, MapMethod
from brandfit.pipeline.candidates import Bounds, bounds
from brandfit.pipeline.loading import known_brand, known_settings, reader_of
from brandfit.pipeline.ranking import all_ranked, default_ranker, fitted
from brandfit.ranking import Ranking
from brandfit.workspace import Place, as_workspace


@checked
def explain(
    workspace: Place,
    brand: str,
    influencer: str,
    ranker: str | None = None,
    kinds: Texts = ("posts", "columns"),
    sides: Texts = ("influencer",),
    settings: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    seed: int = 0,
    followers: str | None = None,
    *,
    map_method: MapMethod = "occlusion",
) -> tuple[Explanation, Dataset]:
    """Why a ranker gave an influencer its score for a brand, and the Dataset that it is about.

    settings    ``ENCODER.NAME`` of the encoders that filled the slots text and picture, where they are not
                the default ones
    followers   bounds of the candidates among whom its place is told, as in ``rank``
    map_method  how heat maps are made (``explain.heatmap``)
    """
    workspace = as_workspace(workspace)
    kinds, sides = tuple(kinds), tuple(sides)
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data, brand)
    known_settings(settings, dataset)
    brand, influencer = known_brand(dataset, brand), influencer.strip().lower().removeprefix("@")
    wanted = {"words": "text", "maps": "picture"}
    readers = {
        slot: reader_of(dataset.slots[slot], settings)
        for kind, slot in wanted.items()
        if kind in kinds and slot in dataset.slots
    }
    partners = influencer in dataset.partners.get(brand, set())
    within = bounds(followers, data)
    encoders = {slot: reader for slot, reader in readers.items() if reader is not None}

    def explained() -> Explanation:
        ranking = all_ranked(workspace, model, dataset, brand, partners, within)
        place = dict(zip(ranking.candidates.tolist(), ranking.ranks(), strict=True))
        more = {
            "rank": place.get(influencer),
            "candidates": len(place),
            "excluded": [group.to_dict() for group in ranking.excluded],
        }
        told = explaining.explain(
            model, dataset, brand, influencer, kinds, sides, encoders, more, seed, map_method
        )
        return replace(told, notes=(*told.notes, *_place_notes(ranking, influencer, within)))

    # What is kept holds the model and the Dataset, so that their ids stay theirs.
    asked = (
        tuple(sorted(set(kinds))),
        sides,
        tuple(sorted((name, str(value)) for name, value in (settings or {}).items())),
        within,
        seed,
        map_method,
    )
    key = (id(model), id(dataset), brand, influencer, *asked)
    return workspace.memo.get("explanations", key, lambda: (explained(), model, dataset))[0], dataset


def _place_notes(ranking: Ranking, influencer: str, within: Bounds) -> list[str]:
    """Among whom the place of the influencer is told, or why it has none."""
    notes = []
    if influencer not in set(ranking.candidates.tolist()):
        notes.append(
            f"{influencer} has no place in the ranking: it is outside the bounds of {within.sentence}"
        )
    return [*notes, *sentences(ranking.among, ranking.excluded)]


@checked
def map_methods(
    workspace: Place, ranker: str | None = None, data: Mapping[str, Any] | None = None
) -> list[MapMethod]:
    """The methods that can draw heat maps here for a ranker."""
    workspace = as_workspace(workspace)
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data)
    encoder = reader_of(dataset.slots["picture"], None) if "picture" in dataset.slots else None
    methods: tuple[MapMethod, ...] = get_args(MapMethod)
    return [method for method in methods if heatmap.lacking(method, model, dataset, encoder) is None]


@checked
def save_explanation(explanation: Explanation, dataset: Dataset, folder: str | Path) -> list[Path]:
    """Its JSON and drawings in a folder."""
    return render.save(explanation, dataset, folder)
