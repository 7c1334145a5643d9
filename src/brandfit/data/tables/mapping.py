"""The user's own mapping of columns: entries such as ``followers=Abonnenten``.

followers=Abonnenten          the column followers is read from the header Abonnenten
posts.time=Datum              the same, for one table
followers.unit=M              the numbers of the column are in millions (K: thousands, 1: as they are)
followers.decimal=,           1.234 is a thousand and more (``.``: one and a bit)
time.day=first                01/05/2024 is 1 May (``second``: 5 January)
ignore=Status                 this header is not read
attribute=Rank                this header is kept as an attribute of the account
table=accounts                the sheet is this table (``none``: it is not read)
prices.xlsx:table=none        an entry for one sheet, by the beginning of its name
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from brandfit.data.cells import Style
from brandfit.data.tables.columns import COLUMNS
from brandfit.data.tables.headers import folded
from brandfit.errors import UsageError
from brandfit.messages import quoted

NO_TABLE = "none"
IGNORE, ATTRIBUTE, TABLE = "ignore", "attribute", "table"
STYLES = {"unit": ("1", "K", "M"), "decimal": (".", ","), "day": ("first", "second")}
"""Settings of a column to their values."""


@dataclass
class ColumnMapping:
    """Entries for one sheet.

    table       the table of the sheet, "" if it is not stated
    header_of   column, plain or with its table, to the header
    style_of    (column, setting) to its value
    """

    table: str = ""
    header_of: dict[str, str] = field(default_factory=dict)
    style_of: dict[tuple[str, str], str] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)

    def header(self, table: str, column: str) -> str | None:
        """The stated header of a column."""
        return self.header_of.get(f"{table}.{column}", self.header_of.get(column))

    def style(self, table: str, column: str, *, observed: Style) -> Style:
        """The style of a column: what is stated, and what was observed for the rest."""
        values = {}
        for setting in STYLES:
            for name in (f"{table}.{column}", column):
                stated = self.style_of.get((name, setting))
                if stated is not None:
                    values[setting] = "" if stated == "1" else stated
                    break
        return replace(observed, **values)


def check_entries(entries: Iterable[str]) -> None:
    """Raise UsageError for an entry that has no meaning in any sheet."""
    for entry in entries:
        _parse(entry)


def mapping_for(entries: Sequence[str], sheet: str, *, headers: Sequence[str]) -> ColumnMapping:
    """The entries that concern a sheet with these headers. Entries of headers that it does not have are for
    other sheets."""
    header_by_text = {folded(header): header for header in reversed(headers)}
    header_by_text |= {header: header for header in headers}
    mapping = ColumnMapping()
    for entry in entries:
        one = _parse(entry)
        if one.sheet and not sheet.startswith(one.sheet):
            continue
        # What the sheet is, before what its columns are.
        if one.name == TABLE:
            mapping.table = one.value
            continue
        if one.setting:
            mapping.style_of[one.name, one.setting] = one.value
            continue
        # As it is written, else in any spelling.
        header = header_by_text.get(one.value, header_by_text.get(folded(one.value)))
        if header is None:
            continue
        if one.name == IGNORE:
            mapping.ignored.add(header)
        elif one.name == ATTRIBUTE:
            mapping.attributes.add(header)
        else:
            mapping.header_of[one.name] = header
    return mapping


def entries_of(entries: Iterable[str], sheet: str) -> list[str]:
    """The entries that concern a sheet, without its name."""
    found = []
    for entry in entries:
        one = _parse(entry)
        if not one.sheet or sheet.startswith(one.sheet):
            found.append(entry.partition("=")[0].rpartition(":")[2].strip() + "=" + one.value)
    return found


def unknown_headers(entries: Sequence[str], headers: Iterable[str]) -> list[str]:
    """The entries that name a header that no sheet has."""
    known = {folded(header) for header in headers} | set(headers)
    unknown = []
    for entry in entries:
        one = _parse(entry)
        # Entries of tables and styles name no header.
        names_header = one.name != TABLE and not one.setting
        if names_header and one.value not in known and folded(one.value) not in known:
            unknown.append(entry)
    return unknown


@dataclass(frozen=True)
class _Entry:
    """sheet:name.setting=value"""

    sheet: str
    name: str
    setting: str
    value: str


def _parse(entry: str) -> _Entry:
    left, equals, value = entry.partition("=")
    # The name of a sheet may hold a colon; the name of a column holds none.
    sheet, _, name = left.rpartition(":")
    name, value = name.strip(), value.strip()
    if not equals or not name or not value:
        raise UsageError(
            f"{quoted(entry)} is no entry of a mapping.",
            "Write COLUMN=HEADER, such as followers=Abonnenten.",
        )
    # followers.unit is a setting, posts.time a column of a table.
    plain, _, setting = name.rpartition(".")
    if plain and setting in STYLES:
        if value not in STYLES[setting]:
            raise UsageError(
                f"{quoted(entry)}: expected {' or '.join(STYLES[setting])}, found {quoted(value)}."
            )
        _check_column(plain, entry)
        return _Entry(sheet.strip(), plain, setting, value)
    if name == TABLE:
        if value not in (*COLUMNS, NO_TABLE):
            raise UsageError(
                f"{quoted(entry)}: expected {', '.join(COLUMNS)} or {NO_TABLE}, found {quoted(value)}."
            )
    elif name not in (IGNORE, ATTRIBUTE):
        _check_column(name, entry)
    return _Entry(sheet.strip(), name, "", value)


def _check_column(name: str, entry: str) -> None:
    known = {column.name for columns in COLUMNS.values() for column in columns}
    qualified = {f"{table}.{column.name}" for table, columns in COLUMNS.items() for column in columns}
    if name not in known and name not in qualified:
        raise UsageError(
            f"{quoted(entry)}: there is no column {quoted(name)}.",
            f"Columns: {', '.join(sorted(known))}.",
        )
