"""From an older schema to this one: one named function a step, run in one transaction when a workspace is opened."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from brandfit.data.schema import SCHEMA_VERSION
from brandfit.errors import WorkspaceError

MIGRATIONS: dict[int, Callable[[sa.Connection], None]] = {}
"""Version that a step starts from to the function that makes the next version of it, e.g. ``{1: add_language}``."""


def migrate(connection: sa.Connection, target: int = SCHEMA_VERSION) -> None:
    """Bring the tables to this program's schema; a fresh workspace is simply marked.

    Raises WorkspaceError where the workspace is newer than the program, or where a step is missing.
    """
    found = connection.exec_driver_sql("SELECT value FROM meta WHERE key = 'schema_version'").scalar_one_or_none()
    version = target if found is None else int(found)
    if version > target:
        raise WorkspaceError(
            f"This workspace has schema version {version}, made by a newer Brandfit; this one knows versions up to {target}.",
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
    if found != str(target):
        connection.exec_driver_sql("INSERT OR REPLACE INTO meta (key, value) VALUES ('schema_version', ?)", (str(target),))
