"""A campaign: the best set for the money, and what differs from the ranking."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from brandfit import number_text, pipeline
from brandfit.campaign.constraints import read_limits
from brandfit.campaign.figures import figures, verdict
from brandfit.campaign.objectives import OBJECTIVES
from brandfit.campaign.shortlist import Shortlist
from brandfit.data.candidates import sentences
from brandfit.errors import BrandfitError, UsageError
from brandfit.service import account_views, ranking_views
from brandfit.service.annotations import opinions
from brandfit.service.api._shared import Here, Notes, noted, plain
from brandfit.service.pages._shared import Reader, Writer, back, page
from brandfit.service.store import ServiceStore
from brandfit.service.uploads import saved
from brandfit.workspace import Workspace

router = APIRouter()
FIELDS = (
    "objective",
    "budget",
    "count",
    "ranker",
    "where",
    "followers",
    "at_least",
    "at_most",
    "exclude",
    "per_thousand",
)
ASKED: dict[str, str] = dict.fromkeys(FIELDS, "")
"""The form as it is at first."""
Line = Annotated[str, Form(max_length=2000)]
Text = Annotated[str, Form(max_length=20_000)]


@router.get("/brands/{brand}/campaign")
def empty(request: Request, _: Reader, *, here: Here, desk: Notes, brand: str) -> Response:
    return _page(request, here, desk=desk, brand=brand, asked=ASKED, found=None, wrong="")


@router.post("/brands/{brand}/campaign")
async def campaign(
    request: Request,
    _: Reader,
    *,
    here: Here,
    desk: Notes,
    brand: str,
    budget: Line = "",
    count: Line = "",
    ranker: Line = "",
    where: Line = "",
    followers: Line = "",
    at_least: Text = "",
    at_most: Text = "",
    exclude: Text = "",
    per_thousand: Line = "",
    objective: Line = "",
    prices: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """The set with the largest value under an objective within these limits."""
    asked = {
        "budget": budget,
        "count": count,
        "ranker": ranker,
        "where": where,
        "at_least": at_least,
        "at_most": at_most,
    }
    asked |= {
        "followers": followers,
        "exclude": exclude,
        "per_thousand": per_thousand,
        "objective": objective,
    }
    with tempfile.TemporaryDirectory() as folder:
        file = (
            await saved(prices, Path(folder), "prices.csv")
            if prices is not None and prices.filename
            else None
        )
        return await run_in_threadpool(
            partial(_answered, request, here, desk=desk, brand=brand, asked=asked, file=file)
        )


def _answered(
    request: Request,
    here: Workspace,
    *,
    desk: ServiceStore,
    brand: str,
    asked: dict[str, str],
    file: Path | None,
) -> Response:
    try:
        told = pipeline.shortlist(
            here,
            brand,
            budget=number(asked["budget"], "budget"),
            count=positive_number(asked["count"], "number of places"),
            ranker=asked["ranker"] or None,
            where=asked["where"].strip() or None,
            at_least=read_limits(_lines(asked["at_least"])),
            at_most=read_limits(_lines(asked["at_most"])),
            exclude=asked["exclude"].replace(",", " ").split(),
            price_list=file,
            settings={"price.per_thousand": asked["per_thousand"]} if asked["per_thousand"].strip() else None,
            followers=asked["followers"].strip() or None,
            objective=asked["objective"] or None,
            not_this=opinions(here, desk, brand).dislikes,
        )
    except BrandfitError as error:  # the form is where it can be mended
        wrong = (
            f"{error.message} {error.hint}".strip().replace(str(file), "The list of prices") if file else ""
        )
        return _page(
            request,
            here,
            desk=desk,
            brand=brand,
            asked=asked,
            found=None,
            wrong=wrong or f"{error.message} {error.hint}".strip(),
        )
    return _page(request, here, desk=desk, brand=brand, asked=asked, found=told, wrong="")


@router.post("/brands/{brand}/currency")
def currency(caller: Writer, here: Here, *, desk: Notes, brand: str, currency: Line = "") -> Response:
    """Set the currency of the workspace."""
    code = pipeline.set_currency(here, currency)
    noted(desk, caller, action="set currency", what=code or "none")
    return back(f"/brands/{quote(brand, safe='')}/campaign")


def _page(
    request: Request,
    here: Workspace,
    *,
    desk: ServiceStore,
    brand: str,
    asked: dict[str, str],
    found: Shortlist | None,
    wrong: str,
) -> Response:
    account = account_views.account(here, brand)
    told = plain(found.to_dict()) if found else None
    picks = told["picks"] if told else []
    first = told["first_of_the_ranking"] if told else []
    chosen = {pick["influencer"] for pick in picks}
    ids = [pick["influencer"] for pick in picks]
    return page(
        request,
        "campaign.html",
        status=422 if wrong else 200,
        account=account,
        asked=asked,
        told=told,
        counts=sentences(found.among, found.excluded) if found else [],
        figures=figures(found) if found else [],
        verdict=verdict(found) if found else "",
        objectives=OBJECTIVES,
        currency=pipeline.currency_of(here),
        wrong=wrong,
        rankers=ranking_views.usable(here),
        disliked=len(opinions(here, desk, account["id"]).dislikes),
        faces=account_views.faces(here, ids),
        about=account_views.described(here, ids),
        into=[pick for pick in picks if pick["influencer"] not in {one["influencer"] for one in first}]
        if first
        else [],
        out=[one for one in first if one["influencer"] not in chosen],
    )


def number(text: str, what: str) -> float | None:
    """Raises UsageError for what is none above 0."""
    text = text.strip()
    if not text:
        return None
    try:
        found = number_text.number(text)
    except number_text.Ambiguous as error:
        raise UsageError(f"The {what}: {error}.", "For example: 5000") from None
    except ValueError:
        found = 0.0
    if not 0 < found < 1e12:
        raise UsageError(f"The {what} is a number above 0, found {text!r}.", "For example: 5000")
    return found


def positive_number(text: str, what: str) -> int | None:
    """Raises UsageError for what is no whole number above 0."""
    found = number(text, what)
    if found is not None and found != int(found):
        raise UsageError(f"The {what} is a whole number, found {text!r}.", "For example: 8")
    return None if found is None else int(found)


def _lines(text: str) -> list[str]:
    """Lines that are not empty."""
    return [line.strip() for line in text.splitlines() if line.strip()]
