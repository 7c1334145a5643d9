"""Matrices of encoded units that may exceed the memory, and sequences that are read item by item."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from brandfit.errors import BrandfitError

IN_MEMORY = 64 * 2**20
"""Bytes of a matrix that is held in memory; a larger one is a temporary file (in TMPDIR)."""
ROWS_AT_ONCE = 8192


class Rows:
    """A matrix (n, dim): in memory if it is small, else in a temporary file without a name."""

    def __init__(self, n: int, dim: int, dtype: Any = np.float32) -> None:
        n_bytes = n * dim * np.dtype(dtype).itemsize
        self._map: mmap.mmap | None = None
        if n_bytes <= IN_MEMORY:
            self.values = np.zeros((n, dim), dtype)
            return
        try:
            with tempfile.TemporaryFile(prefix="brandfit-") as file:
                # Blocks are reserved now, so that a full disk is an error here and not a crash (SIGBUS) when
                # a later row is written.
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, n_bytes)
                else:
                    file.truncate(n_bytes)
                self._map = mmap.mmap(file.fileno(), n_bytes)
        except OSError as error:
            raise BrandfitError(
                f"Encoding needs {n_bytes / 2**30:.1f} GiB of temporary space in {tempfile.gettempdir()}: "
                f"{error.strerror}.",
                "Free space there, or name another folder in the environment variable TMPDIR.",
            ) from None
        self.values = np.frombuffer(self._map, dtype).reshape(n, dim)

    def release(self) -> None:
        """Drop the written pages of a file from memory; they stay in the file."""
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)


class Selected(Sequence[Any]):
    """Some items of a sequence, read on access, so that millions of captions are not copied to a list."""

    def __init__(self, items: Sequence[Any], positions: np.ndarray) -> None:
        self.items, self.positions = items, positions

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, n: Any) -> Any:
        return self.items[int(self.positions[n])]


def group_means(group: np.ndarray, unit: np.ndarray, *, n_groups: int, rows: Rows) -> Rows:
    """Rows (n_groups, dim): the mean of the units of each group, computed in blocks of groups.

    group (u,) number of the group, unit (u,) row in ``rows``, aligned; every group has a unit.
    """
    counts = np.bincount(group, minlength=n_groups)  # (n_groups,)
    shares = (1.0 / counts[group]).astype(np.float32)  # (u,)
    # (n_groups, n_units) averaging matrix; its product with the rows needs one block of the result at a time
    mean = sparse.csr_matrix((shares, (group, unit)), shape=(n_groups, len(rows.values)))
    result = Rows(n_groups, rows.values.shape[1])
    for start in range(0, n_groups, ROWS_AT_ONCE):
        block = slice(start, start + ROWS_AT_ONCE)
        result.values[block] = mean[block] @ rows.values
        result.release()
        rows.release()
    return result
