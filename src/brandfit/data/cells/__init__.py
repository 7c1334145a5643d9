"""Values of cells as people, spreadsheets and programs write them, one file a kind.

A value may be text (CSV) or typed (JSON, Parquet, Excel). A reader takes a cell and the style of its column.
It returns None for an unknown value and raises ValueError with the reason for one that cannot be read;
Ambiguous is the ValueError of a value with two readings.
"""

from brandfit.data.cells.handles import (
    OtherPlatform,
    RoundedId,
    TotalsRow,
    account_id,
    other_row_id,
    post_code,
    row_id,
)
from brandfit.data.cells.lists import Items, Refused, accounts, items, paths, tags
from brandfit.data.cells.money import Money, money, money_style
from brandfit.data.cells.numbers import count, number, share
from brandfit.data.cells.style import UNKNOWN_STYLE, Style, date_style, number_style, share_style
from brandfit.data.cells.texts import LONGEST_TEXT, encodable, label, line, long_text, text, yes
from brandfit.data.cells.times import seconds
from brandfit.data.cells.unknown import is_missing
from brandfit.number_text import Ambiguous

__all__ = [
    "LONGEST_TEXT",
    "UNKNOWN_STYLE",
    "Ambiguous",
    "Items",
    "Money",
    "OtherPlatform",
    "Refused",
    "RoundedId",
    "Style",
    "TotalsRow",
    "account_id",
    "accounts",
    "count",
    "date_style",
    "encodable",
    "is_missing",
    "items",
    "label",
    "line",
    "long_text",
    "money",
    "money_style",
    "number",
    "number_style",
    "other_row_id",
    "paths",
    "post_code",
    "row_id",
    "seconds",
    "share",
    "share_style",
    "tags",
    "text",
    "yes",
]
