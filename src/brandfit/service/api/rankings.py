"""Rankings, why each place, and what people note of influencers for a brand."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Response, UploadFile
from fastapi import Path as PathParameter
from starlette.responses import JSONResponse

from brandfit import pipeline
from brandfit.account_id import account_id
from brandfit.explain.explanation import MapMethod
from brandfit.service import ranking_views
from brandfit.service import store as desks
from brandfit.service.annotations import opinions
from brandfit.service.api._shared import (
    UNCHANGED,
    Followers,
    Here,
    Limit,
    Notes,
    Offset,
    Ranker,
    Reader,
    Unchanged,
    Weights,
    WhereQuery,
    Writer,
    noted,
    plain,
)
from brandfit.service.api.models import (
    Conflict,
    Explanation,
    Handle,
    Keywords,
    Mark,
    Marking,
    Marks,
    Ranking,
)
from brandfit.service.middleware import request_id
from brandfit.service.problems import MEDIA
from brandfit.service.store import Edit
from brandfit.service.uploads import saved, under_their_names

router = APIRouter(tags=["rankings"])
Kinds = Annotated[
    list[Literal["posts", "columns", "words", "maps"]],
    Query(max_length=4, description="words and maps read posts anew: slow"),
]
Method = Annotated[
    MapMethod,
    Query(
        description="how heat maps are made: parts are covered; gradients of a network; weights of wsim on "
        "image.vgg16"
    ),
]
People = Annotated[list[Handle], Query(max_length=50)]


@router.get("/rankings/{brand}", response_model=Ranking, responses=UNCHANGED)
def ranking(
    _: Reader,
    here: Here,
    *,
    desk: Notes,
    fresh: Unchanged,
    response: Response,
    brand: Handle,
    ranker: Ranker = None,
    where: WhereQuery = None,
    partners: Annotated[bool, Query(description="past partners too")] = False,
    weight: Weights = [],
    like: People = [],
    dislike: People = [],
    refine: Annotated[
        bool, Query(description="learn from the likes and dislikes that are marked for the brand too")
    ] = False,
    followers: Followers = None,
    q: Keywords = "",
    limit: Limit = 20,
    offset: Offset = 0,
) -> Any:
    """Influencers for a brand, best first; those that are marked as disliked for the brand are left out and
    counted."""
    marked = opinions(here, desk, brand)
    if same := fresh.same(tag := fresh.tag(marked)):
        return same
    fresh.on(response, tag)
    query = pipeline.RankingQuery(
        partners=partners,
        where=where,
        weights=ranking_views.weights(weight),
        like=like,
        dislike=dislike,
        keywords=q.split(),
    )
    asked = marked.applied(query, refine)
    return plain(
        ranking_views.ranking(
            here, brand, ranker=ranker, query=asked, limit=limit, offset=offset, followers=followers
        )
    )


@router.post("/rankings/brief", response_model=Ranking)
async def brief(
    _: Reader,
    here: Here,
    *,
    text: Annotated[str, Form(max_length=10_000)] = "",
    pictures: list[UploadFile] = [],
    ranker: Ranker = None,
    followers: Followers = None,
    limit: Limit = 20,
) -> Any:
    """Influencers for a brand that has no account yet: what it looks for, in words and pictures."""
    from starlette.concurrency import run_in_threadpool

    with tempfile.TemporaryDirectory() as folder:
        files = [await saved(upload, Path(folder)) for upload in pictures]
        with under_their_names(files):
            return plain(
                await run_in_threadpool(
                    partial(
                        ranking_views.for_brief,
                        here,
                        text,
                        pictures=files,
                        ranker=ranker,
                        limit=limit,
                        followers=followers,
                    )
                )
            )


@router.get("/explanations/{brand}/{influencer}", response_model=Explanation, responses=UNCHANGED)
def explanation(
    _: Reader,
    here: Here,
    *,
    desk: Notes,
    fresh: Unchanged,
    response: Response,
    brand: Handle,
    influencer: Handle,
    ranker: Ranker = None,
    kind: Kinds = ["posts", "columns"],
    side: Literal["influencer", "brand", "both"] = "influencer",
    followers: Followers = None,
    map_method: Method = "occlusion",
    where: WhereQuery = None,
    partners: Annotated[bool, Query(description="past partners are candidates too")] = False,
    weight: Weights = [],
    like: People = [],
    dislike: People = [],
    refine: Annotated[
        bool, Query(description="learn from the likes and dislikes that are marked for the brand too")
    ] = False,
    q: Keywords = "",
) -> Any:
    """Why the influencer has its score for the brand, and its place among the candidates that ``/rankings``
    lists with the same parameters."""
    marked = opinions(here, desk, brand)
    if same := fresh.same(tag := fresh.tag(marked)):
        return same
    fresh.on(response, tag)
    sides = ("influencer", "brand") if side == "both" else (side,)
    query = pipeline.RankingQuery(
        partners=partners,
        where=where,
        weights=ranking_views.weights(weight),
        like=like,
        dislike=dislike,
        keywords=q.split(),
    )
    told, _dataset = pipeline.explain(
        here,
        brand,
        influencer=influencer,
        ranker=ranker,
        kinds=kind,
        sides=sides,
        followers=followers,
        map_method=map_method,
        query=marked.applied(query, refine),
    )
    return plain(told.to_dict())


@router.get(
    "/explanations/{brand}/{influencer}/maps/{number}.png",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}, "description": "The picture with the map over it"}},
)
def heat_map(
    _: Reader,
    here: Here,
    *,
    brand: Handle,
    influencer: Handle,
    number: int,
    ranker: Ranker = None,
    side: Literal["influencer", "brand"] = "influencer",
    map_method: Method = "occlusion",
) -> Response:
    """The nth heat map of the explanation from that side, counted from 0."""
    drawn = ranking_views.heat_map(
        here, brand, influencer=influencer, ranker=ranker, number=number, side=side, method=map_method
    )
    return Response(drawn, media_type="image/png")


@router.get(
    "/explanations/{brand}/{influencer}/drawings/{name}.png",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}, "description": "The drawing"}},
)
def drawing(
    _: Reader,
    here: Here,
    *,
    brand: Handle,
    influencer: Handle,
    name: Annotated[
        str,
        PathParameter(
            pattern=r"^(radar|bars)-[1-9][0-9]?$", description="radar-1, bars-2 ...: as in the JSON"
        ),
    ],
    ranker: Ranker = None,
    kind: Kinds = ["posts", "columns"],
    side: Literal["influencer", "brand", "both"] = "influencer",
) -> Response:
    """A radar, or the bars of an attribution, of the explanation that the same question gives as JSON;
    counted from 1."""
    sides = ("influencer", "brand") if side == "both" else (side,)
    return Response(
        ranking_views.drawing(
            here, brand, influencer=influencer, ranker=ranker, kinds=kind, sides=sides, name=name
        ),
        media_type="image/png",
    )


@router.get("/marks/{brand}", response_model=Marks)
def marks(_: Reader, desk: Notes, brand: Handle) -> Any:
    """What was noted of influencers for a brand, the latest first."""
    found = list(desk.annotations(account_id(brand)).values())
    return {"items": found, "total": len(found)}


@router.patch(
    "/marks/{brand}/{influencer}",
    response_model=Mark,
    responses={
        409: {
            "model": Conflict,
            "description": "Somebody else changed the field meanwhile",
            "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Conflict"}}},
        }
    },
)
def mark(
    caller: Writer, here: Here, *, desk: Notes, brand: Handle, influencer: Handle, marking: Marking
) -> Any:
    """Note an opinion, put on the list or take off it, write a note, set tags; what is not said stays as it
    is.

    A dislike and a place on the list exclude each other: setting one removes the other, both at once are
    refused. With ``shown``, a field that somebody else changed meanwhile is not replaced.
    """
    brand, influencer = ranking_views.pair(here, brand, influencer)
    changes = marking.model_dump(exclude_unset=True)
    shown = changes.pop("shown", None) or {}
    for name in ("listed", "note", "tags"):
        if name in changes and changes[name] is None:
            del changes[name]
    try:
        kept = desk.edit(brand, [Edit(influencer, changes, shown)])[0]
    except desks.Conflict as conflict:
        body = Conflict(
            title=conflict.message,
            detail=conflict.hint,
            status=409,
            type="about:blank",
            instance=request_id.get(),
            current=Mark.model_validate(conflict.current[influencer]),
            fields=conflict.fields[influencer],
        )
        return JSONResponse(body.model_dump(), 409, media_type=MEDIA)
    noted(desk, caller, action="mark", what=f"{brand} {influencer} {', '.join(changes)}")
    return kept
