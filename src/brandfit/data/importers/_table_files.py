"""Files of a folder of tables: which file is which table, and the rows of each format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from brandfit.data.importers import _csv, _files, _lines, _workbook
from brandfit.data.importers._columns import COLUMNS
from brandfit.data.schema import Reject
from brandfit.errors import DataError
from brandfit.messages import FAILURES, clean, excerpt, path_text, reason
from brandfit.progress import Advance

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".parquet", ".xlsx")
WORKBOOKS = (".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
"""Tables in formats that are not read."""
NO_LISTS = ("README.md", "influencers.tsv")
"""Files that are no list of accounts. The second has no header: it belongs to the WWW 2020 data set."""
MOST_REPEATED = 20
"""Repeated headers of a file that are named."""
PEOPLE = ("account", "influencer", "brand", "creator", "profile")
"""Words in the name of a file that suggest a list of accounts."""

Row = tuple[int, dict[str, Any]]
"""(line, header to cell)."""


def files_by_table(path: Path) -> dict[str, list[Path]]:
    """Table to its files, in any case of their names.

    A source that is one file is a table of accounts, and so is the only table of a folder: people give their
    lists names of their choice.
    """
    try:
        files = sorted(filter(_files.is_file, path.iterdir() if path.is_dir() else [path]))
    except OSError as error:
        raise DataError(f"{path_text(path)} cannot be listed: {error.strerror or error}.") from None
    tables: dict[str, list[Path]] = {}
    for table in COLUMNS:
        tables[table] = [file for file in files if is_named(file, table)]
    others = [file for file in files if not file.name.startswith(".") and file.name not in NO_LISTS]
    if len(others) == 1 and not any(tables.values()) and others[0].name.lower().endswith(ENDINGS):
        tables["accounts"] = others
    return tables


def is_named(file: Path, table: str) -> bool:
    """Whether a file has the name of a table, with any ending that is read."""
    return file.name.lower() in {f"{table}{ending}" for ending in ENDINGS}


def no_accounts(path: Path) -> DataError:
    """The error for a source without accounts, with the next step."""
    files = sorted(path.iterdir() if path.is_dir() else [path])
    book = next((file for file in files if file.suffix.lower() in WORKBOOKS), None)
    tables = [file for file in files if file.name.lower().endswith(ENDINGS)]
    if book is None and not path.exists():
        return DataError(
            f"{path_text(path)}: expected a folder or a table, found nothing.",
            "Is it spelt as it is on the disk?",
        )
    if path.is_file() and book is None:
        return DataError(
            f"{path_text(path)} is no list of accounts.",
            "Give a table of accounts, or the folder that holds it: .csv, .xlsx, .jsonl or .parquet.",
        )
    if len(tables) > 1 and not any(is_named(file, table) for file in tables for table in COLUMNS):
        return DataError(
            f"{path_text(path)} holds {len(tables)} tables, none of them called accounts.",
            f"Name the list of accounts itself, such as {clean(tables[0].name)}.",
        )
    return DataError(
        f"{path_text(path)} holds no accounts.csv, .xlsx, .jsonl or .parquet.",
        f"Save {clean(book.name)} as .xlsx, or its sheet as CSV."
        if book
        else "Write a template with: brandfit template FOLDER",
    )


def why_unread(name: str, files: Mapping[str, list[Path]]) -> str:
    """Why a file of the folder is not read, and what to do."""
    lower = name.lower()
    if lower.endswith(WORKBOOKS):
        return "this form of a table is not supported. Save it as .xlsx or .csv."
    if lower.endswith(".json"):
        return "a table in JSON has one row a line. Save it as .jsonl, .csv or .xlsx."
    if not lower.endswith(ENDINGS):
        return "it is no table (.csv, .tsv, .xlsx, .jsonl, .parquet) and no picture."
    if "/" in name:
        return "tables of folders in the folder are not read. Move it to the tables, or import its folder."
    table = _suggested_table(lower.partition(".")[0])
    if not table:
        step = "Give it the name of the table that it holds"
    elif files[table]:
        step = f"If it holds {table}, add its rows to {clean(files[table][0].name)}"
    else:
        step = f"If it holds {table}, name it {table}.{lower.partition('.')[2]}"
    alone = ", or import this file alone" if table == "accounts" else ""
    return f"its name is none of {', '.join(COLUMNS)}. {step}{alone}."


def _suggested_table(stem: str) -> str:
    """The table that the name of a file suggests; "" if none."""
    for table in COLUMNS:
        if table.removesuffix("s") in stem:
            return table
    return "accounts" if any(word in stem for word in PEOPLE) else ""


def rows(path: Path, advance: Advance, notes: list[str]) -> Iterator[Row | Reject]:
    """Rows of a file in any of the formats. ``notes`` receives sentences about the file."""
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".xlsx"):
        return _rows_of_cells(path, _workbook.records(path, advance, notes), notes)
    if name.endswith(".parquet"):
        return _parquet_rows(path, advance)
    if name.endswith(("jsonl", ".ndjson")):
        return _json_rows(path, advance)
    return _rows_of_cells(path, _csv.records(path, advance), notes)


def _rows_of_cells(
    path: Path, records: Iterator[tuple[int, list[str]] | Reject], notes: list[str]
) -> Iterator[Row | Reject]:
    """Rows of records, of which the first is the header."""
    header: list[str] = []
    for item in records:
        if isinstance(item, Reject):
            yield item
            continue
        line, cells = item
        if not header:
            header = cells
            notes += _repeated_headers(path, header)
            continue
        # Empty cells beyond the header are common; others mean that the row is shifted.
        if len(cells) > len(header) and any(cells[len(header) :]):
            yield Reject(
                path_text(path),
                line,
                f"expected {len(header)} cells as in the first row, found {len(cells)}",
                excerpt(" | ".join(cells)[:400]),
            )
            continue
        yield line, dict(zip(header, map(_unguarded, cells), strict=False))


def _repeated_headers(path: Path, header: list[str]) -> list[str]:
    repeated = [name for name, n in Counter(header).items() if n > 1 and name.strip()]
    return [
        f"{clean(path.name)}: the column {clean(name)[:60]!r} occurs {header.count(name)} times; the "
        "last one is read."
        for name in repeated[:MOST_REPEATED]
    ]


def _unguarded(cell: str) -> str:
    """Without the apostrophe that our own export writes before text that a spreadsheet would run as a
    formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] and cell[1] in "=+-@\t\r" else cell


