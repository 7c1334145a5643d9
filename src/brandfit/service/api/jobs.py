"""Uploads and jobs. Each request for long work is answered at once with a job."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Path, Query, UploadFile
from starlette.responses import FileResponse, PlainTextResponse, Response

from brandfit import pipeline
from brandfit.errors import UnknownName
from brandfit.service import requests
from brandfit.service.api import answers
from brandfit.service.http.dependencies import (
    CurrentWorkspace,
    Jobs,
    Limit,
    Offset,
    Queue,
    Reader,
    Renewal,
    Store,
    Writer,
    write_audit,
)
from brandfit.service.http.uploads import receive
from brandfit.service.views.uploads import upload_preview

router = APIRouter(tags=["jobs"])
UploadId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", description="an upload")]
REPORT_TYPES = {".html": "text/html; charset=utf-8", ".pdf": "application/pdf"}
REPORT_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {media_type.partition(";")[0]: {} for media_type in REPORT_TYPES.values()},
        "description": "The file",
    }
}
ACCEPTED: dict[str, Any] = {"status_code": 202, "response_model": answers.Job}


@router.post("/uploads", status_code=201, response_model=answers.Upload)
async def upload(
    _: Writer, workspace: CurrentWorkspace, files: Annotated[list[UploadFile], File(min_length=1)]
) -> Any:
    """Files for an import, or a .zip of them. An upload that no import names is deleted at the next start of
    the service."""
    return await receive(workspace, files)


@router.get("/uploads/{upload_id}/preview", response_model=answers.ImportPreview)
def preview(_: Reader, workspace: CurrentWorkspace, upload_id: UploadId) -> Any:
    """How an import would read the columns of uploaded tables, with questions and the entries for ``map``
    that answer them."""
    return upload_preview(workspace, upload_id).to_dict()


@router.post("/imports", **ACCEPTED)
def import_source(caller: Writer, jobs: Jobs, body: requests.ImportRequest) -> Any:
    """Import a source from a path or an upload; ``sample`` needs neither."""
    return jobs.submit_import(caller, body)


@router.post("/undo", response_model=answers.Undone)
def undo(
    caller: Writer,
    workspace: CurrentWorkspace,
    store: Store,
    *,
    renew: Renewal,
    number: Annotated[
        int | None, Query(alias="import", ge=0, le=2**53, description="of the import that is meant")
    ] = None,
) -> Any:
    """Take back the last import: rows that it added go, rows that it changed or removed are as before. A
    conflict if there is none to take back, or if another one is the last."""
    undone = pipeline.undo(workspace, number)
    renew()
    write_audit(store, caller, action="undo", subject=undone.source)
    return undone.to_dict()


@router.post("/encodings", **ACCEPTED)
def encode(caller: Writer, jobs: Jobs, body: requests.EncodingRequest) -> Any:
    """Turn posts and accounts into features."""
    return jobs.submit(caller, "encode", body)


@router.post("/trainings", **ACCEPTED)
def train(caller: Writer, jobs: Jobs, body: requests.TrainingRequest) -> Any:
    """Fit a ranker on all endorsements."""
    return jobs.submit(caller, "train", body)


@router.post("/preparations", **ACCEPTED)
def prepare(caller: Writer, jobs: Jobs) -> Any:
    """Encode with the installed encoders, and train the ranker brandfit."""
    return jobs.submit(caller, "prepare")


@router.post("/updates", **ACCEPTED)
def update(caller: Writer, jobs: Jobs) -> Any:
    """Encode new and changed posts, and repeat profiling and training that are older than their data."""
    return jobs.submit(caller, "update")


@router.post("/profiles", **ACCEPTED)
def profile(caller: Writer, jobs: Jobs, body: requests.ProfilingRequest) -> Any:
    """Predict the category of every account."""
    return jobs.submit(caller, "profile", body)


@router.post("/evaluations", **ACCEPTED)
def evaluate(caller: Writer, jobs: Jobs, body: requests.EvaluationRequest) -> Any:
    """Evaluate rankers; the result of the job is the report."""
    return jobs.submit(caller, "evaluate", body)


@router.post("/cases", **ACCEPTED)
def case(caller: Writer, jobs: Jobs, body: requests.CaseRequest) -> Any:
    """A case study of a brand by a ranker that is fitted without it. The result of the job is the study with
    ids of accounts and posts; their texts are at the addresses of accounts."""
    return jobs.submit(caller, "case", body)


@router.post("/reports", **ACCEPTED)
def report(caller: Reader, jobs: Jobs, body: requests.ReportRequest) -> Any:
    """A report on a brand: the best influencers with pictures and reasons. It is the file of the job."""
    return jobs.submit_report(caller, body)


@router.get("/jobs", response_model=answers.Jobs)
def jobs(_: Reader, queue: Queue, *, limit: Limit = 50, offset: Offset = 0) -> Any:
    """Jobs, the latest first."""
    page = queue.listing(limit, offset)
    return {"items": page.items, "total": page.total, "limit": limit, "offset": offset}


@router.get("/jobs/{id}", response_model=answers.Job)
def job(_: Reader, queue: Queue, id: str) -> Any:
    """The progress of a job, or its result."""
    return queue.get(id)


@router.delete("/jobs/{id}", response_model=answers.Job)
def cancel(caller: Writer, queue: Queue, *, store: Store, id: str) -> Any:
    """Stop a job; results that it has written stay."""
    job = queue.cancel(id)
    write_audit(store, caller, action="cancel", subject=f"{job['kind']} {id}")
    return job


@router.get("/jobs/{id}/file", response_class=Response, responses=REPORT_FILE)
def file(_: Reader, queue: Queue, id: str) -> Response:
    """The file that a job made."""
    # None for other kinds of jobs too.
    path = queue.file(id)
    if path is None:
        raise UnknownName(
            "file",
            f"of job {id}",
            known=[],
            hint="A report that is done has one. It is deleted when an account is erased, because it may "
            "show it; request the report again.",
        )
    return FileResponse(path, media_type=REPORT_TYPES[path.suffix], filename=path.name)


@router.get("/jobs/{id}/log", response_class=PlainTextResponse)
def log(_: Reader, queue: Queue, id: str) -> Response:
    """The output of the process of a job."""
    return PlainTextResponse(queue.log(id))
