"""What imports stated and changed: rows that a source does not state any more, and the way back from the last
import.

    import_keys   a 64-bit hash of the key of each row that an import stated, by table; ``gone`` are rows that
                  earlier imports of the same source stated and that were not removed
    undo_rows     rows as they were before the last import changed or removed them
    meta ``undo`` what else the last import changed
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa

from brandfit.data import schema
from brandfit.data.schema import RejectId
from brandfit.workspace import tables

UNDO, MAPPINGS = "undo", "mappings"
"""Keys of the table ``meta``."""
EXAMPLES = 3
LINK_DIGITS = 32
"""Digits of an id that ``schema.link_id`` makes."""
REMOVAL = ("links", "images", "posts", "accounts")
"""Tables in the order in which rows are removed: accounts last, if nothing refers to them."""


class KeyHashes:
    """Collects the hashes of the keys of rows."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, keys: Collection[Any], *, table: str) -> None:
        hash_of = link_hash if table == "links" else key_hash
        self._bytes += b"".join(map(hash_of, keys))

    def values(self) -> np.ndarray:
        """(n,) uint64 in the order of the keys."""
        return np.frombuffer(bytes(self._bytes), np.uint64)

    def unique(self) -> np.ndarray:
        """(n,) uint64, sorted."""
        return np.unique(self.values())


def key_hash(key: Any) -> bytes:
    """8 bytes of a key, a text or the values of several fields, of every table but links."""
    text = key if isinstance(key, str) else "\x1f".join(map(str, key))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def link_hash(id: str) -> bytes:
    """8 bytes of the id of a link: usually it is a hash already, and its first 64 bits are enough."""
    if len(id) == LINK_DIGITS:
        try:
            return bytes.fromhex(id[:16])
        except ValueError:
            pass
    return key_hash(id)


@dataclass(frozen=True)
class GoneRows:
    """Rows of a table that the source stated before and states no more, and that no other import states.

    removed     how many of them were removed
    unrecorded  a source that may state them: an earlier version imported it, and did not record its rows
    """

    count: int
    examples: tuple[str, ...]
    removed: int = 0
    unrecorded: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "examples": list(self.examples),
            "removed": self.removed,
            "unrecorded": self.unrecorded,
        }


@dataclass(frozen=True)
class KeptRow:
    """A row as it was before an import changed it.

    rowid   None: the import removed it
    values  as the database stores them, with the hash
    """

    table: str
    rowid: int | None
    values: Sequence[Any]

    @property
    def fields(self) -> dict[str, Any]:
        return dict(
            zip([column.name for column in tables.rows[self.table].columns], self.values, strict=True)
        )


class Undo(msgspec.Struct):
    """The last import, as ``meta`` stores it.

    last_rows   table to the largest rowid before the import
    earlier     the import of the same source that it replaced, with its rejects and keys
    corrected   rejects of other imports whose rows came in with this one
    mappings    the remembered mappings of tables before the import
    first_kept  id of the first row in ``undo_rows`` that is of this import
    """

    number: int
    source: str
    last_rows: dict[str, int]
    earlier: dict[str, Any] | None = None
    corrected: list[dict[str, Any]] = []
    mappings: str = ""
    first_kept: int = 0


@dataclass(frozen=True)
class Undone:
    """An import that was taken back: its source, and by table the rows that were removed, set back to their
    earlier values, and put back."""

    source: str
    removed: Mapping[str, int]
    restored: Mapping[str, int]
    returned: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "removed": dict(self.removed),
            "restored": dict(self.restored),
            "returned": dict(self.returned),
        }


def last_rows(connection: sa.Connection) -> dict[str, int]:
    """Table to its largest rowid."""
    found = {}
    for name in schema.TABLES:
        query = f'SELECT coalesce(max(rowid), 0) FROM "{name}"'
        found[name] = connection.exec_driver_sql(query).scalar_one()
    return found


# --- rows that are gone -------------------------------------------------------------------------------------


