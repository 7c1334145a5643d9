"""Accounts, their posts, pictures and audiences; brands for an influencer; erasure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from brandfit import pipeline
from brandfit.errors import UnknownName
from brandfit.service.api.answers import Account, Accounts, Audience, BrandsForInfluencer, Posts
from brandfit.service.api.jobs import ACCEPTED
from brandfit.service.api.search import Sort
from brandfit.service.http.dependencies import (
    UNCHANGED,
    Admin,
    CurrentWorkspace,
    Followers,
    Fresh,
    Jobs,
    Limit,
    Offset,
    Ranker,
    Reader,
    Store,
    WhereQuery,
)
from brandfit.service.requests import Handle
from brandfit.service.views import accounts as views
from brandfit.service.views.json_types import plain

router = APIRouter(tags=["accounts"])
HASH = r"^[0-9a-f]{64}$"
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"image/jpeg": {}, "image/png": {}, "image/webp": {}},
        "description": "The working copy",
    }
}


@router.get("/accounts", response_model=Accounts, responses=UNCHANGED)
def accounts(
    _: Reader,
    workspace: CurrentWorkspace,
    *,
    fresh: Fresh,
    response: Response,
    role: Literal["influencer", "brand"] = "influencer",
    where: WhereQuery = None,
    sort: Sort = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Any:
    """Influencers or brands. Conditions and sorting apply to influencers only."""
    if unchanged := fresh.not_modified(tag := fresh.tag()):
        return unchanged
    fresh.mark(response, tag)
    return plain(views.accounts(workspace, role, where=where, sort=sort, limit=limit, offset=offset))


@router.get("/accounts/{id}", response_model=Account, responses=UNCHANGED)
def account(_: Reader, workspace: CurrentWorkspace, *, fresh: Fresh, response: Response, id: Handle) -> Any:
    """All stated fields of an account, its number of posts, and its partners or brands."""
    if unchanged := fresh.not_modified(tag := fresh.tag()):
        return unchanged
    fresh.mark(response, tag)
    return plain(views.account(workspace, id))


@router.get("/accounts/{id}/posts", response_model=Posts)
def posts(
    _: Reader, workspace: CurrentWorkspace, *, id: Handle, limit: Limit = 50, offset: Offset = 0
) -> Any:
    """The posts of an account, the newest first."""
    items, total = views.posts(workspace, id, limit=limit, offset=offset)
    return plain({"items": items, "total": total, "limit": limit, "offset": offset})


@router.get("/pictures/{hash}", response_class=Response, responses=PICTURE)
def picture(_: Reader, workspace: CurrentWorkspace, hash: Annotated[str, Path(pattern=HASH)]) -> Response:
    """The working copy of a picture, 256 pixels at most; it never changes."""
    try:
        data = workspace.picture(hash)
    except KeyError:
        raise UnknownName("picture", hash, known=[]) from None
    headers = {"etag": f'"{hash}"', "cache-control": "private, max-age=31536000, immutable"}
    return Response(data, media_type=views.media_type(data), headers=headers)


@router.get("/accounts/{id}/audience", response_model=Audience, responses=UNCHANGED)
def audience(
    _: Reader,
    workspace: CurrentWorkspace,
    *,
    fresh: Fresh,
    response: Response,
    id: Handle,
    other: Annotated[
        Handle | None, Query(description="an account whose audience is compared with this one")
    ] = None,
) -> Any:
    """The audience of a brand or an influencer, and how genuine it looks compared with peers."""
    if unchanged := fresh.not_modified(tag := fresh.tag()):
        return unchanged
    fresh.mark(response, tag)
    return plain(pipeline.audience(workspace, id, other=other).to_dict())


@router.get("/accounts/{id}/brands", response_model=BrandsForInfluencer, responses=UNCHANGED)
def brands(  # FastAPI: one argument per parameter of the request
    _: Reader,
    workspace: CurrentWorkspace,
    *,
    store: Store,
    fresh: Fresh,
    response: Response,
    id: Handle,
    ranker: Ranker = None,
    partners: Annotated[bool, Query(description="past partners too")] = False,
    followers: Followers = None,
    limit: Limit = 20,
) -> Any:
    """The brands that match an influencer, best first. Candidates that are marked “Not this” for a brand are
    left out for that brand."""
    # The dislikes decide the answer, so they are part of its tag.
    not_this = store.dislikes()
    if unchanged := fresh.not_modified(tag := fresh.tag(not_this)):
        return unchanged
    fresh.mark(response, tag)
    matches = pipeline.brands_for(
        workspace, id, ranker=ranker, partners=partners, followers=followers, not_this=not_this
    )
    return plain(matches.to_dict(limit))


@router.delete("/accounts/{id}", **ACCEPTED)
def forget(caller: Admin, jobs: Jobs, id: Handle) -> Any:
    """Erase an account, and keep it out of later imports. When the job is done, its parameters do not name
    the account any more."""
    return jobs.submit_erasure(caller, id)
