"""Filters of templates: numbers, times and names as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape

from brandfit.search.feedback import reason

PART = {
    "text": "what both write",
    "picture": "what both show",
    "concept": "what both are about",
    "graph": "related ideas",
    "profile": "how both describe themselves",
    "category": "category",
    "audience": "what audiences say",
    "audience_picture": "what audiences show",
    "engagement": "engagement",
    "partners": "partners of similar brands",
    "match": "a learned similarity",
    "plain": "overall similarity",
    "agreement": "categories of both or of their partners",
    "history": "brands it has worked with",
    "feedback": "your likes and “Not this”",
}
"""Part of a score, in words."""


def count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def signed(value: float) -> str:
    return f"{value:+.2f}"


def percent(value: float | None) -> str:
    """A share in per cent; below 1 % with one significant digit."""
    if value is None:
        return "–"
    # 0.4 % must not become 0 %.
    return f"{100 * value:.0f} %" if value >= 0.01 or value == 0 else f"{100 * value:.1g} %"


def moved(item: Mapping[str, Any]) -> str:
    """How likes and dislikes moved an influencer and why, as a sentence; '' if they did not."""
    words = reason(item, "which you like", "which you marked “Not this”")
    return f"Moved {words}." if words else ""


def short(text: str | None, most: int = 140) -> str:
    """A text on one line of at most this many characters."""
    line = " ".join((text or "").split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def handle(value: str) -> Markup:
    """The name of an account that may be wrapped after a dot, underscore or hyphen."""
    return Markup(re.sub(r"(?<=[._-])", "<wbr>", str(escape(value))))


def known(values: Mapping[str, float | None]) -> dict[str, float]:
    """The values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def day(seconds: float | None) -> str:
    """The date of a time in s since 1970 UTC."""
    return "–" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%-d %b %Y}"


def minute(seconds: float | None) -> str:
    """Date and time to the minute, of a time in s since 1970 UTC."""
    return "–" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%-d %b %Y, %H:%M} UTC"
