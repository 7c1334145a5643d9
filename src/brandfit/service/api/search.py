"""Search by words and conditions, and by likeness."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Query, Response, UploadFile
from starlette.concurrency import run_in_threadpool

from brandfit import pipeline
from brandfit.service.api._shared import UNCHANGED, Here, Limit, Offset, Reader, Unchanged, WhereQuery, plain
from brandfit.service.api.models import Found, Handle, Keywords
from brandfit.service.uploads import saved, under_their_names

router = APIRouter(tags=["finding"])


@router.get("/search", response_model=Found, responses=UNCHANGED)
def search(
    _: Reader,
    here: Here,
    *,
    fresh: Unchanged,
    response: Response,
    q: Keywords = "",
    where: WhereQuery = None,
    sort: Annotated[
        str | None, Query(max_length=100, description="a fact; -followers: the smallest first")
    ] = None,
    limit: Limit = 20,
    offset: Offset = 0,
) -> Any:
    """Influencers by keywords, by a condition, or both."""
    if same := fresh.same(tag := fresh.tag()):
        return same
    fresh.on(response, tag)
    return plain(pipeline.search(here, q.split(), where=where, sort=sort, k=limit, offset=offset).to_dict())


@router.get("/similar", response_model=Found)
def similar(
    _: Reader,
    here: Here,
    *,
    account: Annotated[list[Handle], Query(min_length=1, max_length=50)],
    where: WhereQuery = None,
    limit: Limit = 20,
) -> Any:
    """Influencers like these accounts."""
    return plain(pipeline.similar(here, account, picture=None, where=where, k=limit).to_dict())


@router.post("/similar/picture", response_model=Found)
async def similar_picture(
    _: Reader,
    here: Here,
    *,
    picture: Annotated[UploadFile, File()],
    where: WhereQuery = None,
    limit: Limit = 20,
) -> Any:
    """Influencers whose pictures are like this one."""
    with tempfile.TemporaryDirectory() as folder:
        file = await saved(picture, Path(folder))
        with under_their_names([file]):
            return plain(
                (
                    await run_in_threadpool(
                        partial(pipeline.similar, here, (), picture=file, where=where, k=limit)
                    )
                ).to_dict()
            )
