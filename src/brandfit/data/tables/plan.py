"""The plan of a sheet: which tables its rows belong to, what each column means, and what is not sure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brandfit.data.cells import Style

EXAMPLES = 3


@dataclass(frozen=True)
class ColumnPlan:
    """A column of a table and the headers that it is read from.

    headers   read in this order: the first cell that is known counts
    style     how numbers or times of the column are written
    currency  of amounts of money, if the header states it
    """

    name: str
    headers: tuple[str, ...]
    style: Style
    currency: str = ""


@dataclass(frozen=True)
class TablePlan:
    """How rows of a sheet become rows of a table.

    attributes  headers that are kept as attributes of the account
    role        role of the accounts if no cell states one, "" if it is not known
    is_author   whether the accounts are the authors of posts of the same sheet
    """

    table: str
    columns: tuple[ColumnPlan, ...]
    attributes: tuple[str, ...] = ()
    role: str = ""
    is_author: bool = False

    def column(self, name: str) -> ColumnPlan | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Unused:
    """A column that is not read, with its first values and the reason if it is another than its name."""

    header: str
    values: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True)
class Choice:
    """An answer to a question: the text for people and the entry of the mapping."""

    text: str
    entry: str


@dataclass(frozen=True)
class Question:
    """Something that a person has to decide about a sheet.

    is_blocking  whether the sheet cannot be read without the answer
    count        number of cells of the head that depend on it
    answer       entry of the choice that an earlier import made, "" if it has to be asked
    """

    sentence: str
    choices: tuple[Choice, ...]
    is_blocking: bool = False
    count: int = 0
    answer: str = ""

    def to_dict(self) -> dict[str, Any]:
        choices = [{"text": choice.text, "entry": choice.entry} for choice in self.choices]
        return {
            "sentence": self.sentence,
            "choices": choices,
            "blocking": self.is_blocking,
            "cells": self.count,
            "answer": self.answer,
        }


@dataclass(frozen=True)
class SheetPlan:
    """What a sheet holds. No tables: it is not read, for the ``reason``."""

    sheet: str
    tables: tuple[TablePlan, ...]
    unused: tuple[Unused, ...] = ()
    questions: tuple[Question, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""

    @property
    def meanings(self) -> Mapping[str, tuple[str, ...]]:
        """Header to the columns that it is read as, such as ``accounts.followers``."""
        # A header may serve two tables: posts and their authors.
        found: dict[str, list[str]] = {}
        for table in self.tables:
            for column in table.columns:
                for header in column.headers:
                    found.setdefault(header, []).append(f"{table.table}.{column.name}")
            for header in table.attributes:
                found.setdefault(header, []).append(f"{table.table}.attribute")
        return {header: tuple(names) for header, names in found.items()}

    @property
    def is_blocked(self) -> bool:
        return any(question.is_blocking for question in self.questions)
