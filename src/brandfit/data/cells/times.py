"""Times of cells: ISO 8601, seconds since 1970 in several units, serial numbers of spreadsheets, and dates
with names of months."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from brandfit.data.cells import _months
from brandfit.data.cells._number_parts import ascii_digits
from brandfit.data.cells.style import UNKNOWN_STYLE, Style
from brandfit.data.cells.unknown import is_missing
from brandfit.messages import quoted
from brandfit.number_text import Ambiguous

LATEST = 2**40
"""Seconds since 1970 that a time may have at most."""
LONGEST_CELL = 100
_DAY = 86_400
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_FIRST_SECONDS = 10**8
"""Smaller numbers are no seconds since 1970: this is March 1973."""
_LATEST_NUMBER = 4_133_980_800
"""The year 2101: numbers above are no seconds of a post."""
_UNITS = ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3), (0, 1))
"""From which number on a number is in ns, us, ms or s, and how many of it are a second."""
_SERIALS = (39_814, 73_416)
"""Excel counts days from 1899-12-30; these are 2009 to 2100. Times of Instagram begin in 2010."""
_SERIAL_OF_1970 = 25_569

_NUMBER = re.compile(r"[+-]?\d{1,20}(?:[.,]\d{1,12})?(?:[eE]\+?\d{1,2})?")
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:[T_ -]?(\d\d)(\d\d)(\d\d)?)?")
_CLOCK = re.compile(
    r"(?:^|(?<=[\sT,年月日]))(\d{1,2})(?:[:h](\d{2})(?:[:m](\d{2})(?:[.,]\d+)?)?s?)?"
    r"\s*([ap]\.?m\b\.?|uhr)?(?=$|[\s,zZ+(A-Z-])",
    re.I,
)
_ZONE = re.compile(
    r"(?P<name>[a-z]{1,5})?\s*(?:(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?)?"
    r"\s*(?:\((?P<note>[^)]*)\))?(?:\s+(?P<year>\d{4}))?",
    re.I,
)
_AT = re.compile(r"[\s,]+(?:at|um|à|às|a las|в|@|-|–|·|\|)$", re.I)
"""What may be between a date and its time of day."""
_YEAR_FIRST = re.compile(r"(\d{4})\s*([./年년-])\s*(\d{1,2})\s*[./月월-]\s*(\d{1,2})\s*[.日일]?")
_YEAR_LAST = re.compile(r"(\d{1,2})\s*([./-])\s*(\d{1,2})\s*\2\s*(\d{4}|\d{2})\.?")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_LINKS_TEXT = """
    de del di of the le el den at um à às alle a o of г года year
