"""Features: a float32 matrix with ids, columns and the key of the content and encoder that made it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.arguments import listed
from brandfit.errors import UnknownName, UsageError

Level = Literal["post", "account"]
OWN_MAKER = "imported"
"""Maker in the key of Features that were saved without a key: vectors of people."""
BLOCK = 4_096
"""Rows that are checked at a time."""


@dataclass(frozen=True, eq=False)
class Contents:
    """The content that Features were made from, so that a later change of it is detected.

    silent   (m,) ids that had content and got no row, for example a caption without any known word
    digests  (n + m,) uint64 digest of the content of each id: first the n ids of the Features, then the
             silent ones
    """

    silent: np.ndarray
    digests: np.ndarray

    def only(self, known: Collection[str], rows: int) -> Contents:
        """The same without silent ids that are not known; ``rows``: n."""
        is_known = np.array([id in known for id in self.silent.tolist()], bool)  # (m,)
        digests = np.concatenate([self.digests[:rows], self.digests[rows:][is_known]])
        return Contents(self.silent[is_known], digests)


class Values(NamedTuple):
    """values (m, dim) float32, zeros in rows that are not present; is_present (m,) bool."""

    values: np.ndarray
    is_present: np.ndarray


@dataclass(frozen=True)
class LeftOut:
    """Posts or accounts that have content but no row, because the encoder could not read it or recognised
    nothing in it."""

    encoder: str
    level: Level
    n: int
    total: int
    """All posts or accounts with content, those with a row included."""
    example: str

    @property
    def sentence(self) -> str:
        return (
            f"{self.encoder}: {self.n:,} of {self.total:,} {self.level}s with content have no features, for "
            f"example {self.example!r}, because the encoder could not read it or recognised nothing in it."
        )

    def to_dict(self) -> dict[str, Any]:
        return {f"{self.level}s": self.n, "of": self.total, "example": self.example}


@dataclass(frozen=True, eq=False)
class Features:
    """Numbers of posts or accounts.

    ids           (n,) post or account ids, each at most once; an id that is missing has no such feature
    values        (n, dim) float32 and finite, often memory-mapped
    level         "post" | "account"
    columns       dim names if the columns have a meaning for people, else ()
    key           encoder, config, weights and content that made it, as one string
    slot          the slot that it fills by default
    learned_from  data that its encoder was fitted on, apart from the content of each row: "accounts",
                  "endorsements" (both outside an official test part), "all accounts", "all endorsements";
                  evaluations report it
    contents      None if it was not recorded: imported Features, and those of an earlier version
    column_vectors  (dim, d) float32 vector of each named column, if the encoder has learned some; else None
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
    column_vectors: np.ndarray | None = None
    _index: pa.Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.dtype != np.float32 or len(self.ids) != len(self.values):
            raise ValueError(
                f"Features {self.name}: values must be float32 (n, dim) with n ids, found "
                f"{self.values.dtype} {self.values.shape} and {len(self.ids)} ids"
            )
        if self.columns and len(self.columns) != self.dim:
            raise ValueError(f"Features {self.name}: {len(self.columns)} column names for {self.dim} columns")
        # Rankers start from them by column: one too many would shift all.
        if self.column_vectors is not None and len(self.column_vectors) != self.dim:
            raise ValueError(
                f"Features {self.name}: {len(self.column_vectors)} vectors of columns for {self.dim} columns"
            )
        object.__setattr__(self, "_index", pa.array(self.ids, pa.string()))
        # Memory-mapped values were checked when they were saved, and may be larger than memory.
        if not isinstance(self.values, np.memmap):
            self.refuse_unsound()

    @property
    def left_out(self) -> LeftOut | None:
        """The posts or accounts with content and no row; None if there are none or it was not recorded."""
        if self.contents is None or not len(self.contents.silent):
            return None
        n_left_out = len(self.contents.silent)
        return LeftOut(
            encoder=self.name,
            level=self.level,
            n=n_left_out,
            total=len(self) + n_left_out,
            example=str(self.contents.silent[0]),
        )

    def refuse_unsound(self) -> None:
        """Raise UsageError for an unknown level, an id that is missing or repeated, and a value that is not
        finite, because one such value would change the mean of all accounts."""
        if self.level not in get_args(Level):
            raise UnknownName("level of Features", str(self.level), known=get_args(Level))
        self._refuse_ids()
        is_unsound = np.concatenate(
            [np.zeros(0, bool), *(~is_finite for is_finite in self._blocks_of_finite_rows())]
        )  # (n,)
        rows = np.flatnonzero(is_unsound)
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

    def _refuse_ids(self) -> None:
        """Raise UsageError for an id that is missing or repeated."""
        if self._index.null_count:
            raise UsageError(
                f"Features {self.name}: {self._index.null_count:,} of {len(self):,} rows have no id.",
                "Give each row the id of its post or account, or leave the row out.",
            )
        # One row of an id is used; a second one would silently be lost.
        counts = pc.value_counts(self._index)
        repeated = counts.filter(pc.greater(counts.field("counts"), 1))
        if len(repeated):
            first = repeated[0].as_py()
            raise UsageError(
                f"Features {self.name}: {len(repeated):,} ids have several rows, for example "
                f"{first['values']!r}, {first['counts']:,} times.",
                "Keep one row for each id.",
            )

    def _blocks_of_finite_rows(self) -> Iterator[np.ndarray]:
        """Whether each row is finite, a block at a time: the values may be larger than memory."""
        for start in range(0, len(self), BLOCK):
            yield np.isfinite(self.values[start : start + BLOCK]).all(axis=1)

    @property
    def dim(self) -> int:
        return self.values.shape[1]

    @property
    def describes_accounts(self) -> bool:
        """Whether a row describes a whole account, including posts that a split hides later: rows of
        accounts, and of audiences."""
        return self.level == "account" or self.slot in ("audience", "audience_picture")

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, ids: str | Sequence[str] | np.ndarray | pa.Array) -> np.ndarray:
        """(m,) int64 row of each id; -1 for an id without a row."""
        rows = pc.index_in(pa.array(listed(ids), pa.string()), value_set=self._index)
        return rows.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)

    def values_of(self, ids: str | Sequence[str] | np.ndarray) -> Values:
        """The rows of these m ids."""
        rows = self.rows_of(ids)
        is_present = rows >= 0
        values = np.zeros((len(rows), self.dim), np.float32)
        values[is_present] = self.values[rows[is_present]]
        return Values(values, is_present)
