"""How the tables of a source would be read: what each column means, and what is not sure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from brandfit import registry
from brandfit.arguments import checked
from brandfit.data.importers.folder import Folder
from brandfit.data.tables.columns import COLUMNS
from brandfit.data.tables.plan import Question
from brandfit.data.tables.report import cell_text, question_sentence
from brandfit.data.tables.source import PlannedSheet
from brandfit.pipeline.imports import TABLES, split_bounds
from brandfit.workspace import NewPlace, Workspace, as_workspace
from brandfit.workspace.workspace import DATABASE

ROWS = 5
"""Rows of a sheet in a preview."""


@dataclass(frozen=True)
class PreviewColumn:
    """A column of a sheet.

    meanings  what it is read as, such as ``accounts.followers``; empty: not used
    values    its first values
    """

    header: str
    meanings: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True)
class PreviewSheet:
    """A sheet of the source.

    tables     the tables that its rows belong to; empty: not read, for the ``reason``
    questions  what is not sure, as sentences with the entries of a mapping that answer them
    choices    the same questions with their choices, and those that an earlier import answered
    """

    name: str
    tables: tuple[str, ...]
    reason: str
    columns: tuple[PreviewColumn, ...]
    notes: tuple[str, ...]
    questions: tuple[str, ...]
    choices: tuple[Question, ...]


@dataclass(frozen=True)
class ImportPreview:
    """The sheets of a source, and its files that are not read, each with the reason."""

    sheets: tuple[PreviewSheet, ...]
    files_not_read: tuple[tuple[str, str], ...] = ()

    @property
    def has_questions(self) -> bool:
        """Whether something has to be asked; what an earlier import answered has not."""
        return any(not question.answer for sheet in self.sheets for question in sheet.choices)

    @property
    def is_blocked(self) -> bool:
        """Whether nothing can be imported before a question is answered."""
        blocked = any(question.is_blocking for sheet in self.sheets for question in sheet.choices)
        return blocked and not any(sheet.tables for sheet in self.sheets)

    def to_dict(self) -> dict[str, Any]:
        sheets = []
        for sheet in self.sheets:
            questions = [question.to_dict() for question in sheet.choices]
            plain = {
                name: value for name, value in asdict(sheet).items() if name not in ("choices", "questions")
            }
            sheets.append({**plain, "questions": questions})
        files = [{"file": name, "reason": reason} for name, reason in self.files_not_read]
        return {"sheets": sheets, "files_not_read": files, "blocked": self.is_blocked}


@checked
def preview_import(
    workspace: NewPlace, path: str | Path, *, settings: Mapping[str, Any] | None = None
) -> ImportPreview:
    """How ``import_source(workspace, "folder", path)`` would read the columns of its tables. Reads the first
    rows only, and writes nothing.

    workspace  its words for roles, and the mappings that it was imported with, apply; it need not be there
    """
    cls = registry.load("importer", TABLES)
    importer = Folder(cls.Config.from_settings(split_bounds(settings)[1]))
    # A new workspace has neither words nor mappings.
    if isinstance(workspace, Workspace) or (Path(workspace) / DATABASE).is_file():
        opened = as_workspace(workspace)
        importer.role_names, importer.stored_mappings = opened.role_names, opened.mappings
    source = importer.source(Path(path))
    files = tuple([(one.source.name, one.reason) for one in source.found.no_tables])
    return ImportPreview(tuple(map(_sheet, source.planned)), files)


def _sheet(one: PlannedSheet) -> PreviewSheet:
    meanings = one.plan.meanings
    columns = []
    for header in one.sheet.header:
        values = [cell_text(row.cells.get(header, "")) for row in one.sheet.head[:ROWS]]
        columns.append(PreviewColumn(header, meanings.get(header, ()), tuple(values)))
    return PreviewSheet(
        name=one.sheet.name,
        tables=tuple([table.table for table in one.plan.tables]),
        reason=one.plan.reason,
        columns=tuple(columns),
        notes=(*one.sheet.notes, *one.plan.notes),
        questions=tuple([question_sentence(one) for one in one.plan.questions if not one.answer]),
        choices=one.plan.questions,
    )


def mapping_columns() -> dict[str, list[str]]:
    """Table to the names of its columns that a mapping may name."""
    return {table: [column.name for column in columns] for table, columns in COLUMNS.items()}
