"""How the cells of one column are written: the evidence that decides cells with two readings.

``1.234`` alone is 1234 in some countries and 1.234 in others. Another cell of the same column, such as
``1.234.567`` or ``12,5``, decides it. Evidence that contradicts itself decides nothing.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from brandfit import number_text
from brandfit.data.cells import _number_parts
from brandfit.data.cells.formatted import format_unit
from brandfit.messages import quoted

FRACTIONS = 0.1
"""Share of bare numbers with a fraction from which a column of counts is in a unit that is not stated. Fewer
are slips of single cells, which cost these cells only."""
LARGE_UNITS = ("M", "B")
LEAST_PERCENT, LARGEST_FRACTION = 0.3, 0.2
"""Smallest median of shares written as percentages, and largest of fractions: the half of a list of
influencers does not have an engagement rate of 20 %, nor one below 0.3 %."""
LEAST_AMONG_PERCENT = 0.1
"""A smaller share among percentages may be a fraction."""


@dataclass(frozen=True)
class Style:
    """How the cells of one column are written.

    decimal      the mark before decimals: "" (not known), "." or ","
    day          place of the day in dates such as 01/05/2024: "" (not known), "first" or "second"
    unit         unit of numbers without a unit: "" (ones), "K", "M", "B", or "unknown" (thousands or
                 millions, and the column does not say which)
    stated_unit  "M" or "B" if at least half of the numbers have this unit, and none has a smaller one: then a
                 bare number below 1,000 has two readings
    share        how bare shares are written: "" (not known), "fraction", "percent", or "mixed"
    example      a cell that is the evidence for an unknown unit, as it is written
    """

    decimal: str = ""
    day: str = ""
    unit: str = ""
    stated_unit: str = ""
    share: str = ""
    example: str = ""


UNKNOWN_STYLE = Style()


def number_style(cells: Iterable[Any]) -> Style:
    """The style of a column of counts, from the cells at its head.

    >>> number_style(["1.234", "12,5k"]).decimal, number_style(["475,8", "254"]).unit
    (',', 'unknown')
    """
    marks: set[str] = set()
    units: Counter[str] = Counter()
    fractions: list[str] = []
    for cell in cells:
        parts = _number_parts.split(cell)
        if parts is None:
            continue
        # The point of a typed number is no spelling of the column.
        marks |= _decimal_marks(parts.digits) if isinstance(cell, str) else set()
        units[parts.unit_letter] += 1
        has_fraction = _has_fraction(parts.digits) if isinstance(cell, str) else cell != int(cell)
        if not parts.unit_letter and has_fraction:
            fractions.append(str(cell).strip())
    # Contradictory evidence decides nothing.
    decimal = marks.pop() if len(marks) == 1 else ""
    # One slip such as 12.5 among a hundred whole numbers says nothing about the others.
    is_unit_unknown = bool(fractions) and len(fractions) >= FRACTIONS * units[""]
    return Style(
        decimal=decimal,
        unit="unknown" if is_unit_unknown else "",
        stated_unit=_stated_unit(units),
        example=fractions[0][:20] if is_unit_unknown else "",
    )


def share_style(cells: Iterable[Any]) -> Style:
    """The style of a column of shares, such as engagement rates.

    The median decides: of engagement rates as percentages it is above 0.3, as fractions below 0.2 (20 %). A
    column of small fractions with one value above 1 is "mixed", and so are bare numbers next to cells with %.
    """
    cells = list(cells)
    decimal = number_style(cells).decimal
    values: list[float] = []
    has_percent = False
    for cell in cells:
        # A cell of a workbook may be shown with %.
        if format_unit(cell) == "%":
            has_percent = True
            continue
        parts = _number_parts.split(cell)
        if parts is None:
            continue
        if parts.unit:
            has_percent |= parts.unit == "%"
            continue
        if (value := _share_value(parts.digits, decimal)) is not None:
            values.append(value)
    return Style(decimal=decimal, share=_share_word(values, has_percent))


def _share_value(digits: str, decimal: str) -> float | None:
    try:
        return float(number_text.decimal_of(digits, ratio=True, decimal=decimal))
    except ValueError:
        return None


def _share_word(values: list[float], has_percent: bool) -> str:
    if not values:
        return ""
    middle = statistics.median(values)
    is_percent = middle >= LEAST_PERCENT
    # Cells that do not fit the others have two readings.
    if is_percent:
        is_mixed = has_percent or min(filter(None, values), default=1.0) < LEAST_AMONG_PERCENT
        return "mixed" if is_mixed else "percent"
    return "mixed" if has_percent or max(values) > 1 or middle > LARGEST_FRACTION else "fraction"


_SLASH_DATE = re.compile(r"\s*(\d{1,2})([/-])(\d{1,2})\2(?:\d{4}|\d{2})(?!\d)")


def date_style(cells: Iterable[Any]) -> Style:
    """The style of a column of times, from the cells at its head.

    >>> date_style(["01/05/2024", "25/01/2024"]).day
    'first'
    """
    places: set[str] = set()
    for cell in cells:
        match = _SLASH_DATE.match(_number_parts.ascii_digits(cell)) if isinstance(cell, str) else None
        if match is None:
            continue
        first, second = int(match[1]), int(match[3])
        if 12 < first <= 31 and 1 <= second <= 12:
            places.add("first")
        elif 12 < second <= 31 and 1 <= first <= 12:
            places.add("second")
    return Style(day=places.pop() if len(places) == 1 else "")


# Both marks, a repeated mark, or a number of digits behind one mark that is not three.
_LAST_OF_BOTH = re.compile(r"[+-]?\d{1,3}(?:[.\s'’]\d{3})+(,)\d+|[+-]?\d{1,3}(?:[,\s'’]\d{2,3})+(\.)\d+")
_REPEATED = re.compile(r"[+-]?\d{1,3}([.,])\d{3}(?:\1\d{3})+")
_SINGLE = re.compile(r"[+-]?(\d*)([.,])(\d+)")


def _decimal_marks(digits: str) -> set[str]:
    """The decimal mark that a number shows without doubt, as a set of none or one."""
    if match := _LAST_OF_BOTH.fullmatch(digits):
        return {match[1] or match[2]}
    if match := _REPEATED.fullmatch(digits):
        return {"," if match[1] == "." else "."}
    if match := _SINGLE.fullmatch(digits):
        before, mark, after = match.groups()
        may_be_thousands = len(after) == 3 and 1 <= len(before) <= 3 and not before.startswith("0")
        return set() if may_be_thousands else {mark}
    return set()


def _has_fraction(digits: str) -> bool:
    """Whether a number has decimals other than zeros, in any style: 475,8 and 12.50, not 48211.0."""
    match = _LAST_OF_BOTH.fullmatch(digits)
    if match:
        return bool(re.split("[.,]", digits)[-1].strip("0"))
    match = _SINGLE.fullmatch(digits)
    return match is not None and bool(_decimal_marks(digits)) and bool(match[3].strip("0"))


def _stated_unit(units: Counter[str]) -> str:
    """The only unit of a column, if at least half of the cells have it and it is M or B."""
    stated = [unit for unit in units if unit]
    if len(stated) == 1 and stated[0] in LARGE_UNITS and 2 * units[stated[0]] >= units.total():
        return stated[0]
    return ""


def unknown_unit(style: Style, cell: Any) -> ValueError:
    """Why a bare number of a column in an unknown unit cannot be read."""
    example = style.example or str(cell)
    return ValueError(
        f"the column has decimals such as {example}, so its numbers are in a unit that is not stated "
        f"(thousands or millions), found {quoted(cell)}"
    )
