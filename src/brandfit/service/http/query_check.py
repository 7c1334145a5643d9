"""A check of the address of every request, to pages and API: no parameter is ignored."""

from __future__ import annotations

import types
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
        takes_several[field.alias] = _is_sequence(field.field_info.annotation)
    for inner in dependant.dependencies:
        takes_several |= _query_parameters(inner)
    return takes_several


def _is_sequence(annotation: Any) -> bool:
    """Whether a type holds several values, such as ``list[str]`` or ``list[str] | None``."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return any(map(_is_sequence, typing.get_args(annotation)))
    if origin is typing.Annotated:
        return _is_sequence(typing.get_args(annotation)[0])
    return origin in (list, set, tuple)
