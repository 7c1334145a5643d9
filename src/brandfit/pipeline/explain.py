"""Why a ranker gave an influencer its score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from brandfit.arguments import Account, Texts, checked
from brandfit.data.candidates import sentences as counts_in_words
from brandfit.data.dataset import Dataset
from brandfit.explain import explain as explaining
from brandfit.explain import heatmap, render
from brandfit.explain.explanation import Explanation, MapMethod
from brandfit.explain.text import sentences as explaining_sentences
from brandfit.pipeline.candidates import Bounds, bounds
from brandfit.pipeline.datasets import check_settings, find_brand, find_influencer, reader_of
from brandfit.pipeline.missing_features import encoding_of
from brandfit.pipeline.ranking import RankingQuery, default_ranker, fitted, narrowed, with_guests
from brandfit.rankers.base import Ranker
from brandfit.search import filters
from brandfit.workspace import Place, Workspace, as_workspace


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
) -> tuple[Explanation, Dataset]:
    """Why a ranker gave an influencer its score for a brand, and the Dataset that it is about.

    settings    ``ENCODER.NAME`` of the encoders that filled the slots text and picture, where they are not
                the default ones
    followers   bounds of the candidates among whom its place is told, as in ``rank``
    map_method  how heat maps are made (``explain.heatmap``)
    query       the list in which its place and score are; the whole ranking unless said. Weights and likes
                change the score and its parts, not what posts, columns, words and pictures add
    """
    workspace = as_workspace(workspace)
    kinds, sides = tuple(kinds), tuple(sides)
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data, brand=brand)
    check_settings(settings, dataset)
    brand, influencer = find_brand(dataset, brand), find_influencer(dataset, influencer)
    wanted = {"words": "text", "maps": "picture"}
    readers = {
        slot: reader_of(dataset.slots[slot], settings)
        for kind, slot in wanted.items()
        if kind in kinds and slot in dataset.slots
    }
    query = query or RankingQuery()
    within = bounds(followers, data, filters.condition(query.where))
    encoders = {slot: reader for slot, reader in readers.items() if reader is not None}

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

    # What is kept holds the model and the Dataset, so that their ids stay theirs.
    asked = (
        tuple(sorted(set(kinds))),
        sides,
        tuple(sorted((name, str(value)) for name, value in (settings or {}).items())),
        seed,
        map_method,
    )
    key = (id(model), id(dataset), brand, influencer, *asked)
    made = workspace.memo.get("explanations", key, lambda: (explained(), model, dataset))[0]
    return _placed(workspace, made, model=model, dataset=dataset, query=query, within=within), dataset


def _placed(
    workspace: Workspace,
    explanation: Explanation,
    *,
    model: Ranker,
    dataset: Dataset,
    query: RankingQuery,
    within: Bounds,
) -> Explanation:
    """The explanation with the place, the score and the parts that the influencer has in the list of a
    query."""
    brand, influencer = explanation.brand, explanation.influencer
    left_out = query.exclusion(dataset, brand, influencer=influencer, within=within)
    own = query.without_marks_on(influencer)
    everybody = with_guests(
        workspace,
        model,
        dataset=dataset,
        brand=brand,
        within=within,
        shown=[influencer],
        partners=query.partners,
    )
    listed, everybody = narrowed(everybody, model, dataset=dataset, query=own, within=within)
    shown = listed.with_left_out(everybody, [influencer])
    at = shown.candidates.tolist().index(influencer)
    row = shown.subset(slice(at, at + 1)).rows()[0]
    more = {
        **explanation.more,
        "rank": shown.ranks()[at],
        "candidates": listed.among,
        "excluded": [group.to_dict() for group in listed.excluded],
        **{name: row[name] for name in ("moved", "because") if name in row},
    }
    notes = [*encoding_of(workspace, dataset, [brand, influencer]).notes, *explanation.notes]
    if left_out is not None:
        place = int(shown.ahead()[at]) + 1
        more["left_out"] = {
            "reason": left_out.reason,
            "text": left_out.text,
            "rank_otherwise": place,
            "candidates_otherwise": listed.among + 1,
        }
        notes.append(f"{influencer} has no place in the ranking: it is {left_out.text}")
    if own.adjusts:
        more["score_as_learned"] = explanation.score
        parts = {name: value for name, value in row["parts"].items() if value is not None}
        explanation = replace(explanation, score=row["score"], parts=parts)
        notes.append(
            "weights and likes change the score and its parts; posts, columns, words and pictures explain "
            f"the score as learned ({more['score_as_learned']:.2f})"
        )
    found = replace(explanation, notes=(*notes, *counts_in_words(listed.among, listed.excluded)), more=more)
    return replace(found, sentences=explaining_sentences(found))


@checked
def map_methods(
    workspace: Place, ranker: str | None = None, data: Mapping[str, Any] | None = None
) -> list[MapMethod]:
    """The methods that can draw heat maps here for a ranker."""
    workspace = as_workspace(workspace)
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data)
    encoder = reader_of(dataset.slots["picture"], None) if "picture" in dataset.slots else None
    methods: tuple[MapMethod, ...] = get_args(MapMethod)
    return [
        method
        for method in methods
        if heatmap.lacking(method, model, dataset=dataset, encoder=encoder) is None
    ]


@checked
def save_explanation(explanation: Explanation, dataset: Dataset, folder: str | Path) -> list[Path]:
    """Its JSON and drawings in a folder."""
    return render.save(explanation, dataset, folder)
