"""Why a ranker gave an influencer its score."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brandfit.arguments import Texts, checked
from brandfit.data.dataset import Dataset
from brandfit.explain import explain as explaining
from brandfit.explain import render
from brandfit.explain.explanation import Explanation
from brandfit.pipeline.loading import known_brand, known_settings, reader_of, rules
from brandfit.pipeline.ranking import all_ranked, default_ranker, fitted
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
) -> tuple[Explanation, Dataset]:
    """Why a ranker gave an influencer its score for a brand, and the Dataset that it is about.

    ``settings``: ``ENCODER.NAME`` of the encoders that filled the slots text and picture, where they are not the default ones.
    """
    workspace = as_workspace(workspace)
    kinds, sides = tuple(kinds), tuple(sides)
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data)
    known_settings(settings, dataset)
    brand, influencer = known_brand(dataset, brand), influencer.strip().lower().removeprefix("@")
    wanted = {"words": "text", "maps": "picture"}
    readers = {
        slot: reader_of(dataset.slots[slot], settings) for kind, slot in wanted.items() if kind in kinds and slot in dataset.slots
    }
    partners = influencer in dataset.partners.get(brand, set())
    encoders = {slot: reader for slot, reader in readers.items() if reader is not None}

    def explained() -> Explanation:
        ranking = all_ranked(workspace, model, dataset, brand, partners, data)
        place = {c: n for n, c in enumerate(ranking.candidates.tolist(), 1)}
        more = {"rank": place.get(influencer), "candidates": len(place)}
        return explaining.explain(model, dataset, brand, influencer, kinds, sides, encoders, more, seed)

    # What is kept holds the model and the Dataset, so that their ids stay theirs.
    asked = (
        tuple(sorted(set(kinds))),
        sides,
        tuple(sorted((name, str(value)) for name, value in (settings or {}).items())),
        rules(data),
        seed,
    )
    key = (id(model), id(dataset), brand, influencer, *asked)
    return workspace.memo.get("explanations", key, lambda: (explained(), model, dataset))[0], dataset


@checked
def save_explanation(explanation: Explanation, dataset: Dataset, folder: str | Path) -> list[Path]:
    """Its JSON and drawings in a folder."""
    return render.save(explanation, dataset, folder)
