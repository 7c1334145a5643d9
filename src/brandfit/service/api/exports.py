"""Rows, Features, rankings and shortlists as files; streamed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from brandfit import pipeline
from brandfit.account_id import account_id
from brandfit.service import ranking_views, shortlist_views
from brandfit.service.annotations import opinions
from brandfit.service.api._shared import Followers, Here, Notes, Ranker, Reader, Weights, WhereQuery
from brandfit.service.api.models import Handle, Keywords
from brandfit.service.work import OWN

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


MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}


@router.get(
    "/exports/{what}.{ending}",
    response_class=Response,
    responses={
        200: {"content": {kind.partition(";")[0]: {} for kind in MEDIA.values()}, "description": "The file"}
    },
)
def export(
    _: Reader,
    here: Here,
    *,
    desk: Notes,
    what: ExportKind,
    ending: Ending,
    brand: Annotated[
        list[Handle], Query(max_length=1000, description="of rankings: whose; all where none is named")
    ] = [],
    ranker: Ranker = None,
    k: Annotated[
        int | None,
        Query(ge=1, le=100_000, description="of rankings: how many of each brand; 50 where not said"),
    ] = None,
    name: Annotated[str | None, Query(max_length=200, description="of features: which")] = None,
    followers: Followers = None,
    earlier: Annotated[bool, Query(description="of rejects: those of earlier imports too")] = False,
    where: WhereQuery = None,
    partners: Annotated[bool, Query(description="of rankings: past partners too")] = False,
    weight: Weights = [],
    like: Annotated[list[Handle], Query(max_length=50, description="of rankings")] = [],
    dislike: Annotated[list[Handle], Query(max_length=50, description="of rankings")] = [],
    refine: Annotated[
        bool, Query(description="of rankings: learn from what is liked and disliked for each brand too")
    ] = False,
    q: Keywords = "",
    exclude: Annotated[list[Handle], Query(max_length=1000, description="of rankings: not these")] = [],
) -> Response:
    """A file to keep; a CSV is safe to open in a spreadsheet. Rankings leave out influencers that are marked
    as disliked, and are those that ``/rankings`` gives with the same parameters."""
    query = pipeline.RankingQuery(
        partners=partners,
        where=where,
        weights=ranking_views.weights(weight),
        like=like,
        dislike=dislike,
        exclude=exclude,
        keywords=q.split(),
    )
    narrows = bool(query.narrowed_by or query.adjusted_by or followers or refine)

    def of_brand(brand: str) -> pipeline.RankingQuery:
        return opinions(here, desk, brand).applied(query, refine)

    label = ""
    if what is ExportKind.rankings and narrows:
        label = f"-{OWN.sub('_', account_id(brand[0]))}-narrowed" if len(brand) == 1 else "-narrowed"
    return sent(
        f"{what.value}{label}.{ending.value}",
        MEDIA[ending.value],
        lambda file: pipeline.export(
            here,
            what.value,
            file=file,
            brands=brand,
            ranker=ranker,
            k=k,
            name=name,
            data=None,
            followers=followers,
            earlier=earlier,
            query=of_brand if what is ExportKind.rankings else query,
        ),
    )


@router.get(
    "/shortlists/{brand}.{ending}",
    response_class=Response,
    responses={
        200: {"content": {kind.partition(";")[0]: {} for kind in MEDIA.values()}, "description": "The file"}
    },
)
def shortlist(
    _: Reader, here: Here, *, desk: Notes, brand: Handle, ending: Ending, ranker: Ranker = None
) -> Response:
    """Who is on the shortlist of a brand, with chances, estimated prices, notes and tags; safe in a
    spreadsheet."""
    found = shortlist_views.listed(here, desk, brand=brand, ranker=ranker)
    name = f"shortlist-{OWN.sub('_', found['brand'])}.{ending.value}"
    currency = pipeline.currency_of(here)
    return sent(
        name,
        MEDIA[ending.value],
        lambda file: pipeline.export_priced(shortlist_views.rows(found), file, currency),
    )


def sent(name: str, media_type: str, write: Callable[[Path], object]) -> Response:
    """A file that is written somewhere else, as a download; gone when it was sent."""
    folder = tempfile.TemporaryDirectory()
    try:
        file = Path(folder.name) / name
        write(file)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(file, media_type=media_type, filename=name, background=BackgroundTask(folder.cleanup))
