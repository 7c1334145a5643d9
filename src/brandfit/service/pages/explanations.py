"""Why an influencer has its rank for a brand: the score and its parts, and evidence from posts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from brandfit import pipeline
from brandfit.errors import BrandfitError
from brandfit.explain.explanation import Explanation, MapMethod
from brandfit.explain.text import significant_items
from brandfit.report.cards import both_sides
from brandfit.service.http.dependencies import CurrentWorkspace, Store
from brandfit.service.pages._page import Reader, message_of, page
from brandfit.service.pages._ranking_form import Form, RankingForm
from brandfit.service.store.annotations import NO_ANNOTATION
from brandfit.service.store.service_store import ServiceStore
from brandfit.service.views import accounts, rankings
from brandfit.service.views.json_types import plain
from brandfit.service.views.opinions import opinions
from brandfit.workspace import Workspace

router = APIRouter()
Side = Literal["influencer", "brand"]
Piece = Literal["posts", "columns", "words", "phrases", "maps", "both"]
PIECES: dict[str, str] = {
    "posts": "Posts that speak for it, and against it",
    "columns": "Topics and other named columns",
    "words": "Words that speak for it, and against it",
    "phrases": "Phrases that speak for it, and against it",
    "maps": "Where in the pictures",
    "both": "Whether it suits both sides",
}
"""Parts of the page with a separate address, and their titles."""
METHODS: dict[MapMethod, tuple[str, str]] = {
    "occlusion": ("By covering parts", "Each part of a picture was covered, and the pair scored again."),
    "gradient": (
        "By small changes",
        "Colours say how small changes of each part would change the similarity of the picture to the "
        "pictures of the other side.",
    ),
    "wsim": (
        "What counts for the other side",
        "Colours say what the ranker learned to look for in pictures for the other side.",
    ),
    "wsim-general": (
        "What counts in general",
        "Colours say what the ranker learned to look for in pictures, for all brands.",
    ),
}
"""Method of heat maps to the text of its button and a sentence."""
MOST = 12
"""Items of a kind on the page."""


@router.get("/brands/{brand}/why/{influencer}")
def why(
    request: Request,
    _: Reader,
    *,
    workspace: CurrentWorkspace,
    store: Store,
    brand: str,
    influencer: str,
    form: Form,
    side: Side = "influencer",
) -> Response:
    """The score, its parts and the topics of both. Slow parts have separate pages, which a script loads into
    this one."""
    brand, influencer = rankings.pair(workspace, brand, influencer)
    explanation, error = explained(workspace, store, brand=brand, influencer=influencer, form=form)
    dataset = pipeline.load(workspace)
    return page(
        request,
        "why.html",
        status=200 if explanation else 422,
        brand=brand,
        influencer=influencer,
        error=error,
        explanation=explanation,
        side=side,
        address=form.address,
        pieces=_offered_pieces(workspace),
        pictures=accounts.faces(workspace, [brand, influencer], 4),
        description=accounts.described(workspace, [influencer])[influencer],
        annotation=store.annotations(brand).get(influencer, NO_ANNOTATION),
        is_partner=influencer in dataset.partners.get(brand, set()),
        representation=dataset.representation[brand],
        seen_by=accounts.REPRESENTATION[dataset.representation[brand]],
        unread=unread_notes(workspace, [brand, influencer], ranker=form.ranker or None),
    )


@router.get("/brands/{brand}/why/{influencer}/{piece}")
def piece(  # FastAPI: one argument per parameter of the request
    request: Request,
    _: Reader,
    *,
    workspace: CurrentWorkspace,
    store: Store,
    brand: str,
    influencer: str,
    piece: Piece,
    form: Form,
    side: Side = "influencer",
    map_method: MapMethod = "occlusion",
) -> Response:
    """What the posts, columns, words or pictures of one side add to the score; or the pair from both
    sides."""
    brand, influencer = rankings.pair(workspace, brand, influencer)
    pair = Pair(brand, influencer)
    representation = pipeline.load(workspace).representation[brand]
    values: dict[str, Any] = {
        "as_learned": None,
        "attributions": [],
        "maps": [],
        "pair": None,
        "posts": {},
        "error": "",
        "notes": [],
        "methods": {},
    }
    try:
        if piece == "both":
            values["pair"] = _both_sides_of(workspace, store, pair=pair, form=form)
        else:
            values |= _evidence(
                workspace, store, pair=pair, form=form, kind=piece, side=side, map_method=map_method
            )
    except BrandfitError as raised:
        values["error"] = message_of(raised)
    return page(
        request,
        "why_piece.html",
        brand=brand,
        influencer=influencer,
        owner=influencer if side == "influencer" else brand,
        by_partners=side == "brand" and representation == "partners",
        representation=representation,
        side=side,
        ranker=form.ranker,
        address=form.address,
        piece=piece,
        title=PIECES[piece],
        method=map_method,
        **values,
    )


class Pair(NamedTuple):
    """A brand and an influencer, by id."""

    brand: str
    influencer: str


def _both_sides_of(
    workspace: Workspace, store: ServiceStore, *, pair: Pair, form: RankingForm
) -> pipeline.Pair:
    """The rank of each side for the other one."""
    query = form.query(workspace, pair.brand, opinions(workspace, store, pair.brand))
    return pipeline.pair(
        workspace,
        pair.brand,
        influencer=pair.influencer,
        ranker=form.ranker or None,
        followers=form.followers or None,
        not_this=store.dislikes(),
        shown_with=query,
    )


def _evidence(
    workspace: Workspace,
    store: ServiceStore,
    *,
    pair: Pair,
    form: RankingForm,
    kind: str,
    side: Side,
    map_method: MapMethod,
) -> dict[str, Any]:
    """Values of the template for evidence of one kind from one side."""
    methods = {}
    # Only maps have several methods, and which ones depends on the ranker and its features.
    if kind == "maps":
        offered = pipeline.map_methods(workspace, form.ranker or None)
        methods = {method: METHODS[method] for method in offered}
    explanation, _dataset = pipeline.explain(
        workspace,
        pair.brand,
        influencer=pair.influencer,
        ranker=form.ranker or None,
        kinds=(kind,),
        sides=(side,),
        followers=form.followers or None,
        map_method=map_method,
    )
    # The Why page shows the notes of the score: here only those that this evidence adds.
    # The score of the list, with its weights and likes; the evidence explains the score as learned.
    score, _ = explained(workspace, store, brand=pair.brand, influencer=pair.influencer, form=form)
    notes_of_score = score["notes"] if score else []
    return {
        "methods": methods,
        "as_learned": score["as_learned"] if score else None,
        "notes": [note for note in explanation.notes if note not in notes_of_score],
        "attributions": _attribution_tables(explanation, kind=kind, side=side),
        "maps": list(explanation.maps),
        "posts": accounts.posts_of(workspace, _posts_in(explanation)),
    }


def _attribution_tables(explanation: Explanation, *, kind: str, side: Side) -> list[dict[str, Any]]:
    """The attributions with their largest items, which of these are significant, and the decimals to
    print."""
    tables = []
    attributions = explanation.attributions_of(kind, side)
    # A brand without posts is represented by its partners: these come before their posts.
    if kind == "posts":
        attributions = explanation.attributions_of("partners", side) + attributions
    for attribution in attributions:
        if not attribution.items:
            continue
        items = attribution.items[:MOST]
        tables.append(
            {
                "attribution": attribution,
                "items": items,
                "significant": {item.id for item in significant_items(attribution)},
                "digits": _digits([item.value for item in items]),
            }
        )
    return tables


def _posts_in(explanation: Explanation) -> list[str]:
    """Ids of the posts that maps and attributions show."""
    posts = [one.post for one in explanation.maps]
    for attribution in explanation.attributions_of("posts"):
        posts += [item.id for item in attribution.items[:MOST]]
    return posts


class Explained(NamedTuple):
    """The values of a pair for templates, or the error why there are none."""

    values: dict[str, Any] | None
    error: str


def explained(
    workspace: Workspace, store: ServiceStore, *, brand: str, influencer: str, form: RankingForm
) -> Explained:
    """Score, parts and rank of a pair in the list that the form describes."""
    try:
        query = form.query(workspace, brand, opinions(workspace, store, brand))
        explanation, _ = pipeline.explain(
            workspace,
            brand,
            influencer=influencer,
            ranker=form.ranker or None,
            kinds=(),
            followers=form.followers or None,
            query=query,
        )
    except BrandfitError as raised:
        return Explained(None, message_of(raised))
    more = explanation.more
    chance = more.get("probability")
    values = {
        "ranker": explanation.ranker,
        "score": explanation.score,
        "sentences": explanation.sentences,
        "parts": dict(explanation.parts),
        "chance": plain(dict(zip(("value", "low", "high"), chance, strict=True))) if chance else None,
        "rank": more.get("rank"),
        "among": more.get("candidates"),
        "left_out": more.get("left_out"),
        "as_learned": more.get("score_as_learned"),
        "moved": {"influencer": influencer, **more} if "moved" in more else None,
        "narrowed_by": pipeline.narrowing_text(query, form.followers),
        "adjusted_by": query.adjusted_by,
        "similar_brands": more.get("like_brands") or [],
        "radar": both_sides(explanation),
        "notes": explanation.notes,
    }
    return Explained(values, "")


def unread_notes(workspace: Workspace, accounts: list[str], *, ranker: str | None) -> tuple[str, ...]:
    """Notes on posts of these accounts that are not encoded."""
    try:
        return pipeline.encoding_notes(workspace, accounts, ranker=ranker)
    except BrandfitError:  # nothing can rank: the page says so in place of the scores
        return ()


def _digits(values: Sequence[float]) -> int:
    """Decimals that show two significant digits of the largest value; two at least, five at most."""
    largest = max(map(abs, values), default=1.0)
    for digits in (2, 3, 4):
        if largest >= 10.0 ** (1 - digits):
            return digits
    return 5


def _offered_pieces(workspace: Workspace) -> dict[str, str]:
    """The pieces for which the workspace has features."""
    slots = pipeline.load(workspace).slots
    has_columns = any(features.columns for features in slots.values())
    has_text = "text" in slots
    is_offered = {"words": has_text, "phrases": has_text, "maps": "picture" in slots, "columns": has_columns}
    return {piece: title for piece, title in PIECES.items() if is_offered.get(piece, True)}
