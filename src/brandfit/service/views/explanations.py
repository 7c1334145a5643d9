"""Drawings of explanations: heat maps, radars and bars as PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from brandfit import pipeline
from brandfit.errors import UnknownName
from brandfit.explain import render
from brandfit.explain.explanation import MapMethod
from brandfit.explain.heatmap import decoded
from brandfit.workspace import Workspace


def heat_map(
    workspace: Workspace,
    brand: str,
    *,
    influencer: str,
    ranker: str | None,
    number: int,
    side: str = "influencer",
    method: MapMethod = "occlusion",
) -> bytes:
    """The heat map with this number, counted from 0. Raises UnknownName if there are fewer."""
    explanation, dataset = pipeline.explain(
        workspace,
        brand,
        influencer=influencer,
        ranker=ranker,
        kinds=("maps",),
        sides=(side,),
        map_method=method,
    )
    maps = explanation.maps
    if not 0 <= number < len(maps):
        hint = f"There are {len(maps)}, counted from 0."
        raise UnknownName("picture", f"heat map {number}", known=[], hint=hint)
    # One scale for all maps of the explanation: equal colours are equal effects.
    largest = max(float(np.abs(one.values).max()) for one in maps)
    chosen = maps[number]
    picture = render.overlay(decoded(dataset, chosen.picture), chosen.values, least=largest, area=chosen.area)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def drawing(
    workspace: Workspace,
    brand: str,
    *,
    influencer: str,
    ranker: str | None,
    kinds: Sequence[str],
    sides: Sequence[str],
    name: str,
) -> bytes:
    """The drawing "radar-N" or "bars-N" of an explanation, counted from 1. Raises UnknownName if there are
    fewer."""
    explanation, _ = pipeline.explain(
        workspace, brand, influencer=influencer, ranker=ranker, kinds=kinds, sides=sides
    )
    kind, _, text = name.partition("-")
    number = int(text)
    radars = explanation.radars
    # Empty attributions have no drawing, and no number in the JSON.
    bars = [attribution for attribution in explanation.attributions if attribution.items]
    n_drawings = len(radars if kind == "radar" else bars)
    if not 1 <= number <= n_drawings:
        hint = f"There are {n_drawings} of them, counted from 1."
        raise UnknownName("picture", name, known=[], hint=hint)
    if kind == "radar":
        return render.png(render.radar_figure(radars[number - 1]))
    return render.png(render.bars_figure(bars[number - 1]))
