"""Rankings as pages and the API show them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from brandfit import number_text, pipeline
from brandfit.account_id import account_id
from brandfit.data.candidates import sentences
from brandfit.errors import ConfigError, UnknownName
from brandfit.explain import render
from brandfit.explain.explanation import MapMethod
from brandfit.explain.heatmap import decoded
from brandfit.ranking import Ranking
from brandfit.search import filters
from brandfit.workspace import Workspace


def ranking(
    workspace: Workspace,
    brand: str,
    *,
    ranker: str | None,
    query: pipeline.RankingQuery,
    limit: int = 20,
    offset: int = 0,
    followers: str | None = None,
) -> dict[str, Any]:
    """A page of a ranking, with categories, followers and chances."""
    found = pipeline.rank_query(workspace, brand, query=query, ranker=ranker, followers=followers)
    condition = filters.condition(query.where)
    sentence = str(condition) if condition is not None else ""
    page = _page(workspace, found, limit=limit, offset=offset, sentence=sentence)
    page["unmatched_words"] = list(pipeline.unmatched_words(workspace, query.keywords))
    return page


def for_brief(
    workspace: Workspace,
    text: str,
    *,
    pictures: Sequence[str | Path],
    ranker: str | None,
    limit: int,
    followers: str | None = None,
) -> dict[str, Any]:
    found = pipeline.rank_brief(workspace, text, pictures=pictures, ranker=ranker, followers=followers)
    return _page(workspace, found, limit=limit, offset=0, sentence="", chances=False)


def _page(
    workspace: Workspace, found: Ranking, *, limit: int, offset: int, sentence: str, chances: bool = True
) -> dict[str, Any]:
    shown = found.subset(slice(offset, offset + limit))
    rows = shown.rows()
    described = pipeline.describe_accounts(workspace, shown.candidates, ranker=found.ranker)
    told = (
        pipeline.chances(workspace, found.brand, influencers=shown.candidates, ranker=found.ranker)
        if chances and rows
        else None
    )
    items = [
        {
            **row,
            "rank": row["rank"] + offset if row["rank"] else None,
            "chance": told[n] if told else None,
            **about,
        }
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
        "no_evidence": found.no_evidence,
        "not_encoded": dict(found.not_encoded),
        "notes": list(found.notes),
        "excluded": [group.to_dict() for group in found.excluded],
        "incomplete": [group.to_dict() for group in found.incomplete],
        "moved": None if found.moves is None else int(np.count_nonzero(found.moves.moved)),
        "counts": sentences(found.among, found.excluded, incomplete=found.incomplete),
        "items": items,
    }


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
    """PNG of the nth heat map. Raises UnknownName where there are fewer."""
    told, dataset = pipeline.explain(
        workspace,
        brand,
        influencer=influencer,
        ranker=ranker,
        kinds=("maps",),
        sides=(side,),
        map_method=method,
    )
    if not 0 <= number < len(told.maps):
        raise UnknownName(
            "picture", f"heat map {number}", known=[], hint=f"There are {len(told.maps)}, counted from 0."
        )
    one = told.maps[number]
    least = max(float(np.abs(found.values).max()) for found in told.maps)
    out = io.BytesIO()
    render.overlay(decoded(dataset, one.picture), one.values, least=least, area=one.area).save(out, "PNG")
    return out.getvalue()


def balanced(
    workspace: Workspace, brand: str, *, ranker: str | None, balance: int, followers: str | None = None
) -> dict[str, float]:
    """Weights of the parts text and picture (W-20): 0, words alone; 50, as learned; 100, pictures alone.

    Raises ConfigError where the ranker's score has neither.
    """
    if balance == 50:
        return {}
    parts = pipeline.rank(workspace, brand, ranker=ranker, followers=followers).parts
    wanted = {"text": (100 - balance) / 50, "picture": balance / 50}
    found = {name: weight for name, weight in wanted.items() if name in parts}
    if not found:
        raise ConfigError(
            "This ranker does not tell what words and pictures add.", "Put the slider in the middle."
        )
    return found


def usable(workspace: Workspace) -> list[dict[str, str]]:
    """Rankers that can rank now: those that were trained, and simcos, which needs no training."""
    here = {*workspace.model_names(), "simcos"}
    return [one for one in pipeline.catalogue("rankers") if one["name"] in here]


def top(items: Sequence[Mapping[str, Any]]) -> float:
    """The end of a scale for the chances of these: that of the widest interval, in steps of a tenth."""
    highest = max((item["chance"]["high"] for item in items if item["chance"]), default=1.0)
    return float(min(1.0, np.ceil(10 * highest) / 10) or 1.0)


def pair(workspace: Workspace, brand: str, influencer: str) -> tuple[str, str]:
    """Their ids. Raises UnknownName."""
    dataset = pipeline.load(workspace)
    brand, influencer = account_id(brand), account_id(influencer)
    for kind, id, known in (
        ("brand", brand, dataset.representation),
        ("influencer", influencer, dataset.influencers),
    ):
        if id not in known:
            raise UnknownName(kind, id, known=known)
    return brand, influencer


def weights(texts: Sequence[str]) -> dict[str, float]:
    """From PART=NUMBER. Raises ConfigError."""
    found = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name in found:
            raise ConfigError(f"{name} is given twice.", "Give each part once. For example: picture=2")
        try:
            found[name] = number_text.number(value, ratio=True)
        except number_text.Ambiguous as error:
            raise ConfigError(f"{name}: {error}.", "For example: picture=2") from None
        except ValueError:
            raise ConfigError(f"{text!r} is not PART=NUMBER.", "For example: picture=2") from None
    return found


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
    """PNG of "radar-N" or "bars-N" of an explanation, counted from 1. Raises UnknownName where there are
    fewer."""
    told, _ = pipeline.explain(
        workspace, brand, influencer=influencer, ranker=ranker, kinds=kinds, sides=sides
    )
    what, _, number = name.partition("-")
    radars, bars = told.radars, [attribution for attribution in told.attributions if attribution.items]
    found = len(radars if what == "radar" else bars)
    if not 1 <= int(number) <= found:
        raise UnknownName("picture", name, known=[], hint=f"There are {found} of them, counted from 1.")
    at = int(number) - 1
    return render.png(render.radar_figure(radars[at]) if what == "radar" else render.bars_figure(bars[at]))
