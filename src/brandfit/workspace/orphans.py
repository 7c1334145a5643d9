"""Encoded contents and old Features without a reference: found, counted with their size, and removed.

An encoder stores its encoded contents in ``units/<maker>``. The maker is a hash of its code, settings and
weights; if one of them changes, the old folder is never read again. Such a folder is an orphan if

* no current Features were made by this maker, and nothing was written to the folder in the last hour (it may
  be in use), and
* its note names an encoder that learns nothing and that has another maker today with the same settings;
* or its note is the same as that of current Features that were made later: the encoder has learned from other
  rows since;
* or there is no note, and no Features at all were made by this maker.

Older Features of that maker go with it, and so do older Features of an encoder of which no contents are left.
A folder about which the rules cannot decide stays, for example if the encoder is not installed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brandfit import registry
from brandfit.errors import BrandfitError
from brandfit.workspace.artifacts import MANIFEST, ArtifactStore, current_of, discard, folders_in
from brandfit.workspace.workspace import Workspace

SETTLED = 3600.0
"""Seconds without a write after which no process is encoding into a folder any more."""


@dataclass(frozen=True)
class Orphan:
    """The folders of one maker.

    name     the encoder or profiler, '' if unknown
    folders  relative to the workspace, in the order in which they are to be removed
    bytes    size of all files in them
    """

    name: str
    folders: tuple[str, ...]
    bytes: int


@dataclass(frozen=True)
class _Version:
    """One version of some Features."""

    name: str
    maker: str
    folder: Path
    current: bool
    last_write: float


def find(workspace: Workspace, name: str | None = None) -> list[Orphan]:
    """Orphans of all encoders and profilers, or of the one of this name."""
    versions = list(_versions(workspace))
    current = {version.maker: version for version in versions if version.current}
    called = {version.maker: version.name for version in versions}
    units = {home.name: home for home in folders_in(workspace.path / "units")}
    noted = {maker: workspace.maker(maker) for maker in units}
    gone: dict[str, list[Path]] = {}
    for maker, home in units.items():
        about = noted[maker]
        if (
            name not in (None, _name(about))
            or maker in current
            or time.time() - (written := _last_write_time(home)) < SETTLED
        ):
            continue
        later = any(noted.get(m) == about and version.last_write > written for m, version in current.items())
        if later or _has_other_key(about, maker) if about else maker not in called:
            gone[maker] = [home]
    for version in versions:
        bare = name in (None, version.name) and _bare(version, units)
        if not version.current and (version.maker in gone or bare):
            # Features before contents: the note of the contents names the encoder.
            gone.setdefault(version.maker, []).insert(0, version.folder)
    orphans = []
    for maker, folders in gone.items():
        orphan_name = _name(noted.get(maker, {})) or called.get(maker, "")
        orphans.append(_orphan(workspace, orphan_name, folders))
    return orphans


def remove(workspace: Workspace, found: Iterable[Orphan]) -> None:
    """Remove orphans for good."""
    for orphan in found:
        for folder in orphan.folders:
            discard(workspace.path / folder)


def counts(found: Iterable[Orphan]) -> dict[str, int]:
    """``folders`` and ``bytes`` of these."""
    n_folders, n_bytes = 0, 0
    for orphan in found:
        n_folders += len(orphan.folders)
        n_bytes += orphan.bytes
    return {"folders": n_folders, "bytes": n_bytes}


def total(found: Iterable[Orphan]) -> str:
    """Number, size and names of orphans in words.

    >>> one = Orphan("concept.bag", ("units/1", "features/concept.bag/1-2"), 1_500_000)
    >>> total([one, Orphan("", ("units/2",), 0)])
    '3 folders, 1.5 MB: concept.bag, not known'
    """
    listed = list(found)
    folders, size = counts(listed).values()
    of = ", ".join(sorted({orphan.name or "not known" for orphan in listed}))
    return f"{folders:,} folder{'' if folders == 1 else 's'}, {size / 1e6:,.1f} MB: {of}"


def _versions(workspace: Workspace) -> Iterator[_Version]:
    shelf = ArtifactStore(workspace.path / "features")
    for home in folders_in(shelf.root):
        current = current_of(shelf, home.name)
        for version in shelf.versions(home.name):
            manifest = home / version / MANIFEST
            written = manifest.stat().st_mtime if manifest.is_file() else 0.0
            yield _Version(
                name=home.name,
                maker=version.partition("-")[0],
                folder=home / version,
                current=version == current,
                last_write=written,
            )


def _has_other_key(about: dict[str, Any], maker: str) -> bool:
    """Whether the encoder that this note names learns nothing and has another maker today."""
    if about.get("encoder") not in registry.names("encoder"):
        return False
    try:
        cls = registry.load("encoder", about["encoder"])
        encoder = cls(cls.Config.from_settings(about["config"]))
        return bool(encoder.stateless and encoder.maker != maker)
    except (BrandfitError, OSError, KeyError):
        return False  # its extra is not installed, or a file that it reads is not there


def _bare(version: _Version, units: dict[str, Path]) -> bool:
    """Whether these are Features of an encoder whose contents are all removed."""
    return (
        version.maker not in units
        and version.name in registry.names("encoder")
        and time.time() - version.last_write > SETTLED
    )


def _name(about: dict[str, Any]) -> str:
    return str(about.get("encoder") or about.get("profiler") or "")


def _last_write_time(home: Path) -> float:
    """When something was last written to a folder, in seconds since 1970."""
    return max(path.stat().st_mtime for path in (home, *home.iterdir()))


def _orphan(workspace: Workspace, name: str, folders: list[Path]) -> Orphan:
    size = sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())
    return Orphan(name, tuple(folder.relative_to(workspace.path).as_posix() for folder in folders), size)
