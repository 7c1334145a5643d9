"""Annotations of influencers for a brand: how an edit is made, and when two edits are in conflict."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa

from brandfit.errors import BrandfitError, UsageError
from brandfit.service.store import tables
from brandfit.service.store.tables import annotations

NO_ANNOTATION: Mapping[str, Any] = {"opinion": None, "listed": False, "note": "", "tags": []}
"""Fields of an influencer without an annotation."""
FIELDS = {"note": "note", "tags": "tags", "opinion": "opinion"}
"""Fields of an annotation that a person edits, with the word for each."""


@dataclass(frozen=True)
class Edit:
    """A change of the annotation of an influencer.

    changes  field to its new value; the other fields keep their values
    on_page  field to the value that the person saw before the edit. If the field has another value by now,
             the edit is a conflict. Fields that are missing here are replaced without a check
    """

    influencer: str
    changes: Mapping[str, Any]
    on_page: Mapping[str, Any] = field(default_factory=dict)


class Conflict(BrandfitError):
    """Another person changed a field since the page was loaded. Nothing is saved.

    current  influencer to all fields of its annotation as they are now
    fields   influencer to the fields that both persons edited
    """

    def __init__(self, current: Mapping[str, Mapping[str, Any]], fields: Mapping[str, list[str]]) -> None:
        self.current, self.fields = current, fields
        first = next(iter(fields))
        edited = " and ".join(f"the {FIELDS[name]}" for name in fields[first])
        more = f", and of {len(fields) - 1:,} more" if len(fields) > 1 else ""
        super().__init__(
            f"Somebody else changed {edited} of {first}{more} meanwhile.",
            "Nothing was saved. Compare both, then save yours again or keep theirs.",
        )


def is_pair(brand: str, influencer: str) -> sa.ColumnElement[bool]:
    """The condition that selects one row of the table."""
    return (annotations.c.brand == brand) & (annotations.c.influencer == influencer)


def current_fields(connection: sa.Connection, *, brand: str, influencer: str) -> dict[str, Any]:
    """The annotation of an influencer for a brand now; ``NO_ANNOTATION`` if there is no row."""
    query = sa.select(annotations).where(is_pair(brand, influencer))
    stored = connection.execute(query).mappings().one_or_none()
    return decoded(dict(stored)) if stored else dict(NO_ANNOTATION)


def decoded(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table with its tags as a list."""
    return {**row, "tags": msgspec.json.decode(row["tags"])}


def conflicting_fields(edit: Edit, current: Mapping[str, Any]) -> list[str]:
    """Fields of an edit that another person changed to another value since the page was loaded."""
    conflicting = []
    for name, value_on_page in edit.on_page.items():
        if name not in edit.changes:
            continue
        # No conflict if the value is still the one on the page, or is already the new one.
        harmless = plain_value(value_on_page), plain_value(edit.changes[name])
        if plain_value(current[name]) not in harmless:
            conflicting.append(name)
    return conflicting


def plain_value(value: Any) -> Any:
    """A field for comparison: a text without outer blanks and with the line ends of Unix (forms send
    CRLF)."""
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def save(connection: sa.Connection, brand: str, edit: Edit) -> dict[str, Any]:
    """Write an edit and return the whole annotation. Raises UsageError for a dislike on the shortlist."""
    influencer, changes = edit.influencer, edit.changes
    dislikes, lists = changes.get("opinion") == "dislike", bool(changes.get("listed"))
    if dislikes and lists:
        raise UsageError(
            f'{influencer}: "Not this" and the shortlist exclude each other.', "Set one of the two."
        )
    current = current_fields(connection, brand=brand, influencer=influencer)
    fields = {name: changes.get(name, current[name]) for name in NO_ANNOTATION}
    # The later of the two wins: a dislike takes off the list, listing removes a dislike.
    if dislikes:
        fields["listed"] = False
    elif lists and fields["opinion"] == "dislike":
        fields["opinion"] = None
    row = {**fields, "tags": msgspec.json.encode(fields["tags"]).decode(), "changed": time.time()}
    if "brand" in current:  # there is a row
        connection.execute(annotations.update().where(is_pair(brand, influencer)).values(**row))
    else:
        connection.execute(annotations.insert().values(brand=brand, influencer=influencer, **row))
    return {"brand": brand, "influencer": influencer, **fields, "changed": row["changed"]}


def separate_dislikes(connection: sa.Connection) -> None:
    """Repair rows of earlier versions that are a dislike and on the shortlist: the shortlist stays, the audit
    log gets an entry."""
    # An annotation with both would be left out of rankings and stay on the list.
    is_both = (annotations.c.opinion == "dislike") & annotations.c.listed
    pairs = connection.execute(sa.select(annotations.c.brand, annotations.c.influencer).where(is_both)).all()
    if not pairs:
        return
    connection.execute(annotations.update().where(is_both).values(opinion=None))
    for brand, influencer in pairs:
        subject = f"{brand} {influencer} opinion: it was a dislike and on the shortlist; the shortlist stays"
        entry = {"time": time.time(), "who": "brandfit", "action": "mark", "what": subject, "request": ""}
        connection.execute(tables.audit.insert().values(**entry))
