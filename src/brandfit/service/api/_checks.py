"""Checks of every request to the API: nothing that the caller sent is ignored."""

from __future__ import annotations

import contextlib
import json
import typing
from typing import Any

from fastapi import Request

from brandfit.errors import UsageError, suggestion
from brandfit.service.http.access import caller_of


def check_query(request: Request) -> None:
    """Raises UsageError for a query parameter that the route does not have, and for several values of a
    parameter that takes one. A request without a valid key is left to the route, which refuses it."""
    if caller_of(request) is None:
        return
    # Read from the route itself, so that a new parameter needs no entry here.
    takes_several = _query_parameters(request.scope["route"].dependant)
    for name in request.query_params:
        if name not in takes_several:
            raise UsageError(
                f"There is no query parameter {name[:80]!r} here.",
                suggestion(name, takes_several, listing=False)
                or f"Those here: {', '.join(sorted(takes_several)) or 'none'}.",
            )
        if not takes_several[name] and len(set(request.query_params.getlist(name))) > 1:
            raise UsageError(
                f"The query parameter {name!r} has several values, and takes one.",
                'Join conditions with "and".' if name == "where" else "Give one of them.",
            )


def _query_parameters(dependant: Any) -> dict[str, bool]:
    """Query parameters of a route and of its dependencies, each with whether it takes several values."""
    takes_several: dict[str, bool] = {}
    for field in dependant.query_params:
        takes_several[field.alias] = typing.get_origin(field.field_info.annotation) in (list, set, tuple)
    for inner in dependant.dependencies:
        takes_several |= _query_parameters(inner)
    return takes_several


async def no_repeated_names(request: Request) -> None:
    """Raises UsageError if an object of a JSON body has a name twice with two values: parsers keep only the
    last one."""
    if "json" not in request.headers.get("content-type", ""):
        return
    body = await request.body()
    with contextlib.suppress(ValueError, RecursionError):  # the parser of the body reports these
        json.loads(body, object_pairs_hook=_without_repeats)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values and values[name] != value:
            raise UsageError(
                f"The request gives {name[:80]!r} twice, as {str(values[name])[:80]} and as "
                f"{str(value)[:80]}.",
                "Give it once.",
            )
        values[name] = value
    return values
