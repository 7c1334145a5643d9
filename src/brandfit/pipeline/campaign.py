"""Choosing a set of influencers for a campaign, and what a set costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from brandfit.arguments import Account, Accounts, Amount, Limits, PositiveCount, checked
from brandfit.campaign import shortlist as shortlists
from brandfit.campaign.constraints import Limit, strictest
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
from brandfit.errors import UsageError
from brandfit.pipeline.lookup import find_influencers, influencer_rows, row_by_id, rows_of
from brandfit.pipeline.missing_features import encoding_of, older_features_note, older_model_notes
from brandfit.pipeline.narrowing import RankingContext, cached_ranking, exclusion, narrowed, with_guests
from brandfit.pipeline.outdated import outdated
from brandfit.pipeline.query import RankingQuery
from brandfit.pipeline.settings import check_settings, scope
from brandfit.ranking import Ranking
from brandfit.search import filters
from brandfit.search.facts import Facts
from brandfit.workspace import Place, as_workspace


@checked
def shortlist(
    workspace: Place,
    brand: Account,
    *,
    budget: Amount | None = None,
    count: PositiveCount | None = None,
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
    """The set of influencers with the largest value of an objective, within a budget or a number of places.

    at_least, at_most  condition (``search.filters``) to the number of members that must or may meet it, or
                       pairs of both; of several numbers for one condition the strictest counts
    objective          of ``campaign.objectives``; default: match_reach, or rank_reach if the ranker gives no
                       probability
    price_list         CSV of account and price; other prices are estimated
    settings           ``price.NAME``
    currency           code, in place of that of the workspace; a label of prices and budget
    followers          bounds of the candidates, as in ``rank``
    exclude, not_this  influencers that are left out, as in ``rank``
    """
    workspace = as_workspace(workspace)
    check_settings(settings, others={"price": PriceConfig})
    stated_prices = _stated(price_list)
    currency = stated_prices.currency_with(currency_of(workspace, currency))
    query = RankingQuery(where=where, exclude=list(exclude or ()), not_this=list(not_this or ()))
    context = RankingContext.from_workspace(
        workspace, brand, ranker=ranker, data=data, followers=followers, query=query
    )
    stated_prices = _with_account_prices(stated_prices, context.facts, currency=currency)
    currency = stated_prices.currency
    # All candidates with their scores. Without evidence on any of them, no set is better than another.
    everyone = cached_ranking(context, partners=False)
    if everyone.no_evidence == len(everyone):
        raise UsageError(
            f"No set can be chosen: {context.model.name} has no evidence on {context.brand} and any "
            "candidate.",
            f"Encode what is new: brandfit update -w {workspace.path}"
            if outdated(workspace)
            else "Encode the posts of both.",
        )
    # The candidates that may be chosen.
    ranking = narrowed(everyone, context, query=query).listed
    candidate_ids = ranking.candidates.tolist()

    notes = list(encoding_of(workspace, context.dataset, [context.brand]).notes)
    notes += older_model_notes(workspace, context.model.name)
    notes.append(older_features_note(workspace, context.dataset, candidate_ids))
    # Groups are (n_candidates,) bool, in the order of the ranking.
    candidate_rows = rows_of(candidate_ids, influencer_rows(context.dataset))
    groups = _groups(context.facts, candidate_rows, at_least=at_least or (), at_most=at_most or ())
    notes.extend(groups.notes)
    condition = filters.condition(where)
    if condition is not None:
        notes.extend(filters.notes(condition, context.facts))
    notes.append(context.within.note)

    pool = _pool(context, ranking, priced=everyone.candidates, stated_prices=stated_prices, settings=settings)
    chosen = shortlists.shortlist(
        pool,
        context.brand,
        ranker=context.model.name,
        objective=objective_of(objective, pool.match_is, context.model.name),
        currency=currency,
        budget=budget,
        count=count,
        groups=groups.limits,
    )
    # Each note once; empty notes are notes that do not apply.
    unique_notes = dict.fromkeys(note for note in notes if note)
    return replace(
        chosen, notes=(*chosen.notes, *unique_notes), excluded=(*ranking.excluded, *chosen.excluded)
    )


class _Groups(NamedTuple):
    """limits: how many candidates of each group must or may be chosen; notes: on their conditions."""

    limits: list[Limit]
    notes: list[str]


def _groups(
    facts: Facts,
    candidate_rows: np.ndarray,
    *,
    at_least: Mapping[str, int] | Iterable[tuple[str, int]],
    at_most: Mapping[str, int] | Iterable[tuple[str, int]],
) -> _Groups:
    """Limits on candidates that meet conditions; ``candidate_rows`` (n,) are their rows in the facts."""
    # Of several numbers for one condition the strictest counts, and a note says so.
    fewest, fewest_notes = strictest(at_least, most=False)
    largest, largest_notes = strictest(at_most, most=True)
    limits: list[Limit] = []
    notes = [*fewest_notes, *largest_notes]
    bounds = [(text, {"least": number}) for text, number in fewest.items()]
    bounds += [(text, {"most": number}) for text, number in largest.items()]
    for text, bound in bounds:
        condition = filters.condition(text)
        notes.extend(filters.notes(condition, facts))
        is_member = filters.matching(condition, facts)[0][candidate_rows]
        limits.append(Limit(text, is_member, **bound))
    return _Groups(limits, notes)


@checked
def currency_of(workspace: Place, code: str | None = None) -> str:
    """The code that the caller names, else that of the workspace; "" if none is set. Raises UsageError for an
    invalid code."""
    return as_workspace(workspace).currency if code is None else currency_code(code)


@checked
def set_currency(workspace: Place, code: str) -> str:
    """Set the currency of a workspace, "" for none. Returns the code. Prices are not converted. Raises
    UsageError."""
    code = currency_code(code)
    as_workspace(workspace).set_currency(code)
    return code


@checked
def asking_prices(
    workspace: Place,
    brand: Account,
    *,
    influencers: Accounts,
    ranker: str | None = None,
    price_list: str | Path | PriceList | None = None,
) -> dict[str, tuple[float, float, float]]:
    """Influencer to the price of a post (middle, low, high), as ``shortlist`` estimates it among the
    candidates of this brand.

    price_list  a CSV file, or the prices: a stated price counts as it is, and is all three numbers

    Past partners, who are no candidates, get a price too. Influencers with an unknown price are left out.
    Raises UnknownName, and DataError if the list is invalid or in another currency than the workspace.
    """
    workspace = as_workspace(workspace)
    context = RankingContext.from_workspace(workspace, brand, ranker=ranker, data=None)
    influencers = list(dict.fromkeys(find_influencers(context.dataset, influencers)))
    stated_prices = _stated(price_list)
    currency = stated_prices.currency_with(currency_of(workspace))
    stated_prices = _with_account_prices(stated_prices, context.facts, currency=currency)
    followers, rates = _sizes(context.facts, rows_of(influencers, influencer_rows(context.dataset)))
    ids = np.array(influencers, dtype=object)
    given = stated_prices.by_account
    found = prices(ids, followers, rate=rates, given=given, usual_rate=_usual_rate(context.facts))
    price_by_id = {}
    for n, id in enumerate(influencers):
        if not np.isnan(found.middle[n]):
            price_by_id[id] = (float(found.middle[n]), float(found.low[n]), float(found.high[n]))
    return price_by_id


def _stated(price_list: str | Path | PriceList | None) -> PriceList:
    """The stated prices; an empty list without a file. Raises DataError."""
    if isinstance(price_list, PriceList):
        return price_list
    return read_prices(price_list) if price_list else PriceList()


def _with_account_prices(listed: PriceList, facts: Facts, *, currency: str) -> PriceList:
    """The prices of a list, and those that accounts state themselves: a list that was given counts more.

    currency  of prices and budget; "": that of the accounts, if all have one

    Prices in another currency are not converted: they count as unknown, with a note.
    """
    codes = facts.price_currency.to_pylist()
    stated = {
        id: price
        for id, price in zip(facts.ids.tolist(), facts.price.to_pylist(), strict=True)
        if price is not None
    }
    code_by_id = {id: code or "" for id, code in zip(facts.ids.tolist(), codes, strict=True) if id in stated}
    # One currency of all accounts is the label if the workspace has none.
    known = sorted(set(filter(None, code_by_id.values())))
    if not currency and len(known) == 1:
        currency = known[0]
    others = [
        id for id, code in code_by_id.items() if code and code != currency and id not in listed.by_account
    ]
    own = {id: price for id, price in stated.items() if id not in others}
    notes = list(listed.notes)
    if others:
        notes.append(
            f"{len(others):,} influencers state a price in another currency ({', '.join(known)}), such as "
            f"{others[0]}: it is not converted, and an estimate is used in its place"
        )
    return replace(listed, by_account={**own, **listed.by_account}, currency=currency, notes=tuple(notes))


@checked
def appraise(
    workspace: Place,
    brand: Account,
    *,
    influencers: Accounts,
    ranker: str | None = None,
    price_list: str | Path | PriceList | None = None,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    objective: str | None = None,
    currency: str | None = None,
    not_this: Accounts | None = (),
) -> Appraisal:
    """Cost and value of a set that people chose. Past partners and influencers outside the bounds may be in
    it. They have no rank; a note names the rank that each would have.

    price_list a CSV file, or the prices
    objective  the value to which ``Pick.adds`` refers, as in ``shortlist``
    not_this   influencers that are left out of the ranking that gives the ranks, as in ``rank``

    Raises UnknownName.
    """
    workspace = as_workspace(workspace)
    check_settings(settings, others={"price": PriceConfig})
    stated_prices = _stated(price_list)
    currency = stated_prices.currency_with(currency_of(workspace, currency))
    context = RankingContext.from_workspace(workspace, brand, ranker=ranker, data=data)
    stated_prices = _with_account_prices(stated_prices, context.facts, currency=currency)
    currency = stated_prices.currency
    chosen = list(dict.fromkeys(find_influencers(context.dataset, influencers)))
    query = RankingQuery(not_this=list(not_this or ()))
    # Members of the set that are no candidates take part as guests, without a rank.
    candidates, everyone = narrowed(with_guests(context, chosen), context, query=query)
    ranking = candidates.with_left_out(everyone, chosen)
    pool = _pool(context, ranking, priced=everyone.candidates, stated_prices=stated_prices, settings=settings)
    appraisal = shortlists.appraise(
        pool,
        context.brand,
        ranker=context.model.name,
        objective=objective_of(objective, pool.match_is, context.model.name),
        currency=currency,
        chosen=chosen,
    )
    encoding = encoding_of(workspace, context.dataset, [context.brand, *chosen]).notes
    encoding = (*encoding, *older_model_notes(workspace, context.model.name))
    # The set may contain influencers that ``shortlist`` would leave out: the notes say why.
    exclusions = [exclusion(context, query, influencer=id) for id in chosen]
    return replace(appraisal, notes=(*encoding, *_without_rank(ranking, exclusions), *appraisal.notes))


def _without_rank(ranking: Ranking, exclusions: Sequence[Counted | None]) -> list[str]:
    """A note on each influencer of a set that is no candidate: the reason, and its rank otherwise."""
    n_ahead = dict(zip(ranking.candidates.tolist(), ranking.ahead().tolist(), strict=True))
    notes = []
    for exclusion_reason in exclusions:
        if exclusion_reason is not None:
            influencer = exclusion_reason.examples[0]
            notes.append(
                f"{influencer} has no rank ({exclusion_reason.text}); it would be number "
                f"{n_ahead[influencer] + 1:,} of {ranking.among + 1:,}"
            )
    return notes


def _pool(
    context: RankingContext,
    ranking: Ranking,
    *,
    priced: np.ndarray,
    stated_prices: PriceList,
    settings: Mapping[str, Any] | None,
) -> Pool:
    """Everything that a choice reads about the influencers of a ranking, in its order.

    priced  ids of the influencers among which prices are estimated: all of the ranking and more, so that the
            price of an influencer does not depend on who else is left out
    """
    dataset, facts = context.dataset, context.facts
    row_of = influencer_rows(dataset)
    ids = ranking.candidates.tolist()
    rows = rows_of(ids, row_of)
    match, match_is = _match(context, ranking)
    # (n_priced,) each, NaN if unknown.
    followers_of_priced, rates_of_priced = _sizes(facts, rows_of(priced.tolist(), row_of))
    price_by_account = stated_prices.by_account
    all_prices = prices(
        priced,
        followers_of_priced,
        rate=rates_of_priced,
        given=price_by_account,
        usual_rate=_usual_rate(facts),
        config=PriceConfig.from_settings(scope(settings, "price")),
    )
    # Rows of the ranking among those that have prices.
    price_rows = rows_of(ids, row_by_id(priced))
    return Pool(
        ids=ranking.candidates,
        ranks=ranking.ranks(),
        match=match,
        match_is=match_is,
        followers=_sizes(facts, rows).followers,
        prices=Prices(*(values[price_rows] for values in all_prices)),
        forecast=dataset.cached("forecast", lambda: forecast_all(dataset)).subset(rows),
        audience=Audiences(dataset, ids).matrix.astype(np.float64),
        priced_strangers=tuple(account for account in price_by_account if account not in row_of),
        price_notes=stated_prices.notes,
    )


def _usual_rate(facts: Facts) -> float:
    """Median engagement rate of all influencers of the workspace, so that the estimated price of one does not
    depend on the others of a set."""
    return median_rate(facts.engagement.cast("float64").to_numpy(zero_copy_only=False))


class _Sizes(NamedTuple):
    """Followers and engagement rates (n,), NaN if unknown."""

    followers: np.ndarray
    engagement_rates: np.ndarray


def _sizes(facts: Facts, rows: np.ndarray) -> _Sizes:
    """Followers and engagement rates of the influencers in these rows."""
    columns = (facts.followers, facts.engagement)
    return _Sizes(*(column.cast("float64").to_numpy(zero_copy_only=False)[rows] for column in columns))


class _Match(NamedTuple):
    """values: (n,) of the candidates, NaN without evidence; kind: what they are."""

    values: np.ndarray
    kind: MatchIs


def _match(context: RankingContext, ranking: Ranking) -> _Match:
    """The probability of each candidate, or without probabilities the share of candidates that it is ahead
    of."""
    brand = np.array([ranking.brand], dtype=object)
    probability = context.model.probability(context.dataset, brand, ranking.candidates)
    if probability is not None:
        # (1, n) for one brand.
        return _Match(probability.value[0], "chance")
    # (n,) 1 for the first, 1 / n for the last of n candidates.
    share = 1 - ranking.ahead() / max(ranking.among, 1)
    return _Match(np.where(np.isnan(ranking.scores), np.nan, share), "rank share")
