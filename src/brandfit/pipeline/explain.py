"""Explanations of the score that a ranker gave an influencer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, get_args

from brandfit.arguments import Account, Texts, checked
from brandfit.data.candidates import Counted
from brandfit.data.candidates import sentences as counts_in_words
from brandfit.data.dataset import Dataset
from brandfit.explain import explain as explaining
from brandfit.explain import heatmap, render
from brandfit.explain.explanation import Explanation, MapMethod
from brandfit.explain.text import sentences as explaining_sentences
from brandfit.pipeline.brands import pair
from brandfit.pipeline.lookup import find_influencer
from brandfit.pipeline.missing_features import encoding_of
from brandfit.pipeline.narrowing import RankingContext, exclusion, narrowed, with_guests
from brandfit.pipeline.query import RankingQuery
from brandfit.pipeline.readers import reader_of
from brandfit.pipeline.settings import check_settings
from brandfit.pipeline.training import default_ranker, fitted
from brandfit.workspace import Place, as_workspace

SLOT_OF_KIND = {"words": "text", "phrases": "text", "maps": "picture"}
"""Kinds of explanations that read contents again, to the slot of these contents."""


class Explained(NamedTuple):
    """An explanation, and the Dataset that it is about."""

    explanation: Explanation
    dataset: Dataset


@checked
def explain(
    workspace: Place,
    brand: Account,
    influencer: Account,
    *,
    ranker: str | None = None,
    kinds: Texts = ("posts", "columns"),
    sides: Texts = ("influencer",),
    settings: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    seed: int = 0,
    followers: str | None = None,
    map_method: MapMethod = "occlusion",
    query: RankingQuery | None = None,
    both: bool = False,
    not_this: Mapping[str, Sequence[str]] | None = None,
) -> Explained:
    """Why a ranker gave an influencer its score for a brand.

    settings    ``ENCODER.NAME`` of the encoders that filled the slots text and picture, in place of those
                that the workspace has recorded
    followers   bounds of the candidates among which the influencer has its rank, as in ``rank``
    map_method  how heat maps are made (``explain.heatmap``)
    query       the list in which the influencer has its rank and score; default: the whole ranking. Weights
                and likes change the score and its parts, not what posts, columns, words and pictures add
    both        also whether the pair suits both sides, each alone and together (C-18, ``pair``); it ranks all
                brands for the influencer, under ``more["both_sides"]``; its ``basis`` says which ranks these
                are if those of the query may be others
    not_this    for ``both``: brand to influencers that are marked “Not this” for it, as in ``brands_for``;
                the marks of the query count for this brand
    """
    workspace = as_workspace(workspace)
    kinds, sides, query = tuple(kinds), tuple(sides), query or RankingQuery()
    context = RankingContext.from_workspace(
        workspace, brand, ranker=ranker, data=data, followers=followers, query=query
    )
    model, dataset, brand = context.model, context.dataset, context.brand
    check_settings(settings, dataset)
    influencer = find_influencer(dataset, influencer)
    # Words and parts of pictures are encoded again, which only some encoders can do.
    encoders = {}
    for kind, slot in SLOT_OF_KIND.items():
        if kind in kinds and slot in dataset.slots:
            reader = reader_of(workspace, dataset.slots[slot], settings)
            if reader is not None:
                encoders[slot] = reader

    def explained() -> Explanation:
        return explaining.explain(
            model,
            dataset,
            brand=brand,
            influencer=influencer,
            kinds=kinds,
            sides=sides,
            encoders=encoders,
            more={},
            seed=seed,
            map_method=map_method,
        )

    # An explanation is expensive and does not depend on the query, so it is cached without rank and counts.
    setting_texts = tuple(sorted((name, str(value)) for name, value in (settings or {}).items()))
    options = (tuple(sorted(set(kinds))), sides, setting_texts, seed, map_method)
    # The entry holds the model and the Dataset, so that no other object can get the same id.
    explanation = workspace.memo.get(
        "explanations",
        (id(model), id(dataset), brand, influencer, *options),
        lambda: (explained(), model, dataset),
    )[0]
    explanation = _with_rank(explanation, context, query)
    if both:
        decision = pair(
            workspace,
            brand,
            influencer,
            ranker=ranker,
            data=data,
            followers=followers,
            not_this={**(not_this or {}), brand: [*query.not_this, *query.dislike]},
            shown_with=query,
        )
        explanation = replace(explanation, more={**explanation.more, "both_sides": decision.to_dict()})
        explanation = replace(explanation, sentences=explaining_sentences(explanation))
    return Explained(explanation, dataset)


def _with_rank(explanation: Explanation, context: RankingContext, query: RankingQuery) -> Explanation:
    """The explanation with the rank, the score and the parts that the influencer has in the list of a
    query."""
    influencer = explanation.influencer
    exclusion_reason = exclusion(context, query, influencer=influencer)
    # A dislike of this influencer must not lower its own score here; it only leaves the influencer out.
    own_query = query.without_marks_on(influencer)
    # The influencer takes part as a guest if it is no candidate, so that it has a score and a rank otherwise.
    everyone = with_guests(context, [influencer], partners=query.partners)
    listed, everyone = narrowed(everyone, context, query=own_query)
    ranking = listed.with_left_out(everyone, [influencer])
    # Its row in the list.
    position = ranking.candidates.tolist().index(influencer)
    row = ranking.subset(slice(position, position + 1)).rows()[0]
    more = {
        **explanation.more,
        "rank": ranking.ranks()[position],
        "candidates": listed.among,
        "excluded": list(map(Counted.to_dict, listed.excluded)),
        **{name: row[name] for name in ("moved", "because") if name in row},
    }
    accounts = [context.brand, influencer]
    notes = [*encoding_of(context.workspace, context.dataset, accounts).notes, *explanation.notes]
    if exclusion_reason is not None:
        more["left_out"] = {
            "reason": exclusion_reason.reason,
            "text": exclusion_reason.text,
            "rank_otherwise": int(ranking.ahead()[position]) + 1,
            "candidates_otherwise": listed.among + 1,
        }
        notes.append(f"{influencer} has no place in the ranking: it is {exclusion_reason.text}")
    if own_query.adjusts:
        more["score_as_learned"] = explanation.score
        notes.append(
            "weights and likes change the score and its parts; posts, columns, words and pictures explain "
            f"the score as learned ({explanation.score:.2f})"
        )
        parts = {name: value for name, value in row["parts"].items() if value is not None}
        explanation = replace(explanation, score=row["score"], parts=parts)
    notes.extend(counts_in_words(listed.among, listed.excluded))
    explanation = replace(explanation, notes=tuple(notes), more=more)
    return replace(explanation, sentences=explaining_sentences(explanation))


@checked
def map_methods(
    workspace: Place, ranker: str | None = None, data: Mapping[str, Any] | None = None
) -> list[MapMethod]:
    """The methods that can draw heat maps for a ranker in this workspace."""
    workspace = as_workspace(workspace)
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data)
    # Some methods need an encoder that can encode parts of pictures.
    features = dataset.slots.get("picture")
    encoder = reader_of(workspace, features, None) if features is not None else None
    methods: tuple[MapMethod, ...] = get_args(MapMethod)
    return [
        method
        for method in methods
        if heatmap.lacking(method, model, dataset=dataset, encoder=encoder) is None
    ]


@checked
def save_explanation(explanation: Explanation, dataset: Dataset, folder: str | Path) -> list[Path]:
    """Write the explanation as JSON and drawings into a folder. Returns the files."""
    return render.save(explanation, dataset, folder)
