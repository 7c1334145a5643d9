"""Importing a source into a workspace, completely or not at all."""

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
from brandfit.data.dataset import Dataset
from brandfit.data.endorsements import derive
from brandfit.data.import_bounds import SCOPE, ImportBounds, OutOfBounds, out_of_bounds, within_bounds
from brandfit.data.schema import Picture, Reject
from brandfit.errors import DataError
from brandfit.pipeline.candidates import Candidates, bounds, candidates
from brandfit.pipeline.settings import scope
from brandfit.progress import Progress, advancing
from brandfit.workspace import (
    ErasureReport,
    Merging,
    NewPlace,
    Place,
    Undone,
    Workspace,
    as_workspace,
    new_workspace,
)

TABLES = "folder"
"""The importer of tables that people made themselves. It reports what a folder lacks."""


@dataclass(frozen=True)
class Imported:
    """The result of an import."""

    source: str
    path: str
    fingerprint: str
    changes: Mapping[str, Mapping[str, int]]
    rejects: Sequence[Mapping[str, Any]]
    warnings: Sequence[str]
    seconds: float
    erasure_report: ErasureReport
    """Rows of accounts that were erased and that the source contains again."""
    merging: Merging
    """Rows that kept stored values, and values that conflict within the source. ``warnings`` names both."""
    files_not_read: Mapping[str, Any]
    """Files of the source that were not read: count, files with the reason, number of pictures. ``warnings``
    names them."""
    candidates: Candidates
    """The influencers of the workspace that are ranked by default, and the others, counted."""
    sheets: Sequence[Mapping[str, Any]] = ()
    """What was done with each sheet of a source of tables: tables, rows, cells that count as unknown, columns
    that were not used, questions. ``warnings`` names all of it."""
    out_of_bounds: OutOfBounds | None = None
    """The influencers that the settings ``keep.NAME`` left out; None without these."""

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
            "sheets": list(self.sheets),
            **({"out_of_bounds": self.out_of_bounds.to_dict()} if self.out_of_bounds else {}),
            "seconds": round(self.seconds, 3),
        }


@checked
def looks_like(path: Path) -> list[str]:
    """The sources (importers) that recognise a folder or a file; the importer of people's own tables if none
    does, because its errors name what is missing."""
    # Every importer judges for itself.
    sources = [
        name for name in registry.names("importer") if registry.load("importer", name)().recognises(path)
    ]
    return sources or [TABLES]


@checked
def recognise(path: str | Path) -> str:
    """The source that a folder or a file looks like. Raises DataError if there is nothing, if it cannot be
    read, or if it looks like several sources."""
    folder = Path(path)
    if not folder.exists():
        raise DataError(
            f"There is neither a source nor a folder or file {str(path)!r}.",
            f"Sources: {', '.join(registry.names('importer'))}.",
        )
    try:
        sources = looks_like(folder)
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror or error}.") from None
    if len(sources) > 1:
        raise DataError(
            f"{folder} looks like {' and '.join(sources)}.",
            f"Say which it is: brandfit import {sources[0]} {folder}",
        )
    return sources[0]


@checked
def import_source(
    workspace: NewPlace,
    source: str,
    path: str | Path | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    strict: bool = False,
    prune: bool = False,
    progress: Progress | None = None,
    called: str | None = None,
) -> Imported:
    """Import a source (``brandfit list importers``) into a workspace, completely or not at all. A path
    without a workspace becomes a new one.

    Rejected rows are reported, and the others are imported. A second import of the same source changes
    nothing. Changed rows are updated, but a value that the source does not state replaces no stored value.
    Erased accounts are left out, and so is every mention of them.

    settings  of the importer; ``keep.min_followers``, ``keep.max_followers``, ``keep.min_posts`` and
              ``keep.max_posts`` leave influencers out (``data.import_bounds``); the source is then read twice
    prune     remove rows that the earlier import of the same source stated, and that no source states now
    strict    the first rejected row raises DataError, and nothing is written
    progress  called with the number of bytes that were read, and the total
    called    name of the source, in place of its path: the rejects of its previous import are replaced, and
              name files relative to it
    """
    if not isinstance(workspace, Workspace):
        with new_workspace(workspace) as opened:
            return import_source(
                opened,
                source,
                path=path,
                settings=settings,
                strict=strict,
                prune=prune,
                progress=progress,
                called=called,
            )
    cls = registry.load("importer", source)
    keep, own_settings = split_bounds(settings)
    config = cls.Config.from_settings(own_settings)
    importer = cls(config)
    # An importer may have to know whether an account is stored as a brand or an influencer.
    importer.stored_roles = workspace.roles()
    importer.stored_accounts = workspace.account_ids()
    importer.stored_posts = workspace.post_ids
    importer.stored_pictures = workspace.posts_by_picture_file
    importer.stored_mappings = workspace.mappings
    importer.role_names = workspace.role_names
    importer.strict = strict
    folder = Path(path) if path is not None else Path(".")
    started = time.perf_counter()
    advance = advancing(progress, importer.total(folder)) if progress else (lambda _n_bytes: None)
    read = importer.read(folder, advance)
    left_out = None
    if keep.is_set:
        # Read once before, by an importer of its own: posts may precede the account that they belong to.
        first = cls(config)
        first.stored_roles, first.role_names = importer.stored_roles, importer.role_names
        first.stored_accounts, first.stored_mappings = importer.stored_accounts, importer.stored_mappings
        left_out = out_of_bounds(first.read(folder, lambda _n_bytes: None), keep, workspace.roles())
        read = within_bounds(read, left_out)
    records = _records(read, strict=strict, folder=folder if called else None)
    # Rejects of an earlier import with the same label are replaced.
    where = " ".join([str(folder.resolve()), *own_settings.get("also", ())]) if path is not None else ""
    label = f"{source} {called or where}".strip()
    # ``write`` fills both reports while it reads the records.
    erasure_report, merging = ErasureReport(), Merging()
    # A row that is rejected again is among the new rejects.
    changes = workspace.write(
        label, records, erasure_report, merging=merging, corrected=importer.corrected, prune=prune
    )
    if importer.used_mappings:
        workspace.set_mappings({**workspace.mappings, **importer.used_mappings})
    n_corrected = sum(importer.corrected.values())
    dataset = workspace.dataset()
    unused = _unused_pairs(dataset) if changes.get("links", {}).get("added") else ()
    return Imported(
        source=source,
        path=called or str(folder) if path is not None else "",
        fingerprint=workspace.fingerprint,
        changes=changes,
        rejects=workspace.rejects(of=erasure_report.number),
        warnings=(
            *importer.warnings,
            *importer.unread.sentences(),
            *merging.sentences(),
            *unused,
            *(left_out.sentences() if left_out else ()),
            *([f"{n_corrected:,} rows that were rejected earlier came in corrected."] if n_corrected else ()),
        ),
        seconds=time.perf_counter() - started,
        erasure_report=erasure_report,
        merging=merging,
        files_not_read=importer.unread.to_dict(),
        # Of the whole workspace, not only of this source.
        sheets=[report.to_dict() for report in importer.reports],
        candidates=candidates(dataset, None, partners=True, within=bounds(None, None)),
        out_of_bounds=left_out,
    )


