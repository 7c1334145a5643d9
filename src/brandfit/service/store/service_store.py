"""The database of the service: jobs, keys, audit log and annotations, in ``service.sqlite``.

It is separate from the rows, because an import holds the write lock of the rows for its whole run and the
progress of the job must be written meanwhile. Every write is on the disk before the request is answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from brandfit.campaign.prices import PriceList
from brandfit.erasure.files import compact
from brandfit.errors import UsageError
from brandfit.service.store import tables
from brandfit.service.store.annotations import (
    Conflict,
    Edit,
    conflicting_fields,
    current_fields,
    decoded,
    save,
    separate_dislikes,
)
from brandfit.service.store.folders import DATABASE
from brandfit.service.store.records import without_records
from brandfit.workspace.tables import durable, writing


class ServiceStore:
    """Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / DATABASE
        self.engine = durable(self.file)
        with writing(self.engine) as connection:
            tables.metadata.create_all(connection)
            version = {"v": str(tables.SCHEMA)}
            connection.execute(sa.text("INSERT OR IGNORE INTO meta VALUES ('schema', :v)"), version)
            separate_dislikes(connection)

    def close(self) -> None:
        self.engine.dispose()

    def rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def count(self, table: sa.Table) -> int:
        """Number of rows of a table."""
        query = sa.select(sa.func.count().label("n")).select_from(table)
        return int(self.rows(query)[0]["n"])

    def write(self, *statements: sa.Executable) -> int:
        """Execute all statements or none. Returns the number of rows that the last one changed."""
        with writing(self.engine) as connection:
            # One transaction for all statements.
            n_changed = [connection.execute(statement).rowcount for statement in statements]
        return int(n_changed[-1])

    # --- audit log ------------------------------------------------------------------------------------------

    def audit(self, actor: str, action: str, *, subject: str, request: str = "") -> None:
        """Append an entry to the audit log."""
        entry = {"time": time.time(), "who": actor, "action": action, "what": subject, "request": request}
        self.write(tables.audit.insert().values(**entry))

    def audit_entries(self, limit: int, offset: int = 0) -> list[dict[str, Any]]:
        """Entries of the audit log, the latest first, with the keys of the API."""
        # Numbers count up, so their order is the order in time.
        query = sa.select(tables.audit).order_by(tables.audit.c.number.desc()).limit(limit).offset(offset)
        entries = self.rows(query)
        for entry in entries:  # stored column names to names of the API
            entry["actor"], entry["subject"] = entry.pop("who"), entry.pop("what")
        return entries

    # --- annotations ----------------------------------------------------------------------------------------

    def annotations(self, brand: str) -> dict[str, dict[str, Any]]:
        """Influencer to its annotation for this brand, the latest first."""
        table = tables.annotations
        rows = self.rows(sa.select(table).where(table.c.brand == brand).order_by(table.c.changed.desc()))
        return {row["influencer"]: decoded(row) for row in rows}

    def dislikes(self) -> dict[str, list[str]]:
        """Brand to the influencers that are marked “Not this” for it."""
        table = tables.annotations
        query = sa.select(table.c.brand, table.c.influencer).where(table.c.opinion == "dislike")
        disliked_by_brand: dict[str, list[str]] = {}
        for row in self.rows(query.order_by(table.c.brand, table.c.influencer)):
            disliked_by_brand.setdefault(row["brand"], []).append(row["influencer"])
        return disliked_by_brand

    def stated_prices(self, brand: str) -> PriceList:
        """The prices that campaigns stated for influencers of the shortlist of a brand."""
        table = tables.stated_prices
        rows = self.rows(sa.select(table).where(table.c.brand == brand))
        # All have one currency, as ``state_prices`` ensures.
        currency = rows[0]["currency"] if rows else ""
        return PriceList(
            {row["influencer"]: row["price"] for row in rows}, currency, "The prices of the shortlist"
        )

    def state_prices(self, brand: str, prices: Mapping[str, float | None], *, currency: str) -> None:
        """Keep the stated prices of influencers; None removes the earlier one, because it is not stated any
        more. Raises UsageError if other influencers of the brand have stated prices in another currency."""
        table = tables.stated_prices
        of_brand = table.c.brand == brand
        given = table.c.influencer.in_(list(prices))
        has_price = any(price is not None for price in prices.values())
        with writing(self.engine) as connection:
            others = sa.select(table).where(of_brand & ~given & (table.c.currency != currency))
            other = connection.execute(others).mappings().first()
            if has_price and other is not None:
                raise UsageError(
                    f"The shortlist has prices in {other['currency'] or 'no currency'}, for example of "
                    f"{other['influencer']}; these are in {currency or 'no currency'}. Nothing is converted.",
                    "Set the currency of the workspace, and choose the sets again: brandfit currency.",
                )
            connection.execute(table.delete().where(of_brand & given))
            for influencer, price in prices.items():
                if price is not None:
                    row = {"brand": brand, "influencer": influencer, "price": price, "currency": currency}
                    connection.execute(table.insert().values(**row))

    def annotate(self, brand: str, influencer: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change fields of the annotation of an influencer for a brand; returns all fields."""
        return self.edit(brand, [Edit(influencer, changes)])[0]

    def edit(self, brand: str, edits: Sequence[Edit]) -> list[dict[str, Any]]:
        """Make these edits for a brand, all or none; returns the annotation of each influencer.

        A dislike and a place on the shortlist exclude each other: setting one removes the other. Raises
        UsageError if both are set at once, Conflict if another person changed an edited field meanwhile.
        """
        with writing(self.engine) as connection:
            # One transaction for check and write: no other edit comes between.
            current_by_influencer: dict[str, dict[str, Any]] = {}
            conflicting_by_influencer: dict[str, list[str]] = {}
            for edit in edits:
                current = current_fields(connection, brand=brand, influencer=edit.influencer)
                if names := conflicting_fields(edit, current):
                    pair = {"brand": brand, "influencer": edit.influencer, "changed": 0.0}
                    current_by_influencer[edit.influencer] = {**pair, **current}
                    conflicting_by_influencer[edit.influencer] = names
            if conflicting_by_influencer:
                raise Conflict(current_by_influencer, conflicting_by_influencer)
            return [save(connection, brand, edit) for edit in edits]

    # --- erasure --------------------------------------------------------------------------------------------

    def forget(self, is_erased: Callable[[str], bool], redacted: Callable[[str], str]) -> None:
        """Remove annotations of and for erased accounts and their records in results of jobs, redact every
        other text, and rewrite the file.

        is_erased  whether an account id is one of the erased accounts
        redacted   a text without the erased accounts
        """
        with writing(self.engine) as connection:
            for table in tables.metadata.sorted_tables:
                # Rows are changed one by one: texts need the redactor, which SQL does not have.
                for row in connection.execute(sa.select(*table.c)).mappings().all():
                    is_row = sa.and_(*(column == row[column.name] for column in table.primary_key))
                    is_pair = table in tables.OF_PAIRS
                    if is_pair and (is_erased(row["brand"]) or is_erased(row["influencer"])):
                        connection.execute(table.delete().where(is_row))
                    elif changes := _redacted_columns(table, dict(row), redacted, is_erased=is_erased):
                        connection.execute(table.update().where(is_row).values(**changes))
        # Deleted text stays in free pages of the file until the file is rewritten.
        compact(self.file)


def _redacted_columns(
    table: sa.Table,
    row: Mapping[str, Any],
    redacted: Callable[[str], str],
    *,
    is_erased: Callable[[str], bool],
) -> dict[str, str | None]:
    """Text columns of a row that change, with their new values. A result that is about an erased account as a
    whole becomes None."""
    changes: dict[str, str | None] = {}
    for column in table.c:
        text = row[column.name]
        if not isinstance(column.type, sa.Text) or column.primary_key or text is None:
            continue
        new: str | None = redacted(text) if column.name not in tables.JSON else None
        if column is tables.jobs.c.result:
            new = _edited_json(text, lambda value: _redacted(without_records(value, is_erased), redacted))
        elif column.name in tables.JSON:
            new = _edited_json(text, lambda value: _redacted(value, redacted))
        if new != text:
            changes[column.name] = new
    return changes


def _edited_json(text: str, edit: Callable[[Any], Any]) -> str | None:
    """JSON after an edit of its value; the same text if nothing changes, None if no value is left."""
    value = msgspec.json.decode(text)
    new = edit(value)
    if new == value:
        return text
    return None if new is None else msgspec.json.encode(new).decode()


def _redacted(value: Any, redacted: Callable[[str], str]) -> Any:
    """A JSON value with all its texts redacted, keys too."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {redacted(key): _redacted(inner, redacted) for key, inner in value.items()}
    return [_redacted(inner, redacted) for inner in value] if isinstance(value, list) else value
