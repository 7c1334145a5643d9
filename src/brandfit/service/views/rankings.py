"""Rankings as API and pages show them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from brandfit import number_text, pipeline
from brandfit.account_id import account_id
from brandfit.data.candidates import sentences
from brandfit.errors import ConfigError, UnknownName
from brandfit.ranking import Ranking
from brandfit.search import filters
from brandfit.workspace import Workspace

AS_LEARNED = 50
"""Balance of words and pictures at which both have the weights that the ranker learned."""
BALANCED = {"text": "words", "picture": "pictures"}
"""Parts of a score that the balance weighs, with the word for each."""


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
    ranked = pipeline.rank_query(workspace, brand, query=query, ranker=ranker, followers=followers)
    best = ranked.subset(slice(offset, offset + limit))
    # Chances only for the influencers of this page: they are the slow part.
    chances = None
    if len(best):
        chances = pipeline.chances(workspace, ranked.brand, influencers=best.candidates, ranker=ranked.ranker)
    condition = filters.condition(query.where)
    return {
        **_summary(ranked),
        "limit": limit,
        "offset": offset,
        "filters": str(condition) if condition is not None else "",
        "items": _items(workspace, best, chances=chances, offset=offset),
        "unmatched_words": list(pipeline.unmatched_words(workspace, query.keywords)),
    }


def for_brief(
    workspace: Workspace,
    text: str,
    *,
    pictures: Sequence[str | Path],
    ranker: str | None,
    limit: int,
    followers: str | None = None,
) -> dict[str, Any]:
    """A ranking for a brief. It has no chances, because these are calibrated for brands with an account."""
    ranked = pipeline.rank_brief(workspace, text, pictures=pictures, ranker=ranker, followers=followers)
    return {
        **_summary(ranked),
        "limit": limit,
        "offset": 0,
        "filters": "",
        "items": _items(workspace, ranked.subset(slice(0, limit)), chances=None, offset=0),
    }


def _summary(ranked: Ranking) -> dict[str, Any]:
    """The fields of a ranking that do not depend on the page."""
    return {
        "brand": ranked.brand,
        "ranker": ranked.ranker,
        "dataset": ranked.fingerprint,
        "total": len(ranked),
        "no_evidence": ranked.no_evidence,
        "not_encoded": dict(ranked.not_encoded),
        "notes": list(ranked.notes),
        "excluded": [group.to_dict() for group in ranked.excluded],
        "incomplete": [group.to_dict() for group in ranked.incomplete],
        "moved": None if ranked.moves is None else int(np.count_nonzero(ranked.moves.moved)),
        "counts": sentences(ranked.among, ranked.excluded, incomplete=ranked.incomplete),
    }


def _items(
    workspace: Workspace, best: Ranking, *, chances: Sequence[Any] | None, offset: int
) -> list[dict[str, Any]]:
    """One item per influencer of a page. ``best`` counts ranks from 1, so the offset is added."""
    descriptions = pipeline.describe_accounts(workspace, best.candidates, ranker=best.ranker)
    items = []
    for n, (row, description) in enumerate(zip(best.rows(), descriptions, strict=True)):
        rank = row["rank"] + offset if row["rank"] else None
        chance = chances[n] if chances else None
        items.append({**row, "rank": rank, "chance": chance, **description})
    return items


# --- queries ------------------------------------------------------------------------------------------------


def weights(texts: Sequence[str]) -> dict[str, float]:
    """Part to weight, from texts PART=NUMBER. Raises ConfigError."""
    weight_by_part: dict[str, float] = {}
    for text in texts:
        part, _, number = text.partition("=")
        if part in weight_by_part:
            raise ConfigError(f"{part} is given twice.", "Give each part once. For example: picture=2")
        try:
            weight_by_part[part] = number_text.number(number, ratio=True)
        except number_text.Ambiguous as error:
            raise ConfigError(f"{part}: {error}.", "For example: picture=2") from None
        except ValueError:
            raise ConfigError(f"{text!r} is not PART=NUMBER.", "For example: picture=2") from None
    return weight_by_part


def balance_obstacle(parts: Collection[str]) -> str:
    """Why words and pictures of a score with these parts cannot be balanced; "" if they can."""
    # A ranking has a part per kind of features that it reads.
    missing = [word for part, word in BALANCED.items() if part not in parts]
    if not missing:
        return ""
    if len(missing) == len(BALANCED):
        return "This way of ranking does not say what words and what pictures add."
    return f"This ranking does not use {missing[0]}, so there is nothing to balance."


def balance_weights(
    workspace: Workspace, brand: str, *, ranker: str | None, balance: int, followers: str | None = None
) -> dict[str, float]:
    """Weights of the parts text and picture (W-20): 0, words alone; 50, as learned; 100, pictures alone.

    Raises ConfigError if the score lacks one of the two parts: the weight of the other one alone would only
    scale the score, or make it 0 for all candidates.
    """
    if balance == AS_LEARNED:
        return {}
    parts = pipeline.rank(workspace, brand, ranker=ranker, followers=followers).parts
    if obstacle := balance_obstacle(parts):
        raise ConfigError(obstacle, "Put the slider “Words or pictures” in the middle.")
    # Both weights are 1 in the middle, and their sum is always 2.
    return {"text": (100 - balance) / 50, "picture": balance / 50}


def is_whole_list(query: pipeline.RankingQuery, followers: str | None) -> bool:
    """Whether a query lists the whole ranking as learned: nothing narrows it or adjusts its scores."""
    leaves_out = query.narrowed_by or query.exclude or query.not_this or followers
    return not (leaves_out or query.adjusted_by)


def pair(workspace: Workspace, brand: str, influencer: str) -> tuple[str, str]:
    """The ids of a brand and an influencer. Raises UnknownName."""
    dataset = pipeline.load(workspace)
    brand, influencer = account_id(brand), account_id(influencer)
    if brand not in dataset.representation:
        raise UnknownName("brand", brand, known=dataset.representation)
    if influencer not in dataset.influencers:
        raise UnknownName("influencer", influencer, known=dataset.influencers)
    return brand, influencer


# --- what forms and charts need -----------------------------------------------------------------------------


def usable(workspace: Workspace) -> list[dict[str, str]]:
    """Rankers that can rank now: the trained ones, and simcos, which needs no training."""
    # Every model in the workspace was fitted on its data.
    names = {*workspace.model_names(), "simcos"}
    return [one for one in pipeline.catalogue("rankers") if one["name"] in names]


def scale_end(items: Sequence[Mapping[str, Any]]) -> float:
    """The end of a common scale for the chances of these items: the highest upper bound, rounded up to a
    tenth."""
    # Without chances the scale ends at 1.
    bounds = [item["chance"]["high"] for item in items if item["chance"]]
    return float(min(1.0, np.ceil(10 * max(bounds, default=1.0)) / 10) or 1.0)
