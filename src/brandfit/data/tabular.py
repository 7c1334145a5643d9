"""Tables to files that people open: CSV and XLSX safe in a spreadsheet, JSON, JSON lines, Parquet; written
whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import math
import re
import tempfile
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from brandfit.errors import UsageError

CHUNK = 10_000
"""Rows that are turned into Python at a time."""
ROWS, COLUMNS, CHARACTERS = 1_048_576, 16_384, 32_767
"""What a sheet of Excel holds; characters, of a cell, are UTF-16 units."""
DIGITS = 10**15
"""Whole numbers from here on lose digits in a spreadsheet, and are written as text."""
YEAR_10000 = 253_402_300_800
"""Seconds since 1970 at which the calendar of a spreadsheet ends."""
WIDEST = 60
"""Of a column, in characters."""
SECONDS = b"s since 1970 UTC"
"""The unit of a field that is a point in time (``data.schema``)."""

# Spreadsheets run a text that begins with = + - or @ as a formula; those of East Asia run the full-width
# forms too (OWASP, CSV injection).
_CELL = re.compile(
    r"(?:^(?=[\t\r])|(?:^|(?<=[;\t\r\n]))(?=[\s\x00-\x1f\"\u200b-\u200f\ufeff]*[-=+@\uff1d\uff0b\uff0d\uff20]))"
)


def write(table: pa.Table, file: str | Path) -> int:
    """Write a table in the form that the file's ending names. Returns the number of rows."""
    with replacing(file, WRITERS) as temporary:
        WRITERS[Path(file).suffix.lower()](table, temporary)
    return table.num_rows


