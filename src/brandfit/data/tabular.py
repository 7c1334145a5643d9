"""Writers of tables: CSV and XLSX that are safe in a spreadsheet, JSON, JSON lines, Parquet. A file is
written completely or not at all."""

from __future__ import annotations

import contextlib
import csv
import math
import re
import tempfile
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from brandfit.data.arrow import column_lists
from brandfit.errors import UsageError

CHUNK = 10_000
"""Rows that are converted to Python values at a time; the first so many rows set the column widths."""
ROWS, COLUMNS, CHARACTERS = 1_048_576, 16_384, 32_767
"""Limits of a sheet of Excel; the characters of a cell are counted in UTF-16 units."""
DIGITS = 10**15
"""Whole numbers of this size or more lose digits in a spreadsheet and are written as text."""
YEAR_10000 = 253_402_300_800
"""Seconds since 1970 at which the calendar of a spreadsheet ends."""
MAX_WIDTH = 60
"""Width of the widest column, in characters."""
SECONDS = b"s since 1970 UTC"
"""The unit of a field that is a point in time (``data.schema``)."""

# The beginning of a cell that a spreadsheet would run as a formula: = + - or @ behind any blanks; in East
# Asia the full-width forms too (OWASP, CSV injection). A semicolon or line break begins a cell as well,
# because it does so for a reader with another separator.
_FORMULA = re.compile(
    r"(?:^(?=[\t\r])|(?:^|(?<=[;\t\r\n]))"
    r"(?=[\s\x00-\x1f\"\u200b-\u200f\ufeff]*[-=+@\uff1d\uff0b\uff0d\uff20]))"
)


def write(table: pa.Table, file: str | Path) -> int:
    """Write a table in the format of the file's ending. Returns the number of rows."""
    with replacing(file, WRITERS) as temporary:
        WRITERS[Path(file).suffix.lower()](table, temporary)
    return table.num_rows


def checked(file: str | Path, endings: Collection[str]) -> Path:
    """The path of a file that can be written. Raises UsageError for another ending than these, a missing
    folder, or a folder in place of the file."""
    path = Path(file)
    if path.suffix.lower() not in endings:
        raise UsageError(
            f"{path.name} ends in {path.suffix or 'nothing'!r}.",
            f"Choose a file that ends in {', '.join(endings)}.",
        )
    if not path.parent.is_dir():
        raise UsageError(
            f"There is no folder {path.parent} to write {path.name} into.",
            "Make it first, or choose another place.",
        )
    if path.is_dir():
        raise UsageError(f"{path} is a folder.", "Choose the name of a file.")
    return path


