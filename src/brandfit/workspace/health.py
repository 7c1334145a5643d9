"""Damage of a workspace: everything whose content is not what was written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import sqlalchemy as sa

from brandfit.data import schema
from brandfit.errors import WorkspaceError
from brandfit.workspace import tables
from brandfit.workspace.artifacts import ArtifactStore, damaged


def database_damage(connection: sa.Connection, path: Path) -> Iterator[str]:
    """A sentence for each kind of damage in the database at ``path``."""
    for (line,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if line != "ok":
            yield f"The database {path} is damaged: {line}."
    for name in schema.TABLES:
        keys = tables.damaged_rows(connection, name)
        if keys:
            yield (
                f"{len(keys)} damaged rows in {name}, the first: {', '.join(keys[:5])}. Import their source "
                "again."
            )
    fingerprint = tables.get_meta(connection, "fingerprint")
    if fingerprint and fingerprint != tables.compute_fingerprint(connection):
        yield (
            "Rows are missing or were changed from outside: the fingerprint of the tables is not the one "
            "that was stored."
        )
    yield from _picture_damage(connection)


def _picture_damage(connection: sa.Connection) -> Iterator[str]:
    n_missing = connection.exec_driver_sql(
        "SELECT count(*) FROM images WHERE hash NOT IN (SELECT hash FROM pictures)"
    ).scalar_one()
    if n_missing:
        yield f"{n_missing} images have no working copy. Import their source again."
    for name, data in connection.exec_driver_sql("SELECT hash, data FROM pictures"):
        if hashlib.sha256(data).hexdigest() != name:
            yield (
                f"The working copy {name} of a picture is damaged. Delete its row and import its source "
                "again."
            )


def artifact_damage(stores: Iterable[ArtifactStore]) -> Iterator[str]:
    """A sentence for each version whose files are not what was written."""
    for store in stores:
        for name in store.names():
            for version in store.versions(name):
                try:
                    store.get(name, version)
                except WorkspaceError as error:
                    yield str(error)
                except KeyError:
                    yield str(damaged(store.root / name / version))


def unit_damage(folder: Path) -> Iterator[str]:
    """A sentence for each damaged chunk of encoded contents. A chunk is named by its own checksum."""
    for file in sorted(folder.glob("*/*.safetensors")):
        if hashlib.sha256(file.read_bytes()).hexdigest()[:32] != file.stem:
            yield str(damaged(file))
