"""Uploads and long work: each is accepted at once, and told of as a job."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, UploadFile
from starlette.responses import FileResponse, PlainTextResponse, Response

from brandfit.errors import DataError, UnknownName, UsageError
from brandfit.service.annotations import opinions
from brandfit.service.api import models
from brandfit.service.api._shared import Here, Limit, Notes, Offset, Queue, Reader, Writer, noted, text_of
from brandfit.service.forgetting import UPLOADS
from brandfit.service.keys import Caller
from brandfit.service.uploads import receive
from brandfit.service.work import verify

router = APIRouter(tags=["work"])
PAPERS = {".html": "text/html; charset=utf-8", ".pdf": "application/pdf"}
ACCEPTED: dict[str, Any] = {"status_code": 202, "response_model": models.Job}


@router.post("/uploads", status_code=201, response_model=models.Upload)
async def upload(_: Writer, here: Here, files: Annotated[list[UploadFile], File(min_length=1)]) -> Any:
    """Files to be imported, or a .zip of them; they are let go of if no import asks for them before the
    service starts anew."""
    return await receive(here, files)


@router.post("/imports", **ACCEPTED)
def import_source(caller: Writer, here: Here, *, queue: Queue, desk: Notes, asked: models.Import) -> Any:
    """Import a source, from a path or an upload; ``sample`` wants neither."""
    if asked.path is not None and asked.upload is not None:
        raise UsageError("A path and an upload: which of them?", "Name one.")
    if asked.path is not None and not caller.may("admin"):
        raise UsageError(
            "This key may import uploads, not paths of the machine.",
            "Upload the files, or use a key of scope admin.",
        )
    if asked.upload is not None and not (here.path / UPLOADS / asked.upload).is_dir():
        raise DataError("There is no such upload.", "Upload the files first: POST /api/v1/uploads")
    return submitted("import", asked, caller=caller, here=here, queue=queue, desk=desk)


@router.post("/encodings", **ACCEPTED)
def encode(caller: Writer, here: Here, *, queue: Queue, desk: Notes, asked: models.Encoding) -> Any:
    """Turn posts and accounts into numbers."""
    return submitted("encode", asked, caller=caller, here=here, queue=queue, desk=desk)


@router.post("/trainings", **ACCEPTED)
def train(caller: Writer, here: Here, *, queue: Queue, desk: Notes, asked: models.Training) -> Any:
    """Fit a ranker on all endorsements."""
    return submitted("train", asked, caller=caller, here=here, queue=queue, desk=desk)


@router.post("/preparations", **ACCEPTED)
def prepare(caller: Writer, here: Here, *, queue: Queue, desk: Notes) -> Any:
    """Encode with what is installed, and train our own ranker."""
    return submitted("prepare", None, caller=caller, here=here, queue=queue, desk=desk)


@router.post("/updates", **ACCEPTED)
def update(caller: Writer, here: Here, *, queue: Queue, desk: Notes) -> Any:
    """Encode what is new or changed, and profile and train again what is older than its data."""
    return submitted("update", None, caller=caller, here=here, queue=queue, desk=desk)


@router.post("/profiles", **ACCEPTED)
def profile(caller: Writer, here: Here, *, queue: Queue, desk: Notes, asked: models.Profiling) -> Any:
    """Tell the category of every account."""
    return submitted("profile", asked, caller=caller, here=here, queue=queue, desk=desk)


@router.post("/evaluations", **ACCEPTED)
def evaluate(caller: Writer, here: Here, *, queue: Queue, desk: Notes, asked: models.Evaluation) -> Any:
    """Judge rankers; the report is the job's result."""
    return submitted("evaluate", asked, caller=caller, here=here, queue=queue, desk=desk)


@router.post("/reports", **ACCEPTED)
def report(caller: Reader, here: Here, *, queue: Queue, desk: Notes, asked: models.Reporting) -> Any:
    """A file to be mailed: what is known of a brand, the best influencers with pictures and reasons. It is
    the job's file."""
    not_this = [*asked.not_this, *opinions(here, desk, asked.brand).dislikes]
    return submitted(
        "report",
        asked.model_copy(update={"not_this": not_this}),
        caller=caller,
        here=here,
        queue=queue,
        desk=desk,
    )


@router.get("/jobs", response_model=models.Jobs)
def jobs(_: Reader, queue: Queue, *, limit: Limit = 50, offset: Offset = 0) -> Any:
    """The latest first."""
    items, total = queue.listing(limit, offset)
    return {"items": items, "total": total, "limit": limit, "offset": offset}


@router.get("/jobs/{id}", response_model=models.Job)
def job(_: Reader, queue: Queue, id: str) -> Any:
    """How far it is, or what came of it."""
    return queue.get(id)


@router.delete("/jobs/{id}", response_model=models.Job)
def cancel(caller: Writer, queue: Queue, *, desk: Notes, id: str) -> Any:
    """Stop it; what it had finished stays."""
    found = queue.cancel(id)
    noted(desk, caller, action="cancel", what=f"{found['kind']} {id}")
    return found


@router.get(
    "/jobs/{id}/file",
    response_class=Response,
    responses={
        200: {"content": {kind.partition(";")[0]: {} for kind in PAPERS.values()}, "description": "The file"}
    },
)
def file(_: Reader, queue: Queue, id: str) -> Response:
    """What a job wrote to be kept."""
    found = queue.file(id)
    if found is None:
        raise UnknownName(
            "file",
            f"of job {id}",
            known=[],
            hint="A report that is done has one, until somebody is forgotten: it may show them. Ask for it "
            "anew.",
        )
    return FileResponse(found, media_type=PAPERS[found.suffix], filename=found.name)


@router.get("/jobs/{id}/log", response_class=PlainTextResponse)
def log(_: Reader, queue: Queue, id: str) -> Response:
    """What its process printed."""
    return PlainTextResponse(queue.log(id))


def submitted(kind: str, asked: Any, *, caller: Caller, here: Any, queue: Any, desk: Any) -> dict[str, Any]:
    """Queued, after a look at what would be wrong from the start."""
    told = asked.model_dump() if asked is not None else {}
    if "settings" in told:
        told["settings"] = text_of(asked.settings)
    verify(here, kind, told)
    told = {name: value for name, value in told.items() if value is not None}
    found: dict[str, Any] = queue.submit(kind, told, f"{caller.name} ({caller.id})")
    noted(desk, caller, action=kind, what=found["id"])
    return found
