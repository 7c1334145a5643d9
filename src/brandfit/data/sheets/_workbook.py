"""Sheets of Excel workbooks (.xlsx), streamed: typed cells, hidden rows, merged cells and links."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from brandfit.data.cells.formatted import FormattedNumber
from brandfit.data.schema import Reject
from brandfit.data.sheets._delimited import Record
from brandfit.data.sheets._grid import brief
from brandfit.data.sheets._number_formats import units_of
from brandfit.data.sheets.sheet import LinkedText
from brandfit.data.sheets.source import Source
from brandfit.messages import clean

ROWS, COLUMNS = 1_048_576, 256
"""Maximum numbers of rows and columns of a sheet: all rows that Excel can write, and more columns than a
table of an import needs. A hostile file may name a row far beyond them, and reading would not end."""
UNPACKED = 1 << 30
"""Maximum size, in bytes, of all files in a workbook when unpacked."""
MOST_LINKS = 200_000
"""Links and merged ranges of a sheet that are kept."""
LONGEST_TAIL = 64 << 20
"""Bytes behind the cells of a sheet, where its links are, that are read."""

_HYPERLINK = re.compile(r"\s*=?\s*HYPERLINK\(\s*\"((?:[^\"]|\"\")*)\"", re.IGNORECASE)
_LINK_TAG = re.compile(rb"<(?:\w+:)?hyperlink\s([^>]*)>")
_MERGE_TAG = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*ref=\"([A-Z]+)(\d+):([A-Z]+)(\d+)\"")
_END_OF_CELLS = re.compile(rb"</(?:\w+:)?sheetData>|<(?:\w+:)?sheetData\s*/>")
_ATTRIBUTE = re.compile(rb"([\w:]+)=\"([^\"]*)\"")


NO_WORKBOOK = "not a workbook (.xlsx); one with a password cannot be read: save it without, or as CSV"


class Unreadable(Exception):
    """A workbook that cannot be opened, with the reason."""


@dataclass
class SheetOfBook:
    """A sheet of a workbook before its cells are read."""

    title: str
    is_hidden: bool
    path: str
    """Its file within the workbook."""


@dataclass
class _Tail:
    """What a sheet states behind its cells."""

    link_by_cell: dict[tuple[int, int], str] = field(default_factory=dict)
    """(row, column) to address."""
    merged_columns: dict[tuple[int, int], int] = field(default_factory=dict)
    """(first row, column) to the last row of cells that were merged downwards."""


def check(file: IO[bytes]) -> None:
    """Raises Unreadable if a workbook is damaged or too large."""
    try:
        with zipfile.ZipFile(file) as packed:
            unpacked = sum(member.file_size for member in packed.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        raise Unreadable(NO_WORKBOOK) from None
    if unpacked > UNPACKED:
        raise Unreadable(f"the workbook holds more than {UNPACKED >> 20} MiB")


def open_book(file: IO[bytes]) -> Any:
    """The workbook, read as a stream. Raises Unreadable if it is damaged or too large."""
    import openpyxl

    check(file)
    # openpyxl warns about styles and extensions, which hold no data.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return openpyxl.load_workbook(file, read_only=True, data_only=True)
        except Exception as error:
            # openpyxl raises errors of many types if a workbook is damaged.
            raise Unreadable(why_damaged(error)) from None


def why_damaged(error: Exception) -> str:
    reason = clean(str(error))[:200] or type(error).__name__
    return f"the workbook cannot be read on: {reason}; save its sheet as CSV"


def sheets_of(book: Any) -> list[SheetOfBook]:
    return [
        SheetOfBook(clean(sheet.title)[:60], sheet.sheet_state != "visible", sheet._worksheet_path)
        for sheet in book.worksheets
    ]


def records(source: Source, sheet: SheetOfBook, *, name: str, notes: list[str]) -> Iterator[Record | Reject]:
    """(row number from 1, cells) of each row of a sheet. A Reject comes last if the rest cannot be read.

    notes  receives sentences on hidden rows and columns, merged cells, and formulas without a value
    """
    row = 1  # the row that a Reject names
    try:
        with source.seekable() as file:
            book = open_book(file)
            reader = _SheetReader(book, sheet, name=name, notes=notes)
            for row, cells in reader.rows():
                if row > ROWS:
                    yield Reject(
                        source.file, row, f"a sheet has {ROWS:,} rows at most; what follows is left out"
                    )
                    return
                yield row, cells
            reader.add_notes()
    except Unreadable as error:
        yield Reject(source.file, row, str(error))
    except Exception as error:
        # As in ``open_book``.
        yield Reject(source.file, row, why_damaged(error))


class _SheetReader:
    """Rows of one sheet, by the parser of openpyxl: its worksheets hide links and hidden rows."""

    def __init__(self, book: Any, sheet: SheetOfBook, *, name: str, notes: list[str]) -> None:
        self._book, self._sheet = book, sheet
        self._name, self._notes = name, notes
        self._tail = _tail(book._archive, sheet.path)
        self._n_hidden, self._first_hidden = 0, ""
        self._n_filled_down = 0
        self._open_merges: dict[int, tuple[int, Any]] = {}
        """Column to (last row, value) of merged cells that go on downwards."""

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        with self._book._archive.open(self._sheet.path) as xml, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._parser = _parser_class()(
                xml,
                self._shared_strings(),
                data_only=True,
                epoch=self._book.epoch,
                date_formats=self._book._date_formats,
                timedelta_formats=self._book._timedelta_formats,
            )
            self._parser.unit_by_style = units_of(self._book)
            last = 0
            for row, cells in self._parser.parse():
                # A file may state a row twice; the rows of a sheet ascend.
                if row <= last:
                    continue
                if row > last + 1:
                    yield row - 1, []  # rows without cells are not in the file
                last = row
                values = self._values(row, cells)
                if self._parser.row_dimensions.pop(str(row), {}).get("hidden") in ("1", "true"):
                    self._add_hidden(row, values)
                    continue
                yield row, values

    def _shared_strings(self) -> Any:
        return self._book.worksheets[0]._shared_strings

    def _values(self, row: int, cells: list[dict[str, Any]]) -> list[Any]:
        """The cells of a row, without empty ones at the end."""
        values: list[Any] = []
        for cell in cells:
            column, value = cell["column"], cell["value"]
            if value is None or column > COLUMNS:
                continue
            if len(values) < column:
                values += [None] * (column - len(values))
            values[column - 1] = self._with_link(value, row, column)
        if self._tail.merged_columns or self._open_merges:
            self._fill_down(row, values)
        return values

    def _with_link(self, value: Any, row: int, column: int) -> Any:
        link = self._tail.link_by_cell.get((row, column)) or self._parser.link_by_cell.pop((row, column), "")
        if link and isinstance(value, str) and "://" not in value and value.strip() != link:
            return LinkedText(value, link)
        return value

    def _fill_down(self, row: int, values: list[Any]) -> None:
        """Cells that were merged downwards have their value in each of their rows."""
        # A row without any cell is no row of the table.
        if values:
            for column, (last_row, value) in list(self._open_merges.items()):
                if row > last_row:
                    del self._open_merges[column]
                    continue
                if len(values) < column:
                    values += [None] * (column - len(values))
                if values[column - 1] is None:
                    values[column - 1] = value
                    self._n_filled_down += 1
        for column, value in enumerate(values, 1):
            last_row = self._tail.merged_columns.get((row, column), 0)
            if last_row and value is not None:
                self._open_merges[column] = (last_row, value)

    def _add_hidden(self, row: int, values: list[Any]) -> None:
        if any(value is not None for value in values):
            self._n_hidden += 1
            self._first_hidden = self._first_hidden or f"row {row}: {brief(values)!r}"

    def add_notes(self) -> None:
        """Notes on the whole sheet."""
        if self._n_hidden:
            rows = "1 hidden row was" if self._n_hidden == 1 else f"{self._n_hidden:,} hidden rows were"
            self._notes.append(
                f"{self._name}: {rows} skipped, such as {self._first_hidden}. Show all rows to import them."
            )
        hidden = [
            column
            for column, state in self._parser.column_dimensions.items()
            if state.get("hidden") in ("1", "true")
        ]
        if hidden:
            self._notes.append(f"{self._name}: hidden columns are read too: {', '.join(hidden[:10])}.")
        if self._n_filled_down:
            self._notes.append(
                f"{self._name}: merged cells have their value in each of their rows "
                f"({self._n_filled_down:,} more)."
            )
        if self._parser.n_without_value:
            cells = (
                "1 cell has"
                if self._parser.n_without_value == 1
                else f"{self._parser.n_without_value:,} cells have"
            )
            self._notes.append(
                f"{self._name}: {cells} a formula without a value, such as "
                f"{self._parser.first_without_value}. Open the workbook, save it, and import it again."
            )


def _parser_class() -> Callable[..., Any]:
    """The parser of openpyxl with links of formulas. Imported late: openpyxl starts slowly."""
    from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

    class Parser(WorkSheetParser):  # type: ignore[misc]  # openpyxl has no types
        """A parser that keeps the links of HYPERLINK formulas, and counts formulas without a value."""

        def __init__(self, *args: Any, **settings: Any) -> None:
            super().__init__(*args, **settings)
            self.link_by_cell: dict[tuple[int, int], str] = {}
            self.n_without_value, self.first_without_value = 0, ""
            self.unit_by_style: dict[int, str] = {}

        def parse_cell(self, element: Any) -> dict[str, Any]:
            cell: dict[str, Any] = super().parse_cell(element)
            value = cell["value"]
            if self.unit_by_style and type(value) in (int, float):
                unit = self.unit_by_style.get(int(element.get("s") or 0))
                cell["value"] = FormattedNumber(value, unit) if unit else value
            formula = element.find(FORMULA_TAG)
            if formula is not None:
                link = _HYPERLINK.match(formula.text or "")
                if link:
                    address = link[1].replace('""', '"')
                    self.link_by_cell[cell["row"], cell["column"]] = address
                    # The address is all there is if the formula was never calculated.
                    cell["value"] = cell["value"] or address
                elif cell["value"] is None and element.get("t") != "str":
                    self.n_without_value += 1
                    self.first_without_value = self.first_without_value or str(element.get("r"))
            return cell

    return Parser


# --- links and merged cells ---------------------------------------------------------------------------------


def _tail(archive: zipfile.ZipFile, path: str) -> _Tail:
    """The links and merged cells of a sheet, which its file states behind the cells."""
    xml = _xml_behind_cells(archive, path)
    tail = _Tail()
    if not xml:
        return tail
    addresses = _addresses(archive, path)
    for match in _LINK_TAG.finditer(xml):
        attributes = {key.rpartition(b":")[2]: value for key, value in _ATTRIBUTE.findall(match[1])}
        address = addresses.get(attributes.get(b"id", b""), "")
        place = re.match(rb"([A-Z]{1,3})(\d{1,7})", attributes.get(b"ref", b""))
        if address and place and len(tail.link_by_cell) < MOST_LINKS:
            tail.link_by_cell[int(place[2]), _column_number(place[1])] = address
    for match in _MERGE_TAG.finditer(xml):
        first_row, last_row = int(match[2][:7]), int(match[4][:7])
        if last_row > first_row and len(tail.merged_columns) < MOST_LINKS:
            tail.merged_columns[first_row, _column_number(match[1])] = last_row
    return tail


def _xml_behind_cells(archive: zipfile.ZipFile, path: str) -> bytes:
    with archive.open(path) as xml:
        before = b""
        while block := xml.read(1 << 20):
            window = before + block
            if end := _END_OF_CELLS.search(window):
                return window[end.end() :] + xml.read(LONGEST_TAIL)
            before = block[-64:]  # the tag may be cut by the end of a block
    return b""


def _addresses(archive: zipfile.ZipFile, path: str) -> dict[bytes, str]:
    """Id of a relation of a sheet to its address outside of the workbook."""
    folder, _, name = path.rpartition("/")
    try:
        xml = archive.read(f"{folder}/_rels/{name}.rels")
    except KeyError:
        return {}
    address_by_id: dict[bytes, str] = {}
    for match in re.finditer(rb"<(?:\w+:)?Relationship\s([^>]*)>", xml):
        attributes = dict(_ATTRIBUTE.findall(match[1]))
        if attributes.get(b"TargetMode") == b"External":
            address = attributes.get(b"Target", b"").decode("utf-8", "replace")
            address_by_id[attributes.get(b"Id", b"")] = clean(address.replace("&amp;", "&"))
    return address_by_id


def _column_number(letters: bytes) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for letter in letters[:3]:
        number = 26 * number + letter - 64
    return number
