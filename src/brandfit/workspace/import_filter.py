"""The filter that keeps erased accounts out of later imports.

The workspace stores one thing of an erased account: the BLAKE2b hash of its id. The key of the hash, called
salt here, is 32 random bytes of this workspace. docs/decisions/0004-forgetting.md gives the reason for a fast
hash.
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
from brandfit.workspace.history import drop_orphan_pictures

SALT, PENDING = "forgetting.salt", "forgetting.pending"
"""Keys of the table ``meta``: the salt, and the traces of an erasure that is not finished."""
BATCH = 500
"""Maximum number of ids in one query: SQLite limits the parameters of a query."""


@dataclass
class ErasureReport:
    """Rows that an import left out or changed because accounts were erased.

    accounts  hashes of the erased accounts that the import names
    rows      number of rows that were left out
    redacted  number of rows from which a handle was removed
    source    name of the source under which the import is stored, without handles of erased accounts
    number    id of the import
    """

    accounts: set[bytes] = field(default_factory=set)
    rows: int = 0
    redacted: int = 0
    source: str = ""
    number: int = 0

    def to_dict(self) -> dict[str, int]:
        """The counts, for JSON. The hashes themselves are not included."""
        return {"accounts": len(self.accounts), "rows": self.rows, "redacted": self.redacted}


class ImportFilter:
    """Keeps erased accounts out of an import.

    ``of`` returns None for a record of an erased account, and removes handles of erased accounts from other
    records. ``report`` counts both.
    """

    def __init__(self, salt: bytes, hashes: Iterable[bytes], report: ErasureReport) -> None:
        self._salt = salt
        self._hashes = frozenset(hashes)
        self.report = report
        self.redactor = Redactor(self._is_erased)

    def of(self, record: Any) -> Any:
        """The record as it may be stored: the same object if it names no erased account; None if it belongs
        to one."""
        if isinstance(record, Features):
            return self._features(record)
        if isinstance(record, Reject):
            return self._reject(record)
        if isinstance(record, Partial):
            row = self.of(record.row)
            if row is None:
                return None
            return record if row is record.row else Partial(row, record.defaults, record.derived)
        # A picture is a tuple (row, bytes); each other record is a row.
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
        """Remove images and links of posts of erased accounts that were written before the import read the
        post. Returns whether there were any."""
        n_removed = 0
        for ids in _batches(sorted(self.redactor.posts)):
            placeholders = ", ".join("?" * len(ids))
            for table in ("images", "links"):
                sql = f'DELETE FROM {table} WHERE "post" IN ({placeholders})'
                n_removed += connection.exec_driver_sql(sql, tuple(ids)).rowcount
        if n_removed:
            self.report.rows += n_removed
            drop_orphan_pictures(connection)
        return n_removed > 0

    def _features(self, features: Features) -> Features:
        columns = tuple([self.redactor.text(column) or "" for column in features.columns])
        if columns != features.columns:
            features = replace(features, columns=columns)
        # Ids are those of accounts or of posts, as the level of the Features says.
        is_gone = [self.redactor.is_erased(id) or id in self.redactor.posts for id in features.ids.tolist()]
        return without_rows(features, is_gone)

    def _reject(self, reject: Reject) -> Reject:
        texts = (reject.file, reject.reason, reject.excerpt, reject.row)
        if not any(self.redactor.names(text) for text in texts):
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
    if not hashes:
        return None
    salt = bytes.fromhex(tables.get_meta(connection, SALT))
    return ImportFilter(salt, hashes, report)


def erased_hashes(connection: sa.Connection) -> set[bytes]:
    """Hashes of all erased accounts."""
    return set(connection.execute(sa.select(tables.forgotten.c.hash)).scalars())


def hash_of(handle: str, salt: bytes) -> bytes:
    """The hash, 16 bytes, of a handle in the form that ``data.redaction.plain`` returns."""
    return hashlib.blake2b(handle.encode(), key=salt, digest_size=16, person=b"brandfit.forget").digest()


def without_rows(features: Features, is_gone: Sequence[bool] | np.ndarray) -> Features:
    """Features without the rows whose ``is_gone`` (n,) is true. Values of the other rows do not change, but
    the key does. The same object if no row is gone."""
    rows = np.flatnonzero(~np.asarray(is_gone, bool))  # (k,) the rows that stay
    if len(rows) == len(features):
        return features
    ids = features.ids[rows]
    # The new key is a hash of the old key and the ids; the part before "-" stays.
    hashed_text = "\n".join([features.key, *ids.tolist()])
    digest = hashlib.sha256(hashed_text.encode()).hexdigest()
    key_prefix = features.key.partition("-")[0]
    key = f"{key_prefix}-{digest[:32]}" if features.key else ""
    contents = features.contents
    if contents is not None:
        # The digests of the rows are followed by those of ids without a row.
        digests_without_row = contents.digests[len(features) :]
        digests = np.concatenate([contents.digests[rows], digests_without_row])
        contents = replace(contents, digests=digests)
    values = np.ascontiguousarray(features.values[rows])
    return replace(features, ids=ids, values=values, key=key, contents=contents)


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """The ids in parts of at most ``BATCH``."""
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
