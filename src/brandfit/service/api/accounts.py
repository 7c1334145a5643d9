"""Accounts, their posts and pictures."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from brandfit.errors import UnknownName
from brandfit.service import people
from brandfit.service.api._shared import UNCHANGED, Here, Limit, Offset, Reader, Unchanged, WhereQuery, plain
from brandfit.service.api.models import Account, Accounts, Handle, Posts

router = APIRouter(tags=["accounts"])
HASH = r"^[0-9a-f]{64}$"


@router.get("/accounts", response_model=Accounts, responses=UNCHANGED)
def accounts(
    _: Reader,
    here: Here,
    fresh: Unchanged,
    response: Response,
    role: Literal["influencer", "brand"] = "influencer",
    where: WhereQuery = None,
    sort: Annotated[str | None, Query(max_length=100, description="a fact; -followers: the smallest first")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Any:
    """Influencers, or brands; a condition and sorting are of influencers alone."""
    if same := fresh.same(tag := fresh.tag()):
        return same
    fresh.on(response, tag)
    return plain(people.accounts(here, role, where, sort, limit, offset))


@router.get("/accounts/{id}", response_model=Account, responses=UNCHANGED)
def account(_: Reader, here: Here, fresh: Unchanged, response: Response, id: Handle) -> Any:
    """All that is stated of an account, and what is told of it."""
    if same := fresh.same(tag := fresh.tag()):
        return same
    fresh.on(response, tag)
    return plain(people.account(here, id))


@router.get("/accounts/{id}/posts", response_model=Posts)
def posts(_: Reader, here: Here, id: Handle, limit: Limit = 50, offset: Offset = 0) -> Any:
    """The newest first."""
    found, total = people.posts(here, id, limit, offset)
    return plain({"items": found, "total": total, "limit": limit, "offset": offset})


@router.get(
    "/pictures/{hash}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}, "image/png": {}, "image/webp": {}}, "description": "The working copy"}},
)
def picture(_: Reader, here: Here, hash: Annotated[str, Path(pattern=HASH)]) -> Response:
    """The working copy of a picture, 256 pixels at most; it never changes."""
    try:
        data = here.picture(hash)
    except KeyError:
        raise UnknownName("picture", hash, []) from None
    headers = {"etag": f'"{hash}"', "cache-control": "private, max-age=31536000, immutable"}
    return Response(data, media_type=people.media_type(data), headers=headers)
