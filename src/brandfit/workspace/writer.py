"""Writing the rows of an import: new rows are added, and rows that are stored already are merged with what
the import states (``workspace.merging``)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from brandfit.data import schema
from brandfit.data.schema import Partial, Row
from brandfit.mappings import map_values
from brandfit.workspace import tables
from brandfit.workspace.history import KeptRow, KeyHashes, keep_rows
from brandfit.workspace.merging import (
    CHANGE_EXAMPLES,
    Form,
    GivenValues,
    KeptValues,
    Merging,
    changed_value,
    id_text,
)

LOOKED_UP = 500
"""Rows that are read by one query; SQLite limits the parameters of a query."""

_astuple = msgspec.structs.astuple
_to_json = msgspec.json.Encoder().encode
_FROM_JSON: dict[type, Any] = {
    list: msgspec.json.Decoder(list[str]).decode,
    dict: msgspec.json.Decoder(dict[str, str]).decode,
}


class Writer:
    """Collects rows and writes them in batches. ``finish`` completes ``merging``."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.merging = Merging()
        self._pictures: list[tuple[str, bytes]] = []
        self._tables = {name: _TableWriter(connection, name, self.merging) for name in schema.TABLES}
        self._by_type: dict[type, _TableWriter] = {
            row_type: self._tables[name] for name, row_type in schema.TABLES.items()
        }

    def add(self, record: Row | Partial) -> None:
        if type(record) is Partial:
            row = record.row
            table = self._by_type[type(row)]
            table.add(GivenValues(_astuple(row), *table.form.masks(record)))
        else:
            self._by_type[type(record)].add(GivenValues(_astuple(record)))

    def add_picture(self, hash: str, data: bytes) -> None:
        self._pictures.append((hash, data))
        if len(self._pictures) >= tables.BATCH:
            self._flush_pictures()

    def finish(self) -> dict[str, dict[str, int]]:
        """Write the last batches. Returns, for each table, the number of rows that were seen, added, changed
        and unchanged."""
        self._flush_pictures()
        return map_values(_TableWriter.finish, self._tables)

    @property
    def keys(self) -> dict[str, np.ndarray]:
        """Table to the hashes of the keys of all rows of this import."""
        return {name: table.keys.unique() for name, table in self._tables.items()}

    def _flush_pictures(self) -> None:
        if self._pictures:
            self.connection.exec_driver_sql(
                "INSERT OR IGNORE INTO pictures (hash, data) VALUES (?, ?)", self._pictures
            )
            self._pictures.clear()


