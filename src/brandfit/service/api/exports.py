"""Rows, features, rankings and shortlists as files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from brandfit import pipeline
from brandfit.account_id import account_id
from brandfit.service.api._ranking_query import Exposure
from brandfit.service.http.dependencies import (
    CurrentWorkspace,
    Followers,
    Ranker,
    Reader,
    Store,
    Weights,
    WhereQuery,
)
from brandfit.service.jobs.kinds import OUTSIDE_FILE_NAMES
from brandfit.service.requests import Handle, Keywords
from brandfit.service.views import rankings, shortlists
from brandfit.service.views.opinions import opinions

router = APIRouter(tags=["exports"])


class ExportKind(StrEnum):
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
    xlsx = "xlsx"
    json = "json"


MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {media_type.partition(";")[0]: {} for media_type in MEDIA_TYPES.values()},
        "description": "The file",
    }
}


@router.get("/exports/{kind}.{ending}", response_class=Response, responses=FILE)
def export(  # FastAPI: one argument per parameter of the request
    _: Reader,
    workspace: CurrentWorkspace,
    *,
    store: Store,
    kind: ExportKind,
    ending: Ending,
    brand: Annotated[
        list[Handle], Query(max_length=1000, description="of rankings; the default is all")
    ] = [],
    ranker: Ranker = None,
    k: Annotated[
        int | None,
        Query(ge=1, le=100_000, description="of rankings: influencers per brand; the default is 50"),
    ] = None,
    name: Annotated[str | None, Query(max_length=200, description="of features: their name")] = None,
    followers: Followers = None,
    earlier: Annotated[bool, Query(description="of rejects: also those of earlier imports")] = False,
    where: WhereQuery = None,
    partners: Annotated[bool, Query(description="of rankings: past partners too")] = False,
    weight: Weights = [],
    like: Annotated[list[Handle], Query(max_length=50, description="of rankings")] = [],
    dislike: Annotated[list[Handle], Query(max_length=50, description="of rankings")] = [],
    refine: Annotated[
        bool,
        Query(description="of rankings: the likes and dislikes that are stored for each brand count too"),
    ] = False,
    q: Keywords = "",
    exclude: Annotated[
        list[Handle], Query(max_length=1000, description="of rankings: influencers to leave out")
    ] = [],
    exposure: Exposure = None,
) -> Response:
    """A file to keep; a CSV is safe to open in a spreadsheet. Rankings leave out influencers that are marked
    as disliked, and are those that ``/rankings`` gives with the same parameters."""
    query = pipeline.RankingQuery(
        partners=partners,
        where=where,
        weights=rankings.weights(weight),
        like=like,
        dislike=dislike,
        exclude=exclude,
        keywords=q.split(),
        exposure=exposure,
    )

    def query_of(brand: str) -> pipeline.RankingQuery:
        return opinions(workspace, store, brand).applied(query, refine)

    label = ""
    if kind is ExportKind.rankings:
        # Without a named brand all brands are ranked; only those with a dislike can differ from ``query``.
        queries = [query, *map(query_of, brand or store.dislikes())]
        if not all(rankings.is_whole_list(one, followers) for one in queries):
            label = f"-{_file_part(account_id(brand[0]))}-narrowed" if len(brand) == 1 else "-narrowed"

    def write(file: Path) -> object:
        return pipeline.export(
            workspace,
            kind.value,
            file=file,
            brands=brand,
            ranker=ranker,
            k=k,
            name=name,
            data=None,
            followers=followers,
            earlier=earlier,
            query=query_of if kind is ExportKind.rankings else query,
        )

    return download(f"{kind.value}{label}.{ending.value}", MEDIA_TYPES[ending.value], write=write)


@router.get("/shortlists/{brand}.{ending}", response_class=Response, responses=FILE)
def shortlist(
    _: Reader,
    workspace: CurrentWorkspace,
    *,
    store: Store,
    brand: Handle,
    ending: Ending,
    ranker: Ranker = None,
) -> Response:
    """The shortlist of a brand, with chances, estimated prices, notes and tags; safe in a spreadsheet."""
    listed = shortlists.listed(workspace, store, brand=brand, ranker=ranker)
    currency = pipeline.currency_of(workspace)

    def write(file: Path) -> object:
        return pipeline.export_priced(shortlists.rows(listed), file, currency)

    file_name = f"shortlist-{_file_part(listed['brand'])}.{ending.value}"
    return download(file_name, MEDIA_TYPES[ending.value], write=write)


def download(name: str, media_type: str, *, write: Callable[[Path], object]) -> Response:
    """A file that ``write`` makes in a temporary folder, which is removed when the file is sent."""
    # The response is sent after this function returns: the folder is removed by a background task.
    folder = tempfile.TemporaryDirectory()
    try:
        file = Path(folder.name) / name
        write(file)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(file, media_type=media_type, filename=name, background=BackgroundTask(folder.cleanup))


def _file_part(id: str) -> str:
    """An account id as part of the name of a file."""
    return OUTSIDE_FILE_NAMES.sub("_", id)
