"""Explanations of scores, and their drawings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi import Path as PathParameter

from brandfit import pipeline
from brandfit.explain.explanation import MapMethod
from brandfit.service.api._ranking_query import Parameters
from brandfit.service.api.answers import Explanation
from brandfit.service.http.dependencies import (
    UNCHANGED,
    CurrentWorkspace,
    Fresh,
    Ranker,
    Reader,
    Store,
)
from brandfit.service.requests import Handle
from brandfit.service.views import explanations
from brandfit.service.views.json_types import plain
from brandfit.service.views.opinions import opinions

router = APIRouter(tags=["rankings"])
Kinds = Annotated[
    list[Literal["posts", "columns", "words", "phrases", "maps"]],
    Query(max_length=5, description="words, phrases and maps encode posts anew: slow"),
]
Method = Annotated[
    MapMethod,
    Query(
        description="how heat maps are made: parts are covered; gradients of a network; weights of wsim on "
        "image.vgg16"
    ),
]
Sides = Literal["influencer", "brand", "both"]
DrawingName = Annotated[
    str,
    PathParameter(
        pattern=r"^(radar|bars)-[1-9][0-9]?$", description="radar-1, bars-2 ...: in the order of the JSON"
    ),
]


def _png(description: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"image/png": {}}, "description": description}}


def _sides(side: Sides) -> tuple[str, ...]:
    return ("influencer", "brand") if side == "both" else (side,)


@router.get("/explanations/{brand}/{influencer}", response_model=Explanation, responses=UNCHANGED)
def explanation(  # FastAPI: one argument per parameter of the request
    _: Reader,
    workspace: CurrentWorkspace,
    *,
    store: Store,
    fresh: Fresh,
    response: Response,
    brand: Handle,
    influencer: Handle,
    parameters: Parameters,
    kind: Kinds = ["posts", "columns"],
    side: Sides = "influencer",
    map_method: Method = "occlusion",
    both: Annotated[
        bool, Query(description="also whether the pair suits both sides, under both_sides; it takes longer")
    ] = False,
) -> Any:
    """Why the influencer has its score for the brand, and its rank among the candidates that ``/rankings``
    lists with the same parameters."""
    opinions_for_brand = opinions(workspace, store, brand)
    if unchanged := fresh.not_modified(tag := fresh.tag(opinions_for_brand)):
        return unchanged
    fresh.mark(response, tag)
    # The dataset is for drawings; JSON needs none.
    explained, _dataset = pipeline.explain(
        workspace,
        brand,
        influencer=influencer,
        ranker=parameters.ranker,
        kinds=kind,
        sides=_sides(side),
        followers=parameters.followers,
        map_method=map_method,
        query=parameters.query(opinions_for_brand),
        both=both,
        not_this=store.dislikes() if both else None,
    )
    return plain(explained.to_dict())


@router.get(
    "/explanations/{brand}/{influencer}/maps/{number}.png",
    response_class=Response,
    responses=_png("The picture with the map over it"),
)
def heat_map(
    _: Reader,
    workspace: CurrentWorkspace,
    *,
    brand: Handle,
    influencer: Handle,
    number: int,
    ranker: Ranker = None,
    side: Literal["influencer", "brand"] = "influencer",
    map_method: Method = "occlusion",
) -> Response:
    """A heat map of the explanation from that side, counted from 0."""
    png = explanations.heat_map(
        workspace, brand, influencer=influencer, ranker=ranker, number=number, side=side, method=map_method
    )
    return Response(png, media_type="image/png")


@router.get(
    "/explanations/{brand}/{influencer}/drawings/{name}.png",
    response_class=Response,
    responses=_png("The drawing"),
)
def drawing(
    _: Reader,
    workspace: CurrentWorkspace,
    *,
    brand: Handle,
    influencer: Handle,
    name: DrawingName,
    ranker: Ranker = None,
    kind: Kinds = ["posts", "columns"],
    side: Sides = "influencer",
) -> Response:
    """A radar, or the bars of an attribution, of the explanation with the same parameters; counted from 1."""
    png = explanations.drawing(
        workspace,
        brand,
        influencer=influencer,
        ranker=ranker,
        kinds=kind,
        sides=_sides(side),
        name=name,
    )
    return Response(png, media_type="image/png")
