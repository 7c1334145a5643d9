"""Rows of cells made a table: title rows above the header and totals below the rows are skipped, and said."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from brandfit.data.schema import Reject
from brandfit.data.sheets._delimited import Record
from brandfit.data.sheets._header import (
    IsKnown,
    header_index,
    is_empty,
    is_value,
    n_filled,
    name_of,
    text_of,
)
from brandfit.data.sheets.sheet import Row
from brandfit.messages import clean, excerpt

LONGEST_FOOT = 50
"""Rows that are held back until it is known whether they are the foot."""
MOST_COLUMNS = 16_384
"""Columns that get a name though the header has none for them."""
NAMED = 5
"""Repeated names of columns that a note names."""

_TOTAL = re.compile(
    r"\W*(?:(?:grand|sub|zwischen|gesamt|general|overall)[\s-]?)?"
    r"(?:totals?|totaux|sums?|summen?|gesamt(?:summe|zahl)?|insgesamt|averages?|avg|means?|median|"
    r"durchschnitt|mittelwert|schnitt|ø|∅|σ|∑|sommes?|moyenne|sumas?|promedio|totale|totales|media|somma|soma|média|"
    r"toplam|genel toplam|ortalama|итого|всего|среднее|合計|总计|总和|合计|平均|平均值|anzahl|count)"
    r"(?:\s*[:(=\-–].*|\s+(?:\S+\s?){1,3})?\W*",
    re.IGNORECASE,
)
"""The label of a row of totals."""
_REMARK = re.compile(
    r"(?:source|quelle|fuente|fonte|kaynak|note|notes|hinweis|anmerkung|stand|as of|exported|generated|"
    r"created|erstellt|exportiert|data from|powered by|©|\*|-- ).*",
    re.IGNORECASE | re.DOTALL,
)
"""A remark below a table."""
_MAY_BE_FOOT = re.compile(
    r"\W|_|$|[^\x00-\x7f]|tot|su[bm]|gra|zwi|ges|gen|ove|ins|av[eg]|m[eé][ad]|dur|mit|sch|som|moy|pro|top|ort|anz|cou"
    r"|so[um]|que|f[ou][en]|kay|not|hin|anm|sta|as|exp|cre|ers|dat|pow",
    re.IGNORECASE,
)
"""The beginning of a cell that one of the two above may match; a quick check for each row."""


@dataclass(frozen=True)
class Layout:
    """Where a table lies among the records, and its columns.

    header     names of the columns; () if the file has none
    keys       names under which rows have their cells
    names      cells of the header as text, for comparison with repeated headers
    n_before   number of records that are not empty down to the header, itself included; 0 without one
    n_typical  number of filled cells of most rows
    blank      keys of columns without a name and without a cell among the first records: rows have them only
               where they have a cell
    is_known   whether a text is the name of a known column: a second table below the first begins with some
    is_ragged  whether cells beyond the header belong to further columns: in a workbook they cannot come from
               a delimiter within a cell
    """

    header: tuple[str, ...]
    keys: tuple[str, ...]
    names: tuple[str, ...]
    n_before: int
    n_typical: int
    is_ragged: bool
    blank: tuple[str, ...] = ()
    is_known: IsKnown | None = None


def layout_of(
    records: Sequence[Record],
    is_known: IsKnown | None,
    *,
    name: str,
    notes: list[str],
    is_ragged: bool = False,
) -> Layout:
    """The layout of a table, from its first records. ``notes`` receives sentences on what is skipped."""
    filled = [record for record in records if n_filled(record[1])]
    index = header_index([cells for _, cells in filled], is_known)
    if index is None:
        return _layout_without_header(filled, name=name, notes=notes, is_ragged=is_ragged)
    header_cells = filled[index][1]
    below = [cells for _, cells in filled[index + 1 :]]
    names = tuple([name_of(cell) for cell in header_cells])
    used = _used_width(names, below, is_ragged=is_ragged)
    keys = _unique([*names[:used], *[""] * (used - len(names))], name=name, notes=notes)
    if index:
        notes.append(_note_titles(filled[:index], name))
    blank: list[str] = []
    for position, key in enumerate(keys):
        has_name = position < len(names) and names[position]
        if not has_name and all(position >= len(cells) or is_empty(cells[position]) for cells in below):
            blank.append(key)
    header = tuple([key for key in keys if key not in blank])
    return Layout(
        header, keys, _trimmed(names), index + 1, _typical(below, used), is_ragged, tuple(blank), is_known
    )


def _layout_without_header(
    filled: Sequence[Record], *, name: str, notes: list[str], is_ragged: bool
) -> Layout:
    widths = Counter(len(cells) for _, cells in filled)
    width = max(widths, default=0) if is_ragged else max(widths, key=lambda n: (widths[n], n), default=0)
    keys = tuple([f"column {n}" for n in range(1, width + 1)])
    if filled:
        first = excerpt(" | ".join(map(text_of, filled[0][1]))[:200])
        notes.append(
            f"{name}: no row names the columns; the first row is {first!r}. The columns are called "
            f"column 1 to column {width}."
            if width > 1
            else f"{name}: no row names the column; the first row is {first!r}. It is called column 1."
        )
    return Layout((), keys, (), 0, _typical([cells for _, cells in filled], width), is_ragged)


def _used_width(names: Sequence[str], below: Sequence[Sequence[Any]], *, is_ragged: bool) -> int:
    """The number of columns, without those at the end that have neither a name nor cells."""
    used = max((n + 1 for n, text in enumerate(names) if text), default=0)
    # Cells beyond a header of a text file mean that a row is shifted.
    limit = MOST_COLUMNS if is_ragged else len(names)
    for cells in below:
        if len(cells) > used:
            used = max([used, *[n + 1 for n, cell in enumerate(cells[:limit]) if not is_empty(cell)]])
    return used


def _unique(names: Sequence[str], *, name: str, notes: list[str]) -> tuple[str, ...]:
    """The names of the columns, repeated ones numbered, missing ones filled in."""
    taken: set[str] = set(names)
    used: Counter[str] = Counter()
    keys: list[str] = []
    repeated: list[str] = []
    for position, text in enumerate(names, 1):
        key = text or f"column {position}"
        used[key] += 1
        if used[key] > 1:
            if key not in repeated:
                repeated.append(key)
            number = used[key]
            while f"{key} ({number})" in taken:
                number += 1
            key = f"{key} ({number})"
            taken.add(key)
        keys.append(key)
    notes += [
        f"{name}: {used[key]} columns are called {clean(key)[:60]!r}; the later ones are read as "
        f"{clean(f'{key} (2)')[:64]!r}{' and so on' if used[key] > 2 else ''}."
        for key in repeated[:NAMED]
    ]
    if len(repeated) > NAMED:
        notes.append(f"{name}: {len(repeated) - NAMED:,} more names of columns are repeated.")
    return tuple(keys)


def _trimmed(names: Sequence[str]) -> tuple[str, ...]:
    end = len(names)
    while end and not names[end - 1]:
        end -= 1
    return tuple(names[:end])


def _typical(rows: Sequence[Sequence[Any]], default: int) -> int:
    """The number of filled cells that most rows have."""
    counts = Counter(n_filled(cells) for cells in rows)
    return max(counts, key=lambda n: (counts[n], n), default=default)


def _note_titles(titles: Sequence[Record], name: str) -> str:
    line, cells = titles[0]
    if len(titles) == 1:
        return f"{name}: line {line} above the header was skipped: {brief(cells)!r}."
    return (
        f"{name}: {len(titles):,} rows above the header were skipped, such as line {line}: {brief(cells)!r}."
    )


def brief(cells: Sequence[Any]) -> str:
    """The filled cells of a row, for a message."""
    return excerpt(" | ".join([text_of(cell).strip() for cell in cells if not is_empty(cell)])[:400])


@dataclass
class _Skipped:
    """Rows that are left out for one reason."""

    count: int = 0
    line: int = 0
    example: str = ""

    def add(self, line: int, cells: Sequence[Any]) -> None:
        if not self.count:
            self.line, self.example = line, brief(cells)
        self.count += 1

    def note(self, name: str, one: str, several: str) -> list[str]:
        if not self.count:
            return []
        if self.count == 1:
            return [f"{name}: line {self.line} is {one} and was skipped: {self.example!r}."]
        return [f"{name}: {self.count:,} {several} were skipped, such as line {self.line}: {self.example!r}."]


class Table:
    """The rows of records that lie as a layout says. ``notes`` receives sentences after the last row."""

    def __init__(self, layout: Layout, *, name: str, file: str, notes: list[str]) -> None:
        self._layout = layout
        self._name, self._file = name, file
        self._notes = notes
        self._totals, self._headers = _Skipped(), _Skipped()
        self._held: list[Record] = []
        """Rows that are skipped if nothing but such rows follows."""

    def rows(self, records: Iterator[Record | Reject]) -> Iterator[Row | Reject]:
        """The rows of the table."""
        rows = self._rows(records)
        return self._without_blank(rows) if self._layout.blank else rows

    def _without_blank(self, rows: Iterator[Row | Reject]) -> Iterator[Row | Reject]:
        for row in rows:
            if isinstance(row, Row):
                for key in self._layout.blank:
                    if is_empty(row.cells.get(key)):
                        row.cells.pop(key, None)
            yield row

    def _rows(self, records: Iterator[Record | Reject]) -> Iterator[Row | Reject]:
        layout, held = self._layout, self._held
        keys, width, first_name = layout.keys, len(layout.keys), layout.names[:1]
        may_be_foot = _MAY_BE_FOOT.match  # a local name: this runs for each row
        few = layout.n_typical - 1 if layout.n_typical > 2 else 0
        yield from self._skip_to_header(records)
        for item in self._records_of_table(records):
            if isinstance(item, Reject):
                yield item
                continue
            line, cells = item
            first = cells[0]
            if type(first) is not str or may_be_foot(first):
                is_foot = self._may_be_foot(cells)
                if is_foot is None:
                    continue
            else:
                is_foot = False
            if first_name and first_name[0] == first and self._is_header(cells):
                self._headers.add(line, cells)
                continue
            if is_foot and len(held) < LONGEST_FOOT:
                held.append(item)
                continue
            if held:
                yield from self._released(few)
            if len(cells) <= width:
                yield Row(line, dict(zip(keys, cells, strict=False)))
            else:
                yield self._row(line, cells, keys)
        for line, cells in held:
            self._totals.add(line, cells)
        self._notes += self._totals.note(self._name, "a total or a remark", "totals and remarks")
        self._notes += self._headers.note(self._name, "a repeated header", "repeated headers")

    def _skip_to_header(self, records: Iterator[Record | Reject]) -> Iterator[Reject]:
        """Reads the header and the rows above it. Rejects among them stay."""
        n_records = 0
        while n_records < self._layout.n_before:
            item = next(records, None)
            if item is None:
                return
            if isinstance(item, Reject):
                yield item
            else:
                n_records += n_filled(item[1]) > 0

    def _may_be_foot(self, cells: list[Any]) -> bool | None:
        """Whether a row is skipped if it is at the foot; None if it has nothing but spaces."""
        filled = [cell for cell in cells if not is_empty(cell)]
        if not filled:
            return None
        typical = self._layout.n_typical
        label = filled[0]
        if isinstance(label, str) and _TOTAL.fullmatch(label.strip()):
            # A handle is in small letters: a person may be called total.
            is_label = label != label.lower() or not label.strip().isalpha() or bool(self._held)
            is_sparse = len(filled) < typical or typical <= 2
            return all(map(is_value, filled[1:])) and (is_sparse or is_label)
        if len(filled) == 1 and typical > 1 and isinstance(label, str) and _REMARK.fullmatch(label.strip()):
            return " " in label.strip()
        # Sums without a label: the columns that name the account are empty.
        return is_empty(cells[0]) and all(map(is_value, filled)) and len(filled) <= typical // 2

    def _records_of_table(self, records: Iterator[Record | Reject]) -> Iterator[Record | Reject]:
        """The records that have cells, as far as another table."""
        is_after_gap = False
        for item in records:
            if isinstance(item, Reject):
                yield item
            elif not item[1]:
                is_after_gap = True
            elif is_after_gap and self._begins_table(item[1]):
                yield from self._second_table(item, records)
                return
            else:
                # The title of another table may be above its header.
                is_after_gap = is_after_gap and n_filled(item[1]) == 1
                yield item

    def _begins_table(self, cells: list[Any]) -> bool:
        """Whether a row below an empty one names the columns of another table."""
        is_known = self._layout.is_known
        if is_known is None or self._is_header(cells):
            return False
        names = [name_of(cell) for cell in cells if not is_empty(cell)]
        n_known = sum(map(is_known, names))
        return n_known >= 2 and n_known >= 0.5 * len(names)

    def _second_table(self, header: Record, records: Iterator[Record | Reject]) -> Iterator[Reject]:
        """Rejects for the rows of another table: its columns are not those of the first."""
        reason = f"another table begins in line {header[0]}; put it into a file or sheet of its own"
        for item in itertools.chain([header], records):
            if isinstance(item, Reject):
                yield item
            elif n_filled(item[1]):
                yield Reject(self._file, item[0], reason, brief(item[1]))

    def _is_header(self, cells: list[Any]) -> bool:
        return _trimmed([name_of(cell) for cell in cells]) == self._layout.names

    def _released(self, few: int) -> Iterator[Row | Reject]:
        """Rows that other rows follow: subtotals are skipped, the others are rows."""
        for line, cells in self._held:
            is_labelled = isinstance(cells[0], str) and _TOTAL.fullmatch(cells[0].strip())
            if is_labelled and n_filled(cells) <= few:
                self._totals.add(line, cells)
            else:
                yield self._row(line, cells, self._layout.keys)
        self._held.clear()

    def _row(self, line: int, cells: list[Any], keys: tuple[str, ...]) -> Row | Reject:
        width = len(keys)
        if len(cells) > width:
            further = cells[width:]
            # Empty cells beyond the header are common; others mean that the row is shifted.
            if any(further):
                if not self._layout.is_ragged:
                    return Reject(
                        self._file,
                        line,
                        f"expected {width} cells as in the first row, found {len(cells)}",
                        excerpt(" | ".join(map(text_of, cells))[:400]),
                    )
                keys = (*keys, *[f"column {n}" for n in range(width + 1, len(cells) + 1)])
        return Row(line, dict(zip(keys, cells, strict=False)))
