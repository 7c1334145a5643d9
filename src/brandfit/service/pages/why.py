"""Why an influencer has its place for a brand, the same from the influencer's side, and several influencers
beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from brandfit import pipeline
from brandfit.errors import BrandfitError, UsageError
from brandfit.explain.explanation import MapMethod
from brandfit.explain.text import significant_items
from brandfit.report.cards import both_sides
from brandfit.service import account_views, ranking_views
from brandfit.service.annotations import opinions
from brandfit.service.api._shared import Here, Notes, plain
from brandfit.service.pages._list import Form, ListForm
from brandfit.service.pages._shared import Reader, page
from brandfit.service.store import MARK, ServiceStore
from brandfit.workspace import Workspace

router = APIRouter()
Side = Literal["influencer", "brand"]
PIECES = {
    "posts": "Posts that speak for it, and against it",
    "columns": "Topics and other named columns",
    "words": "Words that speak for it, and against it",
    "maps": "Where in the pictures",
    "both": "Whether it suits both sides",
}
METHODS: dict[MapMethod, tuple[str, str]] = {
    "occlusion": ("By covering parts", "Each part of a picture was covered, and the pair scored again."),
    "gradient": (
        "By small changes",
        "It was computed how small changes of each part move the likeness of the picture to what the other "
        "side shows.",
    ),
    "wsim": (
        "What counts for the other side",
        "Colours say what the ranker learned to look for in pictures for the other side.",
    ),
    "wsim-general": (
        "What counts for anybody",
        "Colours say what the ranker learned to look for in pictures, whoever looks.",
    ),
}
"""How heat maps are made: on a button, and in a sentence."""
MOST = 12
"""Things of a kind that are shown."""
FEWEST_COMPARED, MOST_COMPARED = 2, 4


@router.get("/brands/{brand}/why/{influencer}")
def why(
    request: Request,
    _: Reader,
    *,
    here: Here,
    desk: Notes,
    brand: str,
    influencer: str,
    form: Form,
    side: Side = "influencer",
) -> Response:
    """The score, its parts and what both are about; what takes long is on pages of its own, which a script
    loads into this one."""
    brand, influencer = ranking_views.pair(here, brand, influencer)
    told, wrong = _explained(here, desk, brand=brand, influencer=influencer, form=form)
    return page(
        request,
        "why.html",
        status=200 if told else 422,
        brand=brand,
        influencer=influencer,
        wrong=wrong,
        told=told,
        side=side,
        address=form.address,
        pieces=_offered(here),
        own={id: account_views.faces(here, [id], 4)[id] for id in (brand, influencer)},
        about=account_views.described(here, [influencer])[influencer],
        mark=desk.annotations(brand).get(influencer, MARK),
        worked=influencer in pipeline.load(here).partners.get(brand, set()),
        unread=_unread(here, [brand, influencer], form.ranker or None),
    )


@router.get("/brands/{brand}/why/{influencer}/{piece}")
def piece(
    request: Request,
    _: Reader,
    *,
    here: Here,
    desk: Notes,
    brand: str,
    influencer: str,
    piece: Literal["posts", "columns", "words", "maps", "both"],
    form: Form,
    side: Side = "influencer",
    map_method: MapMethod = "occlusion",
) -> Response:
    """What of the posts, columns, words or pictures of one side makes the score; or the pair from both
    sides."""
    brand, influencer = ranking_views.pair(here, brand, influencer)
    whose = influencer if side == "influencer" else brand
    values: dict[str, Any] = {
        "brand": brand,
        "influencer": influencer,
        "whose": whose,
        "side": side,
        "ranker": form.ranker,
        "address": form.address,
        "as_learned": None,
    }
    values |= {
        "piece": piece,
        "title": PIECES[piece],
        "attributions": [],
        "maps": [],
        "pair": None,
        "posts": {},
        "wrong": "",
    }
    values |= {"notes": [], "method": map_method, "methods": {}}
    try:
        if piece == "both":
            values["pair"] = pipeline.pair(
                here,
                brand,
                influencer=influencer,
                ranker=form.ranker or None,
                followers=form.followers or None,
                not_this=desk.dislikes(),
            )
        else:
            if piece == "maps":
                methods = pipeline.map_methods(here, form.ranker or None)
                values["methods"] = {one: METHODS[one] for one in methods}
            told, _dataset = pipeline.explain(
                here,
                brand,
                influencer=influencer,
                ranker=form.ranker or None,
                kinds=(piece,),
                sides=(side,),
                followers=form.followers or None,
                map_method=map_method,
            )
            quick, _wrong = _explained(here, desk, brand=brand, influencer=influencer, form=form)
            values["as_learned"] = quick["as_learned"] if quick else None
            values["notes"] = [
                note for note in told.notes if quick is None or note not in quick["notes"]
            ]  # of this piece alone
            values["attributions"] = [
                {
                    "told": one,
                    "items": one.items[:MOST],
                    "sure": {item.id for item in significant_items(one)},
                    "digits": _digits([item.value for item in one.items[:MOST]]),
                }
                for one in told.attributions_of(piece, side)
                if one.items
            ]
            values["maps"] = list(told.maps)
            values["posts"] = account_views.posts_of(
                here,
                [one.post for one in told.maps]
                + [item.id for one in told.attributions_of("posts") for item in one.items[:MOST]],
            )
    except BrandfitError as error:
        values["wrong"] = f"{error.message} {error.hint}".strip()
    return page(request, "why_piece.html", **values)


@router.get("/brands/{brand}/compare")
def compare(
    request: Request,
    _: Reader,
    *,
    here: Here,
    desk: Notes,
    brand: str,
    form: Form,
    asked: Annotated[list[str] | None, Query(alias="with", max_length=100)] = None,
) -> Response:
    """Two to four influencers for a brand, side by side."""
    account = account_views.account(here, brand)
    brand = account["id"]
    if account["role"] != "brand" and "seen_by" not in account:
        raise UsageError(f"{brand} is no brand.", "Look it up among the influencers.")
    ids = list(dict.fromkeys(ranking_views.pair(here, brand, one)[1] for one in asked or [] if one.strip()))
    left_out, ids = ids[MOST_COMPARED:], ids[:MOST_COMPARED]
    if len(ids) < FEWEST_COMPARED:
        return page(request, "compare.html", brand=brand, ids=ids, rows=[], address=form.address)
    faces, about, marks = (
        account_views.faces(here, ids),
        account_views.described(here, ids),
        desk.annotations(brand),
    )
    prices = _prices(here, brand, ids=ids, ranker=form.ranker or None)
    rows = []
    for id in ids:
        told, wrong = _explained(here, desk, brand=brand, influencer=id, form=form)
        audience = pipeline.audience(here, id)
        rows.append(
            {
                "influencer": id,
                **(
                    told
                    or {
                        "score": None,
                        "rank": None,
                        "among": 0,
                        "left_out": None,
                        "narrowed_by": "",
                        "adjusted_by": "",
                        "chance": None,
                        "parts": {},
                        "radar": None,
                        "ranker": "",
                    }
                ),
                "wrong": wrong,
                "faces": faces[id],
                "about": about[id],
                "price": prices.get(id),
                "topics": pipeline.topics(here, id, 5),
                "category": pipeline.category(here, id),
                "facts": account_views.facts(here, account_views.account(here, id))
                | account_views.habits(here, id),
                "hints": {hint.name: hint for hint in audience.hints},
                "people": audience.view.people,
                "mark": marks.get(id, MARK),
            }
        )
    return page(
        request,
        "compare.html",
        brand=brand,
        ids=ids,
        rows=rows,
        left_out=left_out,
        shared=pipeline.shared_audiences(here, ids),
        unread=_unread(here, [brand, *ids], form.ranker or None),
        hints=account_views.HINTS,
        currency=pipeline.currency_of(here),
        top=ranking_views.top(rows),
        address=form.address,
    )


def _explained(
    here: Workspace, desk: ServiceStore, *, brand: str, influencer: str, form: ListForm
) -> tuple[dict[str, Any] | None, str]:
    """The score and the place of a pair in the list that the form asks for, or why there is none."""
    try:
        query = form.query(here, brand, opinions(here, desk, brand))
        told, _ = pipeline.explain(
            here,
            brand,
            influencer=influencer,
            ranker=form.ranker or None,
            kinds=(),
            followers=form.followers or None,
            query=query,
        )
    except BrandfitError as error:
        return None, f"{error.message} {error.hint}".strip()
    chance = told.more.get("probability")
    return {
        "ranker": told.ranker,
        "score": told.score,
        "sentences": told.sentences,
        "parts": dict(told.parts),
        "chance": plain(dict(zip(("value", "low", "high"), chance, strict=True))) if chance else None,
        "rank": told.more.get("rank"),
        "among": told.more.get("candidates"),
        "left_out": told.more.get("left_out"),
        "as_learned": told.more.get("score_as_learned"),
        "moved": {"influencer": influencer, **told.more} if "moved" in told.more else None,
        "narrowed_by": query.narrowed_by,
        "adjusted_by": query.adjusted_by,
        "like": told.more.get("like_brands") or [],
        "radar": both_sides(told),
        "notes": told.notes,
    }, ""


def _unread(here: Workspace, accounts: list[str], ranker: str | None) -> tuple[str, ...]:
    """Notes on posts of these accounts that are not encoded."""
    try:
        return pipeline.encoding_notes(here, accounts, ranker=ranker)
    except BrandfitError:  # nothing ranks: said where the scores belong
        return ()


def _digits(values: Sequence[float]) -> int:
    """Decimals with which the largest of these has two digits that say something; two at least, five at
    most."""
    largest = max((abs(value) for value in values), default=1.0)
    return next((digits for digits in (2, 3, 4) if largest >= 10.0 ** (1 - digits)), 5)


def _prices(
    here: Workspace, brand: str, *, ids: list[str], ranker: str | None
) -> dict[str, tuple[float, float, float]]:
    try:
        return pipeline.asking_prices(here, brand, influencers=ids, ranker=ranker)
    except BrandfitError:  # nothing ranks: said where the scores belong
        return {}


def _offered(here: Workspace) -> dict[str, str]:
    """Pieces that there may be something to say of."""
    slots = pipeline.load(here).slots
    there = dict(PIECES)
    if "picture" not in slots:
        del there["maps"]
    if "text" not in slots:
        del there["words"]
    if not any(features.columns for features in slots.values()):
        del there["columns"]
    return there
