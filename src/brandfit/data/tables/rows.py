"""Rows of a sheet to rows of a table, as its plan says: a cell that cannot be read is unknown and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from brandfit.data.cells import Items, Money, OtherPlatform, Style, account_id, is_missing
from brandfit.data.role_names import RoleNames
from brandfit.data.tables.categories import category_of
from brandfit.data.tables.columns import Column, column, is_handle, reader_of_role
from brandfit.data.tables.plan import ColumnPlan, TablePlan
from brandfit.data.tables.report import SheetReport, UnreadCells, cell_text

IDENTITY = {
    "accounts": ("id",),
    "posts": ("id", "account"),
    "endorsements": ("brand", "influencer"),
    "comments": ("post", "account"),
}
"""Table to the columns without which a row is rejected."""
_NO_SPONSORS: tuple[Any, ...] = ("[]", "{}", "()", "set()", [], {})
"""Empty lists, as programs write them."""
LONGEST_ATTRIBUTE = 1_000
"""Characters of an attribute."""


@dataclass(frozen=True)
class _Cells:
    """The reading of one column."""

    name: str
    headers: tuple[str, ...]
    read: Callable[[Any, Style], Any]
    style: Style
    is_identity: bool


class RowReader:
    """Reads the rows of one table of a sheet.

    strict  a cell that cannot be read makes its row unusable
    """

    def __init__(self, plan: TablePlan, report: SheetReport, *, names: RoleNames, strict: bool) -> None:
        self.plan, self.report, self.strict = plan, report, strict
        self._names = names
        self._columns = [self._cells(one) for one in plan.columns]
        # An id of a post can be made of the rest.
        self._unplanned = [
            name
            for name in IDENTITY[plan.table]
            if plan.column(name) is None and (plan.table, name) != ("posts", "id")
        ]
        price = plan.column("price")
        self._currency = price.currency or None if price is not None else None

    def _cells(self, one: ColumnPlan) -> _Cells:
        known = column(self.plan.table, one.name)
        is_identity = one.name in IDENTITY[self.plan.table]
        return _Cells(one.name, one.headers, self._reader(known), one.style, is_identity)

    def _reader(self, known: Column) -> Callable[[Any, Style], Any]:
        if self._names.is_default:
            return known.read
        # Other things than accounts have free texts as ids, and roles have other words.
        if known.name == "role":
            words = {"brand": self._names.brand, "influencer": self._names.influencer}
            read_role = reader_of_role(words)
            return lambda value, _style: read_role(value)
        if is_handle(self.plan.table, known.name):
            return lambda value, _style: account_id(value, free=True)
        return known.read

    def row(self, line: int, cells: Mapping[str, Any]) -> dict[str, Any]:
        """Column to value. Raises ValueError with the reason if the row has no identity."""
        row: dict[str, Any] = {}
        for one in self._columns:
            if one.is_identity:
                row[one.name] = self._identity(one, cells)
                continue
            if one.name == "code":
                row["code"] = self._code(one, cells)
                continue
            if one.name == "disclosed" and len(one.headers) > 1:
                self._disclosed(row, one, cells=cells)
                continue
            cell = cells.get(one.headers[0])
            # An empty caption or comment is an empty text; every other empty cell is unknown.
            if cell is None or (cell == "" and one.name not in ("caption", "text")):
                continue
            try:
                value = one.read(cell, one.style)
            except ValueError as error:
                self._unread(one.name, line, cell=cell, reason=str(error))
                continue
            if isinstance(value, Items):
                # An item that cannot be read costs the item, not the list.
                for refused in value.refused:
                    self._unread(one.name, line, cell=refused.item, reason=refused.reason)
                value = value.values
            row[one.name] = value
        missing = [name for name in self._unplanned if name not in row]
        if missing:
            raise ValueError(f"{missing[0]} is missing: no column is known to hold it")
        self._price(row)
        self._sponsor(row, cells)
        if self.plan.attributes:
            row["attributes"] = self._attributes(cells)
        if self.plan.table == "accounts" and self._names.is_default:
            self._category(row)
        return row

    def _identity(self, one: _Cells, cells: Mapping[str, Any]) -> Any:
        """The first cell that can be read."""
        first: ValueError | None = None
        for header in one.headers:
            cell = cells.get(header)
            # The next header may name the same thing.
            if is_missing(cell):
                continue
            try:
                value = one.read(cell, one.style)
            except ValueError as error:
                first = first or error
                continue
            if value is not None:
                return value
        # Accounts of other platforms are counted by platform.
        if isinstance(first, OtherPlatform):
            raise first
        if first is not None:
            raise ValueError(f"{one.name}: {first}")
        raise ValueError(f"{one.name} is missing ({' or '.join(map(cell_text, one.headers))})")

    def _code(self, one: _Cells, cells: Mapping[str, Any]) -> str:
        """The shortcode of a post; "" if it is not known."""
        try:
            return str(self._identity(one, cells))
        except ValueError:
            return ""

    def _unread(self, name: str, line: int, *, cell: Any, reason: str) -> None:
        """Count a cell that cannot be read. Raises ValueError if the import is strict."""
        if self.strict:
            raise ValueError(f"{name}: {reason}")
        if name not in self.report.unread:
            self.report.unread[name] = UnreadCells()
        self.report.unread[name].add(line, cell, reason)

    def _disclosed(self, row: dict[str, Any], one: _Cells, *, cells: Mapping[str, Any]) -> None:
        """A post is an advertisement if one of several columns says so."""
        answers = []
        for header in one.headers:
            try:
                answers.append(one.read(cells.get(header), one.style))
            except ValueError:
                continue  # a name of a sponsor is read elsewhere
        known = [answer for answer in answers if answer is not None]
        if known:
            row["disclosed"] = any(known)

    def _sponsor(self, row: dict[str, Any], cells: Mapping[str, Any]) -> None:
        """A sponsor that is named marks the post as an advertisement, also if it is no handle."""
        if self.plan.table != "posts":
            return
        name = row.pop("sponsor_name", None)
        column = self.plan.column("sponsors")
        if not name and column is not None and not row.get("sponsors"):
            name = next(
                (cell for header in column.headers if not is_missing(cell := cells.get(header))), None
            )
        if name and name not in _NO_SPONSORS and row.get("disclosed") is None:
            row["disclosed"] = True

    def _price(self, row: dict[str, Any]) -> None:
        """A price that states its currency states the currency of the account."""
        money = row.pop("price", None)
        # None stays None: the price is unknown.
        if isinstance(money, Money):
            row["price"] = money.amount
            row["currency"] = money.currency or row.get("currency") or self._currency

    def _category(self, row: dict[str, Any]) -> None:
        """The category in the words of the vocabulary; that of the business category if none is stated."""
        counts = self.report.categories
        text = row.get("category")
        if text:
            category = category_of(text)
            row["category"] = category.name
            if not category.is_known:
                counts.unknown[text] += 1
            elif category.also:
                # The others stay with the account as the text of the cell.
                row.setdefault("attributes", {})["categories"] = text
                counts.several[text] += 1
            elif text.lower() != category.name:
                counts.matched[text] += 1
        elif row.get("business_category"):
            category = category_of(row["business_category"])
            if category.is_known:
                row["category"] = category.name
                counts.of_business[row["business_category"]] += 1

    def _attributes(self, cells: Mapping[str, Any]) -> dict[str, str]:
        attributes = {}
        for header in self.plan.attributes:
            cell = cells.get(header)
            # Objects are no texts that a person could read.
            if is_missing(cell) or isinstance(cell, dict):
                continue
            text = _text(cell)
            if text:
                attributes[header] = text
                self.report.samples.setdefault(header, text)
        return attributes


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        cell = int(cell)
    if isinstance(cell, (list, tuple)):
        cell = ", ".join([str(item) for item in cell if not isinstance(item, (dict, list))])
    text = str(cell).replace("\0", "").strip()
    return text.encode("utf-8", "ignore").decode()[:LONGEST_ATTRIBUTE]
