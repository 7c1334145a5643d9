"""Import by drag and drop, and the rows that imports left out."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from brandfit import pipeline
from brandfit.service.http.dependencies import CurrentWorkspace, Jobs, Queue
from brandfit.service.http.uploads import receive
from brandfit.service.pages._page import Reader, Writer, back, page
from brandfit.service.requests import ImportRequest

router = APIRouter()
REJECTS = 200
"""Rejects of an import on the page."""


@router.get("/import")
def imports(request: Request, _: Reader, *, workspace: CurrentWorkspace, queue: Queue) -> Response:
    """The form for files, the result of the last import, and the rows that imports left out."""
    jobs = queue.listing(50).of_kind("import")
    # Jobs come the latest first.
    last = jobs.ended[0] if jobs.ended else None
    written = []
    for one in workspace.imports():  # the newest first
        rows = workspace.rejects(of=one["id"])[:REJECTS] if one["rejects"] else []
        written.append({**one, "rows": rows})
    # A failed import wrote no rejects: those of an earlier one must not appear as if they were its own.
    n_newest = 1 if written and _is_result_of(last, written[0]) else 0
    return page(
        request,
        "import.html",
        importers=[one for one in pipeline.catalogue("importers") if one["name"] != "sample"],
        open=jobs.open,
        last=last,
        newest=written[0] if n_newest else None,
        earlier=[one for one in written[n_newest:] if one["rejects"]],
        empty=not workspace.fingerprint,
    )


@router.post("/upload")
async def upload(
    request: Request,
    caller: Writer,
    *,
    workspace: CurrentWorkspace,
    jobs: Jobs,
    files: Annotated[list[UploadFile], File()],
    source: Annotated[str, Form(max_length=100)] = "",
    strict: Annotated[bool, Form()] = False,
) -> Response:
    """Store files and queue their import."""
    # Browsers send an empty file for a field without a choice.
    upload = await receive(workspace, [file for file in files if file.filename])
    fields = {"source": source or upload["importers"][0], "upload": upload["id"], "strict": strict}
    body = ImportRequest.model_validate(fields)
    await run_in_threadpool(partial(jobs.submit, caller, "import", body))
    return back("/import")


@router.get("/rejects.txt")
def rejects(
    _: Reader,
    workspace: CurrentWorkspace,
    number: Annotated[
        int | None, Query(alias="import", ge=0, le=2**53, description="of this import; default: the last")
    ] = None,
) -> Response:
    """All rejects of an import as text, to correct them in the files."""
    # One line per reject, in the order of the files.
    lines = [f"{row['file']}, line {row['line']}: {row['reason']}" for row in workspace.rejects(of=number)]
    return PlainTextResponse("\n".join(lines) + "\n")


def _is_result_of(job: dict[str, Any] | None, newest: dict[str, Any]) -> bool:
    """Whether the newest written import is the result of the last import job, or came after it (from the
    command line)."""
    if newest["time"] is None:  # written by a version that stored no time
        return False
    return job is None or job["state"] == "done" or newest["time"] > (job["finished"] or 0)
