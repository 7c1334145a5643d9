"""Numbers of workbooks whose unit is in the format of their cell: 0.034 shown as 3.4 %, 300 shown as $300."""

from __future__ import annotations

from typing import Any


class FormattedNumber(float):
    """A number with the unit that its cell shows.

    unit  "%": the number is a fraction; or the sign or code of a currency
    """

    unit: str

    def __new__(cls, value: float, unit: str) -> FormattedNumber:
        number = super().__new__(cls, value)
        number.unit = unit
        return number

    @property
    def is_percent(self) -> bool:
        return self.unit == "%"

    def __str__(self) -> str:
        value = 100 * float(self) if self.is_percent else float(self)
        return f"{value:.10g}{'' if self.is_percent else ' '}{self.unit}"


def format_unit(cell: Any) -> str:
    """The unit that the format of a cell shows; "" if it shows none."""
    return cell.unit if isinstance(cell, FormattedNumber) else ""
