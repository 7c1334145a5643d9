"""The row of a table that names its columns, found by its cells and by those of the rows below."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

IsKnown = Callable[[str], bool]
"""Whether a text is the name of a known column."""

FIRST_ROWS = 40
"""Rows among which the header is."""
COMPARED = 60
"""Rows below a header that are compared with it."""
LONGEST_NAME = 100
"""Characters of the name of a column at most, unless most are longer: questions of a form are."""

_VALUE = re.compile(
    r"[\s~<>≈=]*[-+]?[\d٠-٩][\d\s.,'’/:%+_-]*\s?"
    r"(?:[kmb€$£%]|tsd\.?|mio\.?|mrd\.?|тыс\.?|млн\.?|万|億|mil|bn|[ap]m|T[\d:.]+Z?|[+-]\d\d:?\d\d)*\s*"
    r"|https?://\S+|www\.\S+|[\w.+-]+@[\w-]+\.\w+\S*|@(?!(?:handle|user|account|name|insta|ig\b))[\w.]+|\S+\.(?:com|de|org|net|fr|it|es)/\S*"
    r"|true|false|#n/?a|n/a|nan|null|\[.*\]|\{.*\}",
    re.IGNORECASE | re.DOTALL,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_HANDLE_LIKE = re.compile(r"[a-z0-9]+(?:[._][a-z0-9]+)*[._]?[a-z0-9]*[._\d][a-z0-9._]*")
"""A name with a dot, an underscore or a digit, as people on Instagram have."""


def text_of(cell: Any) -> str:
    """A cell as text: whole numbers without a point, dates as ISO 8601."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, (datetime.datetime, datetime.date, datetime.time)):
        return cell.isoformat()
    return str(cell)


def name_of(cell: Any) -> str:
    """A cell of a header: text on one line."""
    return " ".join(text_of(cell).split())


def is_value(cell: Any) -> bool:
    """Whether a cell is a number, a date, a link or the like, which no column is called."""
    if isinstance(cell, str):
        return _VALUE.fullmatch(cell.strip()) is not None
    return cell is not None


def n_filled(cells: Sequence[Any]) -> int:
    return sum(not is_empty(cell) for cell in cells)


def is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and (not cell or cell.isspace()))


def header_index(rows: Sequence[Sequence[Any]], is_known: IsKnown | None) -> int | None:
    """The index of the header among the first rows that are not empty; None if the rows have none.

    A row with names of known columns is the header. Otherwise it is the first row that is as wide as those
    below and whose cells look like names.
    """
    counts = [n_filled(row) for row in rows]
    candidates = [i for i in range(min(FIRST_ROWS, len(rows))) if _looks_like_names(rows[i], is_known)]
    wide = [i for i in candidates if counts[i] >= _least_names(counts, i)]
    if is_known is not None:
        n_known = {
            i: sum(is_known(name_of(cell)) for cell in rows[i] if not is_empty(cell)) for i in candidates
        }
        most = max(n_known.values(), default=0)
        # The first, because another table may be below.
        best = next((i for i in wide if n_known[i] >= 2), None)
        if best is None:
            best = next((i for i in candidates if n_known[i] == most), None)
        # Of a header of two lines the second one names the columns: Audience above Followers and Following.
        while best is not None and best + 1 in n_known and n_known[best + 1] > n_known[best]:
            if counts[best + 1] <= counts[best]:
                break
            best += 1
        # One known word may be a title, unless the row is as wide as a header.
        if best is not None and (most >= 2 or (most == 1 and best in wide)):
            return best
    if not wide:
        return None
    first = _below_preamble(counts, wide)
    return None if _is_data(rows, first) else first


def _below_preamble(counts: Sequence[int], wide: Sequence[int]) -> int:
    """The first wide row; a later one if nothing above it is as wide as the table: those are the fields of a
    report, such as ``Owner: | Anna``."""
    first = wide[0]
    for later in wide[1:]:
        typical = _typical_width(counts, later)
        if len(counts) - later < 3:
            break  # one row below says nothing of the width of the table
        if counts[later] >= typical and max(counts[first:later]) < min(typical, counts[later]):
            return later
    return first


def _typical_width(counts: Sequence[int], index: int) -> float:
    """The number of filled cells of most rows below; of the row itself if there are none."""
    below = counts[index + 1 : index + 1 + COMPARED]
    return median(below) if below else counts[index]


def _least_names(counts: Sequence[int], index: int) -> float:
    """The least number of names of a header. Some columns have no name."""
    typical = _typical_width(counts, index)
    return typical if typical <= 2 else max(2, 0.6 * typical)


def _looks_like_names(row: Sequence[Any], is_known: IsKnown | None) -> bool:
    cells = [cell for cell in row if not is_empty(cell)]
    names = [name_of(cell) for cell in cells]
    values = [name_of(cell) for cell in cells if is_value(cell)]
    n_values = len(values) - (sum(map(is_known, values)) if is_known is not None else 0)
    if names and not is_value(cells[0]):
        n_values -= sum(_YEAR.fullmatch(value) is not None for value in values)
    if not names or n_values > len(names) * 0.2:
        return False
    n_long = sum(len(name) > LONGEST_NAME for name in names)
    # Exports repeat a name or two; data repeat many.
    return len(set(names)) >= 0.5 * len(names) and (n_long <= 0.2 * len(names) or len(names) > 5)


def _is_data(rows: Sequence[Sequence[Any]], index: int) -> bool:
    """Whether a row whose cells could be names is data all the same: it is like the rows below."""
    below = rows[index + 1 : index + 1 + COMPARED]
    if not below:
        return False
    names = [name_of(cell) for cell in rows[index]]
    n_like_below = 0
    for column, name in enumerate(names):
        if not name or is_value(rows[index][column]):
            continue
        cells = [row[column] for row in below if column < len(row) and not is_empty(row[column])]
        if not cells:
            continue
        if sum(map(is_value, cells)) > 0.5 * len(cells):
            return False  # text above values: a name
        texts = [name_of(cell) for cell in cells]
        n_handles = sum(map(_is_handle_like, texts))
        # Lower-case words in one column, such as a category, may recur; a name of a column does not.
        n_like_below += name in texts or (_is_handle_like(name) and n_handles > 0.5 * len(texts))
    return n_like_below > 0


def _is_handle_like(text: str) -> bool:
    return _HANDLE_LIKE.fullmatch(text) is not None
