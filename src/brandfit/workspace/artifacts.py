"""Named, versioned folders of files: each written completely or not at all, with checksums that are verified
before use.

    <root>/<name>/<version>/manifest.json   SHA-256 and size of each file, and info of the maker
    <root>/<name>/<version>/...             the files
    <root>/<name>/current                   the current version

A version is written into a temporary folder, synced and renamed; then ``current`` is replaced. A killed
process leaves the old version, and at most a temporary folder that the next ``put`` removes.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from brandfit.errors import WorkspaceError

MANIFEST = "manifest.json"
STALE = 24 * 3600.0
"""Seconds after which no process is writing to a temporary folder any more."""


def discard(path: Path) -> None:
    """Remove a file or a complete folder. Raises OSError if it cannot be removed: no data stay unnoticed."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def folders_in(root: Path) -> list[Path]:
    """The folders in a folder, sorted, without temporary ones."""
    if not root.is_dir():
        return []
    return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))


def current_of(store: ArtifactStore, name: str) -> str | None:
    """The current version of a name; None if there is none."""
    try:
        return store.current(name)
    except KeyError:
        return None


class ArtifactStore:
    """Folders of one kind, by name and version, below ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(
        self, name: str, version: str, *, files: Mapping[str, Callable[[Path], None]], info: Mapping[str, Any]
    ) -> Path:
        """Write a version by calling each writer with the path of its file; make it the current one."""
        home = self.root / name
        home.mkdir(parents=True, exist_ok=True)
        self._sweep(home)
        temporary = home / f".tmp-{uuid.uuid4().hex}"
        temporary.mkdir()
        try:
            for file, write in files.items():
                write(temporary / file)
            sums: dict[str, Any] = {}
            for file in files:
                path = temporary / file
                sums[file] = {"sha256": sha256(path), "bytes": path.stat().st_size}
            (temporary / MANIFEST).write_bytes(_seal({"files": sums, "info": info}))
            for file in (*files, MANIFEST):
                sync(temporary / file)
            target = home / version
            # The files must be on the disk before the name of their folder is.
            _replace_folder(temporary, target)
            sync(home)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        write_atomic(home / "current", version.encode())
        self._sweep(home, prefix=".tmp-old-", age=0.0)
        return target

    def get(self, name: str, version: str | None = None) -> tuple[Path, dict[str, Any]]:
        """Folder and info of a version (default: the current one), its checksums verified.

        Raises KeyError if there is none, WorkspaceError with the name of a damaged file.
        """
        version = version or self.current(name)
        folder = self.root / name / version
        if not (folder / MANIFEST).is_file():
            raise KeyError(name)
        manifest = _unseal(folder / MANIFEST)
        for file, expected in manifest["files"].items():
            path = folder / file
            # The size is compared first: it is fast, and finds a file that was cut off.
            has_size = path.is_file() and path.stat().st_size == expected["bytes"]
            if not has_size or sha256(path) != expected["sha256"]:
                raise damaged(path)
        return folder, manifest["info"]

    def info(self, name: str) -> dict[str, Any]:
        """Info of the current version, without reading its files."""
        return _unseal(self.root / name / self.current(name) / MANIFEST)["info"]

    def current(self, name: str) -> str:
        """The current version. Raises KeyError if there is none."""
        try:
            return (self.root / name / "current").read_text()
        except FileNotFoundError:
            raise KeyError(name) from None

    def stamp(self, name: str) -> tuple[str, int, int]:
        """A value that differs between all versions, also between two that were written under one version
        name. Raises KeyError if there is no current version."""
        version = self.current(name)
        try:
            manifest = (self.root / name / version / MANIFEST).stat()
        except FileNotFoundError:
            raise KeyError(name) from None
        return version, manifest.st_mtime_ns, manifest.st_ino

    def names(self) -> list[str]:
        """All names that have a current version, sorted."""
        if not self.root.is_dir():
            return []
        return sorted(file.parent.relative_to(self.root).as_posix() for file in self.root.glob("*/current"))

    def versions(self, name: str) -> list[str]:
        """All versions of a name, sorted."""
        return [folder.name for folder in folders_in(self.root / name)]

    def drop(self, name: str, version: str) -> None:
        """Remove one version that is not the current one."""
        shutil.rmtree(self.root / name / version, ignore_errors=True)

    def _sweep(self, home: Path, prefix: str = ".tmp-", age: float = STALE) -> None:
        """Remove temporary folders that are older than ``age`` seconds."""
        for folder in home.glob(f"{prefix}*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - folder.stat().st_mtime >= age:
                    shutil.rmtree(folder, ignore_errors=True)


def _seal(content: Mapping[str, Any]) -> bytes:
    """A manifest: readable JSON with the SHA-256 of its content."""
    encoded = msgspec.json.encode(content)
    digest = hashlib.sha256(encoded).hexdigest().encode()
    return msgspec.json.format(b'{"sha256":"' + digest + b'","content":' + encoded + b"}")


def _unseal(path: Path) -> Any:
    """The content of a manifest. Raises WorkspaceError if it is damaged."""
    try:
        sealed = msgspec.json.decode(path.read_bytes())
        if hashlib.sha256(msgspec.json.encode(sealed["content"])).hexdigest() == sealed["sha256"]:
            return sealed["content"]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        pass
    raise damaged(path)


def write_atomic(path: Path, data: bytes) -> None:
    """Replace a file: a reader sees the old bytes or the new ones, also after a power failure."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(data)
        sync(temporary)
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Write a file, or the list of names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace_folder(temporary: Path, target: Path) -> None:
    """Rename to the target, and replace a folder of that name: it may be damaged, or another process may have
    written the same version meanwhile."""
    for n_retries in reversed(range(10)):
        with contextlib.suppress(FileNotFoundError):
            target.rename(target.parent / f".tmp-old-{uuid.uuid4().hex}")
        try:
            temporary.rename(target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or not n_retries:
                raise
        else:
            return


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def damaged(path: Path) -> WorkspaceError:
    return WorkspaceError(
        f"The file {path} is damaged: its content is not what was written.",
        "Everything but the tables is made from them: delete that folder and make it again (encode, train), "
        "or restore a copy.",
    )
