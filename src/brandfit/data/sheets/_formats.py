"""From a file to its tables: the first bytes decide the format, not the name."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from brandfit.data.importers import _files
from brandfit.data.schema import Reject
from brandfit.data.sheets import _delimited, _grid, _json, _old_workbook, _parquet, _workbook, lines
from brandfit.data.sheets._delimited import Record
from brandfit.data.sheets._header import IsKnown, n_filled
from brandfit.data.sheets._workbook import SheetOfBook, Unreadable
from brandfit.data.sheets.sheet import HEAD, Items, Row, Sheet, Stream
from brandfit.data.sheets.source import Source
from brandfit.messages import clean
from brandfit.progress import Advance

OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PARQUET = b"PAR1"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
BINARY = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"SQLite format 3", b"7z\xbc\xaf", b"Rar!")
TABLE_ENDINGS = (".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".parquet", ".xlsx", ".xlsm", ".xls")
PICTURE_ENDINGS = (*_files.PICTURES, ".avif", ".heic", ".heif")
MEDIA_ENDINGS = (".mp4", ".mov", ".webm", ".m4v", ".mp3")
PAGE_ENDINGS = (
    ".html",
    ".htm",
    ".xml",
    ".svg",
    ".md",
    ".py",
    ".toml",
    ".yaml",
    ".yml",
    ".log",
    ".css",
    ".js",
)
"""Text that is no table."""
MOST_SHEETS = 200
"""Tables of one file."""


class NotATable(Exception):
    """A file that is no table, with the reason as a sentence."""


@dataclass(frozen=True)
class Content:
    """The tables of one file, and what is wrong with it."""

    sheets: tuple[Sheet, ...] = ()
    rejects: tuple[Reject, ...] = ()
    no_table: str = ""


def is_picture(source: Source) -> bool:
    return source.file_name.lower().endswith(PICTURE_ENDINGS)


def is_archive(source: Source, first: bytes) -> bool:
    """Whether a file is a zip archive of files, and no workbook."""
    return first.startswith(ZIP) and not _workbook_kind(source)


def content_of(source: Source, is_known: IsKnown | None) -> Content:
    """The tables of a file."""
    try:
        return _content_of(source, is_known)
    except NotATable as error:
        return Content(no_table=str(error))
    except Unreadable as error:
        return Content(rejects=(Reject(source.file, 1, str(error)),))
    except lines.DAMAGED as error:
        return Content(rejects=(Reject(source.file, 1, lines.damage(error)),))


def _content_of(source: Source, is_known: IsKnown | None) -> Content:
    name = source.plain_name
    first = source.beginning(1 << 12)
    if not first:
        raise NotATable("it is empty.")
    if first.startswith(PARQUET) or name.endswith(".parquet"):
        return Content((_parquet_sheet(source),))
    kind = _workbook_kind(source) if first.startswith(ZIP) else ""
    if first.startswith(OLD_EXCEL):
        return _old_book_content(source, is_known)
    if kind == "xlsx" or (not kind and name.endswith((".xlsx", ".xlsm")) and _is_binary(first)):
        return _book_content(source, is_known)
    if kind == "numbers":
        raise NotATable("this form of a table is not supported. Save it as .xlsx or .csv.")
    if kind:
        return _old_book_content(source, is_known)
    if first.startswith(ZIP):
        raise NotATable("zip archives within zip archives are not opened. Unpack it.")
    if first.startswith(BINARY) or name.endswith(MEDIA_ENDINGS):
        raise NotATable("it is no table (.csv, .tsv, .xlsx, .json, .jsonl, .parquet) and no picture.")
    return _text_content(source, is_known)


def _is_binary(first: bytes) -> bool:
    return b"\0" in first or first.startswith(b"PK") or not first.isascii()


def _workbook_kind(source: Source) -> str:
    """The form of a workbook that is a zip archive; "" if it is none."""
    try:
        with source.seekable() as file, zipfile.ZipFile(file) as packed:
            names = set(packed.namelist()[:2000])
            if "xl/workbook.bin" in names:
                return "xlsb"
            if "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names):
                return "xlsx"
            if "mimetype" in names and packed.read("mimetype")[:60].endswith(b"opendocument.spreadsheet"):
                return "ods"
            return "numbers" if any(name.endswith(".iwa") for name in names) else ""
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, RuntimeError):
        return ""


# --- making a sheet -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Names:
    """How messages name a sheet."""

    name: str
    title: str
    file: str


def _sheet(
    source: Source,
    names: _Names,
    *,
    header: tuple[str, ...] | None,
    stream: Stream,
    notes: list[str],
    size: int | None = None,
) -> Sheet:
    """A sheet with its head read from its stream. Without a header, the keys of the head are it."""
    head: list[Row] = []
    notes_of_head: list[str] = []
    for item in stream(lambda _n_bytes: None, notes_of_head):
        if isinstance(item, Row):
            head.append(item)
            if len(head) == HEAD:
                break
    if header is None:
        keys: dict[str, None] = {}
        for row in head:
            keys.update(dict.fromkeys(row.cells))
        header = tuple(keys)
    return Sheet(
        path=source.path,
        name=names.name,
        title=names.title,
        header=header,
        head=tuple(head),
        notes=tuple(dict.fromkeys([*notes, *notes_of_head])),
        size=source.size if size is None else size,
        file=names.file,
        stream=stream,
    )


def _head_records(records: Iterator[Record | Reject]) -> list[Record]:
    """The first records, some of them empty."""
    head: list[Record] = []
    for n_seen, item in enumerate(records, 1):
        if not isinstance(item, Reject) and n_filled(item[1]):
            head.append(item)
        if len(head) > HEAD or n_seen > 50 * HEAD:
            break
    return head


def _parquet_sheet(source: Source) -> Sheet:
    try:
        _parquet.header_of(source)
    except Exception as error:
        # As in ``_parquet.rows``.
        raise Unreadable(f"not a Parquet file that can be read: {_parquet.first_line(error)}") from None
    names = _Names(source.name, source.title, source.file)
    return _sheet(
        source, names, header=None, stream=lambda advance, _notes: _parquet.rows(source, advance), notes=[]
    )


# --- text ---------------------------------------------------------------------------------------------------


def _text_content(source: Source, is_known: IsKnown | None) -> Content:
    sample = _delimited.sample_of(source)
    text = sample.lstrip()
    name = source.plain_name
    if not text:
        raise NotATable("it is empty.")
    if text[:200].lower().startswith(("<!doctype html", "<html", "<table", "<?xml")):
        raise NotATable(
            "it is a web page (HTML or XML), not a table. Open it in Excel, and save it as .xlsx."
        )
    if name.endswith(PAGE_ENDINGS):
        raise NotATable("it is no table (.csv, .tsv, .xlsx, .json, .jsonl, .parquet) and no picture.")
    if name.endswith((".json", *_json.LINES_ENDINGS)) or _is_json(text):
        return _json_content(source, sample, is_known)
    if "\0" in sample[:4096] and not name.endswith(TABLE_ENDINGS):
        raise NotATable("it is no table (.csv, .tsv, .xlsx, .json, .jsonl, .parquet) and no picture.")
    dialect = _delimited.dialect_of(sample, is_known)
    if not name.endswith(TABLE_ENDINGS) and not _is_list_of_words(text, dialect):
        raise NotATable("it is text, and its lines are no rows of a table.")
    return _delimited_content(source, dialect, is_known)


def _is_json(text: str) -> bool:
    """Whether text is JSON, and no CSV with lists in its first cell."""
    if not text.startswith(("{", "[")):
        return False
    after = text[1:].lstrip()[:1]
    return after in ('"', "{", "[", "}", "]", "") or (text[0] == "[" and after in "-0123456789tfn")


def _is_list_of_words(text: str, dialect: _delimited.Dialect) -> bool:
    """Whether a text of another name is a table: equal numbers of cells, or one word a line."""
    rows = [row for row in text.splitlines()[:100] if row.strip()]
    if dialect.n_columns > 1 and dialect.consistency >= 0.8:
        # Commas in sentences are followed by spaces.
        n_spaced = text.count(f"{dialect.delimiter} ")
        return len(rows) > 1 and n_spaced < 0.5 * text.count(dialect.delimiter)
    return len(rows) > 1 and all(len(row) <= 64 and len(row.split()) == 1 for row in rows)


def _delimited_content(source: Source, dialect: _delimited.Dialect, is_known: IsKnown | None) -> Content:
    notes: list[str] = []
    records = _delimited.records(source, dialect, advance=lambda _n_bytes: None, notes=notes)
    head = _head_records(records)
    layout = _grid.layout_of(head, is_known, name=source.name, notes=notes)

    def stream(advance: Advance, notes: list[str]) -> Items:
        table = _grid.Table(layout, name=source.name, file=source.file, notes=notes)
        records = _delimited.records(source, dialect, advance=advance, notes=notes)
        return table.rows(records)

    names = _Names(source.name, source.title, source.file)
    return Content((_sheet(source, names, header=layout.header, stream=stream, notes=notes),))


# --- workbooks ----------------------------------------------------------------------------------------------

_Records = Callable[[SheetOfBook, str, list[str]], Iterator[Record | Reject]]
"""Sheet, its name for notes, and notes to its records."""


def _book_content(source: Source, is_known: IsKnown | None) -> Content:
    with source.seekable() as file:
        book = _workbook.open_book(file)
        sheets = _workbook.sheets_of(book)

    def records(sheet: SheetOfBook, name: str, notes: list[str]) -> Iterator[Record | Reject]:
        return _workbook.records(source, sheet, name=name, notes=notes)

    return _content_of_book(source, sheets, records=records, is_known=is_known)


def _old_book_content(source: Source, is_known: IsKnown | None) -> Content:
    try:
        book = _old_workbook.open_book(source)
    except Unreadable as error:
        # Excel packs a workbook with a password into a file of the old form.
        is_new = source.plain_name.endswith((".xlsx", ".xlsm")) and "password" not in str(error)
        raise Unreadable(_workbook.NO_WORKBOOK if is_new else str(error)) from None

    def records(sheet: SheetOfBook, _name: str, _notes: list[str]) -> Iterator[Record | Reject]:
        return _old_workbook.records(source, sheet)

    return _content_of_book(source, _old_workbook.sheets_of(book), records=records, is_known=is_known)


def _content_of_book(
    source: Source, sheets: list[SheetOfBook], *, records: _Records, is_known: IsKnown | None
) -> Content:
    """The sheets of a workbook that hold tables. A note of the first says which others were skipped."""
    skipped: list[str] = []
    rejects: list[Reject] = []
    opened: list[tuple[SheetOfBook, list[Record]]] = []
    for sheet in sheets[:MOST_SHEETS]:
        if sheet.is_hidden:
            skipped.append(f"{sheet.title!r} is hidden")
            continue
        items = list(itertools.islice(records(sheet, source.name, []), 2 * HEAD))
        head = _head_records(iter(items))
        damage = [item for item in items if isinstance(item, Reject)]
        if why := _why_no_table(head):
            rejects += damage
            if not damage:
                skipped.append(f"{sheet.title!r} {why}")
            continue
        opened.append((sheet, head))
    if not opened and not rejects:
        reasons = "; ".join(skipped[:5])
        raise NotATable(f"none of its sheets holds a table: {reasons}." if skipped else "it has no sheets.")
    found: list[Sheet] = []
    for position, (sheet, head) in enumerate(opened):
        notes = (
            [f"{source.name}: the sheet {reason}, and was skipped." for reason in skipped]
            if not position
            else []
        )
        names = _sheet_names(source, sheet, is_only=len(sheets) == 1)
        layout = _grid.layout_of(head, is_known, name=names.name, notes=notes, is_ragged=True)
        part = _Part(source.size, len(opened), position)
        stream = _book_stream(sheet, names, layout=layout, records=records, part=part)
        found.append(_sheet(source, names, header=layout.header, stream=stream, notes=notes, size=part.size))
    return Content(tuple(found), tuple(rejects))


def _sheet_names(source: Source, sheet: SheetOfBook, *, is_only: bool) -> _Names:
    if is_only:
        return _Names(source.name, sheet.title, source.file)
    suffix = f", sheet {clean(sheet.title)}"
    return _Names(source.name + suffix, sheet.title, source.file + suffix)


def _why_no_table(head: list[Record]) -> str:
    """Why the rows of a sheet are no table; "" if they are one."""
    if not head:
        return "is empty"
    widths = [n_filled(cells) for _, cells in head]
    if (
        len(head) > 1
        and max(widths) == 1
        and sum(" " in str(cells[-1]).strip() for _, cells in head) > len(head) / 2
    ):
        return "has text, and no table"
    n_rows = sum(width >= 2 for width in widths)
    # A cover sheet has a few lines of text, and pairs such as "Date | 2024-05-01".
    if max(widths) == 2 and len(head) < 12 and n_rows < 0.5 * len(head):
        return "has text, and no table"
    if len(head) == 1 and widths[0] == 1:
        return "has one cell, and no table"
    return ""


@dataclass(frozen=True)
class _Part:
    """The share of a file in the progress of one of its tables."""

    n_bytes: int
    n_parts: int
    position: int

    @property
    def size(self) -> int:
        rest = self.n_bytes % self.n_parts if self.position == 0 else 0
        return self.n_bytes // self.n_parts + rest

    def advancing(self, advance: Advance) -> Advance:
        """Reports the share of what is read of the whole file."""
        done = 0

        def share(n_bytes: int) -> None:
            nonlocal done
            before = self.size * done // max(self.n_bytes, 1)
            done += n_bytes
            advance(self.size * done // max(self.n_bytes, 1) - before)

        return share


def _book_stream(
    sheet: SheetOfBook, names: _Names, *, layout: _grid.Layout, records: _Records, part: _Part
) -> Stream:
    def stream(advance: Advance, notes: list[str]) -> Items:
        table = _grid.Table(layout, name=names.name, file=names.file, notes=notes)
        advance(part.size)
        yield from table.rows(records(sheet, names.name, notes))

    return stream


# --- JSON ---------------------------------------------------------------------------------------------------


def _json_content(source: Source, sample: str, is_known: IsKnown | None) -> Content:
    try:
        form = _json.form_of(source, sample)
    except ValueError as error:
        raise Unreadable(str(error)) from None
    notes: list[str] = []
    values = _json.values(source, form, advance=lambda _n_bytes: None, notes=notes)
    head = list(itertools.islice(values, HEAD))
    objects = [item[1] for item in head if not isinstance(item, Reject)]
    if form.kind == "array" and objects and all(isinstance(value, list) for value in objects):
        return _rows_of_lists(source, form, is_known)
    places: dict[_json.Place, None] = {}
    for value in objects:
        places.update(dict.fromkeys(_json.places(value, form)))
    if not places:
        rejects = [item for item in head if isinstance(item, Reject)]
        if rejects:
            places[()] = None
        else:
            raise NotATable("it is JSON without rows.")
    all_places = list(places)[:MOST_SHEETS]
    found: list[Sheet] = []
    for position, place in enumerate(all_places):
        names = _json_names(source, place)
        part = _Part(source.size, len(all_places), position)
        stream = _json_stream(source, form, place=place, places=all_places, part=part)
        found.append(_sheet(source, names, header=None, stream=stream, notes=list(notes), size=part.size))
    return Content(tuple(found))


def _json_names(source: Source, place: _json.Place) -> _Names:
    title = _json.title_of(place, source)
    path = ".".join(key for key in place if key != _json.EACH)
    return _Names(f"{source.name}: {clean(path)[:80]}" if path else source.name, title, source.file)


def _json_stream(
    source: Source, form: _json.Form, *, place: _json.Place, places: list[_json.Place], part: _Part
) -> Stream:
    is_first = part.position == 0
    is_plain = place == () and form.kind != "object"
    is_numbered_anew = place != () or form.kind == "object"

    def stream(advance: Advance, notes: list[str]) -> Items:
        number = 0
        for item in _json.values(source, form, advance=part.advancing(advance), notes=notes):
            if isinstance(item, Reject):
                if is_first:  # one reject, not one a table
                    yield item
                continue
            line, value = item
            if is_plain and type(value) is dict and "node" not in value:
                yield Row(line, _json.flat(value, (), places))
                continue
            if not isinstance(value, (dict, list)) and place == ():
                yield (
                    Row(line, {"value": value})
                    if value is not None
                    else Reject(source.file, line, "expected an object {...}, found nothing")
                )
                continue
            for cells in _json.cells_at(value, place, places):
                number += 1
                where = number if is_numbered_anew and form.kind != "lines" else line
                yield Row(where, cells) if isinstance(cells, dict) else Reject(source.file, where, cells)

    return stream


def _rows_of_lists(source: Source, form: _json.Form, is_known: IsKnown | None) -> Content:
    """A table as a list of lists, its header the first."""

    def records(advance: Advance, notes: list[str]) -> Iterator[Record | Reject]:
        for item in _json.values(source, form, advance=advance, notes=notes):
            if isinstance(item, Reject) or isinstance(item[1], list):
                yield item
            else:
                yield Reject(source.file, item[0], "expected a list as in the first row")

    notes: list[str] = []
    head = _head_records(records(lambda _n_bytes: None, notes))
    layout = _grid.layout_of(head, is_known, name=source.name, notes=notes, is_ragged=True)

    def stream(advance: Advance, notes: list[str]) -> Items:
        table = _grid.Table(layout, name=source.name, file=source.file, notes=notes)
        return table.rows(records(advance, notes))

    names = _Names(source.name, source.title, source.file)
    return Content((_sheet(source, names, header=layout.header, stream=stream, notes=notes),))