def _json_rows(path: Path, advance: Advance) -> Iterator[Row | Reject]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for item in _lines.lines(path, advance):
        if isinstance(item, Reject):
            yield item
            continue
        line, raw = item
        try:
            row = decode(raw)
        except FAILURES as error:
            if raw.strip():
                yield Reject(path_text(path), line, reason(error, raw), excerpt(raw))
            continue
        yield line, row


def _parquet_rows(path: Path, advance: Advance) -> Iterator[Row | Reject]:
    """Rows of a Parquet file, read in small batches."""
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            size = _files.size_of(path)
            for batch in file.iter_batches(batch_size=1024):
                for row in _rows_of_batch(batch):
                    number += 1
                    if isinstance(row, _UnreadableRow):
                        yield Reject(path_text(path), number, f"the row cannot be read: {row.reason}")
                    else:
                        yield number, row
                advance(size * batch.num_rows // max(file.metadata.num_rows, 1))
    except Exception as error:
        # A damaged file makes Arrow raise errors of many types.
        yield Reject(
            path_text(path), number + 1, f"not a Parquet file that can be read: {_first_line(error)}"
        )


@dataclass(frozen=True)
class _UnreadableRow:
    reason: str


def _rows_of_batch(batch: Any) -> list[dict[str, Any] | _UnreadableRow]:
    """The rows of an Arrow batch."""
    try:
        return batch.to_pylist()
    except Exception as error:
        if batch.num_rows == 1:
            return [_UnreadableRow(_first_line(error))]
    # Some row cannot be read, for example text that is not UTF-8: read each alone.
    rows: list[dict[str, Any] | _UnreadableRow] = []
    for start in range(batch.num_rows):
        rows += _rows_of_batch(batch.slice(start, 1))
    return rows


def _first_line(error: Exception) -> str:
    return clean((str(error).splitlines() or [type(error).__name__])[0][:200])


def normal_header(header: str) -> str:
    """A header for comparison: User Name, user-name and username are equal."""
    return re.sub(r"[^a-z0-9]+", "", header.lower())
