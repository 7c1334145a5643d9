"""What the service keeps beside the rows: jobs, keys, audit, and what people noted of influencers, in
``service.sqlite``.

A file of its own, for an import holds the write lock of the rows as long as it runs, and progress must be
told meanwhile. Every write is on the disk before it is answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from brandfit.erasure.files import compact
from brandfit.errors import BrandfitError, UsageError
from brandfit.workspace.tables import durable, writing

FILE = "service.sqlite"
SCHEMA = 1

metadata = sa.MetaData()
meta = sa.Table(
    "meta", metadata, sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False)
)
jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("asked", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False, default=""),
    sa.Column("done", sa.BigInteger, nullable=False, default=0),
    sa.Column("total", sa.BigInteger, nullable=False, default=0),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("started", sa.Float),
    sa.Column("finished", sa.Float),
    sa.Column("result", sa.Text),
    sa.Column("problem", sa.Text),
    sa.Column("who", sa.Text, nullable=False),
)
keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("used", sa.Float),
    sa.Column("revoked", sa.Float),
)
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
)
marks = sa.Table(
    "marks",
    metadata,
    sa.Column("brand", sa.Text, primary_key=True),
    sa.Column("influencer", sa.Text, primary_key=True),
    sa.Column("opinion", sa.Text),
    sa.Column("listed", sa.Boolean, nullable=False, default=False),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("tags", sa.Text, nullable=False, default="[]"),
    sa.Column("changed", sa.Float, nullable=False),
)
JSON = ("asked", "result", "problem", "tags")
"""Columns that hold JSON."""
MARK: Mapping[str, Any] = {"opinion": None, "listed": False, "note": "", "tags": []}
"""What is noted of an influencer of whom nothing is."""
FIELDS = {"note": "note", "tags": "tags", "opinion": "opinion"}
"""Fields of an annotation that a person edits, with the word for each."""


@dataclass(frozen=True)
class Edit:
    """A change of what is noted of an influencer.

    changes  field to its new value; the other fields stay as they are
    shown    field to the value that the person saw before the edit; the edit of a field that has another
             value by now is a conflict. Without it, the new value replaces whatever is there
    """

    influencer: str
    changes: Mapping[str, Any]
    on_page: Mapping[str, Any] = field(default_factory=dict)


class Conflict(BrandfitError):
    """Somebody else changed a field since the person saw it, and nothing is saved.

    current  influencer to all that is noted of it now
    fields   influencer to the fields that were edited by both
    """

    def __init__(self, current: Mapping[str, Mapping[str, Any]], fields: Mapping[str, list[str]]) -> None:
        self.current, self.fields = current, fields
        first = next(iter(fields))
        named = " and ".join(f"the {FIELDS[name]}" for name in fields[first])
        more = f", and of {len(fields) - 1:,} more" if len(fields) > 1 else ""
        super().__init__(
            f"Somebody else changed {named} of {first}{more} meanwhile.",
            "Nothing was saved. Compare both, then save yours again or keep theirs.",
        )


class ServiceStore:
    """Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE
        self.engine = durable(self.file)
        with writing(self.engine) as connection:
            metadata.create_all(connection)
            connection.execute(
                sa.text("INSERT OR IGNORE INTO meta VALUES ('schema', :v)"), {"v": str(SCHEMA)}
            )
            _separate(connection)

    def close(self) -> None:
        self.engine.dispose()

    def rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def write(self, *statements: sa.Executable) -> int:
        """All or none of them. Returns how many rows the last one touched."""
        with writing(self.engine) as connection:
            touched = [connection.execute(statement).rowcount for statement in statements]
        return int(touched[-1])

    def audit(self, who: str, action: str, *, what: str, request: str = "") -> None:
        """Into the audit log."""
        self.write(
            audit.insert().values(time=time.time(), who=who, action=action, what=what, request=request)
        )

    # --- what people noted ----------------------------------------------------------------------------------

    def annotations(self, brand: str) -> dict[str, dict[str, Any]]:
        """Influencer to what was noted for this brand, the latest first."""
        found = self.rows(sa.select(marks).where(marks.c.brand == brand).order_by(marks.c.changed.desc()))
        return {row["influencer"]: {**row, "tags": msgspec.json.decode(row["tags"])} for row in found}

    def dislikes(self) -> dict[str, list[str]]:
        """Brand to the influencers that are marked “Not this” for it."""
        found: dict[str, list[str]] = {}
        query = sa.select(marks.c.brand, marks.c.influencer).where(marks.c.opinion == "dislike")
        for row in self.rows(query.order_by(marks.c.brand, marks.c.influencer)):
            found.setdefault(row["brand"], []).append(row["influencer"])
        return found

    def annotate(self, brand: str, influencer: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change what is noted of an influencer for a brand; returns all of it."""
        return self.edit(brand, [Edit(influencer, changes)])[0]

    def edit(self, brand: str, edits: Sequence[Edit]) -> list[dict[str, Any]]:
        """Make these edits for a brand, all or none; returns all that is noted of each influencer.

        A dislike and a place on the shortlist exclude each other: setting one removes the other. Raises
        UsageError where both are set at once, Conflict if somebody else changed an edited field meanwhile.
        """
        with writing(self.engine) as connection:
            known = {edit.influencer: _current_fields(connection, brand, edit.influencer) for edit in edits}
            fields = {edit.influencer: _conflicts(edit, known[edit.influencer]) for edit in edits}
            fields = {influencer: names for influencer, names in fields.items() if names}
            if fields:
                current = {
                    who: {"brand": brand, "influencer": who, "changed": 0.0, **known[who]} for who in fields
                }
                raise Conflict(current, fields)
            return [_marked(connection, brand, edit) for edit in edits]

    # --- who asked to be forgotten --------------------------------------------------------------------------

    def forget(self, gone: Callable[[str], bool], cleaned: Callable[[str], str]) -> None:
        """Remove what was noted of them or for them, take them out of every other text, and write the file
        anew.

        gone     whether an account is one of them
        cleaned  a text without them
        """
        with writing(self.engine) as connection:
            for table in metadata.sorted_tables:
                texts = [column for column in table.c if isinstance(column.type, sa.Text)]
                own = list(table.primary_key)
                for row in connection.execute(sa.select(*table.c)).mappings().all():
                    here = sa.and_(*(column == row[column.name] for column in own))
                    if table is marks and (gone(row["brand"]) or gone(row["influencer"])):
                        connection.execute(table.delete().where(here))
                        continue
                    told = {
                        c.name: row[c.name] for c in texts if not c.primary_key and row[c.name] is not None
                    }
                    new = {name: _cleaned(value, name in JSON, cleaned) for name, value in told.items()}
                    if changed := {name: value for name, value in new.items() if value != told[name]}:
                        connection.execute(table.update().where(here).values(**changed))
        compact(self.file)


def _separate(connection: sa.Connection) -> None:
    """Marks of earlier versions may be a dislike and on the shortlist: keep the shortlist, note the dislike
    in the audit log."""
    both = (marks.c.opinion == "dislike") & marks.c.listed
    found = connection.execute(sa.select(marks.c.brand, marks.c.influencer).where(both)).all()
    if not found:
        return
    connection.execute(marks.update().where(both).values(opinion=None))
    for brand, influencer in found:
        what = f"{brand} {influencer} opinion: it was a dislike and on the shortlist; the shortlist stays"
        connection.execute(
            audit.insert().values(time=time.time(), who="brandfit", action="mark", what=what, request="")
        )


def _cleaned(text: str, json: bool, cleaned: Callable[[str], str]) -> str:
    """A text, or all texts in one of JSON, without whom they may not name; the very same where they name
    nobody."""

    def walked(value: Any) -> Any:
        if isinstance(value, str):
            return cleaned(value)
        if isinstance(value, dict):
            return {cleaned(key): walked(inner) for key, inner in value.items()}
        return [walked(inner) for inner in value] if isinstance(value, list) else value

    if not json:
        return cleaned(text)
    value = msgspec.json.decode(text)
    new = walked(value)
    return text if new == value else msgspec.json.encode(new).decode()


def _current_fields(connection: sa.Connection, brand: str, influencer: str) -> dict[str, Any]:
    """What is noted of an influencer for a brand now."""
    at = (marks.c.brand == brand) & (marks.c.influencer == influencer)
    stored = connection.execute(sa.select(marks).where(at)).mappings().one_or_none()
    return {**stored, "tags": msgspec.json.decode(stored["tags"])} if stored else dict(MARK)


def _conflicts(edit: Edit, known: Mapping[str, Any]) -> list[str]:
    """Fields of an edit that somebody else changed to another value since they were shown."""
    return [
        name
        for name, seen in edit.on_page.items()
        if name in edit.changes
        and plain_value(known[name]) not in (plain_value(seen), plain_value(edit.changes[name]))
    ]


def plain_value(value: Any) -> Any:
    """A field as it is compared: without blanks around a text and the line ends of forms."""
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def _marked(connection: sa.Connection, brand: str, edit: Edit) -> dict[str, Any]:
    """Make an edit; returns all that is noted then. Raises UsageError."""
    influencer, changes = edit.influencer, edit.changes
    dislikes, lists = changes.get("opinion") == "dislike", bool(changes.get("listed"))
    if dislikes and lists:
        raise UsageError(
            f'{influencer}: "Not this" and the shortlist exclude each other.', "Set one of the two."
        )
    known = _current_fields(connection, brand, influencer)
    new = {name: changes.get(name, known[name]) for name in MARK}
    if dislikes:
        new["listed"] = False
    elif lists and new["opinion"] == "dislike":
        new["opinion"] = None
    row = {**new, "tags": msgspec.json.encode(new["tags"]).decode(), "changed": time.time()}
    if "brand" in known:
        at = (marks.c.brand == brand) & (marks.c.influencer == influencer)
        connection.execute(marks.update().where(at).values(**row))
    else:
        connection.execute(marks.insert().values(brand=brand, influencer=influencer, **row))
    return {"brand": brand, "influencer": influencer, **new, "changed": row["changed"]}
