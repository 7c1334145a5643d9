"""Arrow columns as NumPy arrays or Python lists, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def combined(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The column as one array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """(n,) float64, NaN if missing."""
    return column.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)


def mask(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """(n,) bool, False if missing."""
    return combined(column).fill_null(False).to_numpy(zero_copy_only=False).astype(bool)


def rows_of(ids: pa.ChunkedArray | pa.Array, *, among: pa.Array) -> np.ndarray:
    """(n,) int64 row of each id in ``among``, -1 if it is not there."""
    rows = combined(pc.index_in(ids, value_set=among)).fill_null(-1)
    return rows.to_numpy(zero_copy_only=False).astype(np.int64)


def selected(column: pa.Array, is_selected: np.ndarray) -> pa.Array:
    """The entries where ``is_selected`` (n,) bool is true."""
    return column.filter(pa.array(is_selected, pa.bool_()))


def is_repeated(values: pa.Array) -> np.ndarray:
    """(n,) bool: whether an earlier entry is equal."""
    codes = values.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    repeated = np.ones(len(codes), bool)
    repeated[np.unique(codes, return_index=True)[1]] = False
    return repeated


def column_lists(table: pa.Table | pa.RecordBatch, names: Sequence[str] | None = None) -> list[list[Any]]:
    """Columns of a table as Python lists, in the order of the names; all columns without names."""
    columns = table.columns if names is None else map(table.column, names)
    return [column.to_pylist() for column in columns]
