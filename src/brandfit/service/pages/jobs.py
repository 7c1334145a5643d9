"""Jobs: the list, one job with its log, and the button that cancels it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from brandfit.service.http.dependencies import Queue, Store, write_audit
from brandfit.service.pages._page import Offset, Reader, Writer, back, page

router = APIRouter()
LIMIT = 50
"""Jobs on a page."""
LOG = 20_000
"""Characters of a log on a page, from its end."""


@router.get("/jobs")
def jobs(request: Request, _: Reader, *, queue: Queue, offset: Offset = 0) -> Response:
    items, total = queue.listing(LIMIT, offset)
    return page(request, "jobs.html", jobs=items, paged={"total": total, "limit": LIMIT, "offset": offset})


@router.get("/jobs/{id}")
def job(request: Request, _: Reader, *, queue: Queue, id: str) -> Response:
    # A report that an erasure has deleted has a job and no file.
    has_file = queue.file(id) is not None
    return page(request, "job.html", job=queue.get(id), log=queue.log(id)[-LOG:], has_file=has_file)


@router.post("/jobs/{id}/cancel")
def cancel(caller: Writer, queue: Queue, *, store: Store, id: str) -> Response:
    job = queue.cancel(id)
    write_audit(store, caller, action="cancel", subject=f"{job['kind']} {id}")
    return back("/jobs")