@contextlib.contextmanager
def replacing(file: str | Path, endings: Collection[str]) -> Iterator[Path]:
    """A temporary file in the same folder that replaces the file if the block succeeds. If it fails, the old
    file stays."""
    path = checked(file, endings)
    # In the same folder, so that replacing is atomic; hidden, with a name that no other process uses.
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def from_rows(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """A table of rows with different keys: ``{"ranks": {"words": 1}}`` becomes a column ``ranks.words``, a
    list becomes a list of texts."""
    # Columns in the order in which rows first have them; a row without a value has None.
    flat = [dict(_flat(row)) for row in rows]
    columns: dict[str, list[Any]] = {}
    for row in flat:
        columns.update({name: [] for name in row if name not in columns})
    for name, values in columns.items():
        values.extend(row.get(name) for row in flat)
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def _flat(row: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Name and value of each entry; the entries of a nested mapping have dotted names."""
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            yield prefix + name, [_item_text(item) for item in value]
        else:
            yield prefix + name, value


def _item_text(item: Any) -> str:
    """An entry of a list as text; the values of a mapping or list are joined by spaces."""
    if isinstance(item, Mapping):
        parts = list(item.values())
    else:
        parts = list(item) if isinstance(item, list | tuple) else [item]
    return " ".join(f"{part:.3g}" if isinstance(part, float) else str(part) for part in parts)


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    """The rows as Python values, converted in chunks."""
    for batch in table.to_batches(max_chunksize=CHUNK):
        columns = column_lists(batch)
        yield from zip(*columns, strict=True)


# --- CSV ----------------------------------------------------------------------------------------------------


def _write_csv(table: pa.Table, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        lines = csv.writer(out)
        lines.writerow(map(_csv_cell, table.column_names))
        for row in _rows(table):
            lines.writerow(map(_csv_cell, row))


def _csv_cell(value: Any) -> Any:
    """The value of a cell; a text gets an apostrophe wherever a spreadsheet could begin a formula: at the
    start of the text, and at the start of a cell for a reader with another separator (a semicolon in half of
    Europe).
    """
    value = _joined(value)
    return _FORMULA.sub("'", value) if isinstance(value, str) else value


def _joined(value: Any) -> Any:
    """A list as one text, any other value unchanged."""
    return "|".join(map(str, value)) if isinstance(value, list) else value


# --- XLSX ---------------------------------------------------------------------------------------------------


def _write_xlsx(table: pa.Table, path: Path) -> None:
    """One sheet, written row by row: texts stay texts, times are dates (UTC), the header stays visible."""
    _write_workbook({"rows": table}, path)


def _write_workbook(tables: Mapping[str, pa.Table], path: Path) -> None:
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    for table in tables.values():
        _require_sheet_size(table)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with tempfile.TemporaryDirectory() as folder:
        book = xlsxwriter.Workbook(str(path), {**options, "constant_memory": True, "tmpdir": folder})
        if sum([table.nbytes for table in tables.values()]) > 2**30:
            book.use_zip64()
        for title, table in tables.items():
            _Sheet(book, table, title=title).fill()
        try:
            book.close()
        except FileCreateError as error:
            raise OSError(f"{path.parent} cannot be written: {error}") from error


def write_sheets(tables: Sequence[tuple[str, pa.Table]], file: str | Path) -> None:
    """Write tables as sheets of one workbook (.xlsx), each under its title."""
    titles = _sheet_titles([title for title, _ in tables])
    named = dict(zip(titles, [table for _, table in tables], strict=True))
    with replacing(file, (".xlsx",)) as temporary:
        _write_workbook(named or {"rows": pa.table({})}, temporary)


def _sheet_titles(names: Iterable[str]) -> list[str]:
    """Titles that Excel takes: at most 31 characters, no []:*?/\\, each once."""
    titles: list[str] = []
    for n, name in enumerate(names, 1):
        title = re.sub(r"[\[\]:*?/\\]", " ", name)[:31].strip(" '") or f"rows {n}"
        if title.lower() in [other.lower() for other in titles]:
            title = f"{title[:27]} {n}"
        titles.append(title)
    return titles


def _require_sheet_size(table: pa.Table) -> None:
    """Raise UsageError if a sheet of Excel cannot hold the table."""
    sizes = [(table.num_rows + 1, ROWS, "rows with its header"), (table.num_columns, COLUMNS, "columns")]
    for size, limit, noun in sizes:
        if size > limit:
            raise UsageError(
                f"This table has {size:,} {noun}, and a sheet of Excel holds {limit:,}.",
                "Write .csv or .parquet, or export less.",
            )


class _Sheet:
    """The sheet of a workbook that a table is written to, row after row."""

    def __init__(self, book: Any, table: pa.Table, *, title: str) -> None:
        self.table = table
        self.sheet = book.add_worksheet(title)
        self.bold = book.add_format({"bold": True})
        self.time = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        self.quoted = book.add_format({"quote_prefix": True})  # a text stays a text when its cell is edited
        self.widths = [len(name) + 3 for name in table.column_names]

    def fill(self) -> None:
        sheet, table = self.sheet, self.table
        # Header: bold, fixed at the top, with a filter for each column.
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(table.column_names):
            sheet.write_string(0, column, _sheet_text(name), self.bold)
        if table.num_columns:
            sheet.autofilter(0, 0, table.num_rows, table.num_columns - 1)
        to_cell = [_time_cell if _is_time(field) else _sheet_cell for field in table.schema]
        for row, values in enumerate(_rows(table), 1):
            for column, value in enumerate(values):
                cell = to_cell[column](value)
                if cell is not None:
                    self._write(row, column, cell)
        for column, width in enumerate(self.widths):
            sheet.set_column(column, column, min(width + 1, MAX_WIDTH))

    def _write(self, row: int, column: int, value: Any) -> None:
        """Write a cell by the type of its value, and widen its column."""
        if isinstance(value, bool):
            self.sheet.write_boolean(row, column, value)
        elif isinstance(value, int | float):
            self.sheet.write_number(row, column, value)
        elif isinstance(value, datetime):
            self.sheet.write_datetime(row, column, value, self.time)
        else:
            formats = [self.quoted] if _FORMULA.match(value) else []
            self.sheet.write_string(row, column, _sheet_text(value), *formats)
        # The first rows set the width; a sheet that is written row by row cannot measure itself later.
        if row <= CHUNK:
            text = f"{value:.6g}" if isinstance(value, float) else str(value)[:MAX_WIDTH]
            self.widths[column] = max(self.widths[column], len(text))


def _is_time(field: pa.Field) -> bool:
    return pa.types.is_timestamp(field.type) or (field.metadata or {}).get(b"unit") == SECONDS


def _time_cell(value: Any) -> Any:
    """A time without zone, in UTC, as spreadsheets have it. A time outside their calendar is a number or a
    text."""
    if isinstance(value, int):
        if 0 <= value < YEAR_10000:
            return datetime.fromtimestamp(value, UTC).replace(tzinfo=None)
        return _sheet_cell(value)
    if isinstance(value, datetime):
        value = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo is not None else value
        return value if value.year >= 1900 else value.isoformat(" ")
    return value


def _sheet_cell(value: Any) -> Any:
    """A number that a sheet can hold, or a text; None for an empty cell."""
    value = _joined(value)
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return value if abs(value) < DIGITS else str(value)
    return None if value is None or value == "" else str(value)


def _sheet_text(text: str) -> str:
    """A text that the sheet holds as it is: never read as mark-up, and cut to the length of a cell, with the
    number of missing characters.

    XlsxWriter writes a text from ``<r>`` to ``</r>`` as finished XML (rich text), so that a caption could add
    cells. Such a text is escaped inside rich text of our own.
    """
    if text.startswith("<r>") and text.endswith("</r>"):
        rich = f'<r><t xml:space="preserve">{escape(text, quote=False)}</t></r>'
        if len(rich) <= CHARACTERS:
            return rich
        text += " "
    units = text.encode("utf-16-le")  # two bytes a unit
    if len(units) // 2 <= CHARACTERS:
        return text
    kept = units[: 2 * (CHARACTERS - 60)].decode("utf-16-le", "ignore")
    return f"{kept} … [{len(text) - len(kept):,} characters more]"


# --- JSON and Parquet ---------------------------------------------------------------------------------------


def _write_json(table: pa.Table, path: Path) -> None:
    """An array of objects, one a line."""
    with path.open("wb") as out:
        out.write(b"[")
        for n, row in enumerate(_rows(table)):
            record = dict(zip(table.column_names, row, strict=True))
            out.write((b",\n" if n else b"\n") + msgspec.json.encode(record))
        out.write(b"\n]\n")


def _write_jsonl(table: pa.Table, path: Path) -> None:
    with path.open("wb") as out:
        for batch in table.to_batches(max_chunksize=CHUNK):
            for row in batch.to_pylist():
                out.write(msgspec.json.encode(row) + b"\n")


def _write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, write_page_checksum=True)


WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".json": _write_json,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}
"""Ending of a file to the function that writes it."""
