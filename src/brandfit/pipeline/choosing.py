"""Choosing a set of influencers, and what to post."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from brandfit.campaign import advise as advising
from brandfit.campaign import shortlist as shortlists
from brandfit.campaign.advise import Advice
from brandfit.campaign.limits import Limit
from brandfit.campaign.prices import PriceConfig, prices, read_prices
from brandfit.campaign.shortlist import Appraisal, MatchIs, Shortlist
from brandfit.data.candidates import counted
from brandfit.data.dataset import Dataset
from brandfit.errors import BrandfitError, DataError, UnknownName, UsageError
from brandfit.explain import heatmap, render
from brandfit.explain.heatmap import opened
from brandfit.pipeline.candidates import bounds, candidates, met
from brandfit.pipeline.loading import known_brand, known_settings, load, readers_of, scope
from brandfit.pipeline.ranking import all_ranked, default_ranker, fitted, ranked
from brandfit.rankers.base import Ranker
from brandfit.ranking import Ranking
from brandfit.search import filters
from brandfit.search.facts import Facts
from brandfit.search.feedback import left_out
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
    followers: str | None = None,
) -> Shortlist:
    """The set of influencers that reaches most people with a match within a budget or a number of places.

    at_least, at_most  condition (``search.filters``) to how many of such there must or may be
    followers          bounds of the candidates, as in ``rank``

    A match is the probability that the ranker tells; of one that tells none, one less the share of candidates above it.
    """
    known_settings(settings, others={"price": PriceConfig})
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data)
    brand = known_brand(dataset, brand)
    facts = dataset.remembered("facts", lambda: Facts(dataset))
    only = filters.condition(where)
    within = bounds(followers, data, only)
    ranking = ranked(model, dataset, brand, False, within)
    row = {id: n for n, id in enumerate(facts.ids.tolist())}
    at = np.array([row[id] for id in ranking.candidates.tolist()], np.int64)

    notes: dict[str, None] = {}

    def of(text: str | Mapping[str, Any]) -> np.ndarray:
        condition = filters.condition(text)
        notes.update(dict.fromkeys(filters.notes(condition, facts)))
        return filters.kept(condition, facts)[0][at]

    groups = [Limit(text, of(text), least=n) for text, n in (at_least or {}).items()]
    groups += [Limit(text, of(text), most=n) for text, n in (at_most or {}).items()]
    out = {id.strip().lower().removeprefix("@") for id in exclude}
    for id in sorted(out - set(row)):
        raise UnknownName("influencer", id, row)
    pool = left_out(ranking, sorted(out))
    if only is not None:
        notes.update(dict.fromkeys(filters.notes(only, facts)))
        pool = pool.narrowed(*met(only, facts, pool.candidates))
    match, match_is = _match(model, dataset, ranking)
    in_pool = np.isin(ranking.candidates.astype(str), pool.candidates.astype(str))
    has_match = ~np.isnan(match[in_pool])
    pool = pool.narrowed(has_match, counted("no_evidence", "with nothing encoded to rank by", pool.candidates[~has_match]))
    out = set(ranking.candidates.tolist()) - set(pool.candidates.tolist())
    sizes, rate = _sizes(facts, at)
    given = read_prices(price_list) if price_list else {}
    config = PriceConfig.of(scope(settings, "price"))
    found = shortlists.shortlist(dataset, ranking, match, match_is, sizes, rate, budget, count, groups, sorted(out), given, config)
    if within.note:
        notes[within.note] = None
    return replace(found, notes=(*found.notes, *notes), among=pool.among, excluded=pool.excluded)


def asking_prices(
    workspace: Workspace, brand: str, influencers: Sequence[str], ranker: str | None = None
) -> dict[str, tuple[float, float, float]]:
    """Influencer to the price of a post, middle, low and high, as ``shortlist`` estimates it of the candidates of this brand.

    Past partners, who are no candidates, are told too. One whose followers are not known is left out: nothing is known to
    estimate by.
    """
    model, dataset = fitted(workspace, ranker or default_ranker(workspace))
    facts = dataset.remembered("facts", lambda: Facts(dataset))
    ranking = all_ranked(workspace, model, dataset, known_brand(dataset, brand), False, bounds(None, None))
    row = {id: n for n, id in enumerate(facts.ids.tolist())}
    ids = list(dict.fromkeys([*influencers, *ranking.candidates.tolist()]))
    at = np.array([row[id] for id in ids], np.int64)
    followers, rate = (column.cast("float64").to_numpy(zero_copy_only=False)[at] for column in (facts.followers, facts.engagement))
    told = prices(np.array(ids, dtype=object), followers, rate, {})
    return {
        id: (float(told.middle[n]), float(told.low[n]), float(told.high[n]))
        for n, id in enumerate(ids[: len(set(influencers))])
        if not np.isnan(followers[n])
    }


def appraise(
    workspace: Workspace,
    brand: str,
    influencers: Sequence[str],
    ranker: str | None = None,
    price_list: str | Path | None = None,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Appraisal:
    """What a set that somebody chose costs, and whom it is expected to reach: past partners and those outside the bounds may
    be in it. Raises UnknownName.
    """
    known_settings(settings, others={"price": PriceConfig})
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data)
    brand = known_brand(dataset, brand)
    facts = dataset.remembered("facts", lambda: Facts(dataset))
    row = {id: n for n, id in enumerate(facts.ids.tolist())}
    chosen = list(dict.fromkeys(id.strip().lower().removeprefix("@") for id in influencers))
    for id in chosen:
        if id not in row:
            raise UnknownName("influencer", id, row)
    asked = dict.fromkeys([*candidates(dataset, brand, False, bounds(None, data)).ids.tolist(), *chosen])
    ranking = model.rank(dataset, brand, np.array([*asked], dtype=object), None)
    match, match_is = _match(model, dataset, ranking)
    followers, rate = _sizes(facts, np.array([row[id] for id in ranking.candidates.tolist()], np.int64))
    given = read_prices(price_list) if price_list else {}
    config = PriceConfig.of(scope(settings, "price"))
    return shortlists.appraise(dataset, ranking, match, match_is, followers, rate, chosen, given, config)


def fit_maps(
    workspace: Workspace,
    like: str,
    pictures: Sequence[str | Path],
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, tuple[float, bytes]]:
    """Of each picture its fit to what ``like`` shows, and a PNG of it with a map of what makes it fit (W-17); pictures that cannot
    be read are left out. All maps on one scale. Raises UsageError where nothing here can read pictures.
    """
    dataset = load(workspace, data)
    known_settings(settings, dataset)
    like = dataset.account(like.strip().lower().removeprefix("@"))["id"]
    reader = readers_of(dataset, settings).get("picture")
    if reader is None:
        filled = dataset.slots["picture"].name if "picture" in dataset.slots else "nothing"
        raise UsageError(f"Nothing here can read a picture as {filled} did.", "Encode with image.classical, or image.onnx.")
    found = {}
    for path in map(str, pictures):
        try:
            picture = opened(read_picture(Path(path)))
            found[path] = picture, *heatmap.fit(dataset, reader, like, picture)
        except BrandfitError:
            continue
    top = max((float(np.abs(values).max()) for _, _, values in found.values()), default=0.0)
    return {path: (fit, render.png(render.overlay(picture, values, top))) for path, (picture, fit, values) in found.items()}


def _sizes(facts: Facts, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Followers and engagement rates of these, NaN where not known."""
    followers, rate = (column.cast("float64").to_numpy(zero_copy_only=False)[at] for column in (facts.followers, facts.engagement))
    return followers, rate


