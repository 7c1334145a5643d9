"""What an import did with each sheet: rows, cells that could not be read, columns that were not used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from brandfit.data.tables.categories import category_of
from brandfit.data.tables.columns import is_handle
from brandfit.data.tables.headers import folded
from brandfit.data.tables.plan import Question, SheetPlan, Unused
from brandfit.messages import clean, quoted

EXAMPLES = 3
NAMED = 60
"""Columns of a sheet that are named; the others are counted."""
LONGEST_CELL = 60
"""Characters of a cell in a message."""


@dataclass(frozen=True)
class UnreadCell:
    """A cell that could not be read: its line, its text and the reason."""

    line: int
    text: str
    reason: str


@dataclass
class UnreadCells:
    """The cells of a column that could not be read and count as unknown."""

    count: int = 0
    examples: list[UnreadCell] = field(default_factory=list)

    def add(self, line: int, cell: Any, reason: str) -> None:
        self.count += 1
        # Three examples are enough to find the others in the file.
        if len(self.examples) < EXAMPLES:
            self.examples.append(UnreadCell(line, cell_text(cell), clean(reason)))


@dataclass
class CategoryCounts:
    """Texts of categories to their numbers of accounts.

    matched      in the vocabulary under another name
    several      name several categories, of which the first counts
    unknown      not in the vocabulary, kept as they are written
    of_business  business categories, used where no category is stated
    """

    matched: Counter[str] = field(default_factory=Counter)
    several: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    of_business: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, dict[str, int]]:
        return {
            "matched": dict(self.matched),
            "several": dict(self.several),
            "unknown": dict(self.unknown),
            "of_business": dict(self.of_business),
        }

    def sentences(self) -> list[str]:
        lines = []
        if self.matched:
            lines.append(f"category: {_count(self.matched.total(), 'cell')} read as {_pairs(self.matched)}")
        if self.several:
            n = _count(self.several.total(), "cell")
            lines.append(
                f"category: {n} with several categories, the first one counts: {_pairs(self.several)}"
            )
        if self.unknown:
            n = _count(self.unknown.total(), "cell")
            lines.append(
                f"category: {n} not in the list of categories and kept as written: {_texts(self.unknown)}"
            )
        if self.of_business:
            n = _count(self.of_business.total(), "account")
            lines.append(f"category: of {n} taken from the business category: {_pairs(self.of_business)}")
        return lines


def _texts(counts: Counter[str]) -> str:
    shown = [quoted(cell_text(text)) for text, _ in counts.most_common(2 * EXAMPLES)]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _pairs(counts: Counter[str]) -> str:
    """Texts with the categories that they are read as."""
    shown = [
        f"{category_of(text).name} ({quoted(cell_text(text))})" for text, _ in counts.most_common(EXAMPLES)
    ]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


@dataclass
class SheetReport:
    """Counts of one sheet while it is read.

    rows        rows of the sheet below its header
    used        rows that became records
    rejected    rows that became none
    unread      column to its cells that count as unknown
    platforms   other platform to the number of its rows, which are rejected
    """

    plan: SheetPlan
    rows: int = 0
    used: int = 0
    rejected: int = 0
    unread: dict[str, UnreadCells] = field(default_factory=dict)
    platforms: Counter[str] = field(default_factory=Counter)
    categories: CategoryCounts = field(default_factory=CategoryCounts)
    notes: list[str] = field(default_factory=list)
    samples: dict[str, str] = field(default_factory=dict)
    """Header of an attribute to its first value."""

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple([table.table for table in self.plan.tables])

    def to_dict(self) -> dict[str, Any]:
        # Plain JSON types, for the API and the store of jobs.
        unread = {}
        for column, cells in self.unread.items():
            examples = [{"line": one.line, "cell": one.text, "reason": one.reason} for one in cells.examples]
            unread[column] = {"count": cells.count, "examples": examples}
        unused = [
            {"header": one.header, "values": list(one.values), "reason": one.reason}
            for one in self.plan.unused
        ]
        return {
            "sheet": self.plan.sheet,
            "tables": list(self.tables),
            "rows": self.rows,
            "used": self.used,
            "rejected": self.rejected,
            "columns": {header: list(names) for header, names in self.plan.meanings.items()},
            "unknown_cells": unread,
            "unused_columns": unused,
            "other_platforms": dict(self.platforms),
            "categories": self.categories.to_dict(),
            "questions": [question.to_dict() for question in self.plan.questions],
            "notes": [*self.plan.notes, *self.notes],
        }

    def sentences(self) -> list[str]:
        """The report for people: a line of counts, then one for each thing that they should know."""
        name = clean(self.plan.sheet)
        counts = f"{_count(self.rows, 'row')}, {self.used:,} used"
        counts += f", {self.rejected:,} rejected" if self.rejected else ""
        what = " and ".join(self._table_words())
        lines = [f"{name}: read as {what}; {counts}.{self._read_as()}"]
        # Of a table without rows there is nothing to say.
        if self.rows and not self.used:
            lines.append(f"{name}: no row of it could be used.")
        lines += [f"{name}: {note}." for note in self.plan.notes]
        # Notes of the sheet name it themselves.
        lines += self.notes
        for platform, n in sorted(self.platforms.items()):
            lines.append(f"{name}: {_count(n, 'row')} of {platform}, not of Instagram.")
        for column, cells in self.unread.items():
            first = cells.examples[0]
            shown = ", ".join([f"{quoted(one.text)} (line {one.line})" for one in cells.examples])
            are = "cell counts" if cells.count == 1 else "cells count"
            lines.append(f"{name}: {column}: {cells.count:,} {are} as unknown: {shown}; {first.reason}.")
        lines += [f"{name}: {sentence}." for sentence in self.categories.sentences()]
        # Every column that is not a column of ours is named, kept or not.
        attributes = [header for table in self.plan.tables for header in table.attributes]
        if attributes:
            kept = [Unused(header, (self.samples.get(header, ""),)) for header in attributes]
            lines.append(f"{name}: kept as attributes of the accounts: {_named(kept)}.")
        if self.plan.unused:
            lines.append(f"{name}: not used: {_named(self.plan.unused)}.")
        questions = [question for question in self.plan.questions if not question.answer]
        lines += [f"{name}: {question_sentence(question)}" for question in questions]
        return lines

    def _read_as(self) -> str:
        """Columns with the headers that they are read from, where the names differ."""
        pairs = []
        for table in self.plan.tables:
            for one in table.columns:
                others = [h for h in one.headers if folded(h) != folded(one.name)]
                name = "handle" if is_handle(table.table, one.name) else one.name.replace("_", " ")
                pairs += [f"{name} from {quoted(clean(header)[:LONGEST_CELL])}" for header in others]
        shown = list(dict.fromkeys(pairs))
        more = f" and {len(shown) - NAMED:,} more" if len(shown) > NAMED else ""
        return f" Read: {', '.join(shown[:NAMED])}{more}." if shown else ""

    def _table_words(self) -> list[str]:
        return [f"{'their ' if table.is_author else ''}{table.table}" for table in self.plan.tables]


def question_sentence(question: Question) -> str:
    """The question with the entries that answer it."""
    choices = ", ".join([f"{choice.text}: --map {quoted(choice.entry)}" for choice in question.choices])
    cells = f" {_count(question.count, 'cell')} of the first rows depend on it." if question.count else ""
    return f"{question.sentence}{cells} Answer with {choices}."


def _named(columns: Sequence[Unused]) -> str:
    """Headers with their first values; from ``NAMED`` on they are counted."""
    names = []
    for column in columns[:NAMED]:
        values = ", ".join([quoted(value) for value in column.values if value])
        reason = f"; {column.reason}" if column.reason else ""
        names.append(
            clean(column.header)[:LONGEST_CELL] + (f" ({values}{reason})" if values or reason else "")
        )
    if len(columns) > NAMED:
        names.append(f"{len(columns) - NAMED:,} more")
    return ", ".join(names)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def cell_text(cell: Any) -> str:
    """A cell in a message."""
    text = cell if isinstance(cell, str) else str(cell)
    return clean(text)[:LONGEST_CELL]
