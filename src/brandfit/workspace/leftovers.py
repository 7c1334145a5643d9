"""What is made from rows and still holds somebody who was taken out of them: found in every folder of a
workspace, and removed.

Each step may be done again at any time and goes by what is there, not by what a step before it did: a
forgetting that was killed is finished by doing all of them once more.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from safetensors.numpy import load as load_tensors

from brandfit import registry
from brandfit.data import categories
from brandfit.errors import BrandfitError, WorkspaceError
from brandfit.workspace import forgotten, tables
from brandfit.workspace.artifacts import ArtifactStore
from brandfit.workspace.forgotten import Traces
from brandfit.workspace.workspace import DATABASE, Workspace, read_contents

AT_ONCE = 16 * 2**20
"""Bytes of a file that are searched at once."""
READERS = 30.0
"""Seconds that others get to finish reading, before the log that they read from is emptied."""
OWN = ("experiments", "training", "units", "tables", "features", "models")
"""Folders in which everything is made from rows, and can be made again."""


@dataclass
class Cleaned:
    """What was done beside the rows.

    features   name to rows taken out of Features that stay
    dropped    names of Features that could not stay, and why
    units      encoded contents taken out of the store of encoders
    models     rankers whose model could not stay, and why
    weights    rankers whose weights have learned from them too, and hold nothing else of them
    files      other files that went away
    foreign    files of others in the folder that hold something, and what; they are left as they are
    """

    features: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    units: int = 0
    models: dict[str, str] = field(default_factory=dict)
    weights: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    foreign: dict[str, str] = field(default_factory=dict)


def clean_features(workspace: Workspace, traces: Traces, *, known: Collection[str], cleaned: Cleaned) -> None:
    """Take rows of nobody who is here out of Features; drop those of which a column names somebody, and older
    ones of both kinds.

    known  ids of all accounts and posts that there are
    """
    shelf = ArtifactStore(workspace.path / "features")
    for home in folders_in(shelf.root):
        name = home.name
        current, told = current_of(shelf, name), _teller(name, traces)
        for version in shelf.versions(name):
            reason, gone, silent = _version_check(shelf, name, version=version, known=known, told=told)
            if version == current and not reason and (gone.any() or silent):
                if gone.any():
                    cleaned.features[name] = cleaned.features.get(name, 0) + int(gone.sum())
                kept = forgotten.without(workspace.load(name, version), gone)  # type: ignore[arg-type]  # it was read just now
                workspace.save(kept)
                if kept.key != version and kept.key:
                    discard(home / version)
            elif version == current and reason:
                drop_features(workspace, name, reason=reason, cleaned=cleaned)
                break
            elif reason or gone.any() or silent:
                discard(home / version)


def drop_features(workspace: Workspace, name: str, *, reason: str, cleaned: Cleaned) -> None:
    """Remove all Features of a name."""
    home = workspace.path / "features" / name
    (home / "current").unlink(missing_ok=True)  # first: there is none of a name that has no current version
    discard(home)
    cleaned.features.pop(name, None)
    cleaned.dropped[name] = reason


def clean_models(workspace: Workspace, traces: Traces, cleaned: Cleaned) -> None:
    """Drop models that hold rows of accounts, that name somebody, or that read Features which are no longer
    here."""
    shelf, found = ArtifactStore(workspace.path / "models"), traces.finder()
    for home in folders_in(shelf.root):
        current = current_of(shelf, home.name)
        for version in shelf.versions(home.name):
            reason = _why_not(workspace, shelf, name=home.name, version=version, traces=traces, found=found)
            if reason and version == current:
                (home / "current").unlink(missing_ok=True)
                cleaned.models[home.name] = reason
            if reason or version != current:
                discard(home / version)
        if home.name in cleaned.models:
            discard(home)
        elif current is not None and traces.learned and home.name not in cleaned.weights:
            cleaned.weights.append(home.name)


def clean_units(workspace: Workspace, wanted: Mapping[str, np.ndarray], cleaned: Cleaned) -> None:
    """Keep of what was encoded only contents that there still are.

    wanted  maker to (n,) V16 hashes of its contents; what a maker encoded that is not named goes away
    """
    for home in folders_in(workspace.path / "units"):
        hashes = wanted.get(home.name)
        for file in sorted(home.glob("*.safetensors")):
            data = file.read_bytes()
            sound = hashlib.sha256(data).hexdigest()[:32] == file.stem
            chunk = load_tensors(data) if sound else {"hashes": np.zeros((0, 16), np.uint8)}
            have = np.ascontiguousarray(chunk["hashes"]).view("V16").ravel()
            here = np.isin(have, hashes) if hashes is not None else np.zeros(len(have), bool)
            if here.all() and len(here):
                continue
            if here.any():
                workspace.add_units(home.name, chunk["hashes"][here], chunk["values"][here])
            file.unlink()
            cleaned.units += int((~here).sum())
        if hashes is None:
            discard(home)


def clean_folders(workspace: Workspace, traces: Traces, cleaned: Cleaned) -> None:
    """Remove other versions of the tables, checkpoints, reports of other rows, and temporary files."""
    for home in OWN:
        for left in sorted((workspace.path / home).rglob(".*")):
            discard(left)
    if traces.changed:
        discard(workspace.path / "training")  # of other rows: no training takes them up again
        reports = sorted((workspace.path / "experiments").glob("*.msgpack"))
        for file in reports:
            file.unlink(missing_ok=True)
        cleaned.files += [str(file.relative_to(workspace.path)) for file in reports]
    shelf = ArtifactStore(workspace.path / "tables")
    for version in shelf.versions("rows"):
        if version != workspace.fingerprint:
            discard(shelf.root / "rows" / version)


def search_folder(
    workspace: Workspace, traces: Traces, *, cleaned: Cleaned, seen: Collection[str] = ()
) -> None:
    """Look through every other file of the folder, byte by byte; own ones that hold something go away, others
    are named.

    seen  files and folders of the workspace that somebody else has gone through
    """
    handles = {handle.lower().encode() for handle in traces.handles}
    lines = {line.encode() for line in traces.lines}
    wanted = {"the handle": handles, "what they wrote": lines, "a picture of theirs": set(traces.pictures)}
    for file in sorted(p for p in workspace.path.rglob("*") if p.is_file() and not p.is_symlink()):
        inside = file.relative_to(workspace.path)
        if inside.parts[0] in ("tables", "features", "models") or inside.name.startswith(DATABASE):
            continue  # gone through field by field already
        if inside.parts[0] in seen:
            continue
        if inside.parts[0] == "units" and file.suffix == ".safetensors":
            continue  # hashes and numbers
        held = (
            "the handle, in its name"
            if any(h in str(inside).lower().encode() for h in handles)
            else _held(file, wanted)
        )
        if not held:
            continue
        if inside.parts[0] in OWN:
            file.unlink(missing_ok=True)
            cleaned.files.append(str(inside))
        else:
            cleaned.foreign[str(inside)] = held


def compact(database: Path) -> None:
    """Write a database anew, without what lay in pages that nothing uses any more, and empty its log.

    Raises WorkspaceError where others are in the way; it can be done again.
    """
    connection = sqlite3.connect(database, timeout=READERS, isolation_level=None)
    try:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA temp_store=FILE")
        connection.execute("VACUUM")
        empty_log(connection)
    except sqlite3.OperationalError as error:
        raise unfinished(f"The database could not be written anew: {error}.") from None
    finally:
        connection.close()


def finish(workspace: Workspace, traces: Traces) -> None:
    """Take away the note of what was to be found, and its bytes: the last step. One that another added to
    stays for it."""
    with tables.writing(workspace.engine) as connection:
        if forgotten.pending(connection) == traces:
            connection.execute(tables.meta.delete().where(tables.meta.c.key == forgotten.PENDING))
    connection = sqlite3.connect(workspace.path / DATABASE, timeout=READERS, isolation_level=None)
    try:
        empty_log(connection)
    finally:
        connection.close()


def empty_log(connection: sqlite3.Connection) -> None:
    """Bring the write-ahead log into the database and cut it to nothing; waits for those who read from it."""
    until = time.monotonic() + READERS
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > until:
            raise unfinished(
                "Another process reads from the database, and what it reads from cannot be emptied."
            )
        time.sleep(0.1)


def unfinished(what: str) -> WorkspaceError:
    return WorkspaceError(
        what, "Everything else is done. End it, make room, and run `brandfit forget` again, without a name."
    )


def _version_check(
    shelf: ArtifactStore, name: str, *, version: str, known: Collection[str], told: Callable[[Any], bool]
) -> tuple[str, np.ndarray, bool]:
    """Why a version of Features cannot stay, '' where it can; (n,) which of its rows must go; whether an id
    without a row must."""
    try:
        folder, info = shelf.get(name, version)
    except (KeyError, WorkspaceError):
        return "it was damaged", np.zeros(0, bool), False
    ids = msgspec.msgpack.decode((folder / "ids.msgpack").read_bytes())
    if told(info["columns"]):
        return "a column is named after what is to be forgotten", np.zeros(0, bool), False
    contents = read_contents(folder)
    silent = contents is not None and not all(id in known for id in contents.silent.tolist())
    return "", np.array([id not in known for id in ids], bool), silent


def _teller(name: str, traces: Traces) -> Callable[[Any], bool]:
    """Whether columns of Features of this name tell of somebody: those that are learned from what accounts
    write, or imported."""
    if name in registry.names("encoder"):
        return (
            traces.finder(words=True)
            if registry.load("encoder", name).learned_columns
            else lambda _columns: False
        )
    return (
        (lambda _columns: False)
        if name.removesuffix(".posts") in registry.names("profiler")
        else traces.finder()
    )


def _why_not(
    workspace: Workspace,
    shelf: ArtifactStore,
    *,
    name: str,
    version: str,
    traces: Traces,
    found: Callable[[Any], bool],
) -> str:
    """Why a model cannot stay, '' where it can."""
    try:
        folder, info = shelf.get(name, version)
        arrays = load_tensors((folder / "model.safetensors").read_bytes())
    except (KeyError, WorkspaceError):
        return "it was damaged"
    read = [features for features, _ in info.get("reads", {}).values()]
    if _keeps_rows(name) and (traces.learned or (traces.has_comments and any(map(hears, read)))):
        return "it holds what accounts post, in numbers"
    whole = b"\n".join(array.tobytes() for array in arrays.values() if array.dtype.kind in "iub").lower()
    if (
        found(info)
        or found(list(arrays))
        or any(handle.lower().encode() in whole for handle in traces.handles)
    ):
        return "it names what is to be forgotten"
    for slot, (features, dim) in info.get("reads", {}).items():
        if slot == categories.SLOT and features == categories.STATED:
            continue  # stated categories are rows
        if slot == categories.SLOT and features in workspace.feature_names():
            # Predictions that stated categories were added to have other columns than those that are stored.
            continue
        if features not in workspace.feature_names() or workspace.feature_info(features)["dim"] != dim:
            return f"it reads {features} as {slot}, which are no longer here"
    return ""


def hears(features: str) -> bool:
    """Whether the rows of these Features are made of what others say."""
    return features in registry.names("encoder") and bool(registry.load("encoder", features).reads_others)


def _keeps_rows(ranker: str) -> bool:
    try:
        return bool(registry.load("ranker", ranker).keeps_rows)
    except BrandfitError:
        return True  # nobody knows what it holds


def _held(file: Path, wanted: Mapping[str, Collection[bytes]]) -> str:
    """What of it a file holds, '' for nothing."""
    exact = wanted["a picture of theirs"]
    sought = {what: _any(pieces) for what, pieces in wanted.items() if pieces}
    overlap = max((len(piece) for pieces in wanted.values() for piece in pieces), default=0)
    try:
        for block in blocks(file, overlap):
            lower = block.lower()
            for what, pattern in sought.items():
                if pattern.search(block if wanted[what] is exact else lower):
                    return what
    except OSError as error:
        return f"nobody knows what: it cannot be read ({error.strerror})"
    return ""


def _any(pieces: Collection[bytes]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(map(re.escape, sorted(pieces, key=len, reverse=True))))


def blocks(file: Path, overlap: int) -> Iterator[bytes]:
    """The bytes of a file, a block at a time, each beginning with the end of the one before."""
    tail = b""
    with file.open("rb") as opened:
        while read := opened.read(AT_ONCE):
            yield tail + read
            tail = (tail + read)[-overlap:] if overlap else b""


def discard(path: Path) -> None:
    """A file or folder, whole; an OSError where it cannot be removed: nothing is left in silence."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def folders_in(root: Path) -> list[Path]:
    return (
        sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
        if root.is_dir()
        else []
    )


def current_of(shelf: ArtifactStore, name: str) -> str | None:
    try:
        return shelf.current(name)
    except KeyError:
        return None


def make_room(path: Path) -> None:
    """Raises WorkspaceError where the disk has no room for a second copy of the database."""
    database = path / DATABASE
    free = shutil.disk_usage(path).free
    if free < 1.1 * os.path.getsize(database):
        raise WorkspaceError(
            f"Forgetting writes the database anew, and there are only {free / 2**20:,.0f} MiB free in "
            f"{path}.",
            "Make room for a second copy of brandfit.sqlite, then try again. Nothing was changed.",
        )
