"""Rows of the first sheet of an Excel workbook (.xlsx), with the cells that a CSV of the sheet would have."""

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
"""Maximum numbers of rows and columns of a sheet: all rows that Excel can write, and more columns than a
table of an import needs. A hostile file may name a row far beyond them, and reading would not end."""
UNPACKED = 256 << 20
"""Maximum size, in bytes, of all files in a workbook when unpacked."""


def records(path: Path, advance: Advance, notes: list[str]) -> Iterator[tuple[int, list[str]] | Reject]:
    """(row number from 1, texts of its cells) of each row of the first sheet that is not empty. A Reject
    comes last if the rest cannot be read.

    advance  receives the size of the file
    notes    receives a sentence if the workbook has more sheets, which are not read
    """
    advance(size_of(path))
    row = 1  # the row that a Reject names
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
            cells = [_text(value) for value in values]
            # A sheet is as wide as its widest row: empty cells at the end are no cells of this row.
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
        # openpyxl raises errors of many types if a workbook is damaged.
        reason = clean(str(error))[:200] or type(error).__name__
        yield Reject(path_text(path), row, f"the workbook cannot be read on: {reason}; save its sheet as CSV")


def _unpacked_size(path: Path) -> int:
    """Bytes of all files in a workbook (a zip archive) when unpacked, as its directory states them."""
    with zipfile.ZipFile(path) as packed:
        return sum(member.file_size for member in packed.infolist())


def _first_sheet(path: Path, notes: list[str]) -> Any:
    """The first sheet, an openpyxl worksheet. ``notes`` as in ``records``."""
    import openpyxl

    # openpyxl warns about styles and extensions, which hold no data.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    first, *others = book.worksheets
    if others:
        notes.append(
            f"{clean(path.name)}: of its {len(others) + 1} sheets the first is read, "
            f"{clean(first.title)[:60]!r}."
        )
    # The size that a sheet states may be wrong: openpyxl would leave out the cells beyond it.
    first.reset_dimensions()
    return first


def _text(value: Any) -> str:
    """A cell as text: whole numbers without a point, dates as ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    return str(value)
