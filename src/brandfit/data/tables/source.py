"""A source of tables: its sheets with their plans, read in the order in which tables depend on each other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from brandfit.data.cells import OtherPlatform
from brandfit.data.role_names import RoleNames
from brandfit.data.schema import Record, Reject, RejectId
from brandfit.data.sheets import Reading, Row, Sheet, Sheets, sheets
from brandfit.data.tables.columns import COLUMNS, column
from brandfit.data.tables.headers import OF_REJECTS, REJECTED_ROW, is_known
from brandfit.data.tables.mapping import STYLES, ColumnMapping, mapping_for
from brandfit.data.tables.pictures import PictureFiles
from brandfit.data.tables.plan import SheetPlan
from brandfit.data.tables.platforms import headers_of_platforms, refuse_other_platforms
from brandfit.data.tables.recognise import recognise, style_of_file
from brandfit.data.tables.records import RecordMaker, Stored
from brandfit.data.tables.report import SheetReport, cell_text
from brandfit.data.tables.rows import RowReader
from brandfit.errors import DataError
from brandfit.messages import clean, excerpt, quoted
from brandfit.progress import Advance

LONGEST_ROW = 64 << 10
"""Bytes of a rejected row that is stored with its cells."""
STYLES_BY_KIND = {
    "count": ("decimal",),
    "money": ("decimal",),
    "share": ("decimal", "share"),
    "time": ("day",),
}
"""Kind of a column to what its cells show of how they are written. A unit is remembered only if a person has
stated it."""
HEADING = (
    "only its first cell is filled, with a word: it looks like a heading. Write @ before it if it is a handle"
)
FEW = 0.4
"""Largest share of rows with a handle alone, at which such a row may be a heading."""
ORDER = tuple(COLUMNS)
"""Accounts first: posts and endorsements are checked against them, comments against posts."""


def _rejected(file: str, row: Row, *, reason: str) -> Reject:
    """The reject of a row, with its cells."""
    cells = {_plain(header): _plain(cell) for header, cell in row.cells.items() if cell not in (None, "")}
    shown = [cell_text(cell) for header, cell in cells.items() if header not in OF_REJECTS]
    encoded = msgspec.json.encode(
        {header: cell for header, cell in cells.items() if header not in OF_REJECTS}
    )
    return Reject(
        file,
        row.line,
        reason,
        excerpt(" | ".join(shown)),
        encoded.decode() if len(encoded) <= LONGEST_ROW else "",
    )


def _heading_test(one: PlannedSheet) -> Callable[[Mapping[str, Any]], bool] | None:
    """Whether the cells of a row are a heading between rows of accounts: one word in the column of handles,
    and nothing else, where most rows have more. None if the sheet has no such rows."""
    plan = next(
        (table for table in one.plan.tables if table.table == "accounts" and not table.is_author), None
    )
    identity = plan.column("id") if plan is not None else None
    if identity is None:
        return None
    header = identity.headers[0]

    def is_alone(cells: Mapping[str, Any]) -> bool:
        filled = [name for name, cell in cells.items() if cell not in (None, "")]
        return filled == [header]

    n_alone = sum(is_alone(row.cells) for row in one.sheet.head)
    # A list of handles alone has no headings.
    if not n_alone or n_alone > FEW * len(one.sheet.head):
        return None
    return lambda cells: is_alone(cells) and str(cells[header]).strip().isalpha()


def _plain(cell: Any) -> Any:
    """A cell as JSON has it; text that is no UTF-8 has "?" in place of its bytes."""
    if type(cell) in (bool, int, float):
        return cell
    if isinstance(cell, (list, dict)):
        return msgspec.json.encode(cell, enc_hook=str).decode()
    return str(cell).encode("utf-8", "replace").decode()


@dataclass(frozen=True)
class PlannedSheet:
    """A sheet, its plan and the mapping that the plan follows."""

    sheet: Sheet
    plan: SheetPlan
    mapping: ColumnMapping

    @property
    def remembered(self) -> list[str]:
        """Entries for a later import of the same header: what is stated, and how its cells are written."""
        mapping = replace(self.mapping, remembered=dict(self.mapping.remembered))
        for table in self.plan.tables:
            for one in table.columns:
                kind = column(table.table, one.name).kind
                for setting in STYLES_BY_KIND.get(kind, ()):
                    value = getattr(one.style, setting)
                    if value in STYLES[setting]:
                        mapping.remembered[f"{table.table}.{one.name}", setting] = value
        return mapping.entries

    @property
    def place(self) -> int:
        """Place in the order of reading: that of the table that others depend on least."""
        tables = [ORDER.index(table.table) for table in self.plan.tables if not table.is_author]
        return min(tables, default=len(ORDER))


@dataclass(frozen=True)
class TableSource:
    """A file, folder or archive of tables, recognised.

    paths    files, folders and archives
    planned  their sheets
    found    the sheets and the files that are none
    """

    paths: tuple[Path, ...]
    planned: tuple[PlannedSheet, ...]
    found: Sheets

    @property
    def read(self) -> list[PlannedSheet]:
        """The sheets that are tables, in the order of reading."""
        known = [one for one in self.planned if one.plan.tables]
        return sorted(known, key=lambda one: one.place)

    def raise_if_blocked(self) -> None:
        """Raise DataError if nothing can be read before a question is answered, or nothing at all."""
        for one in self.planned:
            for question in one.plan.questions:
                if question.is_blocking and not self.read:
                    choices = [f"--map {quoted(c.entry)}" for c in question.choices]
                    raise DataError(
                        f"{clean(one.sheet.name)}: {question.sentence}",
                        f"Answer with {' or '.join(choices)}.",
                    )
        # What looks like a table and cannot be read is rejected, with the reason.
        if not self.read and not self.found.rejects:
            raise no_tables(self)


def header_digest(header: Sequence[str]) -> str:
    """What two sheets with the same header have in common. The file of rejected rows has that of its list."""
    own = [one for one in header if one not in OF_REJECTS]
    return hashlib.sha256("\n".join(own).encode("utf-8", "ignore")).hexdigest()[:32]


def table_source(
    paths: Sequence[Path],
    entries: Sequence[str] = (),
    *,
    stored: Mapping[str, Sequence[str]] | None = None,
    names: RoleNames | None = None,
) -> TableSource:
    """The sheets at these paths, with plans.

    entries  of the user's mapping
    stored   digest of a header to the entries that were used for it before
    """
    found = _together([sheets(path, is_known=is_known) for path in paths])
    # Recognition reads the head of each sheet alone.
    names = names or RoleNames()
    mappings = []
    for sheet in found.sheets:
        earlier = (stored or {}).get(header_digest(sheet.header), ())
        mappings.append(mapping_for(entries, sheet.name, headers=sheet.header, earlier=earlier))
    plans = []
    for sheet, mapping in zip(found.sheets, mappings, strict=True):
        plans.append((sheet, recognise(sheet, mapping, names=names)))
    # Once more with what all columns of a file show together.
    planned = []
    for (sheet, _), mapping in zip(plans, mappings, strict=True):
        style = style_of_file([one for one in plans if one[0].path == sheet.path])
        plan = recognise(sheet, mapping, names=names, file_style=style)
        planned.append(PlannedSheet(sheet, plan, mapping))
    return TableSource(tuple(paths), tuple(planned), found)


def _together(parts: Sequence[Sheets]) -> Sheets:
    """What several paths hold."""
    return Sheets(
        tuple([sheet for part in parts for sheet in part.sheets]),
        tuple([one for part in parts for one in part.no_tables]),
        tuple([picture for part in parts for picture in part.pictures]),
        tuple([reject for part in parts for reject in part.rejects]),
    )


TABLES_HINT = (
    "Name the column of handles with --map id=HEADER, or write a template with: brandfit template FOLDER"
)
VECTORS_HINT = "Vectors of a model: brandfit import vectors FILE --name my.vectors --slot picture"


def no_tables(source: TableSource) -> DataError:
    """The error for a source in which nothing is recognised, with the next step."""
    reasons = [f"{clean(one.sheet.name)}: {one.plan.reason}" for one in source.planned[:3]]
    reasons += [f"{clean(one.source.name)}: {one.reason.rstrip('.')}" for one in source.found.no_tables[:3]]
    holds_vectors = any(one.source.name.endswith(".npy") for one in source.found.no_tables)
    missing = [path for path in source.paths if not path.exists()]
    if missing:
        return DataError(
            f"{clean(str(missing[0]))}: expected a folder or a table, found nothing.",
            "Is it spelt as it is on the disk?",
        )
    return DataError(
        f"{clean(str(source.paths[0]))} holds no table of accounts or posts. {'; '.join(reasons)}".rstrip(
            ". "
        )
        + ".",
        VECTORS_HINT if holds_vectors else TABLES_HINT,
    )


class SourceReader:
    """Reads the records of a source.

    reports  one a sheet, complete when ``records`` has ended
    """

    def __init__(
        self, source: TableSource, stored: Stored, *, names: RoleNames, strict: bool = False
    ) -> None:
        self.source = source
        self.pictures = PictureFiles(source.paths[0], source.found.pictures)
        self.maker = RecordMaker(self.pictures, stored, names=names)
        self.reports: list[SheetReport] = []
        self.corrected: dict[RejectId, bool] = {}
        """An earlier reject whose row came in again to whether it was used."""
        self._names, self._strict = names, strict

    def records(self, advance: Advance) -> Iterator[Record]:
        # Files that look like tables and cannot be read come first: nothing else names them.
        yield from self.source.found.rejects
        for one in self.source.read:
            report = SheetReport(one.plan)
            self.reports.append(report)
            reading = one.sheet.rows(advance)
            yield from self._sheet(one, report, reading)
            report.notes += [*one.sheet.notes, *reading.notes]
        yield from self.maker.named_accounts()

    def notes(self) -> list[str]:
        sentences = [sentence for report in self.reports for sentence in report.sentences()]
        # Files of which nothing is read are named elsewhere.
        read = {one.sheet.path for one in self.source.read}
        for one in self.source.planned:
            if not one.plan.tables and one.sheet.path in read:
                reason = one.plan.reason or " ".join([question.sentence for question in one.plan.questions])
                sentences.append(f"{clean(one.sheet.name)} was not read: {reason.rstrip('.')}.")
        return [*sentences, *self.maker.notes(), *self.pictures.notes()]

    def _sheet(self, one: PlannedSheet, report: SheetReport, reading: Reading) -> Iterator[Record]:
        options: dict[str, Any] = {"names": self._names, "strict": self._strict}
        readers = [RowReader(plan, report, **options) for plan in one.plan.tables]
        file = one.sheet.file
        is_heading = _heading_test(one)
        of_posts = any(table.table == "posts" for table in one.plan.tables)
        # Other things than accounts are on no platform.
        is_instagram = self._names.is_default
        platform_headers = headers_of_platforms(one.sheet.header, of_posts=of_posts) if is_instagram else []
        for item in reading:
            if isinstance(item, Reject):
                report.rows += 1
                report.rejected += 1
                yield item
                continue
            # A row that one of its tables cannot use is rejected as a whole.
            report.rows += 1
            try:
                refuse_other_platforms(item.cells, platform_headers)
                if is_heading is not None and is_heading(item.cells):
                    raise ValueError(HEADING)
                for reader in readers:
                    yield from self._records(reader, item.line, cells=item.cells, file=file)
                report.used += 1
                if REJECTED_ROW in item.cells:
                    self._note_corrected(item.cells, is_used=True)
            except ValueError as error:
                report.rejected += 1
                if isinstance(error, OtherPlatform):
                    report.platforms[error.platform] += 1
                self._note_corrected(item.cells, is_used=False)
                yield _rejected(file, item, reason=str(error))

    def _note_corrected(self, cells: Mapping[str, Any], *, is_used: bool) -> None:
        """Note the earlier reject of a row that came in again."""
        id = RejectId.read(str(cells.get(REJECTED_ROW) or ""))
        if id is not None:
            self.corrected[id] = is_used

    def _records(self, reader: RowReader, line: int, *, cells: Mapping, file: str) -> Iterator[Record]:
        row = reader.row(line, cells)
        plan = reader.plan
        if plan.table != "accounts":
            yield from self.maker.records(plan.table, row, file=file, line=line)
        elif plan.is_author:
            author = self.maker.author(row)
            if author is not None:
                yield author
        else:
            yield self.maker.account(row, role=plan.role)
