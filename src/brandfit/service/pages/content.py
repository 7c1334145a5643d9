"""What to post: how well pictures and captions fit, what in a picture does, and what engagement to expect."""

from __future__ import annotations

import base64
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from brandfit import pipeline
from brandfit.account_id import account_id
from brandfit.errors import BrandfitError, UsageError
from brandfit.search.lookalike import read_picture
from brandfit.service import account_views
from brandfit.service.account_views import media_type
from brandfit.service.api._shared import Here, plain
from brandfit.service.api.campaigns import named
from brandfit.service.pages._shared import Reader, page
from brandfit.service.uploads import saved
from brandfit.workspace import Workspace

router = APIRouter()
MAPPED = 3
"""Pictures that a map is drawn of: a picture is read fifty times for one."""
MOST = 20
"""Pictures at once."""


@router.get("/brands/{brand}/content")
def empty(request: Request, _: Reader, *, here: Here, brand: str, by: str = "") -> Response:
    account = account_views.account(here, brand)
    asked = {"like": account["id"], "by": account_id(by), "captions": ""}
    return page(
        request, "content.html", account=account, asked=asked, told=None, shown={}, wrong="", mapped=MAPPED
    )


@router.post("/brands/{brand}/content")
async def content(
    request: Request,
    _: Reader,
    *,
    here: Here,
    brand: str,
    like: Annotated[str, Form(max_length=200)] = "",
    by: Annotated[str, Form(max_length=200)] = "",
    captions: Annotated[str, Form(max_length=50_000, description="with an empty line between them")] = "",
    pictures: Annotated[list[UploadFile], File()] = [],  # noqa: B006  # FastAPI copies defaults
) -> Response:
    asked = {"like": like, "by": by, "captions": captions}
    with tempfile.TemporaryDirectory() as folder:
        sent = [file for file in pictures if file.filename][: MOST + 1]
        files = [await saved(file, Path(folder), f"{n}/{file.filename}") for n, file in enumerate(sent)]
        return await run_in_threadpool(
            partial(_answered, request, here, brand=brand, asked=asked, files=files)
        )


def _answered(
    request: Request, here: Workspace, *, brand: str, asked: dict[str, str], files: list[Path]
) -> Response:
    account = account_views.account(here, brand)
    told: dict[str, Any] | None = None
    shown: dict[str, dict[str, str]] = {}
    wrong = ""
    try:
        if len(files) > MOST:
            raise UsageError(f"More than {MOST} pictures at once.", "Send some of them first.")
        texts = [
            text.strip() for text in asked["captions"].replace("\r\n", "\n").split("\n\n") if text.strip()
        ]
        like = asked["like"].strip() or account["id"]
        found = pipeline.advise(here, like, pictures=files, captions=texts, by=asked["by"].strip() or None)
        best = [idea.label for idea in found.ideas if idea.kind == "picture"]
        maps = pipeline.fit_maps(here, like, pictures=best[:MAPPED]) if best else {}
        for n, idea in enumerate(found.ideas):
            if idea.kind == "picture":
                drawn = maps.get(idea.label)
                shown[str(n)] = {
                    "own": uri(read_picture(Path(idea.label))),
                    "map": uri(drawn[1]) if drawn else "",
                }
        told = plain(named(found.to_dict(), files))
    except BrandfitError as error:  # the form is where it can be mended
        wrong = f"{error.message} {error.hint}".strip()
        for file in files:
            wrong = wrong.replace(str(file), file.name)
    status = 422 if wrong else 200
    return page(
        request,
        "content.html",
        status=status,
        account=account,
        asked=asked,
        told=told,
        shown=shown,
        wrong=wrong,
        mapped=MAPPED,
    )


def uri(data: bytes) -> str:
    return f"data:{media_type(data)};base64,{base64.b64encode(data).decode()}"
