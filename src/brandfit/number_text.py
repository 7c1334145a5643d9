"""Numbers as people type them. The meaning of a point and of a comma is decided here alone.

    12345   12 345   12'345   12,345   1,234,567   1.234.567      thousands
    1,234.56   1.234,56   12 345.678   12.5   12,50   0.125       decimals
    5k   2.5M   3%   1e-4                                         scaled

``12.345`` is refused, because it is twelve thousand in some countries and twelve in others; so are
``12.345k`` and, for a share or rate, ``2,345``. One comma before exactly three digits separates thousands
only in whole numbers and in money. Where the decimal mark is known, as in a column of a table whose other
cells show it, ``decimal_of`` takes it and nothing is refused.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

SCALE = {"": Decimal(1), "k": Decimal(1_000), "m": Decimal(1_000_000), "%": Decimal("0.01")}

# sign, digits with their marks, suffix
_PARTS = re.compile(r"([+-]?)\s*(.*?)\s*([kKmM%]?)", re.DOTALL)
# 12 345.6: groups of three digits behind spaces or apostrophes, then decimals
_SPACED = re.compile(r"([0-9]{1,3}(?:[\s\u00a0\u2009\u202f'’][0-9]{3})+)(?:[.,]([0-9]+))?")
# 1,234.56 and 1.234,56: both marks, so that the first one separates thousands
_BOTH = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+)\.([0-9]+)|([0-9]{1,3}(?:\.[0-9]{3})+),([0-9]+)")
# 1,234,567: one mark at least twice, so that it separates thousands
_GROUPED = re.compile(r"[0-9]{1,3}([.,])[0-9]{3}(?:\1[0-9]{3})+")
# 12.5 and 12,345: one mark, once
_SINGLE = re.compile(r"([0-9]*)([.,])([0-9]+)")
# 12345 and 1.5e-4
_PLAIN = re.compile(r"[0-9]+(?:\.?[0-9]*[eE][+-]?[0-9]{1,3})?")


class Ambiguous(ValueError):
    """A text with two readings; the message shows both and how to write each."""


def number(text: str, ratio: bool = False) -> float:
    """The number that a person typed. Raises Ambiguous, and ValueError for a text that is no number.

    ratio  whether it is a share or rate
    """
    value = float(decimal_of(text, ratio=ratio))
    if not math.isfinite(value):
        raise ValueError(f"expected a number, found {text.strip()!r}")
    return value


def whole_number(text: str) -> int:
    """The whole number that a person typed. Raises Ambiguous, and ValueError for a text that is none."""
    # A spreadsheet has removed digits of 1.2E+05, so such a text is no whole number.
    has_exponent = "e" in text.lower()
    value = Decimal("0.5") if has_exponent else decimal_of(text)
    if value != int(value) or "%" in text:
        raise ValueError(f"expected a whole number, found {text.strip()!r}")
    return int(value)


def number_as_text(value: float) -> str:
    """A number as a text that ``number`` reads back without ambiguity.

    >>> number_as_text(12.345), number_as_text(1.25), number_as_text(5000)
    ('12.3450', '1.25', '5000')
    """
    text = repr(value)
    # Three decimals may be thousands; a fourth one tells.
    has_three_decimals = len(text.partition(".")[2]) == 3 and text[-1].isdigit()
    return f"{text}0" if has_three_decimals else text


def decimal_of(text: str, *, ratio: bool = False, decimal: str = "") -> Decimal:
    """The exact number that a text means. Raises Ambiguous, and ValueError for a text that is no number.

    ratio    whether it is a share or rate
    decimal  the mark before decimals, "." or ",", if it is known: it decides texts with two readings
    """
    parts = _PARTS.fullmatch(text.strip())
    sign, digits, suffix = parts.groups() if parts else ("", "", "")
    scale = SCALE[suffix.lower()]
    if _PLAIN.fullmatch(digits):
        value = Decimal(digits)
    elif match := _SPACED.fullmatch(digits):
        value = Decimal(f"{_only_digits(match[1])}.{match[2] or 0}")
    elif match := _BOTH.fullmatch(digits):
        value = Decimal(f"{_only_digits(match[1] or match[3])}.{match[2] or match[4]}")
    elif _GROUPED.fullmatch(digits):
        value = Decimal(_only_digits(digits))
    elif match := _SINGLE.fullmatch(digits):
        value = _single(text.strip(), match, suffix=suffix, ratio=ratio, decimal=decimal)
    else:
        raise ValueError(f"expected a number, found {text.strip()!r}")
    return (-value if sign == "-" else value) * scale


def _only_digits(text: str) -> str:
    return re.sub("[^0-9]", "", text)


def _single(text: str, match: re.Match[str], *, suffix: str, ratio: bool, decimal: str) -> Decimal:
    """The number of digits with one point or comma between them. match: digits before, mark, digits after."""
    before, mark, after = match.groups()
    may_be_thousands = len(after) == 3 and 1 <= len(before) <= 3 and not before.startswith("0")
    if may_be_thousands and decimal:
        return Decimal(f"{before}.{after}" if mark == decimal else before + after)
    if may_be_thousands and mark == "," and not ratio and not suffix:
        return Decimal(before + after)
    if may_be_thousands:
        # The decimal reading as it should be typed: with another number of digits than three.
        decimal = f"{before}.{after}".rstrip("0").rstrip(".")
        decimal += "0" if decimal.endswith(f".{after}") else ""
        raise Ambiguous(
            f"{text!r} may mean {before}.{after}{suffix} or {before}{after}{suffix}: "
            f"write {decimal}{suffix} or {before}{after}{suffix}"
        )
    return Decimal(f"{before or 0}.{after}")
