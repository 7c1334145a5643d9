"""Tables to files that people open: CSV safe in a spreadsheet, JSON lines, Parquet; written whole or not at all."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from brandfit.errors import UsageError

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so is run as a formula by spreadsheets; it is written behind an apostrophe (OWASP, CSV injection)."""


def write(table: pa.Table, file: str | Path) -> int:
    """Write a table in the form that the file's ending names. Returns the number of rows."""
    path = Path(file)
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise UsageError(f"{path.name} ends in {path.suffix or 'nothing'!r}.", f"Choose a file that ends in {', '.join(WRITERS)}.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent} to write {path.name} into.", "Make it first, or choose another place.")
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        writer(table, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return table.num_rows


def _csv(table: pa.Table, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        lines = csv.writer(out)
        lines.writerow(table.column_names)
        for batch in table.to_batches(max_chunksize=10_000):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                lines.writerow([_cell(value) for value in row])


def _jsonl(table: pa.Table, path: Path) -> None:
    with path.open("wb") as out:
        for batch in table.to_batches(max_chunksize=10_000):
            for row in batch.to_pylist():
                out.write(msgspec.json.encode(row) + b"\n")


def _parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, write_page_checksum=True)


WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = "|".join(map(str, value))
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