def gone_hashes(
    connection: sa.Connection, source: str, seen: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Table to the hashes (m,) of rows that earlier imports of the source stated, and that neither this one
    (``seen``) nor the last import of another source states."""
    gone = {}
    for name in schema.TABLES:
        earlier = _hashes(connection, name, condition="imports.source = ?", source=source)
        others = _hashes(connection, name, condition="imports.source <> ?", source=source, only_stated=True)
        gone[name] = np.setdiff1d(earlier, np.union1d(seen[name], others))
    return gone


def _hashes(
    connection: sa.Connection, name: str, *, condition: str, source: str, only_stated: bool = False
) -> np.ndarray:
    """Hashes of the keys that imports stated; those that are gone since are among them unless
    ``only_stated``."""
    rows = connection.exec_driver_sql(
        "SELECT keys, gone FROM import_keys JOIN imports ON imports.id = import_id "
        f'WHERE "table" = ? AND {condition}',
        (name, source),
    ).all()
    parts = [np.frombuffer(keys, np.uint64) for keys, _ in rows]
    if not only_stated:
        # Gone, and not removed yet: a later import may still be asked to.
        parts += [np.frombuffer(gone, np.uint64) for _, gone in rows]
    return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.uint64)


def unrecorded_source(connection: sa.Connection, source: str) -> str:
    """Another source whose last import is from a version that did not record rows; "" if there is none."""
    query = (
        "SELECT source FROM imports WHERE source <> ? AND id NOT IN (SELECT import_id FROM import_keys) "
        "ORDER BY id DESC LIMIT 1"
    )
    return connection.exec_driver_sql(query, (source,)).scalar_one_or_none() or ""


def rows_of_hashes(connection: sa.Connection, name: str, hashes: np.ndarray) -> dict[int, str]:
    """Rowid of the rows with these key hashes to their key as text."""
    if not len(hashes):
        return {}
    columns = tables.quoted(schema.KEYS[name])
    cursor = connection.exec_driver_sql(f'SELECT rowid, {columns} FROM "{name}" ORDER BY rowid')
    found = {}
    # In batches: a table may have millions of rows, of which few are gone.
    while stored := cursor.fetchmany(tables.FETCHED):
        keys = [key[0] if len(key) == 1 else tuple(key) for _, *key in stored]
        batch_hashes = KeyHashes()
        batch_hashes.add(keys, table=name)
        is_wanted = np.isin(batch_hashes.values(), hashes)  # (n_batch,)
        for n in np.flatnonzero(is_wanted).tolist():
            key = keys[n]
            found[stored[n][0]] = key if isinstance(key, str) else " ".join(map(str, key))
    return found


def find_gone(
    connection: sa.Connection, source: str, *, hashes: Mapping[str, np.ndarray], prune: bool
) -> dict[str, GoneRows]:
    """The rows that are gone, by table; with ``prune`` they are removed, and kept for ``undo``.

    An account that a remaining post or link names stays. Nothing is removed if another source may state the
    rows.
    """
    found: dict[str, GoneRows] = {}
    unrecorded = unrecorded_source(connection, source)
    # Accounts come last, after the posts and links that name them.
    for name in REMOVAL:
        rows = rows_of_hashes(connection, name, hashes[name])
        if not rows:
            continue
        removed = _remove(connection, name, list(rows)) if prune and not unrecorded else 0
        found[name] = GoneRows(len(rows), tuple(list(rows.values())[:EXAMPLES]), removed, unrecorded)
    return found


def _remove(connection: sa.Connection, name: str, rowids: Sequence[int]) -> int:
    """Remove rows and keep them for ``undo``. Returns how many were removed."""
    columns = tables.quoted([column.name for column in tables.rows[name].columns])
    connection.exec_driver_sql("CREATE TEMP TABLE IF NOT EXISTS gone_rows (number INTEGER PRIMARY KEY)")
    connection.exec_driver_sql("DELETE FROM gone_rows")
    connection.exec_driver_sql("INSERT INTO gone_rows (number) VALUES (?)", [(n,) for n in rowids])
    if name == "accounts":
        # One query for all accounts: the union over posts and links is large.
        connection.exec_driver_sql(
            "DELETE FROM gone_rows WHERE number IN (SELECT rowid FROM accounts WHERE id IN (SELECT account "
            "FROM posts UNION SELECT source FROM links UNION SELECT target FROM links))"
        )
    is_gone = "rowid IN (SELECT number FROM gone_rows)"
    cursor = connection.exec_driver_sql(f'SELECT {columns} FROM "{name}" WHERE {is_gone}')
    while rows := cursor.fetchmany(tables.FETCHED):
        keep_rows(connection, [KeptRow(name, None, list(row)) for row in rows])
    return connection.exec_driver_sql(f'DELETE FROM "{name}" WHERE {is_gone}').rowcount


def store_keys(
    connection: sa.Connection,
    number: int,
    *,
    seen: Mapping[str, np.ndarray],
    gone: Mapping[str, np.ndarray],
) -> None:
    """Store the hashes of an import; those of imports that are no more are removed."""
    connection.exec_driver_sql("DELETE FROM import_keys WHERE import_id NOT IN (SELECT id FROM imports)")
    for name, hashes in seen.items():
        connection.exec_driver_sql(
            'INSERT INTO import_keys (import_id, "table", keys, gone) VALUES (?, ?, ?, ?)',
            (number, name, hashes.tobytes(), gone[name].tobytes()),
        )


# --- the way back -------------------------------------------------------------------------------------------


def begin(connection: sa.Connection, source: str) -> Undo:
    """Begin the way back from an import that starts."""
    first_kept = "SELECT coalesce(max(id), 0) + 1 FROM undo_rows"
    # The import that this one replaces, to put it back.
    earlier = connection.exec_driver_sql(
        "SELECT id, source, time FROM imports WHERE source = ?", (source,)
    ).first()
    undo = Undo(0, source, last_rows(connection))
    undo.mappings = tables.get_meta(connection, MAPPINGS)
    undo.first_kept = connection.exec_driver_sql(first_kept).scalar_one()
    if earlier is not None:
        rejects = connection.execute(_numbered_rejects().where(tables.rejects.c.import_id == earlier[0]))
        keys = connection.exec_driver_sql(
            'SELECT "table", hex(keys), hex(gone) FROM import_keys WHERE import_id = ?', (earlier[0],)
        ).all()
        undo.earlier = {
            "import": list(earlier),
            "rejects": [dict(row) for row in rejects.mappings()],
            "keys": [list(row) for row in keys],
        }
    return undo


def _numbered_rejects() -> sa.Select[Any]:
    """Rejects with the number under which files of rejected rows name them."""
    return sa.select(sa.literal_column("rejects.rowid").label("rowid"), tables.rejects)


def remove_corrected(connection: sa.Connection, undo: Undo, corrected: Collection[RejectId]) -> None:
    """Remove the rejects whose rows came in again, and keep them for ``undo``."""
    is_reject: sa.ColumnClause[int] = sa.literal_column("rejects.rowid")
    for id in corrected:
        is_it = sa.and_(is_reject == id.number, tables.rejects.c.import_id == id.import_id)
        found = connection.execute(_numbered_rejects().where(is_it)).mappings().all()
        # Those of the import that this one replaced are gone with it.
        undo.corrected += map(dict, found)
        connection.execute(tables.rejects.delete().where(is_it))


def keep_rows(connection: sa.Connection, rows: Sequence[KeptRow]) -> None:
    """Keep rows as they are before this import changes or removes them."""
    if rows:
        encode = msgspec.msgpack.Encoder().encode
        connection.exec_driver_sql(
            'INSERT INTO undo_rows ("table", row, data) VALUES (?, ?, ?)',
            [(row.table, row.rowid, encode(row.values)) for row in rows],
        )


def kept_rows(connection: sa.Connection) -> Iterator[KeptRow]:
    """The rows that ``undo`` would bring back."""
    for name, rowid, data in connection.exec_driver_sql('SELECT "table", row, data FROM undo_rows'):
        yield KeptRow(name, rowid, msgspec.msgpack.decode(data))


def finish(connection: sa.Connection, undo: Undo, number: int) -> None:
    """Store the way back from an import that is complete, in place of the one from the import before."""
    clear(connection, before=undo.first_kept)
    undo.number = number
    tables.set_meta(connection, UNDO, msgspec.json.encode(undo).decode())


def last_import(connection: sa.Connection) -> Undo | None:
    """The import that can be taken back."""
    text = tables.get_meta(connection, UNDO)
    return msgspec.json.decode(text, type=Undo) if text else None


def clear(connection: sa.Connection, *, before: int = 2**62) -> None:
    """Forget the way back from the last import, with the pictures of rows that it removed; only its rows
    ``before`` this id."""
    is_older = "WHERE id < ?"
    has_images = connection.exec_driver_sql(
        f"SELECT 1 FROM undo_rows {is_older} AND \"table\" = 'images' LIMIT 1", (before,)
    ).first()
    connection.exec_driver_sql(f"DELETE FROM undo_rows {is_older}", (before,))
    if has_images:
        drop_orphan_pictures(connection)
    connection.exec_driver_sql("DELETE FROM meta WHERE key = ?", (UNDO,))


def take_back(connection: sa.Connection, undo: Undo) -> Undone:
    """Undo an import: rows that it added go, rows that it changed or removed are as before."""
    removed, restored, returned = {}, {}, {}
    for name in schema.TABLES:
        columns = [column.name for column in tables.rows[name].columns]
        query = f'DELETE FROM "{name}" WHERE rowid > ?'
        removed[name] = connection.exec_driver_sql(query, (undo.last_rows[name],)).rowcount
        rows = connection.exec_driver_sql('SELECT row, data FROM undo_rows WHERE "table" = ?', (name,)).all()
        # Rows that were changed keep their rowid.
        sets = ", ".join([f'"{column}" = ?' for column in columns])
        insert = f'INSERT INTO "{name}" ({tables.quoted(columns)}) VALUES ({", ".join("?" * len(columns))})'
        restored[name] = returned[name] = 0
        for rowid, data in rows:
            values = msgspec.msgpack.decode(data)
            if rowid is None:
                connection.exec_driver_sql(insert, tuple(values))
                returned[name] += 1
            else:
                connection.exec_driver_sql(f'UPDATE "{name}" SET {sets} WHERE rowid = ?', (*values, rowid))
                restored[name] += 1
    # The import is as if it had not been.
    connection.exec_driver_sql("DELETE FROM rejects WHERE import_id = ?", (undo.number,))
    connection.exec_driver_sql("DELETE FROM import_keys WHERE import_id = ?", (undo.number,))
    connection.exec_driver_sql("DELETE FROM imports WHERE id = ?", (undo.number,))
    if undo.earlier is not None:
        _restore_import(connection, undo.earlier)
    # Answers of an import that was wrong must not be used again.
    tables.set_meta(connection, MAPPINGS, undo.mappings or "{}")
    for reject in undo.corrected:
        _put_reject(connection, reject)
    drop_orphan_pictures(connection)
    clear(connection)
    # A workspace without rows has no fingerprint.
    has_rows = any(last_rows(connection).values())
    fingerprint = tables.compute_fingerprint(connection) if has_rows else ""
    tables.set_meta(connection, "fingerprint", fingerprint)
    return Undone(undo.source, removed, restored, returned)


def _restore_import(connection: sa.Connection, earlier: Mapping[str, Any]) -> None:
    number, source, time = earlier["import"]
    connection.exec_driver_sql(
        "INSERT INTO imports (id, source, time) VALUES (?, ?, ?)", (number, source, time)
    )
    for reject in earlier["rejects"]:
        _put_reject(connection, reject)
    for name, keys, gone in earlier["keys"]:
        connection.exec_driver_sql(
            'INSERT INTO import_keys (import_id, "table", keys, gone) VALUES (?, ?, ?, ?)',
            (number, name, bytes.fromhex(keys), bytes.fromhex(gone)),
        )


def _put_reject(connection: sa.Connection, reject: Mapping[str, Any]) -> None:
    """Put a reject back under its number."""
    places = ", ".join("?" * len(reject))
    connection.exec_driver_sql(
        f"INSERT INTO rejects ({tables.quoted(reject)}) VALUES ({places})", tuple(reject.values())
    )


def drop_orphan_pictures(connection: sa.Connection) -> None:
    """Remove the pictures that no image refers to."""
    connection.exec_driver_sql("DELETE FROM pictures WHERE hash NOT IN (SELECT hash FROM images)")


def forget_removed(connection: sa.Connection) -> None:
    """After rows were erased: the way back is forgotten, and so are hashes of rows that are not there."""
    clear(connection)
    for name in schema.TABLES:
        keys = tables.quoted(schema.KEYS[name])
        rows = connection.exec_driver_sql(f'SELECT {keys} FROM "{name}"').all()
        present = KeyHashes()
        present.add([key[0] if len(key) == 1 else tuple(key) for key in rows], table=name)
        hashes = present.unique()
        stored = connection.exec_driver_sql(
            'SELECT import_id, keys, gone FROM import_keys WHERE "table" = ?', (name,)
        ).all()
        for number, stated, gone in stored:
            kept = [np.intersect1d(np.frombuffer(blob, np.uint64), hashes) for blob in (stated, gone)]
            connection.exec_driver_sql(
                'UPDATE import_keys SET keys = ?, gone = ? WHERE import_id = ? AND "table" = ?',
                (kept[0].tobytes(), kept[1].tobytes(), number, name),
            )


def gone_sentences(gone: Mapping[str, GoneRows]) -> list[str]:
    """Sentences on rows that are gone, for people."""
    lines: Iterable[tuple[str, GoneRows]] = gone.items()
    sentences = []
    for name, rows in lines:
        noun = name.removesuffix("s") if rows.count == 1 else name
        shown = ", ".join(rows.examples)
        text = (
            f"Gone: {rows.count:,} {noun} that this source stated before and no source states now: {shown}."
        )
        if rows.unrecorded:
            sentences.append(
                f"Not in this source any more: {rows.count:,} {noun}: {shown}. They stay, because "
                f"{rows.unrecorded} may state them. An earlier version of Brandfit imported that one and did "
                "not record its rows: import it again, then this source."
            )
            continue
        if rows.removed:
            text += f" {rows.removed:,} removed."
        kept = rows.count - rows.removed
        if rows.removed and kept:
            text += f" {kept:,} stay, because posts or links name them."
        # The next step, unless it was taken.
        if not rows.removed:
            text += " Import with --prune to remove them."
        sentences.append(text)
    return sentences
