"""The contents of the workspace, its imports, and what is installed."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from brandfit import pipeline
from brandfit.service.api.answers import Listing, Workspace
from brandfit.service.http.dependencies import (
    UNCHANGED,
    CurrentWorkspace,
    Fresh,
    Limit,
    Offset,
    Reader,
)
from brandfit.service.views import workspaces
from brandfit.service.views.json_types import plain

router = APIRouter(tags=["workspace"])


class CatalogueKind(StrEnum):
    importers = "importers"
    encoders = "encoders"
    profilers = "profilers"
    rankers = "rankers"
    protocols = "protocols"
    metrics = "metrics"
    filters = "filters"


@router.get("/workspace", response_model=Workspace, responses=UNCHANGED)
def workspace(_: Reader, workspace: CurrentWorkspace, *, fresh: Fresh, response: Response) -> Any:
    """The contents of the workspace, and the next steps."""
    # An import may leave rows out and change none: it has a new id, and the workspace the same state.
    last_import = [one["id"] for one in workspace.imports()[:1]]
    if unchanged := fresh.not_modified(tag := fresh.tag(*last_import)):
        return unchanged
    fresh.mark(response, tag)
    return plain(workspaces.overview(workspace))


@router.get("/catalogue/{kind}", response_model=Listing)
def catalogue(_: Reader, kind: CatalogueKind) -> Any:
    """Everything of one kind that is installed."""
    items = pipeline.catalogue(kind.value)
    return {"items": items, "total": len(items)}


@router.get("/catalogue/settings/{name}", response_model=Listing)
def settings(_: Reader, name: str) -> Any:
    """The settings of an importer, encoder, profiler, ranker or protocol."""
    items = pipeline.catalogue("settings", name)
    return {"items": items, "total": len(items)}


@router.get("/check", response_model=dict[str, Any])
def check(_: Reader, workspace: CurrentWorkspace) -> Any:
    """Defects of the data, counted, with examples; and everything that is older than the data."""
    defects = pipeline.check(workspace).to_dict()
    return plain({**defects, "outdated": pipeline.outdated(workspace).to_dict()})


@router.get("/imports", response_model=Listing)
def imports(_: Reader, workspace: CurrentWorkspace, *, limit: Limit = 100, offset: Offset = 0) -> Any:
    """The last import of each source with its date and its number of rejects, the newest first."""
    items = workspace.imports()
    return {"items": items[offset : offset + limit], "total": len(items)}


@router.get("/rejects", response_model=Listing)
def rejects(
    _: Reader,
    workspace: CurrentWorkspace,
    *,
    limit: Limit = 100,
    offset: Offset = 0,
    source: Annotated[str | None, Query(max_length=4096, description="only of this source")] = None,
    number: Annotated[
        int | None, Query(alias="import", ge=0, le=2**53, description="only of this import")
    ] = None,
    earlier: Annotated[bool, Query(description="also of earlier imports")] = False,
) -> Any:
    """Rows that the last import left out, with file, line and reason."""
    # Read for one import, or for the last one.
    rows = workspace.rejects(of=number, earlier=earlier)
    items = [row for row in rows if source in (None, row["source"])]
    return {"items": items[offset : offset + limit], "total": len(items)}