"""
_LINKS = frozenset(_LINKS_TEXT.split())
_ORDINALS = frozenset(["st", "nd", "rd", "th", "er", "º", "ª"])


def seconds(value: Any, style: Style = UNKNOWN_STYLE) -> int | None:
    """A time as s since 1970 UTC; without a time zone it is UTC, and a date is its midnight.

    Read are ISO 8601, s, ms, us and ns since 1970, serial numbers of spreadsheets from 2009 to 2100,
    RFC 2822, year-month-day with any marks, day.month.year, and names of months in several languages.
    ``01/05/2024`` follows the style of the column, and is Ambiguous without one. 1970-01-01 is refused,
    because programs write it for an unknown time.
    """
    if type(value) is str:
        result = _seconds_of_text(value, style)
    elif is_missing(value):
        return None
    elif isinstance(value, datetime.date):
        result = _timestamp(value)
    elif type(value) in (int, float, Decimal):
        result = _seconds_of_number(value, value)
    else:
        raise ValueError(f"expected a time, found {quoted(value)}")
    if result is not None and 0 <= result < _DAY:
        raise ValueError(f"expected a time, found {quoted(value)}: 1970-01-01 is written for unknown times")
    if result is not None and not 0 <= result <= LATEST:
        raise ValueError(f"expected a time from 1970 on, found {quoted(value)}")
    return result


def _seconds_of_text(cell: str, style: Style) -> int | None:
    text = cell.strip()
    # Nearly all times are ISO 8601 or whole seconds.
    if len(text) >= 10 and text[4:5] == "-":
        try:
            return _timestamp(datetime.datetime.fromisoformat(text))
        except ValueError:
            pass  # with a zone by name, or no date: the slower forms find out
    # Ten digits are seconds: in another unit, or as a date, a time has more digits or fewer.
    if len(text) == 10 and text.isascii() and text.isdigit():
        number = int(text)
        if _FIRST_SECONDS <= number <= _LATEST_NUMBER:
            return number
    if is_missing(text):
        return None
    if len(text) > LONGEST_CELL:
        raise ValueError(f"expected a time, found a text of {len(text):,} characters")
    text = " ".join(ascii_digits(text).split())
    if match := _COMPACT.fullmatch(text):
        try:
            year, month, day, *clock_numbers = [int(group or 0) for group in match.groups()]
            hour, minute, second = clock_numbers
            return _timestamp(datetime.datetime(year, month, day, hour, minute, second))
        except ValueError:
            pass  # a number, such as 1704448800000
    if _NUMBER.fullmatch(text):
        return _seconds_of_number(Decimal(text.replace(",", ".")), cell)
    try:
        clock = _clock(text)
        return _timestamp(_date(clock.date, style)) + clock.seconds
    except Ambiguous:
        raise
    except (ValueError, OverflowError):
        raise ValueError(
            f"expected a time such as 2024-05-31T18:00:00Z or 1717178400, found {quoted(cell)}"
        ) from None


def _seconds_of_number(number: float | Decimal, cell: Any) -> int:
    """Seconds since 1970 of a number, whose size shows its unit."""
    # The comparison is also false for NaN; a whole number may be too large for a float.
    if not 0 <= number < 10**19:
        raise ValueError(f"expected a time, found {quoted(cell)}")
    if not number:
        return 0
    if _SERIALS[0] <= number < _SERIALS[1]:
        # A serial number is rarely a whole second: 45296.4167 is 10:00:02.88.
        return round((float(number) - _SERIAL_OF_1970) * _DAY)
    per_second = next(per_second for first, per_second in _UNITS if number >= first)
    result = int(number / per_second) if per_second == 1 else int(number // per_second)
    if not _FIRST_SECONDS <= result <= _LATEST_NUMBER:
        raise ValueError(f"expected a time, found {quoted(cell)}, which is no number of seconds since 1970")
    return result


def _timestamp(date: datetime.date) -> int:
    """Seconds since 1970; a time without a zone is UTC, and a date is its midnight."""
    if not isinstance(date, datetime.datetime):
        date = datetime.datetime(date.year, date.month, date.day)
    time = date if date.tzinfo else date.replace(tzinfo=datetime.UTC)
    return (time - _EPOCH) // datetime.timedelta(seconds=1)


@dataclass(frozen=True)
class _Clock:
    """A text taken apart: its date, and the seconds of its time of day, less those of its zone."""

    date: str
    seconds: int = 0


def _clock(text: str) -> _Clock:
    """The time of day and zone at the end, or at the beginning, of a text."""
    for match in _CLOCK.finditer(text):
        if match[2] is None and match[4] is None:
            continue  # a bare number is the day or the year
        zone = _ZONE.fullmatch(text[match.end() :].strip(" ,"))
        before = _AT.sub("", text[: match.start()].rstrip(" ,T"))
        if zone is None:
            if before:
                raise ValueError("words behind the time")
            # 14:30, 5 Jan 2024: the date comes behind the time.
            return _Clock(text[match.end() :].strip(" ,"), _seconds_of_day(match))
        # Sat Jan 05 10:00:00 +0000 2019: the year comes last.
        before = f"{before} {zone['year']}" if zone["year"] else before
        return _Clock(before, _seconds_of_day(match) - _offset(zone))
    # A date may have a zone too.
    date, _, last = text.rpartition(" ")
    return _Clock(date) if date and last.lower() in ("z", "utc", "gmt") else _Clock(text)


def _seconds_of_day(clock: re.Match[str]) -> int:
    hour, minute, second, half = clock.groups()
    hours = int(hour)
    if half and half[0] in "aApP":
        if not 1 <= hours <= 12:
            raise ValueError("no hour of twelve")
        hours = hours % 12 + (12 if half[0] in "pP" else 0)
    time = datetime.time(hours, int(minute or 0), int(second or 0))
    return time.hour * 3600 + time.minute * 60 + time.second


def _offset(zone: re.Match[str]) -> int:
    """Seconds that a zone is ahead of UTC. Raises Ambiguous and ValueError."""
    # A note in brackets repeats the zone, or is the only one.
    note = None if zone["hours"] else zone["note"]
    name = (zone["name"] or note or "z").lower()
    if name in _months.AMBIGUOUS_ZONES:
        raise Ambiguous(
            f"the time zone {name.upper()} may mean {_months.AMBIGUOUS_ZONES[name]}: write +00:00"
        )
    if name not in _months.ZONE_HOURS:
        raise ValueError("no zone")
    seconds = int(_months.ZONE_HOURS[name] * 3600)
    if zone["hours"]:
        ahead = int(zone["hours"]) * 3600 + int(zone["minutes"] or 0) * 60
        seconds += -ahead if zone["sign"] == "-" else ahead
    if abs(seconds) > 16 * 3600:
        raise ValueError("no zone")
    return seconds


def _date(text: str, style: Style) -> datetime.date:
    """The date of a text without a time of day. Raises Ambiguous and ValueError."""
    if match := _YEAR_FIRST.fullmatch(text):
        return datetime.date(int(match[1]), int(match[3]), int(match[4]))
    text = _without_weekday(text)
    if match := _YEAR_LAST.fullmatch(text):
        return _year_last(match, style)
    if match := _YEAR_FIRST.fullmatch(text):
        return datetime.date(int(match[1]), int(match[3]), int(match[4]))
    if (match := _COMPACT.fullmatch(text)) and match[4] is None:
        return datetime.date(int(match[1]), int(match[2]), int(match[3]))
    return _named_month(text)


def _year_last(match: re.Match[str], style: Style) -> datetime.date:
    """A date whose day and month are numbers before the year."""
    first, second, year = int(match[1]), int(match[3]), _year(match[4])
    # With points the day is first in all countries that write so; above 12 it shows itself.
    is_day_first = match[2] == "." or style.day == "first"
    if first > 12 or second > 12:
        is_day_first = first > 12
    elif match[2] != "." and not style.day and first != second:
        day_first, month_first = f"{year}-{second:02}-{first:02}", f"{year}-{first:02}-{second:02}"
        raise Ambiguous(f"{match[0]!r} may mean {day_first} or {month_first}: write it so")
    day, month = (first, second) if is_day_first else (second, first)
    return datetime.date(year, month, day)


def _without_weekday(text: str) -> str:
    match = re.match(r"([^\W\d_]+)(?:-feira)?[.,]*\s+", text)
    return (
        text[match.end() :]
        if match and _months.is_weekday(match[1]) and not _months.month_of(match[1])
        else text
    )


def _named_month(text: str) -> datetime.date:
    """A date with the name of its month, and the day and the year in any order."""
    month, numbers = None, []
    rest = re.sub(r"[\s.,/'’-]+", "", _WORD.sub("", text))
    if rest:
        raise ValueError("signs that no date has")
    for word in _WORD.findall(text):
        if word.isdigit():
            numbers.append(word)
        elif month is None and (month := _months.month_of(word)):
            continue
        elif word.lower() not in _LINKS and word.lower() not in _ORDINALS:
            raise ValueError("a word that no date has")
    if month is None or len(numbers) != 2:
        raise ValueError("no date")
    # The year has four digits or comes last.
    day, year = numbers if len(numbers[0]) <= 2 else numbers[::-1]
    if len(day) > 2:
        raise ValueError("no day")
    return datetime.date(_year(year), month, int(day))


def _year(text: str) -> int:
    """A year; two digits are of 2000 on, because all times are after 2009."""
    if len(text) not in (2, 4):
        raise ValueError("no year")
    return int(text) + (2000 if len(text) == 2 else 0)
