"""A check of every JSON body: nothing that the caller sent is ignored."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from fastapi import Request

from brandfit.errors import UsageError


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