class _TableWriter:
    """Writes the rows of one table.

    A batch is inserted first, without a look at what is stored, because most imports bring new rows. Only if
    the database has some of the keys already, the stored rows are read and merged.
    """

    def __init__(self, connection: sa.Connection, name: str, merging: Merging) -> None:
        self.connection, self.name, self.merging = connection, name, merging
        self.form = Form(name)
        fields = schema.fields(schema.TABLES[name])
        self._json: dict[int, Any] = {}
        self._bools = []
        """Positions of the fields that are stored in another form: as JSON, with their empty value, and as 0
        or 1."""
        for n, field in enumerate(fields):
            if pa.types.is_list(field.arrow):
                self._json[n] = []
            elif pa.types.is_map(field.arrow):
                self._json[n] = {}
            elif field.arrow == pa.bool_():
                self._bools.append(n)
        self._n_keys = self.form.n_keys
        self._sql = _Statements(name)
        self._pending: dict[Any, GivenValues] = {}
        self._seen = 0
        self._size, self._last_row = connection.exec_driver_sql(
            f'SELECT count(*), coalesce(max(rowid), 0) FROM "{name}"'
        ).one()
        self._not_stated: dict[Any, int] = {}
        """Key of a row that this import wrote, or that was equal, to the fields that it does not state."""
        self._stated: dict[Any, int] = {}
        """Key of a row from before this import that is merged, to the fields that this import states."""
        self._has_comments = name == "links"  # a comment has one row in an import: it needs no entry
        self._kept: dict[Any, int] = {}
        """Key of a row from before this import to the fields that it keeps, as bits."""
        self._first_hash: dict[Any, bytes] = {}
        """Key of a row that this import changed to its hash before the import."""
        self._now_hash: dict[Any, bytes] = {}
        self.keys = KeyHashes()
        """Of all rows of this import."""

    def add(self, given: GivenValues) -> None:
        self._seen += 1
        key = given.values[0] if self._n_keys == 1 else given.values[: self._n_keys]
        # A key that occurs twice in a batch is merged before anything is written.
        earlier = self._pending.get(key)
        if earlier is not None:
            stated = self.form.stated(earlier)
            both_state = stated & self.form.stated(given)
            self.merging.add_conflicts(self.form, both_state, earlier=earlier, later=given)
            given = self.form.merged(earlier, given, fixed=stated)
        self._pending[key] = given
        if len(self._pending) >= tables.BATCH:
            self._flush()

    def finish(self) -> dict[str, int]:
        self._flush()
        size = self.connection.exec_driver_sql(f'SELECT count(*) FROM "{self.name}"').scalar_one()
        added = size - self._size
        changed = sum(self._now_hash[key] != before for key, before in self._first_hash.items())
        kept = {key: fields for key, fields in self._kept.items() if fields}
        if kept:
            key, fields = next(iter(kept.items()))
            id = id_text((key,) if self._n_keys == 1 else key)
            self.merging.kept[self.name] = KeptValues(len(kept), id, self.form.field_names(fields))
        return {
            "seen": self._seen,
            "added": added,
            "changed": changed,
            "unchanged": self._seen - added - changed,
        }

    def _flush(self) -> None:
        if not self._pending:
            return
        self.keys.add(self._pending, table=self.name)
        hashes = {key: schema.hash_of(given.values) for key, given in self._pending.items()}
        rows = [(*self._plain(given.values), hashes[key]) for key, given in self._pending.items()]
        n_inserted = self.connection.exec_driver_sql(self._sql.insert, rows).rowcount
        if n_inserted < len(rows):
            self._merge_stored(hashes)
        for key, given in self._pending.items():
            if not (self._has_comments and given.values[1] == "comments"):
                self._not_stated.setdefault(key, given.defaults | given.derived)
        self._pending.clear()

    def _merge_stored(self, hashes: dict[Any, bytes]) -> None:
        """Merge the pending rows with those of the same keys that were stored before."""
        # Equal hashes need no look at the fields; most rows of a repeated import are equal.
        updates, kept = [], []
        for rowid, *row, hash_ in self._stored():
            key = row[0] if self._n_keys == 1 else tuple(row[: self._n_keys])
            given = self._pending[key]
            if hash_ == hashes[key]:  # equal, or just inserted
                self._kept.pop(key, None)
                continue
            is_older = rowid <= self._last_row
            stored = [*row, hash_]
            values = self._values(row)
            merged = given if values is None else self._merged(key, values, given=given, is_older=is_older)
            hashed = schema.hash_of(merged.values)
            if hashed == hash_:
                continue
            if is_older:
                if key not in self._first_hash:
                    kept.append(KeptRow(self.name, rowid, stored))
                    self._note_change(key, values, merged.values)
                self._first_hash.setdefault(key, hash_)
                self._now_hash[key] = hashed
            plain = self._plain(merged.values)
            updates.append((*plain[self._n_keys :], hashed, *plain[: self._n_keys]))
        keep_rows(self.connection, kept)
        if updates:
            self.connection.exec_driver_sql(self._sql.update, updates)

    def _note_change(self, key: Any, before: tuple[Any, ...] | None, after: tuple[Any, ...]) -> None:
        """Note one changed field of the first rows that change."""
        examples = self.merging.changes.setdefault(self.name, [])
        if before is None or len(examples) >= CHANGE_EXAMPLES:
            return
        for name, old, new in zip(self.form.names, before, after, strict=True):
            if old != new:
                id = id_text((key,) if self._n_keys == 1 else key)
                examples.append(changed_value(id, name, old=old, new=new))
                return

    def _merged(
        self, key: Any, stored: tuple[Any, ...], *, given: GivenValues, is_older: bool
    ) -> GivenValues:
        """``stored`` are the values of a row that was written by an earlier batch, or before this import
        (``is_older``)."""
        not_stated = self._not_stated.get(key)
        earlier = GivenValues(stored, not_stated or 0)
        if key in self._stated:
            stated = self._stated[key]
        else:
            stated = 0 if not_stated is None else self.form.stated(earlier)
        newly_stated = self.form.stated(given)
        self.merging.add_conflicts(self.form, stated & newly_stated, earlier=earlier, later=given)
        # Every field of a row from before this import was stated by its own import.
        if is_older:
            earlier = GivenValues(stored)
        merged = self.form.merged(earlier, given, fixed=stated)
        if is_older:
            self._stated[key] = stated | newly_stated
            self._kept[key] = self.form.kept_fields(merged, given) & ~stated
        else:
            self._not_stated[key] = merged.defaults | merged.derived
        return merged

    def _stored(self) -> Iterator[Any]:
        """Of the pending keys that are stored: rowid, values as they are stored, hash."""
        keys = iter(self._pending)
        while some := list(itertools.islice(keys, LOOKED_UP)):
            parameters = tuple(some) if self._n_keys == 1 else tuple(itertools.chain.from_iterable(some))
            yield from self.connection.exec_driver_sql(self._sql.select(len(some)), parameters).all()

    def _plain(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Values as the database stores them."""
        if not self._json:
            return values
        plain = list(values)
        for n, empty in self._json.items():
            plain[n] = _to_json(plain[n]).decode() if plain[n] else str(empty)
        return tuple(plain)

    def _values(self, plain: list[Any]) -> tuple[Any, ...] | None:
        """Values of a row from what the database stores; None if it is damaged: the import repairs it."""
        try:
            for n, empty in self._json.items():
                plain[n] = _FROM_JSON[type(empty)](plain[n]) if plain[n] != str(empty) else type(empty)()
        except (msgspec.MsgspecError, TypeError):
            return None
        for n in self._bools:
            if plain[n] is not None:
                plain[n] = bool(plain[n])
        return tuple(plain)


class _Statements:
    """The SQL of a table."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.columns = [column.name for column in tables.rows[name].columns]
        self.keys = schema.KEYS[name]
        listed = tables.quoted(self.columns)
        changed = [column for column in self.columns if column not in self.keys]
        sets = ", ".join(map('"{}" = ?'.format, changed))
        where = " AND ".join(map('"{}" = ?'.format, self.keys))
        self.insert = (
            f'INSERT INTO "{name}" ({listed}) VALUES ({", ".join("?" * len(self.columns))}) '
            f"ON CONFLICT ({tables.quoted(self.keys)}) DO NOTHING"
        )
        self.update = f'UPDATE "{name}" SET {sets} WHERE {where}'

    def select(self, n_keys: int) -> str:
        """Rows of so many keys."""
        one = "?" if len(self.keys) == 1 else f"({', '.join('?' * len(self.keys))})"
        among = ", ".join([one] * n_keys)
        key, among = (
            (f'"{self.keys[0]}"', f"({among})")
            if len(self.keys) == 1
            else (f"({tables.quoted(self.keys)})", f"(VALUES {among})")
        )
        return f'SELECT rowid, {tables.quoted(self.columns)} FROM "{self.name}" WHERE {key} IN {among}'
