"""Search by words and conditions, and by similarity."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Query, Response, UploadFile
from starlette.concurrency import run_in_threadpool

from brandfit import pipeline
from brandfit.service.api.answers import SearchResult
from brandfit.service.http.dependencies import (
    UNCHANGED,
    CurrentWorkspace,
    Fresh,
    Limit,
    Offset,
    Reader,
    WhereQuery,
)
from brandfit.service.http.uploads import saved, under_their_names
from brandfit.service.requests import Handle, Keywords
from brandfit.service.views.json_types import plain

router = APIRouter(tags=["search"])
Sort = Annotated[
    str | None, Query(max_length=100, description="a fact; with a minus the smallest first: -followers")
]


@router.get("/search", response_model=SearchResult, responses=UNCHANGED)
def search(
    _: Reader,
    workspace: CurrentWorkspace,
    *,
    fresh: Fresh,
    response: Response,
    q: Keywords = "",
    where: WhereQuery = None,
    sort: Sort = None,
    limit: Limit = 20,
    offset: Offset = 0,
) -> Any:
    """Influencers by keywords, by a condition, or both."""
    if unchanged := fresh.not_modified(tag := fresh.tag()):
        return unchanged
    fresh.mark(response, tag)
    # Blanks separate keywords; there are no phrases.
    result = pipeline.search(workspace, q.split(), where=where, sort=sort, k=limit, offset=offset)
    return plain(result.to_dict())


@router.get("/similar", response_model=SearchResult)
def similar(
    _: Reader,
    workspace: CurrentWorkspace,
    *,
    account: Annotated[list[Handle], Query(min_length=1, max_length=50)],
    where: WhereQuery = None,
    limit: Limit = 20,
) -> Any:
    """Influencers that are similar to these accounts."""
    return plain(pipeline.similar(workspace, account, picture=None, where=where, k=limit).to_dict())


@router.post("/similar/picture", response_model=SearchResult)
async def similar_picture(
    _: Reader,
    workspace: CurrentWorkspace,
    *,
    picture: Annotated[UploadFile, File()],
    where: WhereQuery = None,
    limit: Limit = 20,
) -> Any:
    """Influencers with pictures that are similar to this one, which is not stored."""
    with tempfile.TemporaryDirectory() as folder:
        file = await saved(picture, Path(folder))
        find = partial(pipeline.similar, workspace, (), picture=file, where=where, k=limit)
        with under_their_names([file]):
            result = await run_in_threadpool(find)
    return plain(result.to_dict())
