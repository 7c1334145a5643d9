"""Brands, and one brand with its ranked influencers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from brandfit import names, pipeline
from brandfit.errors import BrandfitError, UsageError
from brandfit.service import people, places
from brandfit.service.api._shared import Followers, Here, Notes, WhereQuery, plain
from brandfit.service.desk import MARK
from brandfit.service.opinions import opinions
from brandfit.service.pages._shared import Reader, page

router = APIRouter()
LIMIT = 20


@router.get("/brands")
def brands(
    request: Request, _: Reader, here: Here, offset: Annotated[int, Query(ge=0, le=10**7)] = 0
) -> Response:
    """All brands, with how each is seen and how many partners are known."""
    if not here.fingerprint:
        return page(
            request, "brands.html", rows=[], faces={}, paged={"total": 0, "limit": LIMIT, "offset": 0}
        )
    rows = pipeline.listing("brands", here)
    shown = rows[offset : offset + 60]
    faces = people.faces(here, [row["id"] for row in shown], 1)
    return page(
        request,
        "brands.html",
        rows=shown,
        faces=faces,
        paged={"total": len(rows), "limit": 60, "offset": offset},
    )


@router.get("/brands/{brand}")
def brand(
    request: Request,
    _: Reader,
    here: Here,
    desk: Notes,
    brand: str,
    ranker: Annotated[str | None, Query(max_length=100)] = None,
    where: WhereQuery = None,
    followers: Followers = None,
    q: Annotated[str, Query(max_length=500)] = "",
    partners: bool = False,
    balance: Annotated[
        int, Query(ge=0, le=100, description="0: words alone count, 100: pictures alone, 50: as learned")
    ] = 50,
    refine: bool = False,
    offset: Annotated[int, Query(ge=0, le=10**7)] = 0,
) -> Response:
    """A brand as it shows itself, and who suits it."""
    account = people.account(here, brand)
    if account["role"] != "brand" and "seen_by" not in account:
        raise UsageError(f"{account['id']} is no brand.", "Look it up among the influencers.")
    marks = desk.marks(account["id"])
    marked = opinions(here, desk, account["id"])
    told: dict[str, Any] = {
        "items": [],
        "total": 0,
        "limit": LIMIT,
        "offset": offset,
        "notes": [],
        "filters": "",
        "counts": [],
        "excluded": [],
    }
    wrong = ""
    try:
        told = plain(
            places.ranking(
                here,
                account["id"],
                ranker or None,
                where or None,
                partners,
                places.balanced(here, account["id"], ranker or None, balance, followers),
                marked.likes if refine else (),
                marked.dislikes if refine else (),
                LIMIT,
                offset,
                q.split(),
                followers,
                marked.dislikes,
            )
        )
    except BrandfitError as error:  # the form is where it can be mended
        wrong = f"{error.message} {error.hint}".strip()
    ids = [item["influencer"] for item in told["items"]]
    topics = pipeline.topics(here, account["id"])
    return page(
        request,
        "brand.html",
        account=account,
        facts=people.facts(here, account),
        own=people.faces(here, [account["id"]], 6)[account["id"]],
        topics=topics,
        radar=people.radar_of(topics, "brand"),
        told=told,
        faces=people.faces(here, ids),
        about=people.described(here, ids),
        marks=marks,
        mark=MARK,
        wrong=wrong,
        rankers=places.usable(here),
        asked={
            "ranker": ranker or "",
            "where": where or "",
            "followers": followers or "",
            "q": q,
            "partners": partners,
            "balance": balance,
            "refine": refine,
        },
        top=places.top(told["items"]),
        marked=marked,
        listed=sum(mark["listed"] for mark in marks.values()),
        ranker_about=names.load("ranker", told["ranker"]).__doc__ if told.get("ranker") else "",
    )
