"""The rows of a workspace in SQLite: tables made from the schema, one transaction an import, a hash a row."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from brandfit.data import schema
from brandfit.data.dataset import fingerprint
from brandfit.data.schema import Reject
from brandfit.errors import WorkspaceError
from brandfit.workspace import migrations

FETCHED = 10_000
"""Rows that are read from the database at once."""
PATIENCE = 30.0
"""Seconds of waiting for another process that writes."""
BATCH = 5_000
"""Rows that are written to the database at once."""

metadata = sa.MetaData()
meta = sa.Table(
    "meta", metadata, sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False)
)
pictures = sa.Table(
    "pictures",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
imports = sa.Table(
    "imports",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("time", sa.Float),  # seconds since 1970; NULL of imports from before times were stored
    sqlite_autoincrement=True,
)
"""The last import of each source; the latest has the highest id."""
rejects = sa.Table(
    "rejects",
    metadata,
    sa.Column("import_id", sa.Integer, nullable=False, index=True),
    *(
        sa.Column(
            f.name,
            sa.Integer if f.type is int else sa.Text,
            nullable=False,
            server_default="" if f.name == "row" else None,
        )
        for f in msgspec.structs.fields(Reject)
    ),
)
import_keys = sa.Table(
    "import_keys",
    metadata,
    sa.Column("import_id", sa.Integer, primary_key=True),
    sa.Column("table", sa.Text, primary_key=True),
    sa.Column("keys", sa.LargeBinary, nullable=False),
    sa.Column("gone", sa.LargeBinary, nullable=False),
)
undo_rows = sa.Table(
    "undo_rows",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("table", sa.Text, nullable=False),
    sa.Column("row", sa.Integer),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
"""Both: see ``workspace.history``."""
forgotten = sa.Table("forgotten", metadata, sa.Column("hash", sa.LargeBinary(16), primary_key=True))
"""A salted hash of each erased account; see ``workspace.import_filter``."""


def _sql_type(arrow: pa.DataType) -> Any:
    return {pa.int64(): sa.BigInteger, pa.float64(): sa.Float, pa.bool_(): sa.Boolean}.get(arrow, sa.Text)


def _table(name: str) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        *(
            sa.Column(
                f.name,
                _sql_type(f.arrow),
                primary_key=f.name in schema.KEYS[name],
                nullable=f.nullable,
                autoincrement=False,
            )
            for f in schema.fields(schema.TABLES[name])
        ),
        sa.Column("hash_", sa.LargeBinary(16), nullable=False),
        sqlite_with_rowid=True,
    )


rows = {name: _table(name) for name in schema.TABLES}


def durable(path: Path) -> sa.Engine:
    """An engine on an SQLite file: committed data are on the disk, deleted data are overwritten, readers
    never wait."""
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": PATIENCE})

    @sa.event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        # Transactions are begun by ``_begin``: an import takes the write lock at its start.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
            "temp_store=MEMORY",
            "cache_size=-65536",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")

    return engine


def connect(path: Path) -> sa.Engine:
    """An engine on the database file at ``path``, created or migrated if needed."""
    engine = durable(path)
    try:
        with engine.connect() as connection:
            is_current = migrations.is_current(connection, metadata.tables)
        # Most workspaces are as they should be: opening one does not wait for an import.
        if not is_current:
            with writing(engine) as connection:
                migrations.keep_old_rejects(connection)
                metadata.create_all(connection)
                migrations.take_old_rejects(connection)
                migrations.migrate(connection)
    except sa.exc.DatabaseError as error:
        engine.dispose()
        if _is_unwritable(error):
            raise _unwritable(path, error) from None
        raise WorkspaceError(
            f"{path} cannot be read as a workspace database: {error.orig}.",
            "Restore it from a copy, or import into a new workspace.",
        ) from None
    return engine


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that holds the write lock from its start: commits at the end, rolls back on any error.

    Raises WorkspaceError if another process holds the lock for longer than ``PATIENCE``, or if the file may
    not be written to.
    """
    path = Path(engine.url.database or "")
    try:
        with engine.execution_options(begin="IMMEDIATE").begin() as connection:
            yield connection
    except sa.exc.OperationalError as error:
        if _is_unwritable(error):
            raise _unwritable(path, error) from None
        if "locked" not in str(error.orig):
            raise
        raise WorkspaceError(
            f"Another process is writing to {path.parent}.",
            "Wait until its import has finished, then try again.",
        ) from None


def _is_unwritable(error: sa.exc.DatabaseError) -> bool:
    return "readonly" in str(error.orig) or "unable to open" in str(error.orig)