def checked(file: str | Path, endings: Collection[str]) -> Path:
    """The path of a file that can be written. Raises UsageError for an ending that is not one of these, or
    without its folder."""
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
    """A file to write beside the one that is meant, which it replaces when all went well; else the old one
    stays."""
    path = checked(file, endings)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def from_rows(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows that may differ in what they have: ``{"ranks": {"words": 1}}`` becomes a column ``ranks.words``, a
    list one of texts."""
    flat = [dict(_flat(row)) for row in rows]
    columns = dict.fromkeys(name for row in flat for name in row)
    return pa.table({name: pa.array([row.get(name) for row in flat]) for name in columns})


def _flat(row: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif isinstance(value, list | tuple):
            yield before + name, [_cell_text(item) for item in value]
        else:
            yield before + name, value


def _cell_text(item: Any) -> str:
    parts = item.values() if isinstance(item, Mapping) else item if isinstance(item, list | tuple) else [item]
    return " ".join(f"{part:.3g}" if isinstance(part, float) else str(part) for part in parts)


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    for batch in table.to_batches(max_chunksize=CHUNK):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _csv(table: pa.Table, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        lines = csv.writer(out)
        lines.writerow([_cell(name) for name in table.column_names])
        for row in _rows(table):
            lines.writerow([_cell(value) for value in row])


def _xlsx(table: pa.Table, path: Path) -> None:
    """One sheet, written row by row: texts are texts whatever they begin with, times are dates (UTC), the
    header stays in sight."""
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    for found, most, what in (
        (table.num_rows + 1, ROWS, "rows with its header"),
        (table.num_columns, COLUMNS, "columns"),
    ):
        if found > most:
            raise UsageError(
                f"This table has {found:,} {what}, and a sheet of Excel holds {most:,}.",
                "Write .csv or .parquet, or export less.",
            )
    texts = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with tempfile.TemporaryDirectory() as folder:
        book = xlsxwriter.Workbook(str(path), {**texts, "constant_memory": True, "tmpdir": folder})
        if table.nbytes > 2**30:
            book.use_zip64()
        _fill(book, table)
        try:
            book.close()
        except FileCreateError as error:
            raise OSError(f"{path.parent} cannot be written: {error}") from error


def _fill(book: Any, table: pa.Table) -> None:
    sheet = book.add_worksheet("rows")
    bold, time = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    guarded = book.add_format({"quote_prefix": True})  # stays a text when the cell is edited, too
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(table.column_names):
        sheet.write_string(0, column, _sheet_text(name), bold)
    if table.num_columns:
        sheet.autofilter(0, 0, table.num_rows, table.num_columns - 1)
    times = [_is_time(field) for field in table.schema]
    widths = [len(name) + 3 for name in table.column_names]
    for at, row in enumerate(_rows(table), 1):
        for column, found in enumerate(row):
            value = _point(found) if times[column] else _sheet_value(found)
            if value is None:
                continue
            if isinstance(value, bool):
                sheet.write_boolean(at, column, value)
            elif isinstance(value, int | float):
                sheet.write_number(at, column, value)
            elif isinstance(value, datetime):
                sheet.write_datetime(at, column, value, time)
            else:
                sheet.write_string(at, column, _sheet_text(value), *([guarded] if _CELL.match(value) else []))
            if at <= CHUNK:
                told = f"{value:.6g}" if isinstance(value, float) else str(value)[:WIDEST]
                widths[column] = max(widths[column], len(told))
    for column, width in enumerate(widths):
        sheet.set_column(column, column, min(width + 1, WIDEST))


def _is_time(field: pa.Field) -> bool:
    return pa.types.is_timestamp(field.type) or (field.metadata or {}).get(b"unit") == SECONDS


def _point(value: Any) -> Any:
    """A time without zone, in UTC, as spreadsheets have it; where it lies beyond their calendar a number or a
    text."""
    if isinstance(value, int):
        return (
            datetime.fromtimestamp(value, UTC).replace(tzinfo=None)
            if 0 <= value < YEAR_10000
            else _sheet_value(value)
        )
    if isinstance(value, datetime):
        value = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo is not None else value
        return value if value.year >= 1900 else value.isoformat(" ")
    return value


def _sheet_value(value: Any) -> Any:
    """A number that a sheet can hold as one, else a text; None where there is nothing to write."""
    value = _plain(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    if isinstance(value, int):
        return value if abs(value) < DIGITS else str(value)
    return None if value is None or value == "" else str(value)


def _sheet_text(text: str) -> str:
    """Never mark-up of its own, and no longer than a cell: cut where it is, with how much is missing.

    XlsxWriter takes a text from ``<r>`` to ``</r>`` for finished XML (rich text) and writes it as it stands,
    which would let a caption add cells. Such a one is handed over as rich text that says what it says.
    """
    if text.startswith("<r>") and text.endswith("</r>"):
        told = f'<r><t xml:space="preserve">{escape(text, quote=False)}</t></r>'
        if len(told) <= CHARACTERS:
            return told
        text += " "
    units = text.encode("utf-16-le")
    if len(units) // 2 <= CHARACTERS:
        return text
    kept = units[: 2 * (CHARACTERS - 60)].decode("utf-16-le", "ignore")
    return f"{kept} … [{len(text) - len(kept):,} characters more]"


def _json(table: pa.Table, path: Path) -> None:
    """An array of objects, a line each."""
    with path.open("wb") as out:
        out.write(b"[")
        for n, row in enumerate(_rows(table)):
            out.write(
                (b",\n" if n else b"\n")
                + msgspec.json.encode(dict(zip(table.column_names, row, strict=True)))
            )
        out.write(b"\n]\n")


def _jsonl(table: pa.Table, path: Path) -> None:
    with path.open("wb") as out:
        for batch in table.to_batches(max_chunksize=CHUNK):
            for row in batch.to_pylist():
                out.write(msgspec.json.encode(row) + b"\n")


def _parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, write_page_checksum=True)


WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    ".csv": _csv,
    ".xlsx": _xlsx,
    ".json": _json,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
}


def _plain(value: Any) -> Any:
    return "|".join(map(str, value)) if isinstance(value, list) else value


def _cell(value: Any) -> Any:
    """A text behind an apostrophe wherever a spreadsheet could take it for a formula: at its beginning, and
    behind what begins a cell where another separator is set (a semicolon in half of Europe).
    """
    value = _plain(value)
    return _CELL.sub("'", value) if isinstance(value, str) else value
