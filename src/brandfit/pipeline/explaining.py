"""Why a ranker gave an influencer its score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from brandfit.data.dataset import Dataset
from brandfit.explain import explain as explaining
from brandfit.explain import render
from brandfit.explain.explanation import Explanation
from brandfit.pipeline.loading import known_brand, known_settings, reader_of
from brandfit.pipeline.ranking import default_ranker, fitted, ranked
from brandfit.workspace import Workspace


def explain(
    workspace: Workspace,
    brand: str,
    influencer: str,
    ranker: str | None = None,
    kinds: Sequence[str] = ("posts", "columns"),
    sides: Sequence[Any] = ("influencer",),
    settings: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> tuple[Explanation, Dataset]:
    """Why a ranker gave an influencer its score for a brand, and the Dataset that it is about.

    ``settings``: ``ENCODER.NAME`` of the encoders that filled the slots text and picture, where they are not the default ones.
    """
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data)
    known_settings(settings, dataset)
    brand, influencer = known_brand(dataset, brand), influencer.strip().lower().removeprefix("@")
    wanted = {"words": "text", "maps": "picture"}
    readers = {
        slot: reader_of(dataset.slots[slot], settings) for kind, slot in wanted.items() if kind in kinds and slot in dataset.slots
    }
    ranking = ranked(model, dataset, brand, None, influencer in dataset.partners.get(brand, set()), data)
    place = {c: n for n, c in enumerate(ranking.candidates.tolist(), 1)}
    more = {"rank": place.get(influencer), "candidates": len(place)}
    encoders = {slot: reader for slot, reader in readers.items() if reader is not None}
    return explaining.explain(model, dataset, brand, influencer, kinds, sides, encoders, more, seed), dataset


def save_explanation(explanation: Explanation, dataset: Dataset, folder: str | Path) -> list[Path]:
    """Its JSON and drawings in a folder."""
    return render.save(explanation, dataset, folder)
