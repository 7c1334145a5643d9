"""The first page, importing, and work in the background."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from brandfit import pipeline
from brandfit.service import overview
from brandfit.service.api import models
from brandfit.service.api._shared import Here, Notes, Queue, noted
from brandfit.service.api.work import submitted
from brandfit.service.pages._shared import Reader, Writer, back, page
from brandfit.service.uploads import receive

router = APIRouter()
SHOWN = 200
"""Rejects on a page."""


@router.get("/")
def start(request: Request, _: Reader, *, here: Here, queue: Queue) -> Response:
    """What is in this workspace, and what to do next."""
    told = overview.overview(here)
    open_ = [job for job in queue.listing(20)[0] if job["state"] in ("queued", "running")]
    last = next((job for job in queue.listing(20)[0] if job["state"] not in ("queued", "running")), None)
    return page(request, "start.html", told=told, open=open_, last=last)


@router.get("/import")
def imports(request: Request, _: Reader, *, here: Here, queue: Queue) -> Response:
    """Drop files, see what came of the last import, and the rows that were left out."""
    jobs = [job for job in queue.listing(50)[0] if job["kind"] == "import"]
    last = next((job for job in jobs if job["state"] not in ("queued", "running")), None)
    found = [
        {**one, "rows": here.rejects(of=one["id"])[:SHOWN] if one["rejects"] else []}
        for one in here.imports()
    ]
    # An import that failed has no rows of its own: those of another import are not shown as if they were.
    own = 1 if found and _is_last(found[0], last) else 0
    return page(
        request,
        "import.html",
        importers=[one for one in pipeline.catalogue("importers") if one["name"] != "sample"],
        open=[job for job in jobs if job["state"] in ("queued", "running")],
        last=last,
        newest=next(iter(found[:own]), None),
        earlier=[one for one in found[own:] if one["rejects"]],
        empty=not here.fingerprint,
    )


@router.post("/upload")
async def upload(
    request: Request,
    caller: Writer,
    *,
    here: Here,
    queue: Queue,
    desk: Notes,
    files: Annotated[list[UploadFile], File()],
    source: Annotated[str, Form(max_length=100)] = "",
    strict: Annotated[bool, Form()] = False,
) -> Response:
    """Take files and import them."""
    kept = await receive(here, [file for file in files if file.filename])
    asked = models.Import.model_validate(
        {"source": source or kept["importers"][0], "upload": kept["id"], "strict": strict}
    )
    await run_in_threadpool(
        partial(submitted, "import", asked, caller=caller, here=here, queue=queue, desk=desk)
    )
    return back("/import")


@router.post("/sample")
def sample(caller: Writer, here: Here, *, queue: Queue, desk: Notes) -> Response:
    """The built-in sample, encoded and trained: one click to something to look at."""
    submitted(
        "import",
        models.Import.model_validate({"source": "sample"}),
        caller=caller,
        here=here,
        queue=queue,
        desk=desk,
    )
    submitted("prepare", None, caller=caller, here=here, queue=queue, desk=desk)
    return back("/")


@router.post("/prepare")
def prepare(caller: Writer, here: Here, *, queue: Queue, desk: Notes) -> Response:
    submitted("prepare", None, caller=caller, here=here, queue=queue, desk=desk)
    return back("/")


@router.post("/update")
def update(caller: Writer, here: Here, *, queue: Queue, desk: Notes) -> Response:
    submitted("update", None, caller=caller, here=here, queue=queue, desk=desk)
    return back("/")


@router.get("/jobs")
def jobs(
    request: Request, _: Reader, *, queue: Queue, offset: Annotated[int, Query(ge=0, le=10**7)] = 0
) -> Response:
    items, total = queue.listing(50, offset)
    return page(request, "jobs.html", jobs=items, paged={"total": total, "limit": 50, "offset": offset})


@router.get("/jobs/{id}")
def job(request: Request, _: Reader, *, queue: Queue, id: str) -> Response:
    return page(
        request, "job.html", job=queue.get(id), log=queue.log(id)[-20_000:], kept=queue.file(id) is not None
    )


@router.post("/jobs/{id}/cancel")
def cancel(caller: Writer, queue: Queue, *, desk: Notes, id: str) -> Response:
    found: dict[str, Any] = queue.cancel(id)
    noted(desk, caller, action="cancel", what=f"{found['kind']} {id}")
    return back("/jobs")


def _is_last(newest: dict[str, Any], job: dict[str, Any] | None) -> bool:
    """Whether the newest import that was written is what the last job did, or came after it (from the command
    line)."""
    if newest["time"] is None:
        return False
    return job is None or job["state"] == "done" or newest["time"] > (job["finished"] or 0)


@router.get("/rejects.txt")
def rejects(
    _: Reader,
    here: Here,
    number: Annotated[int | None, Query(alias="import", ge=0, le=2**53, description="of this import")] = None,
) -> Response:
    """All rows that the last import, or another one, left out, to be mended in the files."""
    lines = [f"{row['file']}, line {row['line']}: {row['reason']}" for row in here.rejects(of=number)]
    return PlainTextResponse("\n".join(lines) + "\n")
