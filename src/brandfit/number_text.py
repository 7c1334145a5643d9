"""Numbers as people type them: the one place that decides what a point and a comma mean.

    12345   12 345   12'345   12,345   1,234,567   1.234.567      thousands
    1,234.56   1.234,56   12 345.678   12.5   12,50   0.125       decimals
    5k   2.5M   3%   1e-4                                         scaled

``12.345`` is refused, because it is twelve thousand in some countries and twelve in others; so are
``12.345k`` and, for a share or rate, ``2,345``. One comma before exactly three digits separates thousands
only in whole numbers and in money.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

SCALE = {"": Decimal(1), "k": Decimal(1_000), "m": Decimal(1_000_000), "%": Decimal("0.01")}

_PARTS = re.compile(r"([+-]?)\s*(.*?)\s*([kKmM%]?)", re.DOTALL)
_SPACED = re.compile(r"([0-9]{1,3}(?:[\s\u00a0\u2009\u202f'’][0-9]{3})+)(?:[.,]([0-9]+))?")
_BOTH = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+)\.([0-9]+)|([0-9]{1,3}(?:\.[0-9]{3})+),([0-9]+)")
_GROUPED = re.compile(r"[0-9]{1,3}([.,])[0-9]{3}(?:\1[0-9]{3})+")
_SINGLE = re.compile(r"([0-9]*)([.,])([0-9]+)")
_PLAIN = re.compile(r"[0-9]+(?:\.?[0-9]*[eE][+-]?[0-9]{1,3})?")


class Ambiguous(ValueError):
    """A text with two readings; the message shows both and how to write each."""


def number(text: str, ratio: bool = False) -> float:
    """The number that a person typed. ``ratio``: of a share or rate. Raises Ambiguous, and ValueError for
    what is no number."""
    found = float(_decimal(text, ratio))
    if not math.isfinite(found):
        raise ValueError(f"expected a number, found {text.strip()!r}")
    return found


def whole_number(text: str) -> int:
    """The whole number that a person typed. Raises Ambiguous, and ValueError for what is none."""
    found = (
        _decimal(text, False) if "e" not in text.lower() else Decimal("0.5")
    )  # 1.2E+05 has lost digits in a spreadsheet
    if found != int(found) or "%" in text:
        raise ValueError(f"expected a whole number, found {text.strip()!r}")
    return int(found)


def number_as_text(value: float) -> str:
    """A number as a text that ``number`` reads back without ambiguity.

    >>> number_as_text(12.345), number_as_text(5000)
    ('12.3450', '5000')
    """
    text = repr(value)
    return f"{text}0" if isinstance(value, float) and "." in text and "e" not in text else text


def _decimal(text: str, ratio: bool) -> Decimal:
    match = _PARTS.fullmatch(text.strip())
    sign, digits, suffix = match.groups() if match else ("", "", "")
    scale = SCALE[suffix.lower()]
    if _PLAIN.fullmatch(digits):
        value = Decimal(digits)
    elif found := _SPACED.fullmatch(digits):
        value = Decimal(f"{re.sub('[^0-9]', '', found[1])}.{found[2] or 0}")
    elif found := _BOTH.fullmatch(digits):
        value = Decimal(f"{re.sub('[^0-9]', '', found[1] or found[3])}.{found[2] or found[4]}")
    elif _GROUPED.fullmatch(digits):
        value = Decimal(re.sub("[^0-9]", "", digits))
    elif found := _SINGLE.fullmatch(digits):
        before, mark, after = found.groups()
        value = _single(text.strip(), before, mark=mark, after=after, suffix=suffix, ratio=ratio)
    else:
        raise ValueError(f"expected a number, found {text.strip()!r}")
    return (-value if sign == "-" else value) * scale


def _single(text: str, before: str, *, mark: str, after: str, suffix: str, ratio: bool) -> Decimal:
    """Digits with one point or comma between."""
    thousands = len(after) == 3 and 1 <= len(before) <= 3 and not before.startswith("0")
    if thousands and mark == "," and not ratio and not suffix:
        return Decimal(before + after)
    if thousands:
        small = f"{before}.{after}".rstrip("0").rstrip(".")  # without zeros it cannot be read as thousands
        small += "0" if small.endswith(f".{after}") else ""
        raise Ambiguous(
            f"{text!r} may mean {before}.{after}{suffix} or {before}{after}{suffix}: "
            f"write {small}{suffix} or {before}{after}{suffix}"
        )
    return Decimal(f"{before or 0}.{after}")
