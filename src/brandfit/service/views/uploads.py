"""How the columns of uploaded tables are read, and what a person changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brandfit import pipeline
from brandfit.data.tables.mapping import ATTRIBUTE, IGNORE, NO_TABLE, NOT_KNOWN
from brandfit.errors import DataError
from brandfit.service.http.uploads import under_their_names
from brandfit.service.store.folders import UPLOADS, content_folder
from brandfit.workspace import Workspace

__all__ = ["ATTRIBUTE", "IGNORE", "NO_TABLE", "column_entries", "upload_preview"]


def upload_preview(workspace: Workspace, upload: str) -> pipeline.ImportPreview:
    """The sheets of an upload. Raises DataError if there is no such upload, because it was imported or is too
    old."""
    folder = workspace.path / UPLOADS / upload
    if not upload.isalnum() or not folder.is_dir():
        raise DataError(
            "There is no such upload.", "Drop the files again: uploads are removed after their import."
        )
    content = content_folder(folder)
    with under_their_names([content]):
        return pipeline.preview_import(workspace, content)


def column_entries(preview: pipeline.ImportPreview, fields: Mapping[str, str]) -> list[str]:
    """The entries of a mapping that a form states: what differs from the preview, and answers.

    fields  ``t0`` is the table of the first sheet, ``c0.2`` the meaning of its third column, ``q0.1`` the
            answer to its second question
    """
    entries: list[str] = []
    for s, sheet in enumerate(preview.sheets):
        present = sheet.tables[0] if sheet.tables else NO_TABLE
        table = fields.get(f"t{s}", present)
        # Only what differs from the preview is an entry.
        if table != present:
            entries.append(f"{sheet.name}:table={table}")
        entries += _meanings(sheet, [fields.get(f"c{s}.{c}") for c in range(len(sheet.columns))])
        for q, question in enumerate(sheet.choices):
            answer = fields.get(f"q{s}.{q}", "")
            # An earlier answer that is not chosen again is taken back.
            if not answer and question.answer:
                answer = f"{question.answer.partition('=')[0]}={NOT_KNOWN}"
            if answer:
                entries.append(f"{sheet.name}:{answer}")
    return entries


def _meanings(sheet: pipeline.PreviewSheet, chosen: Sequence[str | None]) -> list[str]:
    """The entries of the columns of a sheet, if one of them was changed.

    Then every column is stated as the page showed it: recognition must not give the meaning that one column
    lost to another.
    """
    shown = [shown_meaning(column.meanings) for column in sheet.columns]
    chosen = [shown[c] if meaning is None else meaning for c, meaning in enumerate(chosen)]
    if chosen == shown:
        return []
    entries = []
    for column, before, meaning in zip(sheet.columns, shown, chosen, strict=True):
        # Several columns may hold the identity of a row: they are found again by their names.
        is_single = chosen.count(meaning) == 1 or meaning in (IGNORE, ATTRIBUTE)
        if meaning != before or is_single:
            entries.append(f"{sheet.name}:{meaning}={column.header}")
    return entries


def shown_meaning(meanings: tuple[str, ...]) -> str:
    """The value of the choice that shows what a column is read as."""
    if not meanings:
        return IGNORE
    return ATTRIBUTE if meanings[0].endswith(f".{ATTRIBUTE}") else meanings[0]
