"""What the workspace holds and what is installed."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from brandfit import pipeline
from brandfit.service import overview
from brandfit.service.api._shared import UNCHANGED, Here, Limit, Offset, Reader, Unchanged, plain
from brandfit.service.api.models import Listing, Workspace

router = APIRouter(tags=["workspace"])


class Installed(StrEnum):
    importers = "importers"
    encoders = "encoders"
    profilers = "profilers"
    rankers = "rankers"
    protocols = "protocols"
    metrics = "metrics"
    filters = "filters"


@router.get("/workspace", response_model=Workspace, responses=UNCHANGED)
def workspace(_: Reader, here: Here, *, fresh: Unchanged, response: Response) -> Any:
    """What is in it, and what to do next."""
    last = [one["id"] for one in here.imports()[:1]]
    if same := fresh.same(tag := fresh.tag(*last)):  # an import may change no row and yet leave some out
        return same
    fresh.on(response, tag)
    return plain(overview.overview(here))


@router.get("/catalogue/{what}", response_model=Listing)
def catalogue(_: Reader, what: Installed) -> Any:
    """What is installed."""
    items = pipeline.catalogue(what.value)
    return {"items": items, "total": len(items)}


@router.get("/catalogue/settings/{name}", response_model=Listing)
def settings(_: Reader, name: str) -> Any:
    """The settings of an importer, encoder, profiler, ranker or protocol."""
    items = pipeline.catalogue("settings", name)
    return {"items": items, "total": len(items)}


@router.get("/check", response_model=dict[str, Any])
def check(_: Reader, here: Here) -> Any:
    """What is wrong with the data, counted, with examples; and what is older than the data."""
    return plain({**pipeline.check(here).to_dict(), "outdated": pipeline.outdated(here).to_dict()})


@router.get("/imports", response_model=Listing)
def imports(_: Reader, here: Here, *, limit: Limit = 100, offset: Offset = 0) -> Any:
    """The last import of each source, the newest first: when it was, and how many rows it left out."""
    found = here.imports()
    return {"items": found[offset : offset + limit], "total": len(found)}


@router.get("/rejects", response_model=Listing)
def rejects(
    _: Reader,
    here: Here,
    *,
    limit: Limit = 100,
    offset: Offset = 0,
    source: Annotated[str | None, Query(max_length=4096, description="those of this source alone")] = None,
    number: Annotated[
        int | None, Query(alias="import", ge=0, le=2**53, description="those of this import")
    ] = None,
    earlier: Annotated[bool, Query(description="those of earlier imports too")] = False,
) -> Any:
    """Rows that the last import left out, with file, line and reason."""
    found = [row for row in here.rejects(of=number, earlier=earlier) if source in (None, row["source"])]
    return {"items": found[offset : offset + limit], "total": len(found)}
