"""Choosing a set of influencers, and what to post."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from brandfit.campaign import advise as advising
from brandfit.campaign import shortlist as shortlists
from brandfit.campaign.advise import Idea
from brandfit.campaign.choose import Limit
from brandfit.campaign.prices import PriceConfig, read_prices
from brandfit.campaign.shortlist import Shortlist
from brandfit.pipeline.loading import known_brand, load, readers_of, scope
from brandfit.pipeline.ranking import default_ranker, fitted, ranked
from brandfit.search import filters
from brandfit.search.facts import Facts
from brandfit.search.lookalike import read_picture
from brandfit.workspace import Workspace


def shortlist(
    workspace: Workspace,
    brand: str,
    budget: float | None = None,
    count: int | None = None,
    ranker: str | None = None,
    where: str | Mapping[str, Any] | None = None,
    at_least: Mapping[str, int] | None = None,
    at_most: Mapping[str, int] | None = None,
    exclude: Sequence[str] = (),
    price_list: str | Path | None = None,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Shortlist:
    """The set of influencers that reaches most people with a match within a budget or a number of places.

    at_least, at_most  condition (``search.filters``) to how many of such there must or may be

    A match is the probability that the ranker tells; of one that tells none, one less the share of candidates above it.
    """
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data)
    brand = known_brand(dataset, brand)
    facts = Facts(dataset)
    ranking = ranked(model, dataset, brand, None, False, data)
    row = {id: n for n, id in enumerate(facts.ids.tolist())}
    at = np.array([row[id] for id in ranking.candidates.tolist()], np.int64)

    def of(text: str | Mapping[str, Any]) -> np.ndarray:
        return filters.kept(filters.condition(text), facts)[0][at]

    groups = [Limit(text, of(text), least=n) for text, n in (at_least or {}).items()]
    groups += [Limit(text, of(text), most=n) for text, n in (at_most or {}).items()]
    out = {id.strip().lower().removeprefix("@") for id in exclude}
    if where is not None:
        out |= set(ranking.candidates[~of(where)].tolist())
    match = 1 - np.arange(len(ranking)) / max(len(ranking), 1)
    if getattr(model, "stack", None) is not None:
        match = model.probability(dataset, np.array([brand], dtype=object), ranking.candidates).value[0]  # type: ignore[attr-defined]
    followers, rate = (column.cast("float64").to_numpy(zero_copy_only=False)[at] for column in (facts.followers, facts.engagement))
    given = read_prices(price_list) if price_list else {}
    config = PriceConfig.of(scope(settings, "price"))
    return shortlists.shortlist(dataset, ranking, match, followers, rate, budget, count, groups, sorted(out), given, config)


def advise(
    workspace: Workspace,
    like: str,
    pictures: Sequence[str | Path] = (),
    captions: Sequence[str] = (),
    by: str | None = None,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> list[Idea]:
    """Which of these pictures and captions fit what a brand or influencer posts; ``by``: and what engagement this influencer may
    expect of them.
    """
    dataset = load(workspace, data)
    like = dataset.account(like.strip().lower().removeprefix("@"))["id"]
    by = dataset.account(by.strip().lower().removeprefix("@"))["id"] if by is not None else None
    readers = {slot: reader for slot, reader in readers_of(dataset, settings).items() if slot in ("picture", "text")}
    return advising.advise(dataset, like, {str(path): read_picture(Path(path)) for path in pictures}, captions, readers, by)
