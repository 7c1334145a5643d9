"""Advice on the next post: how well pictures and captions fit, why, and the engagement to expect."""

from __future__ import annotations

import base64
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from brandfit import pipeline
from brandfit.account_id import account_id
from brandfit.errors import BrandfitError, UsageError
from brandfit.search.lookalike import read_picture
from brandfit.service.http.dependencies import CurrentWorkspace
from brandfit.service.http.uploads import saved
from brandfit.service.pages._page import Reader, message_of, page
from brandfit.service.views import accounts
from brandfit.service.views.advice import named
from brandfit.service.views.json_types import plain
from brandfit.workspace import Workspace

router = APIRouter()
MAPPED = 3
"""Pictures with a heat map; each map encodes its picture fifty times."""
MOST = 20
"""Pictures at once."""


@router.get("/brands/{brand}/content")
def empty(request: Request, _: Reader, *, workspace: CurrentWorkspace, brand: str, by: str = "") -> Response:
    account = accounts.account(workspace, brand)
    form = {"like": account["id"], "by": account_id(by), "captions": ""}
    return _page(request, account, form=form)


@router.post("/brands/{brand}/content")
async def content(
    request: Request,
    _: Reader,
    *,
    workspace: CurrentWorkspace,
    brand: str,
    like: Annotated[str, Form(max_length=200)] = "",
    by: Annotated[str, Form(max_length=200)] = "",
    captions: Annotated[str, Form(max_length=50_000, description="with an empty line between them")] = "",
    pictures: Annotated[list[UploadFile], File()] = [],  # noqa: B006  # FastAPI copies defaults
) -> Response:
    form = {"like": like, "by": by, "captions": captions}
    with tempfile.TemporaryDirectory() as folder:
        files = []
        # One above the maximum is saved too, so that the answer can refuse it.
        for n, picture in enumerate([one for one in pictures if one.filename][: MOST + 1]):
            files.append(await saved(picture, Path(folder), f"{n}/{picture.filename}"))
        answer = partial(_answer, request, workspace, brand=brand, form=form, files=files)
        return await run_in_threadpool(answer)


def _answer(
    request: Request, workspace: Workspace, *, brand: str, form: dict[str, str], files: list[Path]
) -> Response:
    """The page with the advice, or with the error above the form, where it can be corrected."""
    account = accounts.account(workspace, brand)
    try:
        advised = _advise(workspace, account["id"], form=form, files=files)
    except BrandfitError as raised:
        error = message_of(raised)
        for file in files:  # the reader does not know their paths on this machine
            error = error.replace(str(file), file.name)
        return _page(request, account, form=form, error=error)
    return _page(request, account, form=form, advice=advised.advice, drawings=advised.drawings)


class Advised(NamedTuple):
    """The advice, and the drawings of its pictures: number of the idea to ``own`` and ``map``, data URIs."""

    advice: dict[str, Any]
    drawings: dict[str, dict[str, str]]


def _advise(workspace: Workspace, brand: str, *, form: dict[str, str], files: list[Path]) -> Advised:
    if len(files) > MOST:
        raise UsageError(f"More than {MOST} pictures at once.", "Send some of them first.")
    # Forms send CRLF; an empty line separates two captions.
    captions = [text.strip() for text in form["captions"].replace("\r\n", "\n").split("\n\n")]
    like = form["like"].strip() or brand
    advice = pipeline.advise(
        workspace,
        like,
        pictures=files,
        captions=list(filter(None, captions)),
        by=form["by"].strip() or None,
    )
    # A label of the advice is the path of the picture until ``named`` replaces it.
    pictures = [idea.label for idea in advice.ideas if idea.kind == "picture"]  # best first
    maps = pipeline.fit_maps(workspace, like, pictures=pictures[:MAPPED]) if pictures else {}
    drawings: dict[str, dict[str, str]] = {}
    for n, idea in enumerate(advice.ideas):
        if idea.kind == "picture":
            map_ = maps.get(idea.label)
            own = data_uri(read_picture(Path(idea.label)))
            drawings[str(n)] = {"own": own, "map": data_uri(map_[1]) if map_ else ""}
    return Advised(plain(named(advice.to_dict(), files)), drawings)


def _page(
    request: Request,
    account: dict[str, Any],
    *,
    form: dict[str, str],
    advice: dict[str, Any] | None = None,
    drawings: dict[str, dict[str, str]] | None = None,
    error: str = "",
) -> Response:
    return page(
        request,
        "content.html",
        status=422 if error else 200,
        account=account,
        form=form,
        advice=advice,
        drawings=drawings or {},
        error=error,
        mapped=MAPPED,
    )


def data_uri(data: bytes) -> str:
    """A picture inside the page, because uploaded pictures are not stored."""
    return f"data:{accounts.media_type(data)};base64,{base64.b64encode(data).decode()}"
