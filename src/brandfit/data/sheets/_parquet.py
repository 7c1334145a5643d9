"""Rows of Parquet files, read in small batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from brandfit.data.schema import Reject
from brandfit.data.sheets._json import flat
from brandfit.data.sheets.sheet import Row
from brandfit.data.sheets.source import Source
from brandfit.messages import clean
from brandfit.progress import Advance


def header_of(source: Source) -> tuple[str, ...]:
    """The names of the columns. Raises the errors of Arrow if the file is damaged."""
    import pyarrow.parquet as pq

    with source.seekable() as opened, pq.ParquetFile(opened) as file:
        return tuple(file.schema_arrow.names)


def rows(source: Source, advance: Advance) -> Iterator[Row | Reject]:
    """Rows with typed cells; structs become columns with dotted names."""
    import pyarrow.parquet as pq

    number = 0
    try:
        with source.seekable() as opened, pq.ParquetFile(opened) as file:
            for batch in file.iter_batches(batch_size=1024):
                for row in _rows_of_batch(batch):
                    number += 1
                    if isinstance(row, _UnreadableRow):
                        yield Reject(source.file, number, f"the row cannot be read: {row.reason}")
                    else:
                        yield Row(number, flat(row, (), []))
                advance(source.size * batch.num_rows // max(file.metadata.num_rows, 1))
    except Exception as error:
        # A damaged file makes Arrow raise errors of many types.
        yield Reject(source.file, number + 1, f"not a Parquet file that can be read: {first_line(error)}")


@dataclass(frozen=True)
class _UnreadableRow:
    reason: str


def _rows_of_batch(batch: Any) -> list[dict[str, Any] | _UnreadableRow]:
    """The rows of an Arrow batch."""
    try:
        return batch.to_pylist()
    except Exception as error:
        if batch.num_rows == 1:
            return [_UnreadableRow(first_line(error))]
    # Some row cannot be read, for example text that is not UTF-8: read each alone.
    rows: list[dict[str, Any] | _UnreadableRow] = []
    for start in range(batch.num_rows):
        rows += _rows_of_batch(batch.slice(start, 1))
    return rows


def first_line(error: Exception) -> str:
    return clean((str(error).splitlines() or [type(error).__name__])[0][:200])
