"""All candidates of a brand, ranked, and the part of that list that a query selects.

Every answer with ranks (lists, files, explanations, shortlists, reports) comes from here, so that all of them
agree:

    RankingContext   model, data and brand
    rank_candidates  all candidates within the bounds, ranked; ``cached_ranking`` stores the result
    with_guests      the same with accounts that are shown without being candidates
    narrowed         the list of a ``RankingQuery``
    exclusion        the reason why an influencer is not in that list
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from brandfit.arguments import checked
from brandfit.data.candidates import Counted, counted, listed
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.exposure import DEPTH, TIERS, UNKNOWN, TierShares, distance, parity_scores, tiers_of
from brandfit.pipeline.candidates import (
    FOLLOWERS,
    Bounds,
    Candidates,
    bounds,
    bounds_text,
    candidates,
    met,
    with_counts,
    with_incomplete,
)
from brandfit.pipeline.lookup import find_brand, find_influencers
from brandfit.pipeline.query import RankingQuery
from brandfit.pipeline.search import matching
from brandfit.pipeline.training import default_ranker, fitted
from brandfit.rankers.base import Ranker
from brandfit.ranking import Ranking, weighted
from brandfit.search import feedback, filters
from brandfit.search.facts import Facts
from brandfit.search.lookalike import Lookalikes
from brandfit.workspace import Workspace


@dataclass(frozen=True)
class RankingContext:
    """A model, the Dataset that it reads, and the brand that it ranks for.

    within  bounds of the candidates
    """

    workspace: Workspace
    model: Ranker
    dataset: Dataset
    brand: str
    within: Bounds

    @classmethod
    def from_workspace(
        cls,
        workspace: Workspace,
        brand: str,
        *,
        ranker: str | None,
        data: Mapping[str, Any] | None,
        followers: str | None = None,
        query: RankingQuery | None = None,
    ) -> RankingContext:
        """Load the ranker (None: the default one) and choose the bounds.

        followers  bounds as the caller types them; None for the usual ones
        query      a condition on followers replaces the usual bounds

        Raises UnknownName and UsageError for the brand (``find_brand``).
        """
        # New posts of the brand are encoded in memory if they are few.
        model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data, brand=brand)
        brand = find_brand(dataset, brand)
        condition = filters.condition(query.where) if query is not None else None
        return cls(workspace, model, dataset, brand, within=bounds(followers, data, condition))

    @property
    def facts(self) -> Facts:
        """Facts of the influencers; the Dataset caches them."""
        return facts_of(self.dataset)

    def candidates(self, *, partners: bool) -> Candidates:
        """The candidates of the brand; ``partners``: past partners too."""
        return candidates(self.dataset, self.brand, partners=partners, within=self.within)


@checked
def narrowing_text(query: RankingQuery, followers: str | None = None) -> str:
    """What narrows the list of a query, with bounds of followers that are not the usual ones; "" if nothing
    does.

    followers  bounds as the caller types them; None or "" for the usual ones
    """
    within = bounds(followers, None, filters.condition(query.where))
    return "; ".join(filter(None, [query.narrowed_by, bounds_text(within)]))


class NarrowedRanking(NamedTuple):
    """The list of a query, and the list that it was taken from.

    listed    candidates that the query keeps
    everyone  all candidates and guests, with the scores and in the order of the query
    """

    listed: Ranking
    everyone: Ranking


def facts_of(dataset: Dataset) -> Facts:
    """Facts of the influencers of a Dataset, which caches them."""
    return dataset.cached("facts", lambda: Facts(dataset))


def rank_candidates(context: RankingContext, *, partners: bool) -> Ranking:
    """All candidates within the bounds, best first, with the others counted by reason.

    Raises UsageError if all influencers are left out.
    """
    pool = context.candidates(partners=partners)
    if not len(pool.ids) and pool.excluded:
        raise UsageError(
            f"No influencer is a candidate for {context.brand}. Left out: {listed(pool.excluded)}.",
            f"Change the bounds ({context.within.sentence}): --followers 1k..500k. To see past partners: "
            "--partners.",
        )
    return with_counts(context.model.rank(context.dataset, context.brand, candidates=pool.ids), pool)


def cached_ranking(context: RankingContext, *, partners: bool) -> Ranking:
    """``rank_candidates``; the workspace caches the latest results."""
    model, dataset = context.model, context.dataset
    # The entry holds the model and the Dataset, so that no other object can get the same id.
    ranking: Ranking = context.workspace.memo.get(
        "rankings",
        (id(model), id(dataset), context.brand, partners, context.within),
        lambda: (rank_candidates(context, partners=partners), model, dataset),
    )[0]
    return ranking


def with_guests(context: RankingContext, accounts: Sequence[str], *, partners: bool = False) -> Ranking:
    """The ranking of all candidates, with those of ``accounts`` that are no candidates as guests.

    Raises UnknownName.
    """
    accounts = find_influencers(context.dataset, accounts)
    pool = context.candidates(partners=partners)
    candidate_ids = set(pool.ids.tolist())
    guests = [id for id in dict.fromkeys(accounts) if id not in candidate_ids]
    if candidate_ids or not guests:
        ranking = cached_ranking(context, partners=partners)
    else:
        # Without candidates ``rank_candidates`` raises. Guests can be shown all the same.
        ranking = with_counts(_empty_ranking(context), pool)
    if not guests:
        return ranking
    # Guests are scored apart from the candidates, so that they change no score and no rank.
    guest_ids = np.array(guests, dtype=object)
    return ranking.with_guests(context.model.rank(context.dataset, context.brand, candidates=guest_ids))


def _empty_ranking(context: RankingContext) -> Ranking:
    return Ranking(
        brand=context.brand,
        candidates=np.array([], dtype=object),
        scores=np.array([]),
        parts={},
        ranker=context.model.name,
        fingerprint=context.dataset.fingerprint,
    )


def narrowed(ranking: Ranking, context: RankingContext, *, query: RankingQuery) -> NarrowedRanking:
    """The list of a query, from the ranking of all candidates (and guests).

    Raises UnknownName for an account that is not in the workspace.
    """
    everyone = _adjusted(ranking, context, query)
    # Guests take part in no list; they are added again by ``with_left_out``.
    candidates_only = everyone if everyone.guests is None else everyone.subset(everyone.is_candidate)
    candidates_only = replace(candidates_only, guests=None)
    found = _selected(candidates_only, context, query)
    # Counts and notes on unknown values follow the list. Disliked ones are already out of ``everyone``.
    if len(found) < len(candidates_only) or query.dislike:
        pool = context.candidates(partners=query.partners)
        found = with_incomplete(found, pool)
        found = _with_unknown_slots(found, context, pool.ids)
    if query.like or query.dislike:
        note = feedback.adjusted_note(found, query.like, query.dislike)
        found = replace(found, notes=(note, *found.notes))
    if query.exposure:
        found = _with_parity(found, context)
    return NarrowedRanking(found, everyone)


def _adjusted(ranking: Ranking, context: RankingContext, query: RankingQuery) -> Ranking:
    """The ranking by the weights, likes and dislikes of the query; disliked influencers are left out."""
    # Weights come first: likes and dislikes move an influencer relative to the spread of the weighted scores.
    if query.weights:
        ranking = weighted(ranking, query.weights)
    if query.like or query.dislike:
        lookalikes = context.dataset.cached("lookalikes", lambda: Lookalikes(context.dataset))
        ranking = feedback.refined(ranking, lookalikes, like=query.like, dislike=query.dislike)
    return ranking


def _selected(ranking: Ranking, context: RankingContext, query: RankingQuery) -> Ranking:
    """The candidates that the query keeps: first by name, then by condition, then by words. Each reason
    counts only those that the reasons before it left in."""
    ranking = feedback.without(
        ranking,
        excluded=find_influencers(context.dataset, query.exclude),
        disliked=find_influencers(context.dataset, query.not_this),
    )
    if (condition := filters.condition(query.where)) is not None:
        by_condition = met(condition, context.facts, ranking.candidates)
        ranking = ranking.narrowed(by_condition.is_met, by_condition.excluded)
        ranking = replace(ranking, notes=(*filters.notes(condition, context.facts), *ranking.notes))
    if query.keywords:
        words = matching(context.workspace, context.dataset, query.keywords)
        matches = np.isin(ranking.candidates.astype(str), words.ids.astype(str))  # (n_candidates,)
        others = counted("no_match", "without a match for the words", ids=ranking.candidates[~matches])
        ranking = ranking.narrowed(matches, others)
        ranking = replace(ranking, notes=(*words.notes, *ranking.notes))
    return ranking


def _with_unknown_slots(ranking: Ranking, context: RankingContext, candidate_ids: np.ndarray) -> Ranking:
    """The ranking with notes on unknown slots that count its own rows, in place of the notes that count all
    candidates (``candidate_ids``)."""
    is_listed = np.isin(candidate_ids.astype(str), ranking.candidates.astype(str))
    old = context.model.unknown(context.dataset, ranking.brand, candidate_ids)
    new: list[str] = []
    if is_listed.any():
        new = context.model.unknown(context.dataset, ranking.brand, candidate_ids[is_listed])
    # The new notes take the position of the first old one.
    position = next((n for n, note in enumerate(ranking.notes) if note in old), len(ranking.notes))
    notes = [note for note in ranking.notes if note not in old]
    return replace(ranking, notes=(*notes[:position], *new, *notes[position:]))


def _with_parity(ranking: Ranking, context: RankingContext) -> Ranking:
    """The list in the order with parity of exposure by follower tier, with a note on what it costs.

    Candidates without evidence stay last. Guests that are added later have the places of their scores.
    """
    # (n,) tiers and shares are those of the list, best first.
    tiers = tiers_of(context.dataset.account_values(FOLLOWERS, ranking.candidates))
    scores = ranking.scores
    if note := _no_parity_note(scores, tiers):
        return replace(ranking, notes=(note, *ranking.notes))
    fair = parity_scores(scores, tiers, order=np.arange(len(scores)))
    rows = np.argsort(-np.nan_to_num(fair, nan=-np.inf), kind="stable")
    note = _parity_note(scores, tiers, rows=rows)
    return replace(ranking.reordered(rows), notes=(note, *ranking.notes))


PARITY_BEGINNING = "each follower tier"
"""Beginning of every note on parity, by which a page finds the note to show next to the list."""


def _no_parity_note(scores: np.ndarray, tiers: np.ndarray) -> str:
    """Why parity changes nothing in a list with these scores and tiers (n,); "" if it may change the
    order."""
    is_scored = ~np.isnan(scores)
    n_scored = int(is_scored.sum())
    tier_numbers = set(tiers[is_scored].tolist())
    if not n_scored:
        reason = "no listed candidate has a score"
    elif tier_numbers == {UNKNOWN}:
        reason = f"the followers of all {n_scored:,} listed candidates with a score are unknown"
    elif len(tier_numbers) == 1:
        tier = TIERS[tier_numbers.pop()]
        reason = f"all {n_scored:,} listed candidates with a score are in one tier, {tier} followers"
    else:
        return ""
    return (
        f"{PARITY_BEGINNING} would have its share of the candidates at every place, but {reason}: the order "
        "is that of the scores, and no distance is measured"
    )


def _parity_note(scores: np.ndarray, tiers: np.ndarray, *, rows: np.ndarray) -> str:
    """What the new order (rows (n,) of the old one) changes among the first places."""
    # Candidates without a score are last in both orders.
    depth = min(DEPTH, int((~np.isnan(scores)).sum()))
    n_new = int((rows[:depth] >= depth).sum())
    # Only the order counts here, so places are used as scores.
    places = -np.arange(len(rows), dtype=np.float64)
    all_rows = np.ones(len(rows), bool)
    before = TierShares.of_brand(places, tiers, is_partner=all_rows)
    after = TierShares.of_brand(places, tiers[rows], is_partner=all_rows)
    distances = [distance(shares.exposure, shares.candidates) for shares in (before, after)]
    means = [float(np.mean(values)) for values in (scores[:depth], scores[rows[:depth]])]
    n_unknown = int((tiers == UNKNOWN).sum())
    own_tier = f"; the {n_unknown:,} with unknown followers count as one tier" if n_unknown else ""
    return (
        f"{PARITY_BEGINNING} has its share of the candidates at every place, not the best score: {n_new:,} "
        f"of the first {depth} are not among the best {depth} by score; the distance of the exposure from "
        f"the shares of the candidates goes from {distances[0]:.3f} to {distances[1]:.3f}, the mean score "
        f"of the first {depth} from {means[0]:.3f} to {means[1]:.3f}{own_tier}"
    )


def exclusion(context: RankingContext, query: RankingQuery, *, influencer: str) -> Counted | None:
    """The reason why an influencer is not in the list of a query; None if it is listed."""

    def reason(name: str, text: str) -> Counted:
        return Counted(name, text, 1, (influencer,))

    # The reasons are checked in the order in which ``narrowed`` applies them.
    if influencer in query.dislike or influencer in query.not_this:
        return reason("disliked", "marked “Not this”")
    if influencer in query.exclude:
        return reason("excluded", "excluded by name")
    if influencer not in set(context.candidates(partners=query.partners).ids.tolist()):
        if not query.partners and influencer in context.dataset.partners.get(context.brand, set()):
            return reason("partner", "past partner of the brand")
        return reason("outside_bounds", f"outside the bounds of {context.within.sentence}")
    # The condition of the query on this one influencer.
    if condition := filters.condition(query.where):
        excluded = met(condition, context.facts, [influencer]).excluded
        if excluded:
            return excluded[0]
    if query.keywords:
        words = matching(context.workspace, context.dataset, query.keywords)
        if influencer not in set(words.ids.tolist()):
            return reason("no_match", "without a match for the words")
    return None
