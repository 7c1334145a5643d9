"""Numbers, days and texts as a report prints them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from brandfit.data.tabular import YEAR_10000

TEXT_LENGTH = 280
"""Characters of a biography or caption at most."""


def count(value: int | None) -> str:
    """A whole number with commas; "" if unknown."""
    return "" if value is None else f"{value:,}"


def day(moment: int | date) -> str:
    """A date, or seconds since 1970 UTC, as 1 December 2018."""
    if isinstance(moment, int):
        # ``datetime`` ends before the year 10000.
        if moment >= YEAR_10000:
            return "beyond the calendar"
        moment = datetime.fromtimestamp(moment, UTC).date()
    return f"{moment.day} {moment:%B %Y}"


def shortened(text: str, length: int = TEXT_LENGTH) -> str:
    """The text on one line, cut to a length."""
    # White space in captions and biographies is often decoration.
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
