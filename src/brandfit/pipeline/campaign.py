"""Choosing a set of influencers, and what to post."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from brandfit.arguments import (
    Account,
    Accounts,
    Amount,
    Files,
    Limits,
    Places,
    Texts,
    checked,
    paths,
)
from brandfit.campaign import content_fit as advising
from brandfit.campaign import shortlist as shortlists
from brandfit.campaign.constraints import Limit, strictest
from brandfit.campaign.content_fit import Advice
from brandfit.campaign.forecast import forecast_all
from brandfit.campaign.objectives import MatchIs, objective_of
from brandfit.campaign.pool import Pool
from brandfit.campaign.prices import (
    PriceConfig,
    PriceList,
    Prices,
    currency_code,
    median_rate,
    prices,
    read_prices,
)
from brandfit.campaign.shortlist import Appraisal, Shortlist
from brandfit.data.audience import Audiences
from brandfit.data.candidates import Counted
from brandfit.data.dataset import Dataset
from brandfit.errors import DataError, UsageError
from brandfit.explain import heatmap, render
from brandfit.explain.heatmap import opened
from brandfit.pipeline.candidates import bounds
from brandfit.pipeline.datasets import (
    check_settings,
    find_account,
    find_brand,
    find_influencers,
    readers_of,
    scope,
)
from brandfit.pipeline.missing_features import encoding_of, load_for, older_features_note
from brandfit.pipeline.outdated import outdated
from brandfit.pipeline.ranking import (
    RankingQuery,
    all_ranked,
    default_ranker,
    fitted,
    narrowed,
    with_guests,
)
from brandfit.rankers.base import Ranker
from brandfit.ranking import Ranking
from brandfit.search import filters
from brandfit.search.facts import Facts
from brandfit.search.lookalike import read_picture
from brandfit.workspace import Place, as_workspace


@checked
def shortlist(
    workspace: Place,
    brand: Account,
    *,
    budget: Amount | None = None,
    count: Places | None = None,
    ranker: str | None = None,
    where: str | Mapping[str, Any] | None = None,
    at_least: Limits | None = None,
    at_most: Limits | None = None,
    exclude: Accounts | None = (),
    price_list: str | Path | None = None,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    followers: str | None = None,
    objective: str | None = None,
    currency: str | None = None,
    not_this: Accounts | None = (),
) -> Shortlist:
    """The set of influencers with the largest value under an objective, within a budget or a number of
    places.

    at_least, at_most  condition (``search.filters``) to how many of such there must or may be, or pairs of
                       both; of several numbers for one condition the strictest counts
    objective          of ``campaign.objectives``; by default match_reach, or rank_reach of a ranker that
                       gives no chance of a match
    currency           code, in place of that of the workspace; a label of prices and budget
    followers          bounds of the candidates, as in ``rank``
    exclude, not_this  influencers that are left out, as in ``rank``
    """
    workspace = as_workspace(workspace)
    check_settings(settings, others={"price": PriceConfig})
    listed = read_prices(price_list) if price_list else PriceList()
    currency = listed.currency_with(currency_of(workspace, currency))
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data, brand=brand)
    brand = find_brand(dataset, brand)
    facts = dataset.cached("facts", lambda: Facts(dataset))
    only = filters.condition(where)
    within = bounds(followers, data, only)
    ranking = all_ranked(workspace, model, dataset=dataset, brand=brand, partners=False, within=within)
    if ranking.no_evidence == len(ranking):
        raise UsageError(
            f"No set can be chosen: {model.name} has no evidence on {brand} and any candidate.",
            f"Encode what is new: brandfit update -w {workspace.path}"
            if outdated(workspace)
            else "Encode the posts of both.",
        )
    query = RankingQuery(where=where, exclude=list(exclude or ()), not_this=list(not_this or ()))
    left, _ = narrowed(ranking, model, dataset=dataset, query=query, within=within)
    row = {id: n for n, id in enumerate(facts.ids.tolist())}
    at = np.array([row[id] for id in left.candidates.tolist()], np.int64)

    notes = dict.fromkeys(encoding_of(workspace, dataset, [brand]).notes)
    if older := older_features_note(workspace, dataset, left.candidates.tolist()):
        notes[older] = None

    def of(text: str | Mapping[str, Any]) -> np.ndarray:
        condition = filters.condition(text)
        notes.update(dict.fromkeys(filters.notes(condition, facts)))
        return filters.matching(condition, facts)[0][at]

    least, least_notes = strictest(at_least or (), most=False)
    most, most_notes = strictest(at_most or (), most=True)
    notes.update(dict.fromkeys((*least_notes, *most_notes)))
    groups = [Limit(text, of(text), least=n) for text, n in least.items()]
    groups += [Limit(text, of(text), most=n) for text, n in most.items()]
    if only is not None:
        notes.update(dict.fromkeys(filters.notes(only, facts)))
    pool = _pool(
        model, dataset, ranking=left, priced=ranking.candidates, price_list=listed, settings=settings
    )
    found = shortlists.shortlist(
        pool,
        brand,
        ranker=model.name,
        objective=objective_of(objective, pool.match_is, model.name),
        currency=currency,
        budget=budget,
        count=count,
        groups=groups,
    )
    if within.note:
        notes[within.note] = None
    return replace(found, notes=(*found.notes, *notes), excluded=(*left.excluded, *found.excluded))


@checked
def currency_of(workspace: Place, asked: str | None = None) -> str:
    """The code that was asked for, else that of the workspace; "" where none is set. Raises UsageError for
    what is no code."""
    return as_workspace(workspace).currency if asked is None else currency_code(asked)


@checked
def set_currency(workspace: Place, code: str) -> str:
    """Set the currency of a workspace, "" for none. Returns the code. Prices are not converted. Raises
    UsageError."""
    code = currency_code(code)
    as_workspace(workspace).set_currency(code)
    return code


@checked
def asking_prices(
    workspace: Place, brand: Account, *, influencers: Accounts, ranker: str | None = None
) -> dict[str, tuple[float, float, float]]:
    """Influencer to the price of a post, middle, low and high, as ``shortlist`` estimates it of the
    candidates of this brand.

    Past partners, who are no candidates, are told too. One whose price is unknown is left out. Raises
    UnknownName.
    """
    workspace = as_workspace(workspace)
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=None, brand=brand)
    facts = dataset.cached("facts", lambda: Facts(dataset))
    brand, influencers = find_brand(dataset, brand), find_influencers(dataset, influencers)
    ranking = all_ranked(
        workspace, model, dataset=dataset, brand=brand, partners=False, within=bounds(None, None)
    )
    row = {id: n for n, id in enumerate(facts.ids.tolist())}
    ids = list(dict.fromkeys([*influencers, *ranking.candidates.tolist()]))
    followers, rate = _sizes(facts, np.array([row[id] for id in ids], np.int64))
    told = prices(np.array(ids, dtype=object), followers, rate=rate, given={}, usual_rate=_usual_rate(facts))
    return {
        id: (float(told.middle[n]), float(told.low[n]), float(told.high[n]))
        for n, id in enumerate(ids[: len(set(influencers))])
        if not np.isnan(told.middle[n])
    }


@checked
def appraise(
    workspace: Place,
    brand: Account,
    *,
    influencers: Accounts,
    ranker: str | None = None,
    price_list: str | Path | None = None,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    objective: str | None = None,
    currency: str | None = None,
    not_this: Accounts | None = (),
) -> Appraisal:
    """What a set that somebody chose costs and comes to: past partners and those outside the bounds may be in
    it. They are no candidates and have no rank; a note names the rank that each would have.

    objective  what ``Pick.adds`` is of, as in ``shortlist``
    not_this   influencers that are left out of the ranking in which the ranks are, as in ``rank``

    Raises UnknownName.
    """
    workspace = as_workspace(workspace)
    check_settings(settings, others={"price": PriceConfig})
    listed = read_prices(price_list) if price_list else PriceList()
    currency = listed.currency_with(currency_of(workspace, currency))
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data, brand=brand)
    brand = find_brand(dataset, brand)
    chosen = list(dict.fromkeys(find_influencers(dataset, influencers)))
    query, within = RankingQuery(not_this=list(not_this or ())), bounds(None, data)
    everybody = with_guests(workspace, model, dataset=dataset, brand=brand, within=within, shown=chosen)
    candidates, everybody = narrowed(everybody, model, dataset=dataset, query=query, within=within)
    ranking = candidates.with_left_out(everybody, chosen)
    pool = _pool(
        model, dataset, ranking=ranking, priced=everybody.candidates, price_list=listed, settings=settings
    )
    wanted = objective_of(objective, pool.match_is, model.name)
    found = shortlists.appraise(
        pool, brand, ranker=model.name, objective=wanted, currency=currency, chosen=chosen
    )
    encoding = encoding_of(workspace, dataset, [brand, *chosen]).notes
    notes = _without_rank(
        ranking, [query.exclusion(dataset, brand, influencer=id, within=within) for id in chosen]
    )
    return replace(found, notes=(*encoding, *notes, *found.notes))


def _without_rank(ranking: Ranking, left_out: Sequence[Counted | None]) -> list[str]:
    """A note on each influencer of a set that is no candidate: why, and the rank that it would have."""
    ahead = dict(zip(ranking.candidates.tolist(), ranking.ahead().tolist(), strict=True))
    return [
        f"{one.examples[0]} has no rank ({one.text}); it would be number {ahead[one.examples[0]] + 1:,} of "
        f"{ranking.among + 1:,}"
        for one in left_out
        if one is not None
    ]


@checked
def fit_maps(
    workspace: Place,
    like: Account,
    *,
    pictures: Files,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, tuple[float, bytes]]:
    """Of each picture its fit to what ``like`` shows, and a PNG of it with a map of what makes it fit (W-17).

    All maps are on one scale. Raises UsageError where nothing here can read pictures, DataError with the
    reason for a file that cannot be read as one.
    """
    workspace = as_workspace(workspace)
    dataset = load_for(workspace, [like], data)
    check_settings(settings, dataset)
    like = find_account(dataset, like)
    reader = readers_of(dataset, settings).get("picture")
    if reader is None:
        filled = dataset.slots["picture"].name if "picture" in dataset.slots else "nothing"
        raise UsageError(
            f"Nothing here can read a picture as {filled} did.", "Encode with image.classical, or image.onnx."
        )
    found = {}
    for path in map(str, paths(pictures, "pictures")):
        picture = opened(read_picture(Path(path)))
        found[path] = picture, *heatmap.fit(dataset, reader, like=like, picture=picture)
    top = max((float(np.abs(values).max()) for _, _, values in found.values()), default=0.0)
    return {
        path: (fit, render.png(render.overlay(picture, values, least=top)))
        for path, (picture, fit, values) in found.items()
    }


def _pool(
    model: Ranker,
    dataset: Dataset,
    *,
    ranking: Ranking,
    priced: np.ndarray,
    price_list: PriceList,
    settings: Mapping[str, Any] | None,
) -> Pool:
    """All that is known of the influencers of a ranking, in its order.

    priced  ids of those whose prices are estimated: all of the ranking and more
    """
    facts = dataset.cached("facts", lambda: Facts(dataset))
    row = {id: n for n, id in enumerate(facts.ids.tolist())}
    at = np.array([row[id] for id in ranking.candidates.tolist()], np.int64)
    match, match_is = _match(model, dataset, ranking)
    followers, _ = _sizes(facts, at)
    given = price_list.by_account
    sizes = _sizes(facts, np.array([row[id] for id in priced.tolist()], np.int64))
    price_config = PriceConfig.from_settings(scope(settings, "price"))
    of_all = prices(
        priced,
        sizes[0],
        rate=sizes[1],
        given=given,
        usual_rate=_usual_rate(facts),
        config=price_config,
    )
    row_of_price = {id: n for n, id in enumerate(priced.tolist())}
    own = np.array([row_of_price[id] for id in ranking.candidates.tolist()], np.int64)
    return Pool(
        ids=ranking.candidates,
        ranks=ranking.ranks(),
        match=match,
        match_is=match_is,
        followers=followers,
        prices=Prices(*(values[own] for values in of_all)),
        forecast=dataset.cached("forecast", lambda: forecast_all(dataset)).subset(at),
        audience=Audiences(dataset, ranking.candidates.tolist()).matrix.astype(np.float64),
        priced_strangers=tuple(account for account in given if account not in row),
        price_notes=price_list.notes,
    )


def _usual_rate(facts: Facts) -> float:
    """Median engagement rate of all influencers of the workspace, so that the estimated price of one does not
    depend on the others of a set."""
    return median_rate(facts.engagement.cast("float64").to_numpy(zero_copy_only=False))


def _sizes(facts: Facts, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Followers and engagement rates of these, NaN where not known."""
    followers, rate = (
        column.cast("float64").to_numpy(zero_copy_only=False)[at]
        for column in (facts.followers, facts.engagement)
    )
    return followers, rate


