"""The user's own mapping of columns: entries such as ``followers=Abonnenten``.

followers=Abonnenten          the column followers is read from the header Abonnenten
posts.time=Datum              the same, for one table
followers.unit=M              the numbers of the column are in millions (K: thousands, 1: as they are)
followers.decimal=,           1.234 is a thousand and more (``.``: one and a bit)
time.day=first                01/05/2024 is 1 May (``second``: 5 January)
engagement_rate.share=percent a bare 0.9 is 0.9 % (``fraction``: 90 %)
followers.unit=?              what was answered before is not known any more
ignore=Status                 this header is not read
attribute=Rank                this header is kept as an attribute of the account
table=accounts                the sheet is this table (``none``: it is not read)
prices.xlsx:table=none        an entry for one sheet, by the beginning of its name

A header means one thing: the last entry about it counts. Entries of an earlier import of a table with the
same header are remembered. What they say of a header holds; how numbers and times are written is asked of the
file itself first, because the next file may be written in another way.
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
STYLES = {
    "unit": ("1", "K", "M"),
    "decimal": (".", ","),
    "day": ("first", "second"),
    "share": ("percent", "fraction"),
}
"""Settings of a column to their values."""
NOT_KNOWN = "?"
"""The value of a setting that takes back what was answered before."""


@dataclass
class ColumnMapping:
    """Entries for one sheet.

    table         the table of the sheet, "" if it is not stated
    header_of     column, plain or with its table, to the header
    style_of      (column, setting) to its value
    remembered    (column, setting) to its value in an earlier import of the same header
    from_earlier  entries about headers that an earlier import stated and this one did not change
    """

    table: str = ""
    header_of: dict[str, str] = field(default_factory=dict)
    style_of: dict[tuple[str, str], str] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    remembered: dict[tuple[str, str], str] = field(default_factory=dict)
    from_earlier: tuple[str, ...] = ()

    def state(self, name: str, header: str) -> None:
        """State the meaning of a header: a column, or what becomes of it. It has no other meaning then."""
        self.ignored.discard(header)
        self.attributes.discard(header)
        if name in (IGNORE, ATTRIBUTE):
            self.header_of = {column: one for column, one in self.header_of.items() if one != header}
            (self.ignored if name == IGNORE else self.attributes).add(header)
            return
        # Posts and their authors may share a header: only columns of the same table exclude each other.
        table = name.rpartition(".")[0]
        kept = {}
        for column, one in self.header_of.items():
            of_column = column.rpartition(".")[0]
            if one != header or (table and of_column and of_column != table):
                kept[column] = one
        # The same column, named with and without its table.
        kept = {column: one for column, one in kept.items() if not _same_column(column, name)}
        self.header_of = {**kept, name: header}

    @property
    def entries(self) -> list[str]:
        """What is stated, in a form that can be read again."""
        found = [f"{TABLE}={self.table}"] if self.table else []
        found += [f"{column}={header}" for column, header in self.header_of.items()]
        found += [f"{IGNORE}={header}" for header in sorted(self.ignored)]
        found += [f"{ATTRIBUTE}={header}" for header in sorted(self.attributes)]
        styles = {**self.remembered, **self.style_of}
        known = {place: value for place, value in styles.items() if value != NOT_KNOWN}
        return found + [f"{column}.{setting}={value}" for (column, setting), value in known.items()]

    def header(self, table: str, column: str) -> str | None:
        """The stated header of a column."""
        return self.header_of.get(f"{table}.{column}", self.header_of.get(column))

    def style(self, table: str, column: str, *, observed: Style) -> Style:
        """The style of a column: what is stated, and what was observed for the rest."""
        values = {}
        for setting in STYLES:
            stated = self.stated_style(table, column, setting=setting)
            if stated and stated != NOT_KNOWN:
                values[setting] = "" if stated == "1" else stated
        return replace(observed, **values)

    def stated_style(self, table: str, column: str, *, setting: str, earlier: bool = False) -> str:
        """The stated value of a setting of a column, or that of an earlier import; "" if there is none."""
        style_of = self.remembered if earlier else self.style_of
        values = [style_of.get((name, setting), "") for name in (f"{table}.{column}", column)]
        return values[0] or values[1]


def check_entries(entries: Iterable[str]) -> None:
    """Raise UsageError for an entry that has no meaning in any sheet."""
    for entry in entries:
        _parse(entry)


def mapping_for(
    entries: Sequence[str], sheet: str, *, headers: Sequence[str], earlier: Sequence[str] = ()
) -> ColumnMapping:
    """The entries that concern a sheet with these headers. Entries of headers that it does not have are for
    other sheets.

    earlier  entries of an earlier import of a table with these headers
    """
    header_by_text = {folded(header): header for header in reversed(headers)}
    header_by_text |= {header: header for header in headers}
    mapping = ColumnMapping()
    for is_earlier, entry in (*((True, entry) for entry in earlier), *((False, entry) for entry in entries)):
        one = _parse(entry)
        if one.sheet and not sheet.startswith(one.sheet):
            continue
        # What the sheet is, before what its columns are.
        if one.name == TABLE:
            mapping.table = one.value
            continue
        if one.setting:
            style_of = mapping.remembered if is_earlier else mapping.style_of
            style_of[one.name, one.setting] = one.value
            continue
        # As it is written, else in any spelling.
        header = header_by_text.get(one.value, header_by_text.get(folded(one.value)))
        if header is not None:
            mapping.state(one.name, header)
    # What is left of the earlier entries, to be told.
    of_headers = [entry for entry in earlier if not _parse(entry).setting]
    left = set(mapping.entries)
    mapping.from_earlier = tuple([one for one in of_headers if one in left and one not in entries])
    return mapping


def _same_column(one: str, other: str) -> bool:
    """Whether two names of columns are the same column: ``followers`` and ``accounts.followers``."""
    tables = {name.rpartition(".")[0] for name in (one, other)}
    same_name = one.rpartition(".")[2] == other.rpartition(".")[2]
    return same_name and (len(tables) == 1 or "" in tables)


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
        if value not in (*STYLES[setting], NOT_KNOWN):
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