def _unwritable(path: Path, error: sa.exc.DatabaseError) -> WorkspaceError:
    return WorkspaceError(
        f"{path} cannot be written to: {error.orig}.",
        "Every command keeps something in its workspace: give yourself the right to write in the folder, or "
        "copy it.",
    )


def compute_fingerprint(connection: sa.Connection) -> str:
    """The fingerprint of all rows, from their stored hashes."""
    # The driver's own rows: SQLAlchemy's would cost a second for half a million.
    driver = connection.connection.driver_connection
    assert driver is not None
    return fingerprint(
        {name: (h for (h,) in driver.execute(f'SELECT hash_ FROM "{name}"')) for name in schema.TABLES}
    )


def get_meta(connection: sa.Connection, key: str, default: str = "") -> str:
    value = connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar_one_or_none()
    return default if value is None else value


def set_meta(connection: sa.Connection, key: str, value: str) -> None:
    connection.exec_driver_sql(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def add_import(connection: sa.Connection, source: str, *, time: float, found: Iterable[Reject]) -> int:
    """Store an import with its rejects, in place of earlier imports of the same source. Returns its id."""
    earlier = sa.select(imports.c.id).where(imports.c.source == source)
    connection.execute(rejects.delete().where(rejects.c.import_id.in_(earlier)))
    connection.execute(imports.delete().where(imports.c.source == source))
    made = connection.execute(imports.insert().returning(imports.c.id), {"source": source, "time": time})
    number: int = made.scalar_one()
    for batch in _batches(found):
        connection.execute(
            rejects.insert(), [{"import_id": number, **msgspec.structs.asdict(r)} for r in batch]
        )
    return number


def arrow_batches(connection: sa.Connection, name: str) -> Iterator[pa.RecordBatch]:
    """A table as Arrow batches in the order of its key."""
    target = schema.arrow_schema(name)
    key = quoted(schema.KEYS[name])
    cursor = connection.exec_driver_sql(f'SELECT {listed(name)} FROM "{name}" ORDER BY {key}')
    while chunk := cursor.fetchmany(FETCHED):
        columns = list(zip(*chunk, strict=True))
        yield pa.record_batch(list(map(_arrow, columns, target.types)), schema=target)


def damaged_rows(connection: sa.Connection, name: str) -> list[str]:
    """Keys of rows whose content no longer has the hash that was stored with it."""
    read = reader(name)
    found = []
    for *values, stored in connection.exec_driver_sql(f'SELECT {listed(name)}, hash_ FROM "{name}"'):
        try:
            good = schema.row_hash(read(values)) == stored
        except (msgspec.MsgspecError, TypeError, ValueError):
            good = False
        if not good:
            plain = dict(zip(schema.arrow_schema(name).names, values, strict=True))
            found.append(" ".join(str(plain[k]) for k in schema.KEYS[name]))
    return found


def listed(name: str) -> str:
    """The fields of a table, as SQL lists them."""
    return quoted(schema.arrow_schema(name).names)


def quoted(names: Iterable[str]) -> str:
    """Names of columns, as SQL lists them."""
    return ", ".join(map('"{}"'.format, names))


def reader(name: str) -> Callable[[Sequence[Any]], Any]:
    """A function from the values of ``listed`` to the row. It raises an error if they are not one."""
    fields = schema.fields(schema.TABLES[name])
    names = [f.name for f in fields]
    lists = {f.name for f in fields if is_json(f.arrow)}
    bools = {f.name for f in fields if f.arrow == pa.bool_()}

    def read(values: Sequence[Any]) -> Any:
        plain = dict(zip(names, values, strict=True))
        for n in lists:
            plain[n] = msgspec.json.decode(plain[n])
        for n in bools:
            if plain[n] is not None:
                plain[n] = bool(plain[n])
        return schema.TABLES[name](**plain)

    return read


def is_json(type_: pa.DataType) -> bool:
    """Whether the database stores the values of a field as JSON."""
    return pa.types.is_list(type_) or pa.types.is_map(type_)


def _arrow(column: tuple, type_: pa.DataType) -> pa.Array:
    if pa.types.is_map(type_):
        return pa.array([list(msgspec.json.decode(cell).items()) for cell in column], type_)
    if pa.types.is_list(type_):
        return pa.array(list(map(msgspec.json.decode, column)), type_)
    if pa.types.is_boolean(type_):
        return pa.array([None if v is None else bool(v) for v in column], type_)
    return pa.array(column, type_)


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, BATCH)):
        yield batch
