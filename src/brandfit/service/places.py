"""Rankings as pages and the API show them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from brandfit import pipeline
from brandfit.errors import ConfigError, UnknownName
from brandfit.explain import render
from brandfit.explain.heatmap import decoded
from brandfit.ranking import Ranking
from brandfit.search import filters
from brandfit.service.people import handle
from brandfit.workspace import Workspace


def ranking(
    workspace: Workspace,
    brand: str,
    ranker: str | None = None,
    where: str | None = None,
    partners: bool = False,
    weights: Mapping[str, float] | None = None,
    like: Sequence[str] = (),
    dislike: Sequence[str] = (),
    limit: int = 20,
    offset: int = 0,
) -> dict[str, Any]:
    """A page of a ranking, with categories, followers and chances."""
    found = pipeline.rank(workspace, brand, ranker, None, partners, None, where, weights, like, dislike)
    condition = filters.condition(where)
    return _page(workspace, found, limit, offset, str(condition) if condition is not None else "")


def for_brief(workspace: Workspace, text: str, pictures: Sequence[str | Path], ranker: str | None, limit: int) -> dict[str, Any]:
    return _page(workspace, pipeline.rank_brief(workspace, text, pictures, ranker), limit, 0, "", chances=False)


def _page(workspace: Workspace, found: Ranking, limit: int, offset: int, sentence: str, chances: bool = True) -> dict[str, Any]:
    shown = found.of(slice(offset, offset + limit))
    rows = shown.rows()
    described = pipeline.describe_accounts(workspace, shown.candidates)
    told = pipeline.chances(workspace, found.brand, shown.candidates, found.ranker) if chances and rows else None
    items = [
        {**row, "rank": row["rank"] + offset, "chance": told[n] if told else None, **about}
        for n, (row, about) in enumerate(zip(rows, described, strict=True))
    ]
    return {
        "brand": found.brand,
        "ranker": found.ranker,
        "dataset": found.fingerprint,
        "total": len(found),
        "limit": limit,
        "offset": offset,
        "filters": sentence,
        "notes": list(found.notes),
        "items": items,
    }


def heat_map(workspace: Workspace, brand: str, influencer: str, ranker: str | None, number: int) -> bytes:
    """PNG of the nth heat map. Raises UnknownName where there are fewer."""
    told, dataset = pipeline.explain(workspace, brand, influencer, ranker, ("maps",))
    if not 0 <= number < len(told.maps):
        raise UnknownName("picture", f"heat map {number}", [], f"There are {len(told.maps)}, counted from 0.")
    one = told.maps[number]
    least = max(float(np.abs(found.values).max()) for found in told.maps)
    out = io.BytesIO()
    render.overlay(decoded(dataset, one.picture), one.values, least).save(out, "PNG")
    return out.getvalue()


def pair(workspace: Workspace, brand: str, influencer: str) -> tuple[str, str]:
    """Their ids. Raises UnknownName."""
    dataset = pipeline.load(workspace)
    brand, influencer = handle(brand), handle(influencer)
    for kind, id, known in (("brand", brand, dataset.representation), ("influencer", influencer, dataset.influencers)):
        if id not in known:
            raise UnknownName(kind, id, known)
    return brand, influencer


def weights(texts: Sequence[str]) -> dict[str, float]:
    """From PART=NUMBER. Raises ConfigError."""
    found = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            found[name] = float(value)
            if not np.isfinite(found[name]):
                raise ValueError
        except ValueError:
            raise ConfigError(f"{text!r} is not PART=NUMBER.", "For example: picture=2") from None
    return found
