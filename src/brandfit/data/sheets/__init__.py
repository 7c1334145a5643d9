"""Tables of files: any number of sheets from a file, a folder or a zip archive.

``sheets`` finds them. Each sheet has its header and its first rows, and streams all rows. Here: formats,
encodings, where a table begins and ends. Not here: which column means what.
"""

from __future__ import annotations

from pathlib import Path

from brandfit.data.importers import _files
from brandfit.data.schema import Reject
from brandfit.data.sheets import _formats
from brandfit.data.sheets._encoding import repaired
from brandfit.data.sheets._header import IsKnown, text_of
from brandfit.data.sheets.sheet import LinkedText, NoTable, Reading, Row, Sheet, Sheets
from brandfit.data.sheets.source import Source, file_source, files_below, members_of
from brandfit.messages import clean

__all__ = [
    "IsKnown",
    "LinkedText",
    "NoTable",
    "Reading",
    "Row",
    "Sheet",
    "Sheets",
    "Source",
    "repaired",
    "sheets",
    "text_of",
]


def sheets(path: Path, *, is_known: IsKnown | None = None) -> Sheets:
    """The tables of a file, a folder (with its folders) or a zip archive, its pictures, and its other files
    with the reason why each is no table.

    is_known  whether a text is the name of a known column; it helps to find the header

    A file that looks like a table and cannot be read is a Reject.
    """
    found: list[Sheet] = []
    no_tables: list[NoTable] = []
    pictures: list[Source] = []
    rejects: list[Reject] = []
    for source in _sources(path, no_tables, rejects):
        if _formats.is_picture(source):
            pictures.append(source)
            continue
        content = _formats.content_of(source, is_known)
        found += content.sheets
        rejects += content.rejects
        if content.no_table:
            no_tables.append(NoTable(source, content.no_table))
    return Sheets(tuple(found), tuple(no_tables), tuple(pictures), tuple(rejects))


def _sources(path: Path, no_tables: list[NoTable], rejects: list[Reject]) -> list[Source]:
    """The files to read, zip archives replaced by their members."""
    listed = list(files_below(path)) if path.is_dir() else []
    if not listed and _files.is_file(path):
        listed = [file_source(path)]
    sources: list[Source] = []
    for source in listed:
        try:
            first = source.beginning(4)
            if not _formats.is_archive(source, first):
                sources.append(source)
                continue
            archive = members_of(source)
        except OSError as error:
            # A damaged archive with the name of a workbook is rejected as a workbook.
            if source.plain_name.endswith((".xlsx", ".xlsm")):
                sources.append(source)
            else:
                rejects.append(Reject(source.file, 1, clean(str(error.strerror or error))))
            continue
        sources += archive.members
        no_tables += [NoTable(member, reason) for member, reason in archive.refused]
    return sources
