"""Shortlists for a budget, the currency, and advice on content."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile
from starlette.concurrency import run_in_threadpool

from brandfit import pipeline
from brandfit.service.api.answers import Advice, Shortlist
from brandfit.service.http.dependencies import CurrentWorkspace, Reader, Store, Writer, write_audit
from brandfit.service.http.uploads import saved, under_their_names
from brandfit.service.jobs.kinds import SplitSettings
from brandfit.service.jobs.submit import settings_as_text
from brandfit.service.requests import CurrencySetting, ShortlistRequest
from brandfit.service.views.advice import named
from brandfit.service.views.json_types import plain
from brandfit.service.views.opinions import opinions

router = APIRouter(tags=["campaigns"])


@router.post("/shortlists", response_model=Shortlist)
def shortlist(_: Reader, workspace: CurrentWorkspace, *, store: Store, body: ShortlistRequest) -> Any:
    """The set with the largest value under an objective, within a budget or a number of influencers.

    Influencers that are marked as disliked for the brand are left out and counted.
    """
    # Settings of prices, and of the data that the ranker reads.
    settings = SplitSettings.from_settings(settings_as_text(body.settings))
    parameters = body.model_dump(exclude={"settings"})
    parameters["not_this"] = opinions(workspace, store, body.brand).dislikes
    chosen = pipeline.shortlist(workspace, **parameters, data=settings.data, settings=settings.own)
    return plain(chosen.to_dict())


@router.get("/currency", response_model=CurrencySetting)
def currency(_: Reader, workspace: CurrentWorkspace) -> Any:
    """The currency of prices and budgets of the workspace."""
    return {"currency": pipeline.currency_of(workspace) or None}


@router.put("/currency", response_model=CurrencySetting)
def set_currency(caller: Writer, workspace: CurrentWorkspace, *, store: Store, body: CurrencySetting) -> Any:
    """Set the currency. Nothing is converted."""
    code = pipeline.set_currency(workspace, body.currency or "")
    write_audit(store, caller, action="set currency", subject=code or "none")
    return {"currency": code or None}


@router.post("/advice", response_model=Advice)
async def advice(
    _: Reader,
    workspace: CurrentWorkspace,
    *,
    compared_with: Annotated[
        str,
        Form(
            alias="like",
            min_length=1,
            max_length=200,
            description="the brand or influencer whose posts the ideas are compared with; of a brand "
            "without posts its brief or the posts of its partners",
        ),
    ],
    captions: Annotated[list[Annotated[str, Form(max_length=10_000)]], Form(max_length=50)] = [],
    by: Annotated[str | None, Form(max_length=200, description="the influencer that would post it")] = None,
    pictures: Annotated[list[UploadFile], File()] = [],
) -> Any:
    """How well each of these pictures and captions fits, each kind best first."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for n, picture in enumerate(pictures):  # a folder each: two pictures may have one name
            files.append(await saved(picture, Path(folder), f"{n}/{picture.filename or 'picture'}"))
        advise = partial(pipeline.advise, workspace, compared_with, pictures=files, captions=captions, by=by)
        with under_their_names(files):
            result = await run_in_threadpool(advise)
        return plain(named(result.to_dict(), files))
