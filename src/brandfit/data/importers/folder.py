"""folder: tables that people and tools make: accounts, posts, endorsements, comments, and pictures as files.

    accounts      brands and influencers: a column of handles or of links to profiles is needed
    posts         what they posted; kind "brief" is a brand's wish
    endorsements  which influencer has worked with which brand
    comments      who commented under which post

One file, several, a folder, a workbook with several sheets or an archive. What a table holds is recognised by
its columns and their values, not by its file name. ``data.tables.columns`` describes the columns;
``write_template`` writes a folder to start from.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from brandfit import config
from brandfit.data.importers import _unread
from brandfit.data.importers._template import write_template
from brandfit.data.importers.base import Importer
from brandfit.data.schema import Record
from brandfit.data.tables.columns import COLUMNS, columns_as_markdown
from brandfit.data.tables.mapping import check_entries, unknown_headers
from brandfit.data.tables.records import Stored
from brandfit.data.tables.source import SourceReader, TableSource, header_digest, table_source
from brandfit.errors import UsageError
from brandfit.messages import clean, quoted
from brandfit.progress import Advance

__all__ = ["COLUMNS", "Folder", "columns_as_markdown", "write_template"]


class FolderConfig(config.Config, frozen=True):
    map: Annotated[
        list[str],
        Meta(description="what columns mean: COLUMN=HEADER, such as followers=Abonnenten"),
    ] = []
    also: Annotated[list[str], Meta(description="further files and folders of the same import")] = []
    mapping: Annotated[
        str, Meta(description="file with such entries, one a line; new entries are added to it")
    ] = ""


class Folder(Importer):
    """Your own tables and pictures."""

    Config = FolderConfig
    config: FolderConfig

    def recognises(self, path: Path) -> bool:
        """Whether one of the files has the name of a table. Other files are recognised by what they hold if
        no other importer knows them."""
        try:
            files = list(path.iterdir()) if path.is_dir() else [path]
        except OSError:
            return False
        return any(file.name.lower().startswith("accounts.") for file in files)

    def total(self, path: Path) -> int:
        return sum(one.sheet.size for one in self.source(path).read)

    def source(self, path: Path) -> TableSource:
        """The sheets of the source and what their columns mean."""
        paths = [path, *map(Path, self.config.also)]
        return table_source(paths, self.entries(), stored=self.stored_mappings, names=self.role_names)

    def entries(self) -> list[str]:
        """The entries of the mapping: those of its file, then those of the setting ``map``."""
        entries = [*_file_entries(self.config.mapping), *self.config.map]
        check_entries(entries)
        return entries

    def read(self, path: Path, advance: Advance) -> Iterator[Record]:
        source = self.source(path)
        # An entry that fits no table is a slip of the user.
        entries = self.entries()
        headers = [header for one in source.planned for header in one.sheet.header]
        for entry in unknown_headers(entries, headers):
            known = ", ".join(dict.fromkeys(clean(header) for header in headers if header.strip()))
            raise UsageError(f"{quoted(entry)}: there is no such header.", f"Headers: {known[:1000]}.")
        source.raise_if_blocked()
        stored = Stored(self.stored_roles, self.stored_accounts)
        reader = SourceReader(source, stored, names=self.role_names, strict=self.strict)
        yield from reader.records(advance)
        self.reports = reader.reports
        self.warnings = reader.notes() + _missing(source)
        self.corrected.update(reader.corrected)
        self.used_mappings = _remembered(source)
        self.unread = self._unread(source, reader)
        _append_entries(self.config.mapping, self.config.map)

    def _unread(self, source: TableSource, reader: SourceReader) -> _unread.Unread:
        """The files of the folder that are not read, each with the reason."""
        reasons = {one.source.name: one.reason for one in source.found.no_tables}
        for one in source.planned:
            if not one.plan.tables:
                reasons.setdefault(one.sheet.path.name, f"{one.plan.reason}.")
        # A workbook counts as read if one of its sheets is.
        read = {os.path.normpath(one.sheet.path) for one in source.read}
        read |= reader.pictures.used

        def unread_in(path: Path) -> _unread.Unread:
            return _unread.unread(
                path,
                lambda file: os.path.normpath(file) in read,
                reason=lambda name: reasons.get(name, "it is no table and no picture"),
                is_picture=True,
            )

        return _unread.joined(list(map(unread_in, source.paths)))


def _missing(source: TableSource) -> list[str]:
    """Sentences about tables that the source does not have."""
    tables = {table.table for one in source.read for table in one.plan.tables}
    return [f"There is no table of {table}." for table in ("posts", "endorsements") if table not in tables]


def _remembered(source: TableSource) -> dict[str, list[str]]:
    """Digest of a header to the entries for a later import, for each sheet that was read."""
    entries = {}
    for one in source.read:
        of_sheet = one.remembered
        if of_sheet:
            entries[header_digest(one.sheet.header)] = of_sheet
    return entries


def _file_entries(path: str) -> list[str]:
    """The entries of a mapping file; none if there is no such file yet."""
    if not path or not Path(path).exists():
        return []
    lines = Path(path).read_text("utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _append_entries(path: str, entries: list[str]) -> None:
    """Add new entries to the mapping file."""
    if not path or not entries:
        return
    # The file may hold the entries already.
    present = _file_entries(path)
    new = [entry for entry in entries if entry not in present]
    if new:
        with open(path, "a", encoding="utf-8") as file:
            file.write("".join(f"{entry}\n" for entry in new))