def _match(model: Ranker, dataset: Dataset, ranking: Ranking) -> tuple[np.ndarray, MatchIs]:
    """(n,) of the candidates of a ranking: the chance of a match, or the share of candidates below; NaN
    without evidence."""
    probability = model.probability(dataset, np.array([ranking.brand], dtype=object), ranking.candidates)
    if probability is not None:
        return probability.value[0], "chance"
    share = 1 - ranking.ahead() / max(ranking.among, 1)
    return np.where(np.isnan(ranking.scores), np.nan, share), "rank share"


@checked
def advise(
    workspace: Place,
    like: Account,
    *,
    pictures: Files | None = (),
    captions: Texts | None = (),
    by: Account | None = None,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Advice:
    """Which of these pictures and captions fit what a brand or influencer posts; ``by``: and what engagement
    this influencer may expect of them. Pictures that cannot be read are told apart. Raises DataError where
    nothing is left to judge.
    """
    workspace = as_workspace(workspace)
    dataset = load_for(workspace, [like], data)
    check_settings(settings, dataset)
    like = find_account(dataset, like)
    if by is not None:
        by = find_account(dataset, by)
        if dataset.account(by)["role"] == "brand":
            raise UsageError(
                f"{by} is a brand: the engagement of a post is told of influencers.",
                "Name who would post it.",
            )
    readers = {
        slot: reader for slot, reader in readers_of(dataset, settings).items() if slot in ("picture", "text")
    }
    read: dict[str, bytes] = {}
    unread: dict[str, str] = {}
    for path in map(str, paths(pictures or (), "pictures")):
        try:
            read[path] = read_picture(Path(path))
        except DataError as error:
            unread[path] = error.message
    found = advising.advise(
        dataset, like, pictures=read, captions=list(captions or ()), readers=readers, by=by, unread=unread
    )
    return replace(found, notes=encoding_of(workspace, dataset, [like]).notes)
