"""Import by drag and drop, and the rows that imports left out."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from brandfit import pipeline
from brandfit.pipeline.import_preview import mapping_columns
from brandfit.pipeline.imports import TABLES
from brandfit.service.http.dependencies import CurrentWorkspace, Jobs, Queue, Renewal, Store, write_audit
from brandfit.service.http.uploads import receive
from brandfit.service.pages._page import Reader, Writer, back, page
from brandfit.service.requests import ImportRequest
from brandfit.service.views.uploads import (
    ATTRIBUTE,
    IGNORE,
    NO_TABLE,
    column_entries,
    upload_preview,
)

router = APIRouter()
UploadId = Annotated[str, Query(pattern=r"^[0-9a-f]{16}$", description="an upload")]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REJECTS = 200
"""Rejects of an import on the page."""


@router.get("/import")
def imports(
    request: Request, _: Reader, *, workspace: CurrentWorkspace, queue: Queue, undone: bool = False
) -> Response:
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
        undone=undone,
        undoable=workspace.last_import(),
        empty=not workspace.fingerprint,
    )


@router.post("/upload")
async def upload(
    caller: Writer,
    *,
    workspace: CurrentWorkspace,
    jobs: Jobs,
    files: Annotated[list[UploadFile], File()],
    source: Annotated[str, Form(max_length=100)] = "",
    strict: Annotated[bool, Form()] = False,
    prune: Annotated[bool, Form()] = False,
    columns: Annotated[bool, Form(description="show how columns are read, and wait")] = False,
) -> Response:
    """Store files and queue their import. If something has to be asked about columns, the page of columns
    asks it first."""
    # Browsers send an empty file for a field without a choice.
    upload = await receive(workspace, [file for file in files if file.filename])
    source = source or upload["importers"][0]
    if source == TABLES:
        preview = await run_in_threadpool(upload_preview, workspace, upload["id"])
        if columns or preview.has_questions:
            options = {"upload": upload["id"], "strict": strict, "prune": prune}
            return back(f"/import/columns?{urlencode({k: str(v).lower() for k, v in options.items() if v})}")
    fields = {"source": source, "upload": upload["id"], "strict": strict, "prune": prune}
    body = ImportRequest.model_validate(fields)
    await run_in_threadpool(partial(jobs.submit, caller, "import", body))
    return back("/import")


@router.get("/import/columns")
def columns(
    request: Request,
    _: Reader,
    *,
    workspace: CurrentWorkspace,
    upload: UploadId,
    strict: bool = False,
    prune: bool = False,
) -> Response:
    """How the columns of uploaded tables are read, to be confirmed or changed."""
    preview = upload_preview(workspace, upload)
    return page(
        request,
        "columns.html",
        preview=preview,
        upload=upload,
        strict=strict,
        prune=prune,
        tables=mapping_columns(),
        handles=(("accounts", "id"), ("posts", "account"), ("comments", "account")),
        attribute=ATTRIBUTE,
        ignored=IGNORE,
        no_table=NO_TABLE,
    )


@router.post("/import/columns")
async def import_with_columns(
    request: Request, caller: Writer, *, workspace: CurrentWorkspace, jobs: Jobs
) -> Response:
    """Queue the import of an upload with what the page of columns says."""
    form = await request.form()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    upload = fields.get("upload", "")
    preview = await run_in_threadpool(upload_preview, workspace, upload)
    entries = column_entries(preview, fields)
    body = ImportRequest.model_validate(
        {
            "source": TABLES,
            "upload": upload,
            "strict": fields.get("strict") == "true",
            "prune": fields.get("prune") == "true",
            "map": entries,
        }
    )
    await run_in_threadpool(partial(jobs.submit, caller, "import", body))
    return back("/import")


@router.post("/undo")
def undo(
    caller: Writer,
    workspace: CurrentWorkspace,
    store: Store,
    *,
    renew: Renewal,
    number: Annotated[int | None, Form(ge=0, le=2**53)] = None,
) -> Response:
    """Take back the last import; ``number`` is that of the import that the page showed."""
    undone = pipeline.undo(workspace, number)
    renew()
    write_audit(store, caller, action="undo", subject=undone.source)
    return back("/import?undone=true")


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


@router.get("/rejected.xlsx")
def rejected_rows(
    _: Reader,
    workspace: CurrentWorkspace,
    number: Annotated[
        int | None, Query(alias="import", ge=0, le=2**53, description="of this import; default: the last")
    ] = None,
) -> Response:
    """The rejected rows of an import as they were, with the reason, to be corrected and dropped again."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rejected rows.xlsx"
        pipeline.export_rejected_rows(workspace, file, of=number)
        data = file.read_bytes()
    disposition = {"Content-Disposition": 'attachment; filename="rejected rows.xlsx"'}
    return Response(data, media_type=XLSX, headers=disposition)


def _is_result_of(job: dict[str, Any] | None, newest: dict[str, Any]) -> bool:
    """Whether the newest written import is the result of the last import job, or came after it (from the
    command line)."""
    if newest["time"] is None:  # written by a version that stored no time
        return False
    return job is None or job["state"] == "done" or newest["time"] > (job["finished"] or 0)
