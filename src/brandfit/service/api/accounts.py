"""Accounts, their posts and pictures."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from brandfit import pipeline
from brandfit.data.redaction import plain as plainly
from brandfit.erasure import count_rows
from brandfit.errors import UnknownName
from brandfit.service import account_views
from brandfit.service.api._shared import (
    UNCHANGED,
    Admin,
    Followers,
    Here,
    Limit,
    Notes,
    Offset,
    Queue,
    Ranker,
    Reader,
    Unchanged,
    WhereQuery,
    plain,
)
from brandfit.service.api.models import Account, Accounts, Audience, Forgetting, Handle, Posts, Suiting
from brandfit.service.api.work import ACCEPTED, submitted

router = APIRouter(tags=["accounts"])
HASH = r"^[0-9a-f]{64}$"


@router.get("/accounts", response_model=Accounts, responses=UNCHANGED)
def accounts(
    _: Reader,
    here: Here,
    *,
    fresh: Unchanged,
    response: Response,
    role: Literal["influencer", "brand"] = "influencer",
    where: WhereQuery = None,
    sort: Annotated[
        str | None, Query(max_length=100, description="a fact; -followers: the smallest first")
    ] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Any:
    """Influencers, or brands; a condition and sorting are of influencers alone."""
    if same := fresh.same(tag := fresh.tag()):
        return same
    fresh.on(response, tag)
    return plain(account_views.accounts(here, role, where=where, sort=sort, limit=limit, offset=offset))


@router.get("/accounts/{id}", response_model=Account, responses=UNCHANGED)
def account(_: Reader, here: Here, *, fresh: Unchanged, response: Response, id: Handle) -> Any:
    """All that is stated of an account, and what is told of it."""
    if same := fresh.same(tag := fresh.tag()):
        return same
    fresh.on(response, tag)
    return plain(account_views.account(here, id))


@router.get("/accounts/{id}/posts", response_model=Posts)
def posts(_: Reader, here: Here, *, id: Handle, limit: Limit = 50, offset: Offset = 0) -> Any:
    """The newest first."""
    found, total = account_views.posts(here, id, limit=limit, offset=offset)
    return plain({"items": found, "total": total, "limit": limit, "offset": offset})


@router.get(
    "/pictures/{hash}",
    response_class=Response,
    responses={
        200: {
            "content": {"image/jpeg": {}, "image/png": {}, "image/webp": {}},
            "description": "The working copy",
        }
    },
)
def picture(_: Reader, here: Here, hash: Annotated[str, Path(pattern=HASH)]) -> Response:
    """The working copy of a picture, 256 pixels at most; it never changes."""
    try:
        data = here.picture(hash)
    except KeyError:
        raise UnknownName("picture", hash, known=[]) from None
    headers = {"etag": f'"{hash}"', "cache-control": "private, max-age=31536000, immutable"}
    return Response(data, media_type=account_views.media_type(data), headers=headers)


@router.get("/accounts/{id}/audience", response_model=Audience, responses=UNCHANGED)
def audience(
    _: Reader,
    here: Here,
    *,
    fresh: Unchanged,
    response: Response,
    id: Handle,
    other: Annotated[Handle | None, Query(description="beside the audience of this account")] = None,
) -> Any:
    """What is known of the audience of a brand or an influencer, and how genuine it looks beside peers."""
    if same := fresh.same(tag := fresh.tag()):
        return same
    fresh.on(response, tag)
    return plain(pipeline.audience(here, id, other=other).to_dict())


@router.get("/accounts/{id}/brands", response_model=Suiting, responses=UNCHANGED)
def brands(
    _: Reader,
    here: Here,
    *,
    desk: Notes,
    fresh: Unchanged,
    response: Response,
    id: Handle,
    ranker: Ranker = None,
    partners: Annotated[bool, Query(description="past partners too")] = False,
    followers: Followers = None,
    limit: Limit = 20,
) -> Any:
    """The brands that suit an influencer, best first; each without the candidates that are marked “Not this”
    for it."""
    not_this = desk.dislikes()
    if same := fresh.same(tag := fresh.tag(not_this)):
        return same
    fresh.on(response, tag)
    found = pipeline.brands_for(
        here, id, ranker=ranker, partners=partners, followers=followers, not_this=not_this
    )
    return plain(found.to_dict(limit))


@router.delete("/accounts/{id}", **ACCEPTED)
def forget(caller: Admin, here: Here, *, queue: Queue, desk: Notes, id: Handle) -> Any:
    """Forget an account for good, and keep it out of later imports. What the job was asked names nobody once
    it is done."""
    count_rows(here, [id])
    return submitted(
        "forget", Forgetting(accounts=[plainly(id)]), caller=caller, here=here, queue=queue, desk=desk
    )
