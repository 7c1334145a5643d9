"""What routes share: who asks for what, paging, and answers that need not be sent again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import typing
from typing import Annotated, Any

import numpy as np
from fastapi import Depends, Query, Request
from pydantic import BeforeValidator
from starlette.responses import Response

from brandfit import number_text
from brandfit.errors import UsageError, suggestion
from brandfit.service.access import caller_of, needs
from brandfit.service.api.models import Settings
from brandfit.service.jobs import Jobs
from brandfit.service.keys import Caller
from brandfit.service.middleware import request_id
from brandfit.service.store import ServiceStore
from brandfit.workspace import Workspace

Reader = Annotated[Caller, Depends(needs("read"))]
Writer = Annotated[Caller, Depends(needs("write"))]
Admin = Annotated[Caller, Depends(needs("admin"))]
Typed = BeforeValidator(lambda value: number_text.whole_number(value) if isinstance(value, str) else value)
"""A number in an address, read as everywhere: 5.000 has two readings."""
Limit = Annotated[int, Typed, Query(ge=1, le=500, description="how many at most")]
Offset = Annotated[int, Typed, Query(ge=0, le=10_000_000, description="how many to pass over")]
WhereQuery = Annotated[
    str | None, Query(max_length=2000, description="a condition: followers:5k..20k and not hashtag:ad")
]
Followers = Annotated[
    str | None,
    Query(
        max_length=100, description="bounds of the candidates: 1k..500k; 0.. for all; 5k..100k where not said"
    ),
]
Ranker = Annotated[
    str | None, Query(max_length=100, description="brandfit where it has been trained, else simcos")
]
Weights = Annotated[
    list[str],
    Query(max_length=20, description="PART=NUMBER: what a part of the score counts for, 1 unless said"),
]
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "As the caller has it (If-None-Match)"}}


def workspace_of(request: Request) -> Workspace:
    found: Workspace = request.app.state.shown.now
    return found


def store_of(request: Request) -> ServiceStore:
    found: ServiceStore = request.app.state.desk
    return found


def jobs_of(request: Request) -> Jobs:
    found: Jobs = request.app.state.jobs
    return found


Here = Annotated[Workspace, Depends(workspace_of)]
Notes = Annotated[ServiceStore, Depends(store_of)]
Queue = Annotated[Jobs, Depends(jobs_of)]


class Fresh:
    """An ETag of the workspace as it is, the address and what else decides the answer (as a dependency:
    ``fresh: Unchanged``)."""

    def __init__(self, request: Request, workspace: Here) -> None:
        self.request, self.workspace = request, workspace

    def tag(self, *more: object) -> str:
        told = "\0".join(
            [self.workspace.stamp, str(self.request.url.path), str(self.request.url.query), *map(str, more)]
        )
        return f'W/"{hashlib.blake2b(told.encode(), digest_size=12).hexdigest()}"'

    def same(self, tag: str) -> Response | None:
        """The answer 304 where the caller has it already."""
        asked = {one.strip() for one in self.request.headers.get("if-none-match", "").split(",")}
        return (
            Response(status_code=304, headers={"etag": tag, "cache-control": "private, no-cache"})
            if tag in asked
            else None
        )

    def on(self, response: Response, tag: str) -> None:
        response.headers["etag"], response.headers["cache-control"] = tag, "private, no-cache"


Unchanged = Annotated[Fresh, Depends(Fresh)]


def _typed(value: str | int | float | bool) -> str:
    if isinstance(value, bool | str):
        return str(value).lower() if isinstance(value, bool) else value
    return number_text.number_as_text(value)


def text_of(settings: Settings) -> dict[str, str]:
    """As typed on a command line."""
    return {name: _typed(value) for name, value in settings.items()}


def parted(settings: Settings) -> tuple[dict[str, str], dict[str, str]]:
    """Settings of the thing itself, and those of the data."""
    told = text_of(settings)
    data = {name: value for name, value in told.items() if name.startswith(("endorsements.", "slots."))}
    return {name: value for name, value in told.items() if name not in data}, data


def noted(desk: ServiceStore, caller: Caller, *, action: str, what: str) -> None:
    """Into the audit log, with the number of the request."""
    desk.audit(f"{caller.name} ({caller.id})", action, what=what[:500], request=request_id.get())


def plain(value: Any) -> Any:
    """JSON types of what NumPy and Arrow hold; NaN is None."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and not np.isfinite(value) else value


def check_query(request: Request) -> None:
    """Raises UsageError for a query parameter that the route does not have, or that has several values and
    takes one: it would be ignored. A request without a valid key is left to the refusal of its route."""
    if caller_of(request) is None:
        return
    several = _query_parameters(request.scope["route"].dependant)
    for name in request.query_params:
        if name not in several:
            raise UsageError(
                f"There is no query parameter {name[:80]!r} here.",
                suggestion(name, several, listing=False)
                or f"Those here: {', '.join(sorted(several)) or 'none'}.",
            )
        if not several[name] and len(set(request.query_params.getlist(name))) > 1:
            raise UsageError(
                f"The query parameter {name!r} has several values, and takes one.",
                'Join conditions with "and".' if name == "where" else "Give one of them.",
            )


def _query_parameters(dependant: Any) -> dict[str, bool]:
    """Query parameter of a route, of its dependencies too, to whether it takes several values."""
    found: dict[str, bool] = {}
    for field in dependant.query_params:
        found[field.alias] = typing.get_origin(field.field_info.annotation) in (list, set, tuple)
    for one in dependant.dependencies:
        found |= _query_parameters(one)
    return found


async def no_repeated_names(request: Request) -> None:
    """Raises UsageError if an object of a JSON body has one name with two values: a parser keeps only the
    last."""
    if "json" not in request.headers.get("content-type", ""):
        return
    body = await request.body()
    with contextlib.suppress(ValueError, RecursionError):  # the parser of the body says what is wrong
        json.loads(body, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found and found[name] != value:
            raise UsageError(
                f"The request gives {name[:80]!r} twice, as {str(found[name])[:80]} and as "
                f"{str(value)[:80]}.",
                "Give it once.",
            )
        found[name] = value
    return found
