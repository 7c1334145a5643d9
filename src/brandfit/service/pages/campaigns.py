"""A campaign: the best set within a budget, compared with the top of the ranking."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from brandfit import number_text, pipeline
from brandfit.campaign.constraints import read_limits
from brandfit.campaign.figures import figures, verdict
from brandfit.campaign.objectives import OBJECTIVES
from brandfit.campaign.shortlist import Shortlist
from brandfit.data.candidates import sentences
from brandfit.errors import BrandfitError, UsageError
from brandfit.service.http.dependencies import CurrentWorkspace, Store, write_audit
from brandfit.service.http.uploads import saved
from brandfit.service.pages._page import Reader, Writer, back, brand_path, message_of, page
from brandfit.service.store.service_store import ServiceStore
from brandfit.service.views import accounts, rankings
from brandfit.service.views.json_types import plain
from brandfit.service.views.opinions import opinions
from brandfit.workspace import Workspace

router = APIRouter()
LARGEST = 1e12
"""Numbers of the form are below this."""
Line = Annotated[str, Form(max_length=2000)]
Text = Annotated[str, Form(max_length=20_000)]


@dataclass(frozen=True)
class CampaignForm:
    """The fields as a reader filled them."""

    objective: Line = ""
    budget: Line = ""
    count: Line = ""
    ranker: Line = ""
    where: Line = ""
    followers: Line = ""
    at_least: Text = ""
    at_most: Text = ""
    exclude: Text = ""
    per_thousand: Line = ""


@router.get("/brands/{brand}/campaign")
def empty(request: Request, _: Reader, *, workspace: CurrentWorkspace, store: Store, brand: str) -> Response:
    return _page(request, workspace, store=store, brand=brand, form=CampaignForm())


@router.post("/brands/{brand}/campaign")
async def campaign(
    request: Request,
    _: Reader,
    *,
    workspace: CurrentWorkspace,
    store: Store,
    brand: str,
    form: Annotated[CampaignForm, Depends()],
    prices: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """The set with the largest value under an objective within these limits."""
    with tempfile.TemporaryDirectory() as folder:
        file = None
        if prices is not None and prices.filename:
            file = await saved(prices, Path(folder), "prices.csv")
        answer = partial(_answer, request, workspace, store=store, brand=brand, form=form, price_list=file)
        return await run_in_threadpool(answer)


def _answer(
    request: Request,
    workspace: Workspace,
    *,
    store: ServiceStore,
    brand: str,
    form: CampaignForm,
    price_list: Path | None,
) -> Response:
    """The page with the set, or with the error above the form, where it can be corrected."""
    shortlist, error = None, ""
    try:
        # The setting is text, as on the command line.
        per_thousand = form.per_thousand if form.per_thousand.strip() else None
        shortlist = pipeline.shortlist(
            workspace,
            brand,
            budget=number(form.budget, "budget"),
            count=positive_number(form.count, "number of places"),
            ranker=form.ranker or None,
            where=form.where.strip() or None,
            at_least=read_limits(_lines(form.at_least)),
            at_most=read_limits(_lines(form.at_most)),
            exclude=form.exclude.replace(",", " ").split(),
            price_list=price_list,
            settings={"price.per_thousand": per_thousand} if per_thousand else None,
            followers=form.followers.strip() or None,
            objective=form.objective or None,
            not_this=opinions(workspace, store, brand).dislikes,
        )
    except BrandfitError as raised:
        error = message_of(raised)
        if price_list:  # the reader does not know its path on this machine
            error = error.replace(str(price_list), "The list of prices")
    return _page(request, workspace, store=store, brand=brand, form=form, shortlist=shortlist, error=error)


@router.post("/brands/{brand}/currency")
def currency(
    caller: Writer, workspace: CurrentWorkspace, *, store: Store, brand: str, currency: Line = ""
) -> Response:
    """Set the currency of the workspace."""
    code = pipeline.set_currency(workspace, currency)
    write_audit(store, caller, action="set currency", subject=code or "none")
    return back(brand_path(brand, "campaign"))


def _page(
    request: Request,
    workspace: Workspace,
    *,
    store: ServiceStore,
    brand: str,
    form: CampaignForm,
    shortlist: Shortlist | None = None,
    error: str = "",
) -> Response:
    account = accounts.account(workspace, brand)
    values = plain(shortlist.to_dict()) if shortlist else None
    picks = values["picks"] if values else []
    top_of_ranking = values["first_of_the_ranking"] if values else []
    # In the order of the choice.
    ids = [pick["influencer"] for pick in picks]
    top_ids = {one["influencer"] for one in top_of_ranking}
    # Differences between the set and the top of the ranking; without a ranking there are none.
    added = [pick for pick in picks if pick["influencer"] not in top_ids] if top_of_ranking else []
    dropped = [one for one in top_of_ranking if one["influencer"] not in set(ids)]
    return page(
        request,
        "campaign.html",
        status=422 if error else 200,
        account=account,
        form=asdict(form),
        shortlist=values,
        counts=sentences(shortlist.among, shortlist.excluded) if shortlist else [],
        figures=figures(shortlist) if shortlist else [],
        verdict=verdict(shortlist) if shortlist else "",
        objectives=OBJECTIVES,
        currency=pipeline.currency_of(workspace),
        error=error,
        rankers=rankings.usable(workspace),
        n_disliked=len(opinions(workspace, store, account["id"]).dislikes),
        faces=accounts.faces(workspace, ids),
        descriptions=accounts.described(workspace, ids),
        added=added,
        dropped=dropped,
    )


def number(text: str, name: str) -> float | None:
    """A number above 0, None for an empty text. Raises UsageError."""
    text = text.strip()
    if not text:
        return None
    # 5.000 has two readings and is refused.
    try:
        value = number_text.number(text)
    except number_text.Ambiguous as error:
        raise UsageError(f"The {name}: {error}.", "For example: 5000") from None
    except ValueError:
        value = 0.0  # refused below
    if not 0 < value < LARGEST:
        raise UsageError(f"The {name} is a number above 0, found {text!r}.", "For example: 5000")
    return value


def positive_number(text: str, name: str) -> int | None:
    """A whole number above 0, None for an empty text. Raises UsageError."""
    value = number(text, name)
    if value is not None and value != int(value):
        raise UsageError(f"The {name} is a whole number, found {text!r}.", "For example: 8")
    return None if value is None else int(value)


def _lines(text: str) -> list[str]:
    """The lines that are not empty."""
    lines = [line.strip() for line in text.splitlines()]
    return list(filter(None, lines))