def _match(model: Ranker, dataset: Dataset, ranking: Ranking) -> tuple[np.ndarray, MatchIs]:
    """(n,) of the candidates of a ranking: how likely each is to suit, or, where that is not told, its place."""
    tell = getattr(model, "probability", None)
    try:
        if tell is not None:
            return tell(dataset, np.array([ranking.brand], dtype=object), ranking.candidates).value[0], "probability"
    except UsageError:  # it learned none
        pass
    return 1 - np.arange(len(ranking)) / max(len(ranking), 1), "rank share"


def advise(
    workspace: Workspace,
    like: str,
    pictures: Sequence[str | Path] = (),
    captions: Sequence[str] = (),
    by: str | None = None,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Advice:
    """Which of these pictures and captions fit what a brand or influencer posts; ``by``: and what engagement this influencer may
    expect of them. Pictures that cannot be read are told apart. Raises DataError where nothing is left to judge.
    """
    dataset = load(workspace, data)
    known_settings(settings, dataset)
    like = dataset.account(like.strip().lower().removeprefix("@"))["id"]
    if by is not None:
        writer = dataset.account(by.strip().lower().removeprefix("@"))
        by = str(writer["id"])
        if writer["role"] == "brand":
            raise UsageError(f"{by} is a brand: the engagement of a post is told of influencers.", "Name who would post it.")
    readers = {slot: reader for slot, reader in readers_of(dataset, settings).items() if slot in ("picture", "text")}
    read: dict[str, bytes] = {}
    unread: dict[str, str] = {}
    for path in map(str, pictures):
        try:
            read[path] = read_picture(Path(path))
        except DataError as error:
            unread[path] = error.message
    return advising.advise(dataset, like, read, captions, readers, by, unread)
