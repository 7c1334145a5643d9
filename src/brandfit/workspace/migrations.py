"""From an older schema to this one: one named function a step, run in one transaction when a workspace is
opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sqlalchemy as sa

from brandfit.data.schema import SCHEMA_VERSION
from brandfit.errors import WorkspaceError


def add_stated_columns(connection: sa.Connection) -> None:
    """Version 2: price, currency, country, city, engagement rate and attributes of accounts; the rows of
    rejects."""
    present = {row[1] for row in connection.exec_driver_sql("PRAGMA table_info(accounts)")}
    columns = {
        "price": "FLOAT",
        "currency": "TEXT",
        "country": "TEXT",
        "city": "TEXT",
        "engagement_rate": "FLOAT",
        "attributes": "TEXT NOT NULL DEFAULT '{}'",
    }
    for name, form in columns.items():
        if name not in present:
            connection.exec_driver_sql(f'ALTER TABLE accounts ADD COLUMN "{name}" {form}')
    columns_of_rejects = {row[1] for row in connection.exec_driver_sql("PRAGMA table_info(rejects)")}
    if "row" not in columns_of_rejects:
        connection.exec_driver_sql("ALTER TABLE rejects ADD COLUMN \"row\" TEXT NOT NULL DEFAULT ''")


MIGRATIONS: dict[int, Callable[[sa.Connection], None]] = {1: add_stated_columns}
"""Version to the function that migrates from it to the next, e.g. ``{1: add_language}``."""
OLD_REJECTS = "rejects_by_source"
"""Table of rejects from before they belonged to an import. The schema of the rows did not change, so its
version did not either."""


def is_current(connection: sa.Connection, names: Iterable[str]) -> bool:
    """Whether a database has the tables of these names and the schema of this program."""
    present = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
    if not present.issuperset(names) or OLD_REJECTS in present:
        return False
    version = "SELECT value FROM meta WHERE key = 'schema_version'"
    return connection.exec_driver_sql(version).scalar_one_or_none() == str(SCHEMA_VERSION)


def migrate(connection: sa.Connection, target: int = SCHEMA_VERSION) -> None:
    """Migrate the tables to the schema of this program; a new workspace only gets the version.

    Raises WorkspaceError if the workspace is newer than the program, or if a step is missing.
    """
    stored = connection.exec_driver_sql(
        "SELECT value FROM meta WHERE key = 'schema_version'"
    ).scalar_one_or_none()
    version = target if stored is None else int(stored)
    if version > target:
        raise WorkspaceError(
            f"This workspace has schema version {version}, made by a newer Brandfit; this one knows versions "
            f"up to {target}.",
            "Update Brandfit: pip install --upgrade brandfit",
        )
    while version < target:
        if version not in MIGRATIONS:
            raise WorkspaceError(
                f"This workspace has schema version {version}, which this Brandfit cannot bring to {target}.",
                "Import the sources again into a new workspace.",
            )
        MIGRATIONS[version](connection)
        version += 1
    if stored != str(target):
        connection.exec_driver_sql(
            "INSERT OR REPLACE INTO meta (key, value) VALUES ('schema_version', ?)", (str(target),)
        )


def keep_old_rejects(connection: sa.Connection) -> None:
    """Rename a table of rejects that has a source in place of an import, before the tables are made."""
    columns = {row[1] for row in connection.exec_driver_sql("PRAGMA table_info(rejects)")}
    if "source" in columns:
        connection.exec_driver_sql("DROP INDEX IF EXISTS ix_rejects_source")
        connection.exec_driver_sql(f"ALTER TABLE rejects RENAME TO {OLD_REJECTS}")


def take_old_rejects(connection: sa.Connection) -> None:
    """Add the rejects of the renamed table to an import of their source, whose time is unknown."""
    if not connection.exec_driver_sql(f"PRAGMA table_info({OLD_REJECTS})").all():
        return
    connection.exec_driver_sql(
        f"INSERT INTO imports (source) SELECT source FROM {OLD_REJECTS} GROUP BY source ORDER BY min(rowid)"
    )
    connection.exec_driver_sql(
        "INSERT INTO rejects (import_id, file, line, reason, excerpt) SELECT imports.id, file, line, reason, "
        "excerpt "
        f"FROM {OLD_REJECTS} AS old JOIN imports ON imports.source = old.source ORDER BY old.rowid"
    )
    connection.exec_driver_sql(f"DROP TABLE {OLD_REJECTS}")
