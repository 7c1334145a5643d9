"""The page of the data: how many followers and posts influencers have, and pictures of each category."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from brandfit.report.data_plots import histogram
from brandfit.service.http.dependencies import CurrentWorkspace
from brandfit.service.pages._page import Reader, page
from brandfit.service.views.workspaces import distributions_and_pictures

router = APIRouter()


@router.get("/data")
def data(request: Request, _: Reader, *, workspace: CurrentWorkspace) -> Response:
    """Distributions of the influencers, and pictures of each category."""
    return page(request, "data.html", overview=distributions_and_pictures(workspace), histogram=histogram)
