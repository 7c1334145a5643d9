"""Influencers by words, by conditions, and by similarity to accounts or to a picture."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from brandfit import pipeline
from brandfit.data.candidates import sentences
from brandfit.errors import BrandfitError
from brandfit.search import filters
from brandfit.service.http.dependencies import CurrentWorkspace, WhereQuery
from brandfit.service.http.uploads import saved
from brandfit.service.pages._page import Offset, Reader, message_of, page
from brandfit.service.views import accounts
from brandfit.workspace import Workspace

router = APIRouter()
LIMIT = 20
"""Results of a search on a page."""
N_SIMILAR = 24
"""Results of a search by similarity; it has one page."""
SimilarTo = Literal["", "accounts", "picture"]


@router.get("/influencers")
def influencers(
    request: Request,
    _: Reader,
    *,
    workspace: CurrentWorkspace,
    q: Annotated[str, Query(max_length=500)] = "",
    where: WhereQuery = None,
    sort: Annotated[str, Query(max_length=100)] = "",
    like: Annotated[list[str] | None, Query(max_length=50)] = None,
    offset: Offset = 0,
) -> Response:
    """Influencers by words and a condition, or by similarity to accounts."""
    result, error, similar_to = None, "", []
    try:
        if similar_to := accounts.known_accounts(workspace, like or []):
            result = pipeline.similar(workspace, similar_to, picture=None, where=where or None, k=N_SIMILAR)
        elif workspace.fingerprint:
            result = pipeline.search(
                workspace, q.split(), where=where or None, sort=sort or None, k=LIMIT, offset=offset
            )
    except BrandfitError as raised:  # shown next to the form, where it can be corrected
        error = message_of(raised)
    form = {"q": q, "where": where or "", "sort": sort, "like": ", ".join(similar_to or like or [])}
    return _results(
        request,
        workspace,
        result=result,
        form=form,
        error=error,
        similar_to="accounts" if similar_to else "",
        offset=offset,
    )


@router.post("/influencers")
async def similar_picture(
    request: Request,
    _: Reader,
    *,
    workspace: CurrentWorkspace,
    picture: Annotated[UploadFile, File()],
    where: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Influencers with pictures that are similar to this one, which is not stored."""
    result, error = None, ""
    with tempfile.TemporaryDirectory() as folder:
        file = await saved(picture, Path(folder), "picture")
        find = partial(pipeline.similar, workspace, (), picture=file, where=where or None, k=N_SIMILAR)
        try:
            result = await run_in_threadpool(find)
        except BrandfitError as raised:
            error = message_of(raised).replace(str(file), picture.filename or "This")
    show = partial(
        _results,
        request,
        workspace,
        result=result,
        form={"q": "", "where": where, "sort": "", "like": ""},
        error=error,
        similar_to="picture",
        offset=0,
    )
    return await run_in_threadpool(show)


def _results(
    request: Request,
    workspace: Workspace,
    *,
    result: pipeline.SearchPage | None,
    form: dict[str, str],
    error: str,
    similar_to: SimilarTo,
    offset: int,
) -> Response:
    """The forms with the results, or with an error."""
    # Copies: the loop below replaces their facts.
    rows = [dict(row) for row in result.rows] if result else []
    ids = [row["influencer"] for row in rows]
    for row in rows:  # as a table prints them
        row["facts"] = {fact: filters.formatted(fact, value) for fact, value in row["facts"].items()}
    counts = []
    if result:
        # A search by similarity compares all candidates and shows the first of them.
        verb = "can be compared" if similar_to else "are found"
        counts = sentences(result.total, result.excluded, predicate=verb)
    # Facts that every result shows anyway are no reason to sort by.
    sorts = {}
    for name, field in filters.FIELDS.items():
        if field.numbers and not field.takes_account:
            sorts[name] = field.doc
    return page(
        request,
        "influencers.html",
        empty=not workspace.fingerprint,
        result=result,
        counts=counts,
        rows=rows,
        form=form,
        q=form["q"],
        error=error,
        similar_to=similar_to,
        sorts=sorts,
        faces=accounts.faces(workspace, ids) if ids else {},
        descriptions=accounts.described(workspace, ids) if ids else {},
        paged={"total": 0 if similar_to or not result else result.total, "limit": LIMIT, "offset": offset},
    )
