"""Rankings for a brand, and for a brief."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response, UploadFile
from starlette.concurrency import run_in_threadpool

from brandfit.service.api._ranking_query import Parameters
from brandfit.service.api.answers import Ranking
from brandfit.service.http.dependencies import (
    UNCHANGED,
    CurrentWorkspace,
    Followers,
    Fresh,
    Limit,
    Offset,
    Ranker,
    Reader,
    Store,
)
from brandfit.service.http.uploads import saved, under_their_names
from brandfit.service.requests import Handle
from brandfit.service.views import rankings
from brandfit.service.views.json_types import plain
from brandfit.service.views.opinions import opinions

router = APIRouter(tags=["rankings"])


@router.get("/rankings/{brand}", response_model=Ranking, responses=UNCHANGED)
def ranking(
    _: Reader,
    workspace: CurrentWorkspace,
    *,
    store: Store,
    fresh: Fresh,
    response: Response,
    brand: Handle,
    parameters: Parameters,
    limit: Limit = 20,
    offset: Offset = 0,
) -> Any:
    """Influencers for a brand, best first. Influencers that are marked as disliked for the brand are left out
    and counted."""
    opinions_for_brand = opinions(workspace, store, brand)
    if unchanged := fresh.not_modified(tag := fresh.tag(opinions_for_brand)):
        return unchanged
    fresh.mark(response, tag)
    page = rankings.ranking(
        workspace,
        brand,
        ranker=parameters.ranker,
        query=parameters.query(opinions_for_brand),
        limit=limit,
        offset=offset,
        followers=parameters.followers,
    )
    return plain(page)


@router.post("/rankings/brief", response_model=Ranking)
async def brief(
    _: Reader,
    workspace: CurrentWorkspace,
    *,
    text: Annotated[str, Form(max_length=10_000)] = "",
    pictures: list[UploadFile] = [],
    ranker: Ranker = None,
    followers: Followers = None,
    limit: Limit = 20,
) -> Any:
    """Influencers for a brand without an account, by a text and pictures of what it looks for."""
    with tempfile.TemporaryDirectory() as folder:
        # Deleted with the folder: a brief is not stored.
        files = [await saved(upload, Path(folder)) for upload in pictures]
        rank = partial(
            rankings.for_brief,
            workspace,
            text,
            pictures=files,
            ranker=ranker,
            limit=limit,
            followers=followers,
        )
        with under_their_names(files):
            return plain(await run_in_threadpool(rank))
