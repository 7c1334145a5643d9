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
"""Of a sheet: what Excel can write, and more than any table has. A hostile file names a row beyond all, to be
waited for."""
UNPACKED = 256 << 20
"""Bytes of all that a workbook packs."""


def records(path: Path, advance: Advance, notes: list[str]) -> Iterator[tuple[int, list[str]] | Reject]:
    """(row, cells) of each row of the first sheet that is not empty. ``notes``: sheets that are not read are
    told there."""
    import openpyxl

    advance(size_of(path))
    row = 1
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(member.file_size for member in packed.infolist()) > UNPACKED:
                yield Reject(path_text(path), 1, f"the workbook holds more than {UNPACKED >> 20} MiB")
                return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions, which say nothing here
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        first, *others = book.worksheets
        if others:
            notes.append(
                f"{clean(path.name)}: of its {len(others) + 1} sheets the first is read, "
                f"{clean(first.title)[:60]!r}."
            )
        first.reset_dimensions()  # what a sheet says of its size may be wrong
        for row, values in enumerate(first.iter_rows(values_only=True, max_col=COLUMNS), 1):
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
    except Exception as error:  # openpyxl raises whatever it trips over
        why = clean(str(error))[:200] or type(error).__name__
        yield Reject(path_text(path), row, f"the workbook cannot be read on: {why}; save its sheet as CSV")


def _text(value: Any) -> str:
    """A cell as text: whole numbers without a point, dates as ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, (datetime.datetime, datetime.date)) else str(value)
