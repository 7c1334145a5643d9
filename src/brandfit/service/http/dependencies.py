"""Dependencies of routes, for API and pages: the state of the application, parameters of addresses, ETags."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import BeforeValidator
from starlette.responses import Response

from brandfit import number_text
from brandfit.service.http.access import needs
from brandfit.service.http.middleware import request_id
from brandfit.service.jobs.queue import JobQueue
from brandfit.service.jobs.submit import Submitter
from brandfit.service.store.keys import Caller
from brandfit.service.store.service_store import ServiceStore
from brandfit.workspace import Workspace

# --- callers ------------------------------------------------------------------------------------------------

Reader = Annotated[Caller, Depends(needs("read"))]
Writer = Annotated[Caller, Depends(needs("write"))]
Admin = Annotated[Caller, Depends(needs("admin"))]


def write_audit(store: ServiceStore, caller: Caller, *, action: str, subject: str) -> None:
    """Append to the audit log, with the id of the request."""
    store.audit(caller.label, action, subject=subject[:500], request=request_id.get())


# --- parameters of addresses --------------------------------------------------------------------------------

WrittenNumber = BeforeValidator(
    lambda value: number_text.whole_number(value) if isinstance(value, str) else value
)
"""A number in an address is read like all numbers; ``5.000`` is refused because it has two readings."""
LARGEST_OFFSET = 10_000_000
Limit = Annotated[int, WrittenNumber, Query(ge=1, le=500, description="maximum number of items")]
Offset = Annotated[int, WrittenNumber, Query(ge=0, le=LARGEST_OFFSET, description="items to skip")]
WhereQuery = Annotated[
    str | None, Query(max_length=2000, description="a condition: followers:5k..20k and not hashtag:ad")
]
Followers = Annotated[
    str | None,
    Query(
        max_length=100,
        description="bounds of the candidates: 1k..500k; 0.. for all; the default is 5k..100k",
    ),
]
Ranker = Annotated[
    str | None, Query(max_length=100, description="default: brandfit if it is trained, else simcos")
]
Weights = Annotated[
    list[str],
    Query(max_length=20, description="PART=NUMBER: weight of a part of the score; the default is 1"),
]


# --- state of the application -------------------------------------------------------------------------------


def workspace_of(request: Request) -> Workspace:
    """The snapshot of the workspace that answers read."""
    workspace: Workspace = request.app.state.snapshots.current
    return workspace


def store_of(request: Request) -> ServiceStore:
    store: ServiceStore = request.app.state.store
    return store


def renewal_of(request: Request) -> Callable[[], None]:
    """A function that makes answers read the workspace as it is now, after a change without a job."""
    renew: Callable[[], None] = request.app.state.snapshots.renew
    return renew


def jobs_of(request: Request) -> JobQueue:
    queue: JobQueue = request.app.state.jobs
    return queue


CurrentWorkspace = Annotated[Workspace, Depends(workspace_of)]
Store = Annotated[ServiceStore, Depends(store_of)]
Renewal = Annotated[Callable[[], None], Depends(renewal_of)]
Queue = Annotated[JobQueue, Depends(jobs_of)]


def submitter_of(workspace: CurrentWorkspace, store: Store, queue: Queue) -> Submitter:
    return Submitter(workspace, store, queue=queue, request_id=request_id.get())


Jobs = Annotated[Submitter, Depends(submitter_of)]


# --- ETags --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Freshness:
    """ETags of answers. A tag covers the state of the workspace, the address, and other data of the
    answer."""

    request: Request
    workspace: Workspace

    def tag(self, *more: object) -> str:
        """more  values besides the workspace that the answer depends on"""
        url = self.request.url
        # The stamp changes with every write to rows, features and models.
        parts = [self.workspace.stamp, str(url.path), str(url.query), *map(str, more)]
        return f'W/"{hashlib.blake2b(chr(0).join(parts).encode(), digest_size=12).hexdigest()}"'

    def not_modified(self, tag: str) -> Response | None:
        """The answer 304 if the caller already has this tag."""
        header = self.request.headers.get("if-none-match", "")
        # The header may list several tags.
        if tag not in {value.strip() for value in header.split(",")}:
            return None
        return Response(status_code=304, headers=_cache_headers(tag))

    def mark(self, response: Response, tag: str) -> None:
        response.headers.update(_cache_headers(tag))


def _cache_headers(tag: str) -> dict[str, str]:
    return {"etag": tag, "cache-control": "private, no-cache"}


def freshness_of(request: Request, workspace: CurrentWorkspace) -> Freshness:
    return Freshness(request, workspace)


Fresh = Annotated[Freshness, Depends(freshness_of)]
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "The caller has it (If-None-Match)"}}
