"""Values of cells as people and spreadsheets write them: counts, times, texts, lists.

A value may be text (CSV) or typed (JSON, Parquet). Each reader returns None for an unknown value and raises
ValueError with the reason for a wrong one.
"""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from typing import Any

from brandfit import number_text
from brandfit.data.captions import handle, identifier
from brandfit.messages import quoted

LARGEST_COUNT = 2**53
LATEST = 2**40
"""Seconds since 1970 that a time may have at most."""
FIRST_MILLISECONDS = 1e11
"""Times from here on are milliseconds: as seconds this is the year 5138."""
LONGEST_TEXT = 100_000
LONGEST_TAG = 500

_UNKNOWN = {"", "na", "n/a", "nan", "null", "none", "-", "?", "unknown"}
_INVISIBLE = "\u200b\u2060\ufeff"
"""Characters without a width that copying from pages and spreadsheets leaves at the ends of a cell."""
_LINK = re.compile(r"\s*(?:https?://)?(?:www\.)?instagram\.com/([^/?#\s]+)", re.I)


def is_missing(value: Any) -> bool:
    """Whether a value means "not known": none, not a number, or one of the words for it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    return isinstance(value, str) and value.strip().lower() in _UNKNOWN


def count(value: Any) -> int | None:
    """A whole number from 0: ``12345``, ``12,345``, ``12 345``, ``12.345.678``, ``12.5k``, ``1.2M``,
    ``12.0``.

    The forms are those of ``number_text``: ``12.345`` alone is refused, because it has two readings.
    """
    if type(value) is str:
        return _count_of_text(value)
    if is_missing(value):
        return None
    if type(value) is int or (type(value) is float and value.is_integer()):
        return _whole_number(int(value), value)
    raise ValueError(f"expected a whole number, found {quoted(value)}")


def _count_of_text(cell: str) -> int | None:
    text = cell.strip()
    # Most counts are plain digits: read them without the slower forms.
    if text.isascii() and text.isdigit() and len(text) <= 16:
        return _whole_number(int(text), cell)
    if is_missing(text):
        return None
    if len(text) > 24:
        return _whole_number(-1, cell)
    try:
        return _whole_number(number_text.whole_number(text), cell)
    except number_text.Ambiguous:
        raise
    except ValueError:
        raise ValueError(f"expected a whole number, found {quoted(cell)}") from None


def seconds(value: Any) -> int | None:
    """A time as s since 1970 UTC: seconds, milliseconds, or ISO 8601; without a time zone it is UTC."""
    if is_missing(value):
        return None
    is_date = isinstance(value, datetime.date)
    if type(value) is str:
        text = value.strip()
        if re.fullmatch(r"\d{9,16}(\.\d+)?", text):
            value = float(text)
        else:
            value, is_date = _date_of_text(text, value), True
    number = _timestamp(value) if isinstance(value, datetime.date) else value
    # The comparison is also false for NaN; a whole number may be too large for a float.
    if type(number) not in (int, float) or not -1e18 < number < 1e18:
        raise ValueError(f"expected a time, found {quoted(number)}")
    is_milliseconds = not is_date and number >= FIRST_MILLISECONDS
    result = int(number / 1000 if is_milliseconds else number)
    if not 0 <= result <= LATEST:
        raise ValueError(f"expected a time from 1970 on, found {result}")
    return result


def _date_of_text(text: str, cell: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"expected a time such as 2024-05-31T18:00:00Z or 1717178400, found {quoted(cell)}"
        ) from None


def _timestamp(date: datetime.date) -> float:
    """Seconds since 1970; a time without a zone is UTC, and a date is its midnight."""
    if not isinstance(date, datetime.datetime):
        date = datetime.datetime(date.year, date.month, date.day)
    return (date if date.tzinfo else date.replace(tzinfo=datetime.UTC)).timestamp()


def number(value: Any) -> float | None:
    """A finite number."""
    if is_missing(value):
        return None
    try:
        result = float(value) if type(value) in (str, int, float) else math.nan
    except (ValueError, OverflowError):
        result = math.nan
    if not math.isfinite(result):
        raise ValueError(f"expected a number, found {quoted(value)}")
    return result


def yes(value: Any) -> bool | None:
    """true/false, yes/no, 1/0."""
    if is_missing(value):
        return None
    word = str(value).strip().lower() if isinstance(value, (str, bool, int)) else ""
    if word in ("true", "yes", "y", "1", "t"):
        return True
    if word in ("false", "no", "n", "0", "f"):
        return False
    raise ValueError(f"expected true or false, found {quoted(value)}")


def text(value: Any) -> str | None:
    """Text of at most 100,000 characters, without NUL; None if the cell is missing or empty."""
    return long_text(value) or None


def long_text(value: Any) -> str | None:
    """The same, but an empty cell is an empty text: a post may have a caption that is empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if type(value) is int:
        value = str(value) if abs(value) < 2**64 else None
    if not isinstance(value, str):
        raise ValueError(f"expected text, found {quoted(value)}")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"expected text of at most {LONGEST_TEXT:,} characters, found {len(value):,}")
    return encodable(value).replace("\0", "")


