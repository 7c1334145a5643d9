"""The filter that keeps erased accounts out of later imports: they are known by salted hashes alone.

One keyed BLAKE2b of its id is all that stays of an erased account; the key is 32 random bytes of this
workspace. Why no slow hash: docs/decisions/0004-forgetting.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from brandfit.data.features import Features
from brandfit.data.redaction import Redactor
from brandfit.data.schema import Partial, Reject
from brandfit.workspace import tables

SALT, PENDING = "forgetting.salt", "forgetting.pending"
"""Keys of the table ``meta``: the key of the hashes, and the traces of an erasure that is not finished."""
BATCH = 500
"""Ids in one query; SQLite limits the parameters of a query."""


@dataclass
class ErasureReport:
    """Rows that an import left out or changed because accounts were erased.

    accounts  hashes of the erased accounts that the import names
    rows      number of rows that were left out
    redacted  number of rows from which a handle was removed
    source    the source under which the import is stored: a path may name an account too
    number    id of the import
    """

    accounts: set[bytes] = field(default_factory=set)
    rows: int = 0
    redacted: int = 0
    source: str = ""
    number: int = 0

    def to_dict(self) -> dict[str, int]:
        return {"accounts": len(self.accounts), "rows": self.rows, "redacted": self.redacted}


class ImportFilter:
    """Keeps erased accounts out of an import.

    ``of`` returns None for a record of an erased account, and other records without their handles.
    """

    def __init__(self, salt: bytes, hashes: Iterable[bytes], report: ErasureReport) -> None:
        self._salt, self._hashes, self.report = salt, frozenset(hashes), report
        self.redactor = Redactor(self._is_erased)

    def of(self, record: Any) -> Any:
        """The record that may be written, or None."""
        if isinstance(record, Features):
            return self._features(record)
        if isinstance(record, Reject):
            return self._reject(record)
        if isinstance(record, Partial):
            row = self.of(record.row)
            if row is None or row is record.row:
                return None if row is None else record
            return Partial(row, record.defaults, record.derived)
        # A picture comes as (row, bytes), all other records as the row.
        row = record[0] if isinstance(record, tuple) else record
        redacted = self.redactor.row(row)
        if redacted is None:
            self.report.rows += 1
            return None
        if redacted is row:
            return record
        self.report.redacted += 1
        return (redacted, *record[1:]) if isinstance(record, tuple) else redacted

    def finish(self, connection: sa.Connection) -> bool:
        """Remove pictures and links that were written before the post of an erased account to which they
        belong. Returns whether there were any."""
        n_late = 0
        for ids in _batches(sorted(self.redactor.posts)):
            for table in ("images", "links"):
                sql = f'DELETE FROM {table} WHERE "post" IN ({", ".join("?" * len(ids))})'
                n_late += connection.exec_driver_sql(sql, tuple(ids)).rowcount
        if n_late:
            self.report.rows += n_late
            drop_orphan_pictures(connection)
        return n_late > 0

    def _features(self, features: Features) -> Features:
        columns = tuple([self.redactor.text(column) or "" for column in features.columns])
        if columns != features.columns:
            features = replace(features, columns=columns)
        is_gone = [self.redactor.is_erased(id) or id in self.redactor.posts for id in features.ids.tolist()]
        return without_rows(features, is_gone)

    def _reject(self, reject: Reject) -> Reject:
        if not any(map(self.redactor.names, (reject.file, reject.reason, reject.excerpt))):
            return reject
        self.report.redacted += 1
        return Reject("", reject.line, "names an account that asked to be forgotten")

    def _is_erased(self, handle: str) -> bool:
        hashed = hash_of(handle, self._salt)
        if hashed not in self._hashes:
            return False
        self.report.accounts.add(hashed)
        return True


def import_filter(connection: sa.Connection, report: ErasureReport) -> ImportFilter | None:
    """The filter of this workspace; None if no account was erased."""
    hashes = erased_hashes(connection)
    return ImportFilter(bytes.fromhex(tables.get_meta(connection, SALT)), hashes, report) if hashes else None


def erased_hashes(connection: sa.Connection) -> set[bytes]:
    """Hashes of all erased accounts."""
    return set(connection.execute(sa.select(tables.forgotten.c.hash)).scalars())


def hash_of(handle: str, salt: bytes) -> bytes:
    """(16,) bytes: the hash of a handle in its ``plain`` form."""
    return hashlib.blake2b(handle.encode(), key=salt, digest_size=16, person=b"brandfit.forget").digest()


def without_rows(features: Features, is_gone: Sequence[bool] | np.ndarray) -> Features:
    """Features without the rows of a mask (n,), under another key; the values of all other rows stay equal.
    The same Features if no row is gone."""
    rows = np.flatnonzero(~np.asarray(is_gone, bool))  # (k,)
    if len(rows) == len(features):
        return features
    ids = features.ids[rows]
    digest = hashlib.sha256("\n".join([features.key, *ids.tolist()]).encode()).hexdigest()
    key = f"{features.key.partition('-')[0]}-{digest[:32]}" if features.key else ""
    contents = features.contents
    if contents is not None:
        # Digests of the rows come first, those of silent ids after them.
        digests = np.concatenate([contents.digests[rows], contents.digests[len(features) :]])
        contents = replace(contents, digests=digests)
    values = np.ascontiguousarray(features.values[rows])
    return replace(features, ids=ids, values=values, key=key, contents=contents)


def drop_orphan_pictures(connection: sa.Connection) -> None:
    """Remove the pictures that no image refers to."""
    connection.exec_driver_sql("DELETE FROM pictures WHERE hash NOT IN (SELECT hash FROM images)")


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
