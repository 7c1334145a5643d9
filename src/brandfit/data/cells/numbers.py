"""Counts, numbers and shares of cells, as people, spreadsheets and programs of many languages write them."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from brandfit.data.cells import _number_parts
from brandfit.data.cells._number_parts import Parts
from brandfit.data.cells.formatted import format_unit
from brandfit.data.cells.style import UNKNOWN_STYLE, Style, unknown_unit
from brandfit.data.cells.unknown import is_missing
from brandfit.messages import quoted
from brandfit.number_text import Ambiguous

LARGEST_COUNT = 2**53
LARGEST_SHARE = 10
"""A share of more than 1,000 % is a number of another kind."""
_SCALE_BY_UNIT = {"K": 10**3, "M": 10**6, "B": 10**9}


def count(value: Any, style: Style = UNKNOWN_STYLE) -> int | None:
    """A whole number from 0: ``12345``, ``12,345``, ``12.5k``, ``1,2 Mio.``, ``12 тыс.``, ``1.2万``,
    ``48211 followers``, ``10k+``, ``~15000``, ``٤٨٢١١``.

    ``12.345`` follows the style of the column, and is Ambiguous without one. ``-1`` is unknown, because
    programs write it for counts that the platform hides. ``4.8211E+04`` is read, because all of its digits
    are there; ``1.2E+05`` has lost some. In a column in an unknown unit only cells with their own unit are
    read.
    """
    if type(value) is str:
        # Most counts are plain digits: read them without the slower forms.
        text = value.strip()
        if text.isascii() and text.isdigit() and len(text) <= 15 and not (style.unit or style.stated_unit):
            return int(text)
    if is_missing(value):
        return None
    try:
        parts = _parts(value)
        number = None if parts is None else _scaled(parts, value, style=style)
    except Ambiguous:
        raise
    except ValueError as error:
        # A reason of its own is kept: an unknown unit, an upper bound, a range.
        reason = str(error).removeprefix("expected a number, found ")
        if reason == str(error) or "bound" in reason:
            raise
        number = None
    return _whole_number(number, value)


def number(value: Any, style: Style = UNKNOWN_STYLE) -> float | None:
    """A finite number. ``1.234`` and ``2,345`` follow the style of the column; without one they are
    Ambiguous."""
    if is_missing(value):
        return None
    if type(value) in (int, float) and not style.unit:
        return _finite(value, value)
    parts = _parts(value)
    if parts is None:
        raise ValueError(f"expected a number, found {quoted(value)}")
    return _finite(_scaled(parts, value, style=style, is_ratio=True), value)


def share(value: Any, style: Style = UNKNOWN_STYLE) -> float | None:
    """A share, such as an engagement rate, as a fraction: ``3.5%``, ``3,5 %`` and ``0.035`` are 0.035.

    A number up to 1 without % is a fraction and a larger one has two readings, if the style of the column is
    not known. In a column of the style "percent" (values above 1 occur in it) ``3.5`` and ``0.9`` are
    percentages; in one of the style "fraction" both are fractions; in a "mixed" one both have two readings.
    ``2.125%`` is 2.125 %, because 2,125 % is no share.
    """
    if is_missing(value):
        return None
    # A cell of a workbook that is shown with % holds the fraction.
    if format_unit(value) == "%" and 0 <= value <= LARGEST_SHARE:
        return float(value)
    parts = _parts(value)
    if parts is None or parts.unit not in ("", "%"):
        raise ValueError(f"expected a share such as 3.5%, found {quoted(value)}")
    exact = _share_number(parts, style)
    is_percent = not parts.unit and style.share == "percent"
    result = float(exact / 100 if is_percent else exact)
    if (
        not parts.unit
        and not is_percent
        and result
        and (style.share == "mixed" or (result > 1 and not style.share))
    ):
        raise Ambiguous(
            f"{quoted(value)} may mean {result:g} % or {100 * result:g} %: "
            f"write it with %, such as {result:g}%"
        )
    if not 0 <= result <= LARGEST_SHARE:
        raise ValueError(f"expected a share from 0 to 100 %, found {quoted(value)}")
    return result


def _share_number(parts: Parts, style: Style) -> Decimal:
    try:
        return _number_parts.value_of(parts, ratio=True, decimal=style.decimal)
    except Ambiguous:
        # One mark before three digits: as thousands it would be above any share.
        mark = "," if "," in parts.digits else "."
        return _number_parts.value_of(parts, ratio=True, decimal=mark)


def _parts(value: Any) -> Parts | None:
    """The parts of a cell; None if its type is not one of numbers."""
    if type(value) is str:
        return _number_parts.parts_of(value)
    return _number_parts.split(value)


def _scaled(parts: Parts, cell: Any, *, style: Style, is_ratio: bool = False) -> Decimal:
    """The number of the parts; without a unit of its own it has the unit of its column."""
    if not parts.unit and style.unit == "unknown" and parts.digits.strip("0"):
        raise unknown_unit(style, cell)
    # A typed number has no mark but the decimal point.
    decimal = style.decimal if type(cell) is str else "."
    value = _number_parts.value_of(parts, ratio=is_ratio, decimal=decimal)
    if "e" in parts.digits.lower() and not is_ratio and not _has_all_digits(parts.digits):
        raise ValueError(f"expected a whole number, found {quoted(cell)}, which has lost digits")
    # Its own unit counts more than that of the column.
    if parts.unit:
        return value
    if style.stated_unit and 0 < value < 1000:
        raise Ambiguous(
            f"{quoted(cell)} may mean {value} or {value}{style.stated_unit}, because other cells of the "
            f"column have the unit {style.stated_unit}: write it with its unit, or with all digits"
        )
    return value * _SCALE_BY_UNIT.get(style.unit, 1)


def _has_all_digits(digits: str) -> bool:
    """Whether a number with an exponent shows all of its digits: 4.8211E+04, not 1.2E+05."""
    mantissa, _, exponent = digits.lower().partition("e")
    return len(mantissa.partition(".")[2]) >= int(exponent)


def _whole_number(number: Decimal | None, cell: Any) -> int | None:
    if number is None or number != int(number):
        raise ValueError(f"expected a whole number, found {quoted(cell)}")
    # Programs write -1 for a count that the platform hides.
    if number == -1:
        return None
    if not 0 <= number <= LARGEST_COUNT:
        raise ValueError(f"expected a whole number from 0 to 2^53, found {quoted(cell)}")
    return int(number)


def _finite(number: float | Decimal, cell: Any) -> float:
    try:
        result = float(number)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise ValueError(f"expected a number, found {quoted(cell)}")
    return result
