"""Importing a source into a workspace, whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from brandfit import registry
from brandfit.arguments import checked
from brandfit.compute.processes import process_selected
from brandfit.data import pictures
from brandfit.data.schema import Picture, Reject
from brandfit.errors import DataError
from brandfit.pipeline.candidates import Candidates, bounds, candidates
from brandfit.progress import Progress, advancing
from brandfit.workspace import ErasureReport, Merging, NewPlace, Workspace, new_workspace


@dataclass(frozen=True)
class Imported:
    """What an import did."""

    source: str
    path: str
    fingerprint: str
    changes: Mapping[str, Mapping[str, int]]
    rejects: Sequence[Mapping[str, Any]]
    warnings: Sequence[str]
    seconds: float
    erasure_report: ErasureReport
    """Of accounts that asked to be forgotten."""
    merging: Merging
    """Rows that kept stored values, and values that conflict within the source. ``warnings`` names both."""
    files_not_read: Mapping[str, Any]
    """Files of the source that were not read: count, files with the reason, number of pictures. ``warnings``
    names them."""
    candidates: Candidates
    """Who of the whole workspace is ranked by default, and how many are not."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "import": self.erasure_report.number,
            "source": self.source,
            "path": self.path,
            "fingerprint": self.fingerprint,
            "changes": self.changes,
            "rejects": len(self.rejects),
            "warnings": list(self.warnings),
            "files_not_read": self.files_not_read,
            **self.merging.to_dict(),
            "forgotten": self.erasure_report.to_dict(),
            "candidates": self.candidates.to_dict(),
            "seconds": round(self.seconds, 3),
        }


@checked
def looks_like(path: Path) -> list[str]:
    """The sources (importers) that a folder, or a file in place of one, looks like; that of people's own
    tables where it looks like none, which says what is lacking."""
    return [
        name for name in registry.names("importer") if registry.load("importer", name)().recognises(path)
    ] or ["folder"]


@checked
def recognise(path: str | Path) -> str:
    """The source that it looks like. Raises DataError where there is nothing, and where it looks like
    several."""
    where = Path(path)
    if not where.exists():
        raise DataError(
            f"There is neither a source nor a folder or file {str(path)!r}.",
            f"Sources: {', '.join(registry.names('importer'))}.",
        )
    try:
        found = looks_like(where)
    except OSError as error:
        raise DataError(f"{where} cannot be read: {error.strerror or error}.") from None
    if len(found) > 1:
        raise DataError(
            f"{where} looks like {' and '.join(found)}.",
            f"Say which it is: brandfit import {found[0]} {where}",
        )
    return found[0]


@checked
def import_source(
    workspace: NewPlace,
    source: str,
    path: str | Path | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    strict: bool = False,
    progress: Progress | None = None,
    called: str | None = None,
) -> Imported:
    """Import a source (``brandfit list importers``) into a workspace, whole or not at all; a path without a
    workspace gets one.

    Bad rows are rejected and reported, and the rest is imported; with ``strict`` the first one stops the
    import with a DataError and nothing is written. Importing the same source again changes nothing; changed
    rows are updated; a value that the source does not state replaces no stored value. Accounts that asked to
    be forgotten are left out, and so is every mention of them.

    progress    called with the number of bytes read, of all
    called  what the source is known as, unless by its path: rejects of its last import are replaced, and name
            files within it
    """
    if not isinstance(workspace, Workspace):
        with new_workspace(workspace) as made:
            return import_source(
                made, source, path=path, settings=settings, strict=strict, progress=progress, called=called
            )
    cls = registry.load("importer", source)
    importer = cls(cls.Config.from_settings(settings or {}))
    importer.stored_roles = workspace.roles()
    where = Path(path) if path is not None else Path(".")
    started = time.perf_counter()

    advance = advancing(progress, importer.total(where)) if progress else (lambda _n_bytes: None)
    found = importer.read(where, advance)

    def records() -> Iterator[Any]:
        for record in process_selected(
            pictures.imported, found, only=Picture, size=lambda p: len(p.data), failed=_refused
        ):
            if strict and isinstance(record, Reject):
                raise DataError(
                    f"{record.file}, line {record.line}: {record.reason}.",
                    "Nothing was imported. Mend the row, or import without --strict to leave bad rows out.",
                )
            yield _relative_reject(record, where) if called and isinstance(record, Reject) else record

    label = f"{source} {called or (where.resolve() if path is not None else '')}".strip()
    left_out, merging = ErasureReport(), Merging()
    changes = workspace.write(label, records(), left_out, merging=merging)
    return Imported(
        source=source,
        path=called or str(where) if path is not None else "",
        fingerprint=workspace.fingerprint,
        changes=changes,
        rejects=workspace.rejects(of=left_out.number),
        warnings=(*importer.warnings, *importer.unread.sentences(), *merging.sentences()),
        seconds=time.perf_counter() - started,
        erasure_report=left_out,
        merging=merging,
        files_not_read=importer.unread.to_dict(),
        candidates=candidates(workspace.dataset(), None, partners=True, within=bounds(None, None)),
    )


def _relative_reject(reject: Reject, folder: Path) -> Reject:
    """With the name of its file as seen from the folder."""
    file = Path(reject.file)
    return (
        msgspec.structs.replace(reject, file=file.relative_to(folder).as_posix())
        if file.is_relative_to(folder)
        else reject
    )


def _refused(picture: Picture, reason: str) -> Reject:
    return Reject(picture.file, picture.line, f"picture {picture.source}: decoding it {reason}")
