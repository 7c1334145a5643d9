"""Maps of accounts and of concepts, coloured by category (B-13)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from brandfit import pipeline
from brandfit.errors import BrandfitError
from brandfit.report import embedding_map
from brandfit.service.http.dependencies import CurrentWorkspace
from brandfit.service.pages._page import Reader, message_of, page

router = APIRouter()
MOST = 1_000
"""Points on the page: more of them take long to place."""


@router.get("/map")
def map_page(
    request: Request,
    _: Reader,
    *,
    workspace: CurrentWorkspace,
    subject: Literal["accounts", "concepts"] = "accounts",
    features: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The map with its legend, and a form that chooses its Features."""
    drawn, error = None, ""
    try:
        drawn = pipeline.make_map(workspace, subject, features=features or None, most=MOST)
    except BrandfitError as raised:
        error = message_of(raised)
    return page(
        request,
        "map.html",
        status=422 if error else 200,
        subject=subject,
        chosen=features,
        names=pipeline.mappable(workspace, subject),
        drawn=drawn,
        drawing=embedding_map.svg(drawn) if drawn else "",
        swatches=embedding_map.swatches(drawn) if drawn else {},
        error=error,
    )
