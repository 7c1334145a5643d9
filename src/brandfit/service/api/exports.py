"""Rows, Features and rankings as files, streamed."""

from __future__ import annotations

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from brandfit import pipeline
from brandfit.service.api._shared import Here, Ranker, Reader
from brandfit.service.api.models import Handle

router = APIRouter(tags=["exports"])


class What(StrEnum):
    rankings = "rankings"
    accounts = "accounts"
    posts = "posts"
    images = "images"
    links = "links"
    endorsements = "endorsements"
    features = "features"
    rejects = "rejects"


class Ending(StrEnum):
    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"


MEDIA = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl", "parquet": "application/vnd.apache.parquet"}


@router.get(
    "/exports/{what}.{ending}",
    response_class=Response,
    responses={200: {"content": {kind.partition(";")[0]: {} for kind in MEDIA.values()}, "description": "The file"}},
)
def export(
    _: Reader,
    here: Here,
    what: What,
    ending: Ending,
    brand: Annotated[list[Handle], Query(max_length=1000, description="of rankings: whose; all where none is named")] = [],
    ranker: Ranker = None,
    k: Annotated[int, Query(ge=1, le=100_000, description="of rankings: how many of each brand")] = 50,
    name: Annotated[str | None, Query(max_length=200, description="of features: which")] = None,
) -> Response:
    """A file to keep; a CSV is safe to open in a spreadsheet."""
    folder = tempfile.TemporaryDirectory()
    try:
        file = Path(folder.name) / f"{what.value}.{ending.value}"
        pipeline.export(here, what.value, file, brand, ranker, k, name)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(file, media_type=MEDIA[ending.value], filename=file.name, background=BackgroundTask(folder.cleanup))
