"""Rows of the first sheet of an Excel workbook (.xlsx), as the CSV that a spreadsheet would write of it."""

from __future__ import annotations

import datetime
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brandfit.data.importers._files import size_of
from brandfit.data.schema import Reject
from brandfit.messages import clean, path_text
from brandfit.progress import Advance

ROWS, COLUMNS = 1_048_576, 256
"""Limits of a sheet: all rows that Excel can write, and more columns than any table has. A hostile file may
name a row beyond them, and reading up to it would not end."""
UNPACKED = 256 << 20
"""Bytes of all files in a workbook, unpacked."""


def records(path: Path, advance: Advance, notes: list[str]) -> Iterator[tuple[int, list[str]] | Reject]:
    """(row, cells) of each row of the first sheet that is not empty. ``notes`` receives a sentence about the
    sheets that are not read."""
    advance(size_of(path))
    row = 1
    try:
        if _unpacked_size(path) > UNPACKED:
            yield Reject(path_text(path), 1, f"the workbook holds more than {UNPACKED >> 20} MiB")
            return
        sheet = _first_sheet(path, notes)
        for row, values in enumerate(sheet.iter_rows(values_only=True, max_col=COLUMNS), 1):
            if row > ROWS:
                yield Reject(
                    path_text(path), row, f"a sheet has {ROWS:,} rows at most; what follows is left out"
                )
                return
            cells = list(map(_text, values))
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                yield row, cells
    except zipfile.BadZipFile:
        yield Reject(
            path_text(path),
            1,
            "not a workbook (.xlsx); one with a password cannot be read: save it without, or as CSV",
        )
    except Exception as error:
        # A damaged workbook makes openpyxl raise errors of many types.
        why = clean(str(error))[:200] or type(error).__name__
        yield Reject(path_text(path), row, f"the workbook cannot be read on: {why}; save its sheet as CSV")


def _unpacked_size(path: Path) -> int:
    with zipfile.ZipFile(path) as packed:
        return sum(member.file_size for member in packed.infolist())


def _first_sheet(path: Path, notes: list[str]) -> Any:
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and extensions, which hold no data
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    first, *others = book.worksheets
    if others:
        notes.append(
            f"{clean(path.name)}: of its {len(others) + 1} sheets the first is read, "
            f"{clean(first.title)[:60]!r}."
        )
    first.reset_dimensions()  # the size that a sheet states may be wrong
    return first


def _text(value: Any) -> str:
    """A cell as text: whole numbers without a point, dates as ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, (datetime.datetime, datetime.date)) else str(value)
