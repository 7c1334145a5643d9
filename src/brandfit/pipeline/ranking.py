"""Ranking the influencers of a workspace for a brand, or for a brief."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from brandfit.arguments import Account, Accounts, Count, Files, Texts, Weights, checked, paths
from brandfit.data.dataset import Dataset
from brandfit.data.profiles import WORD
from brandfit.pipeline.candidates import bounds
from brandfit.pipeline.lookup import find_accounts
from brandfit.pipeline.missing_features import encoding_of, older_features_note, with_waiting_notes
from brandfit.pipeline.narrowing import RankingContext, cached_ranking, narrowed, rank_candidates
from brandfit.pipeline.query import RankingQuery
from brandfit.pipeline.readers import readers_of
from brandfit.pipeline.settings import check_settings
from brandfit.pipeline.training import default_ranker, fitted
from brandfit.ranking import Ranking
from brandfit.search.lookalike import BRIEF, with_brief
from brandfit.workspace import Place, as_workspace


@checked
def rank(
    workspace: Place,
    brand: Account,
    *,
    ranker: str | None = None,
    k: Count | None = None,
    partners: bool = False,
    data: Mapping[str, Any] | None = None,
    where: str | Mapping[str, Any] | None = None,
    weights: Weights | None = None,
    like: Accounts | None = (),
    dislike: Accounts | None = (),
    followers: str | None = None,
    exclude: Accounts | None = (),
    not_this: Accounts | None = (),
    keywords: Texts | None = (),
    exposure: str | None = None,
) -> Ranking:
    """The best k influencers for a brand, best first. Past partners are left out unless ``partners``.

    ranker         default: ``default_ranker``
    where          only influencers that meet a condition (``search.filters``)
    weights        part of the score to its weight, for example ``{"picture": 2, "text": 0.5}``; the default
                   weight is 1 (W-20)
    like, dislike  influencers that adjust the order (``search.feedback``); disliked ones are left out
    exclude        influencers that are left out, without any effect on the order of the others
    not_this       as ``exclude``, counted as those that are marked “Not this”
    keywords       only influencers that a search for these words finds, in the order of the ranking
    exposure       "parity": an order in which each follower tier has its share of every prefix, with a note
                   on its cost (``exposure.parity_order``)
    followers      bounds of the candidates, "5k..100k" or "..20k", in place of the usual ones; "0..": none.
                   Accounts whose number of followers is unknown stay in. A condition on followers replaces
                   the usual bounds too.

    ``excluded`` of the result counts influencers that are left out, by reason; ``incomplete`` counts
    candidates with unknown values.
    """
    query = RankingQuery(
        partners=partners,
        where=where,
        weights=weights,
        like=list(like or ()),
        dislike=list(dislike or ()),
        exclude=list(exclude or ()),
        not_this=list(not_this or ()),
        keywords=list(keywords or ()),
        exposure=exposure,
    )
    return rank_query(workspace, brand, query=query, ranker=ranker, k=k, data=data, followers=followers)


@checked
def rank_query(
    workspace: Place,
    brand: Account,
    *,
    query: RankingQuery,
    ranker: str | None = None,
    k: Count | None = None,
    data: Mapping[str, Any] | None = None,
    followers: str | None = None,
) -> Ranking:
    """``rank`` with all that makes and narrows the list in one value."""
    workspace = as_workspace(workspace)
    context = RankingContext.from_workspace(
        workspace, brand, ranker=ranker, data=data, followers=followers, query=query
    )
    everyone = cached_ranking(context, partners=query.partners)
    ranking = narrowed(everyone, context, query=query).listed
    # Before ``top``, because the notes count all candidates.
    ranking = with_waiting_notes(workspace, context.dataset, ranking)
    return ranking if k is None else ranking.top(k)


@checked
def rank_brief(
    workspace: Place,
    text: str,
    *,
    pictures: Files | None = (),
    ranker: str | None = None,
    k: Count | None = None,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    followers: str | None = None,
) -> Ranking:
    """The best influencers for a brand without an account, from a brief of words and pictures.

    settings   ``ENCODER.NAME`` of the encoders that read the brief
    followers  as in ``rank``
    """
    workspace = as_workspace(workspace)
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data, brand=BRIEF)
    check_settings(settings, dataset)
    # Only slots that the ranker reads are encoded.
    all_readers = readers_of(workspace, dataset, settings)
    readers = {slot: reader for slot, reader in all_readers.items() if slot in model.slots}
    with_brand = with_brief(dataset, text, pictures=paths(pictures or (), "pictures"), readers=readers)
    notes = [
        f"{slot} left out: nothing here can read a brief as {dataset.slots[slot].name} read posts"
        for slot in model.used_slots(dataset)
        if slot not in readers and slot not in model.one_sided
    ]
    # The order may then be arbitrary, and the scores do not show it.
    if text.strip() and not _shares_a_word(dataset, text):
        notes.append(
            "no word of the brief is in any post here: only similarity of meaning can order the list"
        )
    # A brief has no past partners.
    context = RankingContext(workspace, model, with_brand, BRIEF, within=bounds(followers, data))
    ranking = rank_candidates(context, partners=True)
    ranking = replace(ranking, notes=(*ranking.notes, *notes))
    return ranking if k is None else ranking.top(k)


def _shares_a_word(dataset: Dataset, text: str) -> bool:
    """Whether a word of the text is in a caption of any account; True if there are no captions."""

    def words_of_posts() -> set[str]:
        words: set[str] = set()
        for caption in dataset.posts["caption"].to_pylist():
            words.update(WORD.findall((caption or "").lower()))
        return words

    known = dataset.cached("words of posts", words_of_posts)
    return not known or any(word in known for word in WORD.findall(text.lower()))


@checked
def encoding_notes(
    workspace: Place,
    accounts: Accounts | None = (),
    *,
    ranker: str | None = None,
    data: Mapping[str, Any] | None = None,
    candidates: bool = False,
) -> tuple[str, ...]:
    """Notes on the posts of these accounts (default: all brands) that a ranker encodes in memory, or leaves
    out because they are not encoded.

    candidates  also a note on the posts of all influencers

    Raises UnknownName.
    """
    workspace = as_workspace(workspace)
    _, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data)
    ids = find_accounts(dataset, accounts or ()) or dataset.brands.tolist()
    notes = encoding_of(workspace, dataset, ids).notes
    older = older_features_note(workspace, dataset, dataset.influencers.tolist()) if candidates else ""
    return (*notes, older) if older else notes


@checked
def lately_ranked(workspace: Place) -> list[str]:
    """Brands with a cached ranking, the latest first."""
    workspace = as_workspace(workspace)
    return list(dict.fromkeys(brand for _, _, brand, *_ in workspace.memo.keys("rankings")))
