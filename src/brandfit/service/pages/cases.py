"""The case study of a brand: hits and misses of a ranker that has not seen the brand (M-16, B-12)."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from brandfit import pipeline, registry
from brandfit.errors import BrandfitError
from brandfit.report import case_page
from brandfit.service.http.dependencies import CurrentWorkspace, Jobs, Queue
from brandfit.service.jobs.queue import KEPT, JobQueue
from brandfit.service.pages._page import (
    Reader,
    Writer,
    back,
    brand_path,
    message_of,
    page,
    query,
    refuse_influencer,
)
from brandfit.service.requests import CaseRequest
from brandfit.service.views import accounts
from brandfit.service.views.cases import with_texts
from brandfit.workspace import Workspace

router = APIRouter()
DEFAULT = "simcos"
"""Ranker of the page without a choice: it needs no training, so that the page shows a study at once."""
RankerName = Annotated[str, Query(max_length=100)]


@router.get("/brands/{brand}/case")
def case(
    request: Request,
    _: Reader,
    *,
    workspace: CurrentWorkspace,
    queue: Queue,
    brand: str,
    ranker: RankerName = "",
) -> Response:
    """The study of one ranker. A ranker that learns is fitted in a job, whose result is shown."""
    account = accounts.account(workspace, brand)
    refuse_influencer(account)
    name = ranker or DEFAULT
    study = _study(workspace, queue, brand=account["id"], ranker=name)
    body = (
        case_page.body(study.result, _picture_address, pipeline.role_names(workspace)) if study.result else ""
    )
    return page(
        request,
        "case.html",
        status=422 if study.error else 200,
        account=account,
        ranker=name,
        rankers=pipeline.catalogue("rankers"),
        body=body,
        learns=registry.load("ranker", name).learns,
        open=study.open,
        error=study.error,
        is_outdated=bool(study.result) and study.result["dataset"] != workspace.fingerprint,
    )


@router.post("/brands/{brand}/case")
def begin(
    caller: Writer,
    jobs: Jobs,
    *,
    brand: str,
    ranker: Annotated[str, Form(max_length=100)] = DEFAULT,
) -> Response:
    """Queue the study of a ranker that learns, and return to the page."""
    jobs.submit(caller, "case", CaseRequest(brand=brand, ranker=ranker))
    return back(brand_path(brand, "case") + query(ranker=ranker))


class _Study(NamedTuple):
    """The study as JSON types, {} if there is none; jobs that make it; the error why there is none."""

    result: dict[str, Any]
    open: list[dict[str, Any]]
    error: str


def _study(workspace: Workspace, queue: JobQueue, *, brand: str, ranker: str) -> _Study:
    """The study, computed at once for a ranker that learns nothing, else that of the latest job."""
    if not registry.load("ranker", ranker).learns:
        try:
            return _Study(pipeline.case_study(workspace, brand, ranker=ranker).to_dict(), [], "")
        except BrandfitError as raised:
            return _Study({}, [], message_of(raised))

    def is_this(job: dict[str, Any]) -> bool:
        stated = job["parameters"]
        return bool(stated.get("brand") == brand and stated.get("ranker") == ranker)

    jobs = queue.listing(KEPT).of_kind("case")
    ended = list(filter(is_this, jobs.ended))
    done = [job for job in ended if job["state"] == "done" and job["result"]]
    error = ""
    if ended and ended[0]["state"] == "failed":
        problem = ended[0]["problem"]
        error = f"{problem['title']} {problem['detail']}".strip()
    result = with_texts(workspace, done[0]["result"]) if done else {}
    return _Study(result, list(filter(is_this, jobs.open)), error)


def _picture_address(hash: str) -> str:
    return f"/api/v1/pictures/{hash}"
