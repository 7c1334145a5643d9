"""Files of a source that an importer does not read, each with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brandfit.data.importers import _files
from brandfit.messages import clean

NAMED = 20
"""Files that are named with their reason; the others are counted."""
NO_DATA = {"readme.md", "readme.txt", "thumbs.db", "desktop.ini"}
"""Files that people and systems leave in folders and that hold no data."""


@dataclass(frozen=True)
class Unread:
    """What a source holds besides what was read.

    files          the first ``NAMED`` files with the reason
    n_files        all such files
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
    """The files below a folder that were not read. A file in place of a folder has none besides itself.

    reason      from the path within the folder to a sentence with the reason and what to do
    is_picture  whether pictures are counted apart, because posts name them
    """
    files: list[tuple[str, str]] = []
    n_files, n_pictures, first_picture = 0, 0, ""
    for place, names in _files.walk(folder) if folder.is_dir() else ():
        parts = place.relative_to(folder).parts
        if any(part.startswith(".") or part == "__MACOSX" for part in parts):
            continue
        for name in names:
            if name.startswith(".") or name.lower() in NO_DATA or is_read(place / name):
                continue
            shown = clean("/".join((*parts, name)))
            if is_picture and name.lower().endswith(_files.PICTURES):
                n_pictures += 1
                first_picture = first_picture or shown
                continue
            n_files += 1
            if len(files) < NAMED:
                files.append((shown, reason("/".join((*parts, name)))))
    return Unread(tuple(files), n_files, n_pictures, first_picture)
