"""Erasure from all other files of a workspace: temporary files, checkpoints, freed pages of the database.

Each step may be repeated at any time: it depends on the files that are there, not on earlier steps.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from brandfit.erasure.eraser import OWN_STORES, Removed
from brandfit.erasure.rows import pending
from brandfit.erasure.traces import Traces
from brandfit.errors import WorkspaceError
from brandfit.workspace import Workspace, tables
from brandfit.workspace.artifacts import ArtifactStore, discard
from brandfit.workspace.import_filter import PENDING
from brandfit.workspace.workspace import DATABASE

BLOCK = 16 * 2**20
"""Bytes of a file that are searched at once."""
READERS = 30.0
"""Seconds that readers of the database get to finish before its log is emptied."""
PICTURE = "a picture of theirs"
"""Kind of pieces that are compared exactly; all others are compared in lower case."""
SEARCHED_BY_FIELD = ("tables", "features", "models")
"""Folders that other erasers search field by field: numbers in them may look like a handle by chance."""


def check_disk_space(path: Path) -> None:
    """Raise WorkspaceError if the disk has no room for a second copy of the database."""
    database = path / DATABASE
    free = shutil.disk_usage(path).free
    if free < 1.1 * os.path.getsize(database):
        raise WorkspaceError(
            f"Forgetting writes the database anew, and there are only {free / 2**20:,.0f} MiB free in "
            f"{path}.",
            "Make room for a second copy of brandfit.sqlite, then try again. Nothing was changed.",
        )


def erase_from_folders(workspace: Workspace, traces: Traces, removed: Removed) -> None:
    """Remove older versions of the tables, checkpoints, reports on other rows, and temporary files."""
    for name in OWN_STORES:
        for temporary in sorted((workspace.path / name).rglob(".*")):
            discard(temporary)
    if traces.changed:
        # Checkpoints and reports were made from other rows: nothing uses them again.
        discard(workspace.path / "training")
        reports = sorted((workspace.path / "experiments").glob("*.msgpack"))
        for file in reports:
            file.unlink(missing_ok=True)
        removed.files += [str(file.relative_to(workspace.path)) for file in reports]
    store = ArtifactStore(workspace.path / "tables")
    for version in store.versions("rows"):
        if version != workspace.fingerprint:
            discard(store.root / "rows" / version)


def search_folder(
    workspace: Workspace, traces: Traces, *, removed: Removed, searched: Collection[str] = ()
) -> None:
    """Search every other file of the folder, byte by byte. Own files that hold a trace are removed, files of
    somebody else are named.

    searched  files and folders of the workspace that have an eraser
    """
    handles = {handle.lower().encode() for handle in traces.handles}
    lines = {line.encode() for line in traces.lines}
    pieces_by_kind = {
        "the handle": handles,
        "what they wrote": lines,
        PICTURE: set(traces.pictures),
    }
    for file in sorted(workspace.path.rglob("*")):
        if not file.is_file() or file.is_symlink():
            continue
        path = file.relative_to(workspace.path)
        top = path.parts[0]
        if top in SEARCHED_BY_FIELD or top in searched or path.name.startswith(DATABASE):
            continue
        if top == "units" and file.suffix == ".safetensors":
            continue  # hashes and numbers
        if any(handle in str(path).lower().encode() for handle in handles):
            kind = "the handle, in its name"
        else:
            kind = _kind_in(file, pieces_by_kind)
        if not kind:
            continue
        if top in OWN_STORES:
            file.unlink(missing_ok=True)
            removed.files.append(str(path))
        else:
            removed.foreign[str(path)] = kind


def _kind_in(file: Path, pieces_by_kind: Mapping[str, Collection[bytes]]) -> str:
    """The kind of pieces that a file holds; "" if it holds none."""
    pattern_by_kind: dict[str, re.Pattern[bytes]] = {}
    overlap = 0
    for kind, pieces in pieces_by_kind.items():
        if pieces:
            pattern_by_kind[kind] = re.compile(alternatives(pieces))
            overlap = max(overlap, *map(len, pieces))
    try:
        for block in blocks(file, overlap):
            lower = block.lower()
            for kind, pattern in pattern_by_kind.items():
                if pattern.search(block if kind == PICTURE else lower):
                    return kind
    except OSError as error:
        return f"nobody knows what: it cannot be read ({error.strerror})"
    return ""


def alternatives(pieces: Collection[bytes]) -> bytes:
    """A regular expression for any of these pieces, the longest first."""
    return b"|".join(map(re.escape, sorted(pieces, key=len, reverse=True)))


def blocks(file: Path, overlap: int) -> Iterator[bytes]:
    """The bytes of a file in blocks. Each begins with the last ``overlap`` bytes of the block before, so that
    no piece is cut."""
    tail = b""
    with file.open("rb") as opened:
        while block := opened.read(BLOCK):
            yield tail + block
            tail = (tail + block)[-overlap:] if overlap else b""


def compact(database: Path) -> None:
    """Write a database anew, without freed pages, and empty its log.

    Raises WorkspaceError if another process is in the way; it can be called again.
    """
    connection = sqlite3.connect(database, timeout=READERS, isolation_level=None)
    try:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA temp_store=FILE")
        connection.execute("VACUUM")
        _empty_log(connection)
    except sqlite3.OperationalError as error:
        raise _unfinished(f"The database could not be written anew: {error}.") from None
    finally:
        connection.close()


def finish(workspace: Workspace, traces: Traces) -> None:
    """Remove the stored traces, and their bytes: the last step. Traces that a second erasure has added to
    stay for that one."""
    with tables.writing(workspace.engine) as connection:
        if pending(connection) == traces:
            connection.execute(tables.meta.delete().where(tables.meta.c.key == PENDING))
    driver_connection = sqlite3.connect(workspace.path / DATABASE, timeout=READERS, isolation_level=None)
    try:
        _empty_log(driver_connection)
    finally:
        driver_connection.close()


def _empty_log(connection: sqlite3.Connection) -> None:
    """Write the write-ahead log to the database and truncate it; waits for readers."""
    until = time.monotonic() + READERS
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > until:
            raise _unfinished(
                "Another process reads from the database, and what it reads from cannot be emptied."
            )
        time.sleep(0.1)


def _unfinished(reason: str) -> WorkspaceError:
    return WorkspaceError(
        reason,
        "Everything else is done. End it, make room, and run `brandfit forget` again, without a name.",
    )