@checked
def import_vectors(
    workspace: Place,
    file: str | Path,
    name: str,
    *,
    slot: str,
    level: str | None = None,
    ids_file: str | Path | None = None,
) -> Imported:
    """Import vectors of posts or accounts from a file (``data.importers.vectors``) as Features that fill a
    slot. Vectors in memory: ``Features`` and ``Workspace.save``.

    level     "post" or "account"; None: by the ids that the workspace knows
    ids_file  file of ids; None: those in the file, or in a file beside it

    Rows that cannot be used are left out and counted in ``warnings``. Raises DataError for a file without
    vectors or without a known id.
    """
    given = {"name": name, "slot": slot, "level": level or "", "ids": str(ids_file or "")}
    settings = {setting: value for setting, value in given.items() if value}
    return import_source(as_workspace(workspace), "vectors", path=file, settings=settings)


@checked
def undo(workspace: Place, number: int | None = None) -> Undone:
    """Take back the last import of a workspace: rows that it added go, rows that it changed or removed are as
    before. Features, models and annotations stay; ``outdated`` says what is older than the rows then.

    number  of the import that is meant (``Imported.erasure_report.number``, or "import" in JSON)

    Raises WorkspaceError if there is no import to take back: only the last one can be, once, and not after an
    account was forgotten. Also if ``number`` is not that of the last import.
    """
    return as_workspace(workspace).undo(number)


def split_bounds(settings: Mapping[str, Any] | None) -> tuple[ImportBounds, dict[str, Any]]:
    """The bounds of an import (``keep.NAME``), and the settings of the importer."""
    keep = ImportBounds.from_settings(scope(settings, SCOPE), f"{SCOPE}.")
    if keep.max_followers:
        keep.ordered("min_followers", "max_followers")
    if keep.max_posts:
        keep.ordered("min_posts", "max_posts")
    own = {name: value for name, value in (settings or {}).items() if not name.startswith(f"{SCOPE}.")}
    return keep, own


def _unused_pairs(dataset: Dataset) -> tuple[str, ...]:
    """A sentence on pairs that posts state and that are not used, because the workspace has stated
    endorsements: endorsements are derived from posts only if no source states one."""
    stated = dataset.links_of_kinds("endorses").num_rows
    if not stated:
        return ()
    derived = derive(dataset.with_links([], replacing="endorses"))
    unused: list[tuple[str, str]] = []
    for brand, influencers in sorted(derived.partners.items()):
        not_stated = sorted(influencers - dataset.partners.get(brand, set()))
        unused += [(brand, influencer) for influencer in not_stated]
    if not unused:
        return ()
    brand, influencer = unused[0]
    return (
        f"The workspace has {stated:,} stated endorsements, so partnerships are not derived from posts: "
        f"{len(unused):,} pairs that posts state are not used, for example {brand} with {influencer}.",
    )


def _records(records: Iterator[Any], *, strict: bool, folder: Path | None) -> Iterator[Any]:
    """The records of an importer, with pictures decoded in several processes.

    folder  rejects name files relative to it; None: as the importer names them
    """
    decoded = process_selected(
        pictures.imported, records, only=Picture, size=lambda picture: len(picture.data), failed=_undecodable
    )
    for record in decoded:
        if not isinstance(record, Reject):
            yield record
            continue
        if strict:
            raise DataError(
                f"{record.file}, line {record.line}: {record.reason}.",
                "Nothing was imported. Correct the row, or import without --strict to leave bad rows out.",
            )
        yield _relative_reject(record, folder) if folder is not None else record


def _relative_reject(reject: Reject, folder: Path) -> Reject:
    """The reject with the name of its file relative to the folder, if it is inside."""
    file = Path(reject.file)
    if not file.is_relative_to(folder):
        return reject
    return msgspec.structs.replace(reject, file=file.relative_to(folder).as_posix())


def _undecodable(picture: Picture, reason: str) -> Reject:
    return Reject(picture.file, picture.line, f"picture {picture.source}: decoding it {reason}")
