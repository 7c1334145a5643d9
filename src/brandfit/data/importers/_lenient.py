"""JSON with fields that cannot be read: these fields become unknown and are counted; the record stays.

A record is refused only if a field that identifies it is wrong, or if it is no JSON object.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from brandfit.data.captions import handle
from brandfit.messages import clean, path_text, quoted

T = TypeVar("T")

MOST_REMOVED = 40
"""Values that are removed one by one from one record; then whole fields of the record are."""
NAMED_FIELDS = 20
"""Fields that are named in sentences; the others are counted."""
EXAMPLES = 3

_PATH = re.compile(r" - at `\$(.*)`\Z", re.DOTALL)
_STEP = re.compile(r"\[(\d+)\]|\.([^.\[\]]+)|\[\.\.\.\]")


@dataclass
class UnreadableFields:
    """Fields that could not be read and are unknown: number and examples by field."""

    count_by_field: dict[str, int] = field(default_factory=dict)
    examples_by_field: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, value: Any, *, file: str, line: int = 1) -> None:
        """Count a value of the field ``name`` that cannot be read."""
        name = clean(name)
        self.count_by_field[name] = self.count_by_field.get(name, 0) + 1
        examples = self.examples_by_field.setdefault(name, [])
        if len(examples) < EXAMPLES:
            examples.append(f"{quoted(value)} ({path_text(file)}, line {line})")

    def sentences(self) -> list[str]:
        """One sentence a field, with examples."""
        result = []
        for name, count in list(self.count_by_field.items())[:NAMED_FIELDS]:
            values = "1 value" if count == 1 else f"{count:,} values"
            are = "is" if count == 1 else "are"
            examples = ", ".join(self.examples_by_field[name])
            result.append(f"{name}: {values} could not be read and {are} unknown, such as {examples}.")
        more = len(self.count_by_field) - NAMED_FIELDS
        if more > 0:
            result.append(f"{more:,} more {'field has' if more == 1 else 'fields have'} values of this kind.")
        return result


def readable_handles(
    names: Iterable[str | None], field_name: str, unreadable: UnreadableFields, *, file: str, line: int = 1
) -> list[str]:
    """Each handle once, in order. Texts that are no handles are left out and counted as ``field_name``."""
    handles: dict[str, None] = {}
    for name in names:
        if not name:
            continue
        try:
            handles[handle(name)] = None
        except ValueError:
            unreadable.add(field_name, name, file=file, line=line)
    return list(handles)


@dataclass(frozen=True)
class _Place:
    """A place in a JSON document: the container, its key or index, and the name of the field."""

    container: Any
    key: Any
    name: str


class LenientDecoder(Generic[T]):
    """Decodes JSON objects into ``form``; fields with wrong values are left out.

    needed  names of the outermost fields that identify a record: a wrong value of one of them is an error
    """

    def __init__(self, form: type[T], needed: frozenset[str]) -> None:
        self._decode = msgspec.json.Decoder(form).decode
        self._needed = needed

    def decode(self, data: bytes, unreadable: UnreadableFields, *, file: str, line: int = 1) -> T:
        """The record. Raises the errors ``messages.FAILURES`` if it cannot be used."""
        try:
            return self._decode(data)
        except msgspec.ValidationError as error:
            document = msgspec.json.decode(data)
            if not isinstance(document, dict):
                raise
            return self._without_faults(document, error, unreadable=unreadable, file=file, line=line)

    def _without_faults(
        self,
        document: dict[str, Any],
        error: msgspec.ValidationError,
        *,
        unreadable: UnreadableFields,
        file: str,
        line: int,
    ) -> T:
        fault: msgspec.ValidationError | None = error
        removed: dict[str, Any] = {}
        n_removed = 0
        while fault is not None:
            place = _place(document, str(fault), is_whole=n_removed >= MOST_REMOVED)
            if place is None or (place.container is document and place.key in self._needed):
                raise fault
            value = place.container[place.key]
            del place.container[place.key]
            n_removed += 1
            # A container that is removed after one of its values counts once, under its own name.
            removed = {name: old for name, old in removed.items() if not name.startswith(f"{place.name}.")}
            removed.setdefault(place.name, value)
            try:
                result = self._decode(msgspec.json.encode(document))
                fault = None
            except msgspec.ValidationError as next_fault:
                fault = next_fault
        for name, value in removed.items():
            unreadable.add(name, value, file=file, line=line)
        return result


def _place(document: dict[str, Any], message: str, *, is_whole: bool) -> _Place | None:
    """The place that a message of msgspec names, or the outermost field that holds it (``is_whole``); None if
    the message names the document itself."""
    match = _PATH.search(message)
    container: Any = document
    place = None
    names: list[str] = []
    for step in _STEP.finditer(match[1] if match else ""):
        # msgspec does not say which entry of a mapping is wrong: the whole mapping is the place.
        if step[0] == "[...]":
            break
        key = int(step[1]) if step[1] is not None else step[2]
        if step[2] is not None:
            names.append(step[2])
        try:
            value = container[key]
        except (LookupError, TypeError):
            break
        place = _Place(container, key, ".".join(names))
        container = value
        if is_whole:
            break
    return place
