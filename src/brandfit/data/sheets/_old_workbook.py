"""Sheets of workbooks of other forms than .xlsx: .xls, .xlsb and .ods, read whole by calamine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from brandfit.data.schema import Reject
from brandfit.data.sheets._delimited import Record
from brandfit.data.sheets._workbook import SheetOfBook, Unreadable, why_damaged
from brandfit.data.sheets.source import Source

LARGEST = 64 << 20
"""Bytes of a workbook; it is read into memory."""
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""Within a workbook with a password."""


def open_book(source: Source) -> Any:
    """The workbook. Raises Unreadable if it is damaged, too large, or has a password."""
    import io

    from python_calamine import CalamineWorkbook

    data = source.read(LARGEST)
    if isinstance(data, Reject):
        raise Unreadable(f"{data.reason}; save it as .xlsx")
    if ENCRYPTED in data:
        raise Unreadable("the workbook has a password; save it without, or as CSV")
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(data))
    except BaseException as error:
        raise _unreadable(error) from None


def _unreadable(error: BaseException) -> Unreadable:
    """The reason of an error of calamine. A panic of its compiled code is no ``Exception``."""
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        raise error
    if "assword" in str(error) or "ncrypt" in str(error):
        return Unreadable("the workbook has a password; save it without, or as CSV")
    return Unreadable(why_damaged(Exception(str(error).splitlines()[0] if str(error) else "")))


def sheets_of(book: Any) -> list[SheetOfBook]:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    return [
        SheetOfBook(sheet.name, sheet.visible != SheetVisibleEnum.Visible, sheet.name)
        for sheet in book.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet
    ]


def records(source: Source, sheet: SheetOfBook) -> Iterator[Record | Reject]:
    """(row number from 1, cells) of each row of a sheet; a Reject if it cannot be read."""
    try:
        rows = _rows(open_book(source), sheet)
    except Unreadable as error:
        yield Reject(source.file, 1, str(error))
        return
    for number, row in enumerate(rows, 1):
        cells = [None if cell == "" else cell for cell in row]
        while cells and cells[-1] is None:
            cells.pop()
        yield number, cells


def _rows(book: Any, sheet: SheetOfBook) -> list[list[Any]]:
    try:
        rows: list[list[Any]] = book.get_sheet_by_name(sheet.path).to_python(skip_empty_area=False)
        return rows
    except BaseException as error:
        raise _unreadable(error) from None
