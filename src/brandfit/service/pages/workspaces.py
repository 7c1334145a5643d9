"""The first page: the contents of the workspace, the next steps, and the buttons that start them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from brandfit.service.http.dependencies import CurrentWorkspace, Jobs, Queue
from brandfit.service.pages._page import Reader, Writer, back, page
from brandfit.service.requests import ImportRequest
from brandfit.service.views import workspaces

router = APIRouter()


@router.get("/")
def start(request: Request, _: Reader, *, workspace: CurrentWorkspace, queue: Queue) -> Response:
    """The contents of this workspace, the jobs, and the next steps."""
    jobs = queue.listing(20)
    return page(
        request,
        "start.html",
        overview=workspaces.overview(workspace),
        open=jobs.open,
        last=jobs.ended[0] if jobs.ended else None,
    )


@router.post("/sample")
def sample(caller: Writer, jobs: Jobs) -> Response:
    """Import, encode and train the built-in sample."""
    jobs.submit(caller, "import", ImportRequest.model_validate({"source": "sample"}))
    # Jobs run in the order of their submission.
    jobs.submit(caller, "prepare")
    return back("/")


@router.post("/prepare")
def prepare(caller: Writer, jobs: Jobs) -> Response:
    jobs.submit(caller, "prepare")
    return back("/")


@router.post("/update")
def update(caller: Writer, jobs: Jobs) -> Response:
    jobs.submit(caller, "update")
    return back("/")
