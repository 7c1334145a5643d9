"""Files of a source that an importer does not read, each with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brandfit.data.importers import _files
from brandfit.messages import clean

NAMED = 20
"""Files that are named with their reason; the others are counted."""
NO_DATA = {"readme.md", "readme.txt", "thumbs.db", "desktop.ini"}
"""Files without data that people and systems leave in folders."""


@dataclass(frozen=True)
class Unread:
    """Files of a source that were not read.

    files          the first ``NAMED`` files with the reason
    n_files        number of all such files
    n_pictures     pictures that no imported post names, which are not among ``files``
    first_picture  one of them
    """

    files: tuple[tuple[str, str], ...] = ()
    n_files: int = 0
    n_pictures: int = 0
    first_picture: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "count": self.n_files + self.n_pictures,
            "files": [{"file": file, "reason": reason} for file, reason in self.files],
            "pictures": self.n_pictures,
        }

    def sentences(self) -> list[str]:
        lines = [f"{file} was not read: {reason}" for file, reason in self.files]
        if self.n_files > len(self.files):
            more = self.n_files - len(self.files)
            lines.append(f"{more:,} more {'file was' if more == 1 else 'files were'} not read.")
        if self.n_pictures:
            are = "picture was" if self.n_pictures == 1 else "pictures were"
            lines.append(
                f"{self.n_pictures:,} {are} not read, because no imported post names them, such as "
                f"{self.first_picture}. Name them in the column images of posts."
            )
        return lines


def unread(
    folder: Path, is_read: Callable[[Path], bool], *, reason: Callable[[str], str], is_picture: bool = False
) -> Unread:
    """The files below a folder that were not read. A source that is one file has none.

    reason      from the path within the folder to a sentence with the reason and what to do
    is_picture  whether pictures are counted apart, because posts name them
    """
    files: list[tuple[str, str]] = []
    n_files, n_pictures, first_picture = 0, 0, ""
    for path in _data_files(folder):
        if is_read(path):
            continue
        name = path.relative_to(folder).as_posix()
        if is_picture and name.lower().endswith(_files.PICTURES):
            n_pictures += 1
            first_picture = first_picture or clean(name)
            continue
        n_files += 1
        if len(files) < NAMED:
            files.append((clean(name), reason(name)))
    return Unread(tuple(files), n_files, n_pictures, first_picture)


def joined(parts: Sequence[Unread]) -> Unread:
    """The files of several sources together."""
    files = [file for part in parts for file in part.files]
    return Unread(
        tuple(files[:NAMED]),
        sum([part.n_files for part in parts]),
        sum([part.n_pictures for part in parts]),
        next((part.first_picture for part in parts if part.first_picture), ""),
    )


def _data_files(folder: Path) -> Iterator[Path]:
    """Files below a folder that may hold data: none that are hidden, and none that systems leave."""
    for path, names in _files.walk(folder) if folder.is_dir() else ():
        parts = path.relative_to(folder).parts
        if any(part.startswith(".") or part == "__MACOSX" for part in parts):
            continue
        for name in names:
            if not name.startswith(".") and name.lower() not in NO_DATA:
                yield path / name
