"""Brands, and one brand with its ranked influencers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from brandfit import pipeline, registry
from brandfit.errors import BrandfitError, UsageError
from brandfit.pipeline import RankingQuery
from brandfit.service import account_views, ranking_views
from brandfit.service.annotations import opinions
from brandfit.service.api._shared import Here, Notes, plain
from brandfit.service.pages._list import Form, ListForm
from brandfit.service.pages._shared import Reader, page
from brandfit.service.store import MARK

router = APIRouter()
LIMIT = 20


@router.get("/brands")
def brands(
    request: Request, _: Reader, *, here: Here, offset: Annotated[int, Query(ge=0, le=10**7)] = 0
) -> Response:
    """All brands, with how each is seen and how many partners are known."""
    if not here.fingerprint:
        return page(
            request, "brands.html", rows=[], faces={}, paged={"total": 0, "limit": LIMIT, "offset": 0}
        )
    rows = pipeline.listing("brands", here)
    shown = rows[offset : offset + 60]
    faces = account_views.faces(here, [row["id"] for row in shown], 1)
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
    *,
    here: Here,
    desk: Notes,
    brand: str,
    form: Form,
    offset: Annotated[int, Query(ge=0, le=10**7)] = 0,
) -> Response:
    """A brand as it shows itself, and who suits it."""
    account = account_views.account(here, brand)
    if account["role"] != "brand" and "seen_by" not in account:
        raise UsageError(f"{account['id']} is no brand.", "Look it up among the influencers.")
    marks = desk.annotations(account["id"])
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
        "unmatched_words": [],
    }
    wrong = ""
    query = RankingQuery()
    try:
        query = form.query(here, account["id"], marked)
        told = plain(
            ranking_views.ranking(
                here,
                account["id"],
                ranker=form.ranker or None,
                query=query,
                limit=LIMIT,
                offset=offset,
                followers=form.followers or None,
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
        facts=account_views.facts(here, account),
        own=account_views.faces(here, [account["id"]], 6)[account["id"]],
        topics=topics,
        radar=account_views.radar_of(topics, "brand"),
        told=told,
        faces=account_views.faces(here, ids),
        about=account_views.described(here, ids),
        marks=marks,
        mark=MARK,
        wrong=wrong,
        rankers=ranking_views.usable(here),
        asked=form,
        of_file=_export_parameters(form, query, brand=account["id"], total=told["total"]),
        top=ranking_views.top(told["items"]),
        marked=marked,
        listed=sum(mark["listed"] for mark in marks.values()),
        ranker_about=registry.load("ranker", told["ranker"]).__doc__ if told.get("ranker") else "",
    )


def _export_parameters(form: ListForm, query: RankingQuery, *, brand: str, total: int) -> dict[str, Any]:
    """Parameters of ``/exports/rankings`` that give the whole list of the page."""
    weights = [f"{part}={weight!r}" for part, weight in (query.weights or {}).items()]
    return {
        **form.address,
        "brand": brand,
        "k": str(max(total, 1)),
        "balance": "",  # the file takes the weights that the balance stands for
        "weight": weights,
    }
