"""A table within a file: its head, its rows as a stream, and what reading it decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from brandfit.data.schema import Reject
from brandfit.data.sheets.source import Source
from brandfit.progress import Advance

HEAD = 200
"""Maximum number of rows that are read to recognise a sheet."""


class Row(NamedTuple):
    """A row: number of its first line (of the record in other formats than text), and header to cell."""

    line: int
    cells: dict[str, Any]


class LinkedText(str):
    """The text of a cell of a workbook that links elsewhere: a name that links to a profile."""

    __slots__ = ("link",)
    link: str

    def __new__(cls, text: str, link: str) -> LinkedText:
        linked = super().__new__(cls, text)
        linked.link = link
        return linked


Items = Iterator[Row | Reject]
Stream = Callable[[Advance, list[str]], Items]
"""Opens a sheet from its beginning; the list receives notes that are known only while reading."""


class Reading:
    """All rows of a sheet, once. ``notes`` is complete after the last row."""

    def __init__(self, items: Items, notes: list[str], *, said: tuple[str, ...]) -> None:
        self._items = items
        self._notes = notes
        self._said = said

    def __iter__(self) -> Items:
        return self._items

    def __next__(self) -> Row | Reject:
        return next(self._items)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that are not among the notes of the sheet, such as on totals at its foot."""
        return tuple([note for note in dict.fromkeys(self._notes) if note not in self._said])


@dataclass(frozen=True)
class Sheet:
    """A table within a file.

    path    the file on disk
    name    for messages: ``list.xlsx, sheet Q3``, ``people.zip: list.csv``
    title   suggests the content: title of the sheet, key of a JSON list, or stem of the file
    header  names of the columns; () if the file has none: the columns are then ``column 1`` and so on. The
            keys of the head for JSON, with dots for nested objects
    head    the first rows
    notes   what reading the head decided or skipped
    size    bytes of which ``rows`` reports the progress
    file    names the file in rejects
    """

    path: Path
    name: str
    title: str
    header: tuple[str, ...]
    head: tuple[Row, ...]
    notes: tuple[str, ...]
    size: int
    file: str
    stream: Stream = field(repr=False, compare=False)

    def rows(self, advance: Advance) -> Reading:
        """All rows from the beginning, the head included."""
        notes: list[str] = []
        return Reading(self.stream(advance, notes), notes, said=self.notes)


@dataclass(frozen=True)
class NoTable:
    """A file that is no table, and the reason as a sentence."""

    source: Source
    reason: str


@dataclass(frozen=True)
class Sheets:
    """The content of a path: tables, pictures and other files.

    rejects  files, or rests of files, that are tables by their form and cannot be read
    """

    sheets: tuple[Sheet, ...]
    no_tables: tuple[NoTable, ...]
    pictures: tuple[Source, ...]
    rejects: tuple[Reject, ...] = ()
