"""The units that the number formats of a workbook show: %, and signs and codes of currencies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_LOCALE_CURRENCY = re.compile(r"\[\$([^\-\]]+)(?:-[0-9A-Fa-f]+)?\]")
_SYMBOL = re.compile(r"[€£¥₺₹₽₩฿₫₴₦]|\bkr\b|zł|Kč|R\$|CHF|US\$|\$")
_QUOTED = re.compile(r"\"([^\"]*)\"|\\\\(.)")
_OF_COUNTRY = frozenset([5, 6, 7, 8, 42, 44])
"""Formats of the currency of the computer that shows the workbook: nobody knows which that was."""


def units_of(book: Any) -> dict[int, str]:
    """Number of a cell style of a workbook of openpyxl to the unit of its format, where it has one."""
    units = {}
    for number, style in enumerate(book._cell_styles):
        code = _code(style.numFmtId, book._number_formats)
        unit = unit_of_format(code)
        if unit:
            units[number] = unit
    return units


def unit_of_format(code: str) -> str:
    """The unit that a number format shows; "" if it shows none.

    >>> unit_of_format("0.0%"), unit_of_format('[$€-407] #,##0'), unit_of_format('#,##0.00 "EUR"')
    ('%', '€', 'EUR')
    """
    # The first part is that of positive numbers.
    positive = code.split(";")[0]
    if match := _LOCALE_CURRENCY.search(positive):
        return match[1].strip()
    texts = "".join(quoted or escaped for quoted, escaped in _QUOTED.findall(positive))
    bare = _QUOTED.sub("", positive)
    if "%" in bare:
        return "%"
    if match := _SYMBOL.search(texts) or _SYMBOL.search(bare):
        return match[0]
    code_in_text = re.fullmatch(r"\s*([A-Z]{3})\s*", texts)
    return code_in_text[1] if code_in_text else ""


def _code(id: int, formats: Sequence[str]) -> str:
    from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE

    if id in _OF_COUNTRY:
        return ""
    if id < BUILTIN_FORMATS_MAX_SIZE:
        return str(BUILTIN_FORMATS.get(id, ""))
    place = id - BUILTIN_FORMATS_MAX_SIZE
    return formats[place] if place < len(formats) else ""