def line(value: Any) -> str | None:
    """Text without white space at its ends; None if it is empty. A name may be any word, also ``None``."""
    return (text(value) or "").strip() or None


def label(value: Any) -> str | None:
    """The name of a category, in one spelling: labels that look the same are the same.

    White space at the ends is removed and inside it is one blank; composed and decomposed letters (NFC, NFD)
    are equal. Capitals stay as they are. ``n/a``, ``None``, ``-`` and the like are unknown.

    >>> label(" travel\u00a0 food "), label("n/a")
    ('travel food', None)
    """
    name = text(value)
    if name is None:
        return None
    name = " ".join(unicodedata.normalize("NFC", name.strip(_INVISIBLE)).split())
    return None if is_missing(name) else name


def encodable(value: str) -> str:
    """The text itself. Raises ValueError if it holds lone surrogates, which UTF-8 cannot encode."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("not UTF-8 text (save the file as UTF-8)") from None
    return value


def account_id(value: Any) -> str:
    """A handle, normalised. The address of a profile is read too.

    >>> account_id("https://www.instagram.com/Some.One/")
    'some.one'
    """
    text = _id_text(value)
    link = _LINK.match(text)
    return handle(link[1] if link else text)


def row_id(value: Any) -> str:
    """The id of a post."""
    return identifier(_id_text(value))


def other_row_id(value: Any) -> str | None:
    """The id of a post that may be unknown."""
    return None if is_missing(value) else row_id(value)


def items(value: Any, separators: str) -> list[str]:
    """A list, or text with one of the separators between the items; empty items are left out."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return []
    if isinstance(value, str):
        parts = re.split(f"[{re.escape(separators)}]", value)
    elif isinstance(value, (list, tuple)):
        parts = list(value)
    else:
        raise ValueError(f"expected a list, found {quoted(value)}")
    if not all(part is None or type(part) is str for part in parts):
        raise ValueError(f"expected a list of texts, found {quoted(value)}")
    return [encodable(part.strip()) for part in parts if part and part.strip()]


def accounts(value: Any) -> list[str]:
    """Handles, each once."""
    return list(dict.fromkeys(account_id(item) for item in items(value, "|,; \t\n")))


def tags(value: Any) -> list[str]:
    """Hashtags without #, lower case."""
    names = []
    for item in items(value, "|,; \t\n"):
        tag = item.lstrip("#＃").replace("\0", "").strip().lower()
        if len(tag) > LONGEST_TAG:
            raise ValueError(f"expected a hashtag of at most {LONGEST_TAG} characters, found {len(tag)}")
        if tag:
            names.append(tag)
    return names


def _whole_number(number: int, cell: Any) -> int:
    if not 0 <= number <= LARGEST_COUNT:
        raise ValueError(f"expected a whole number from 0 to 2^53, found {quoted(cell)}")
    return number


def _id_text(value: Any) -> str:
    if type(value) is int and abs(value) < 2**64:
        return str(value)
    if value is None:
        raise ValueError("expected an id, found none")
    if type(value) is not str:
        raise ValueError(f"expected an id, found {quoted(value)}")
    return value
