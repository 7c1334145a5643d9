"""Choosing a set of influencers, and what to post."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile
from starlette.concurrency import run_in_threadpool

from brandfit import pipeline
from brandfit.service.annotations import opinions
from brandfit.service.api._shared import Here, Notes, Reader, Writer, noted, parted, plain
from brandfit.service.api.models import Advice, CurrencySetting, Shortlist, Shortlisting
from brandfit.service.uploads import saved, under_their_names

router = APIRouter(tags=["campaigns"])


@router.post("/shortlists", response_model=Shortlist)
def shortlist(_: Reader, here: Here, *, desk: Notes, asked: Shortlisting) -> Any:
    """The set with the largest value under an objective, within a budget or a number of places.

    Influencers that are marked as disliked for the brand are left out and counted.
    """
    settings, data = parted(asked.settings)
    told = asked.model_dump(exclude={"settings"})
    told["not_this"] = opinions(here, desk, asked.brand).dislikes
    return plain(pipeline.shortlist(here, **told, data=data, settings=settings).to_dict())


@router.get("/currency", response_model=CurrencySetting)
def currency(_: Reader, here: Here) -> Any:
    """The currency that prices and budgets of the workspace are taken to be in."""
    return {"currency": pipeline.currency_of(here) or None}


@router.put("/currency", response_model=CurrencySetting)
def set_currency(caller: Writer, here: Here, *, desk: Notes, asked: CurrencySetting) -> Any:
    """Set it. Nothing is converted."""
    code = pipeline.set_currency(here, asked.currency or "")
    noted(desk, caller, action="set currency", what=code or "none")
    return {"currency": code or None}


@router.post("/advice", response_model=Advice)
async def advice(
    _: Reader,
    here: Here,
    *,
    like: Annotated[
        str,
        Form(min_length=1, max_length=200, description="whose posts it is to fit: a brand or an influencer"),
    ],
    captions: Annotated[list[Annotated[str, Form(max_length=10_000)]], Form(max_length=50)] = [],
    by: Annotated[str | None, Form(max_length=200, description="influencer that is to post it")] = None,
    pictures: Annotated[list[UploadFile], File()] = [],
) -> Any:
    """Which of these pictures and captions fit, each kind best first."""
    with tempfile.TemporaryDirectory() as folder:
        files = [
            await saved(file, Path(folder), f"{n}/{file.filename or 'picture'}")
            for n, file in enumerate(pictures)
        ]
        with under_their_names(files):
            told = await run_in_threadpool(
                partial(pipeline.advise, here, like, pictures=files, captions=captions, by=by)
            )
        return plain(named(told.to_dict(), files))


def named(told: dict[str, Any], files: list[Path]) -> dict[str, Any]:
    """With the names that pictures came under, in place of where they were kept."""
    names = {str(path): path.name for path in files}
    ideas = [{**idea, "label": names.get(idea["label"], idea["label"])} for idea in told["ideas"]]

    def unplaced(text: str) -> str:
        for path, name in names.items():
            text = text.replace(path, name)
        return text

    left = [{key: unplaced(value) for key, value in one.items()} for one in told["unread"]]
    return {
        "compared_with": told["compared_with"],
        "by": told["by"],
        "items": ideas,
        "unread": left,
        "notes": told["notes"],
    }
