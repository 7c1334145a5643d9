"""Files of a source: found and read without leaving its folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from brandfit.data.schema import Reject
from brandfit.errors import DataError
from brandfit.messages import path_text

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif")
LARGEST_PICTURE = 64 << 20
"""Bytes."""


def folder(path: Path) -> Path:
    """The path itself. Raises DataError if it is not a folder."""
    if not path.is_dir():
        kind = "a file" if path.exists() else "nothing"
        raise DataError(
            f"{path_text(path)}: expected a folder, found {kind}.",
            "Give the folder that holds the files of the source.",
        )
    return path


def first_of(path: Path, *names: str) -> Path | None:
    """The first of these regular files that the folder holds."""
    return next((path / name for name in names if is_file(path / name)), None)


def is_file(path: Path) -> bool:
    """Whether it is a regular file. Reading a pipe or a device may never end."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def size_of(path: Path) -> int:
    """Bytes of a file; 0 if they cannot be read."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """(folder, sorted names of its regular files), the root first; links that lead out of the root are left
    out."""
    home = root.resolve()
    for path, folders, files in os.walk(root):
        folders.sort()  # in place: os.walk goes on in this order
        folder = Path(path)
        names = [name for name in files if is_file(folder / name) and inside(home, folder / name)]
        yield folder, sorted(names)


def inside(home: Path, path: Path) -> bool:
    """Whether a path, its links followed, stays within ``home`` (itself resolved)."""
    try:
        return path.resolve().is_relative_to(home)
    except (OSError, ValueError, RuntimeError):
        return False


def read(path: Path, largest: int) -> bytes | Reject:
    """The bytes of a file of at most ``largest`` bytes, or a Reject with the reason."""
    try:
        with open(path, "rb") as file:
            data = file.read(largest + 1)
    except OSError as error:
        return Reject(path_text(path), 1, f"the file cannot be read: {error.strerror or error}")
    if len(data) > largest:
        return Reject(path_text(path), 1, f"the file is larger than {largest >> 20} MiB")
    return data
