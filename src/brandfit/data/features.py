"""Features: one aligned float32 matrix, and nothing of who made it beyond its key."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.arguments import listed
from brandfit.errors import UnknownName, UsageError

Level = Literal["post", "account"]
OWN_MAKER = "imported"
"""Maker in the key of Features that were saved without a key: vectors of people."""
BLOCK = 4_096
"""Rows that are checked at once."""


@dataclass(frozen=True, eq=False)
class Contents:
    """The content that Features were made from, so that a later change of it is found.

    silent   (m,) ids that had content and got no row, for example a caption without any known word
    digests  (n + m,) uint64 digest of the content of each id: first the n ids of the Features, then the
             silent ones
    """

    silent: np.ndarray
    digests: np.ndarray

    def only(self, known: Collection[str], rows: int) -> Contents:
        """The same without silent ids that are not known; ``rows``: n."""
        kept = np.array([id in known for id in self.silent.tolist()], bool)
        return Contents(self.silent[kept], np.concatenate([self.digests[:rows], self.digests[rows:][kept]]))


@dataclass(frozen=True, eq=False)
class Features:
    """Numbers of posts or accounts.

    ids      (n,)       post or account ids, each at most once; an id that is not here has no such feature
    values   (n, dim)   float32 and finite, often memory-mapped
    level    "post" | "account"
    columns  dim names where a number means something to a person, else ()
    key      encoder, config, weights and content that made it, as one string
    slot     the kind of evidence that it is, where a ranker is not told otherwise
    learned_from  what its encoder was fitted on, beside what a row is about: "accounts", "endorsements" (both
                  outside an official test part), "all accounts", "all endorsements"; evaluations tell of it
    contents       None where it was not recorded: imported Features, and those that an earlier version
                   encoded
    """

    name: str
    ids: np.ndarray
    values: np.ndarray
    level: Level = "post"
    columns: tuple[str, ...] = ()
    key: str = ""
    slot: str = ""
    learned_from: tuple[str, ...] = ()
    contents: Contents | None = None
    _index: pa.Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.dtype != np.float32 or len(self.ids) != len(self.values):
            raise ValueError(
                f"Features {self.name}: values must be float32 (n, dim) with n ids, found "
                f"{self.values.dtype} "
                f"{self.values.shape} and {len(self.ids)} ids"
            )
        if self.columns and len(self.columns) != self.dim:
            raise ValueError(f"Features {self.name}: {len(self.columns)} column names for {self.dim} columns")
        object.__setattr__(self, "_index", pa.array(self.ids, pa.string()))
        # What a workspace holds was checked when it was saved, and may be larger than memory.
        if not isinstance(self.values, np.memmap):
            self.refuse_unsound()

    def refuse_unsound(self) -> None:
        """Raise UsageError for an unknown level, an id that is missing or repeated, and a value that is not
        finite. One such value would change the mean of all accounts."""
        if self.level not in get_args(Level):
            raise UnknownName("level of Features", str(self.level), known=get_args(Level))
        if self._index.null_count:
            raise UsageError(
                f"Features {self.name}: {self._index.null_count:,} of {len(self):,} rows have no id.",
                "Give each row the id of its post or account, or leave the row out.",
            )
        counts = pc.value_counts(self._index)
        repeated = counts.filter(pc.greater(counts.field("counts"), 1))
        if len(repeated):
            first = repeated[0].as_py()
            raise UsageError(
                f"Features {self.name}: {len(repeated):,} ids have several rows, for example "
                f"{first['values']!r}, {first['counts']:,} times.",
                "Keep one row for each id.",
            )
        unsound = [start + np.flatnonzero(~is_finite) for start, is_finite in self._finite_rows()]
        rows = np.concatenate([np.zeros(0, np.int64), *unsound])  # (bad rows,)
        if len(rows):
            row = int(rows[0])
            column = int(np.flatnonzero(~np.isfinite(self.values[row]))[0])
            name = f" ({self.columns[column]})" if self.columns else ""
            raise UsageError(
                f"Features {self.name}: the value of {self.ids[row]!r} in column {column}{name} is "
                f"{self.values[row, column]}; {len(rows):,} of {len(self):,} rows hold a value that is not "
                "finite.",
                "Leave out the ids and rows that are unknown: an id without a row is unknown.",
            )

    def with_key(self) -> Features:
        """The same Features; if they have no key, with one that is made of their content.

        The key is ``imported-`` and a digest of ids, values, level, slot and columns, so that other vectors
        under the same name have another key.
        """
        if self.key:
            return self
        digest = hashlib.sha256()
        names = (self.level, self.slot, str(self.values.shape), *self.columns, *map(str, self.ids.tolist()))
        for name in names:
            encoded = name.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "little") + encoded)
        # In blocks: the values may be memory-mapped and larger than memory.
        for start in range(0, len(self), BLOCK):
            digest.update(np.ascontiguousarray(self.values[start : start + BLOCK]).tobytes())
        return replace(self, key=f"{OWN_MAKER}-{digest.hexdigest()[:32]}")

    def _finite_rows(self) -> Iterator[tuple[int, np.ndarray]]:
        """First row of each block, and which rows of the block are finite, without a copy of all values."""
        for start in range(0, len(self), BLOCK):
            yield start, np.isfinite(self.values[start : start + BLOCK]).all(axis=1)

    @property
    def dim(self) -> int:
        return self.values.shape[1]

    @property
    def describes_accounts(self) -> bool:
        """Whether a row tells of a whole account, posts that are hidden later too: a row an account, or its
        audience."""
        return self.level == "account" or self.slot == "audience"

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, ids: str | Sequence[str] | np.ndarray | pa.Array) -> np.ndarray:
        """(m,) int64 row of each id; -1 where this feature does not have it."""
        found = pc.index_in(pa.array(listed(ids), pa.string()), value_set=self._index)
        return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)

    def values_of(self, ids: str | Sequence[str] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values (m, dim) of these ids, zeros where there are none, and which are present (m,)."""
        rows = self.rows_of(ids)
        present = rows >= 0
        values = np.zeros((len(rows), self.dim), np.float32)
        values[present] = self.values[rows[present]]
        return values, present
