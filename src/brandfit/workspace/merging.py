"""How the row of an import and the stored row of the same key become one: a value that the source does not
state never replaces a stored one. Of two values that one import states, the first counts.

A row is a tuple of values in the order of the fields; a set of fields is a bit mask in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from brandfit.data import schema
from brandfit.data.schema import Partial
from brandfit.mappings import map_values
from brandfit.workspace.history import GoneRows, gone_sentences

IDENTITY = {"posts": "account", "images": "hash"}
"""Fields that identify the object of a row. If this value changes, the row describes another object, and no
stored value is kept."""
QUOTED = (
    "role",
    "category",
    "followers",
    "followees",
    "posts",
    "likes",
    "comments",
    "time",
    "kind",
    "weight",
)
"""Fields whose values an example shows; texts of people are not shown."""


CHANGE_EXAMPLES = 3
CONFLICT_EXAMPLES = 4


@dataclass(frozen=True)
class ChangedValue:
    """A field with two values: of a stored row that an import changed, or of two rows of one import. Texts of
    people are not shown."""

    id: str
    field: str
    earlier: Any = None
    later: Any = None

    @property
    def sentence(self) -> str:
        return f"{_label(self.field)} of {self.id}{self._values('to')}"

    @property
    def conflict(self) -> str:
        return f"{_label(self.field)} of {self.id}{self._values('and')}"

    def _values(self, word: str) -> str:
        return "" if self.earlier is None and self.later is None else f" ({self.earlier} {word} {self.later})"


def changed_value(id: str, field: str, *, old: Any, new: Any) -> ChangedValue:
    return ChangedValue(id, field, *((old, new) if field in QUOTED else (None, None)))


class GivenValues(NamedTuple):
    """The values of one row in an import.

    defaults  fields with a default in place of a value
    derived   fields that are computed from the caption
    """

    values: tuple[Any, ...]
    defaults: int = 0
    derived: int = 0


class Form:
    """How rows of one table are merged."""

    def __init__(self, table: str) -> None:
        self.table = table
        self.names = [f.name for f in schema.fields(schema.TABLES[table])]
        self.n_keys = len(schema.KEYS[table])
        identity = IDENTITY.get(table)
        self._identity = self.names.index(identity) if identity else None
        self._caption = self.names.index("caption") if "caption" in self.names else None
        self._bits = [1 << n for n in range(len(self.names))]
        self._masks: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[int, int]] = {}

    def masks(self, partial: Partial) -> tuple[int, int]:
        """Bits of the fields with a default, and of the derived ones."""
        both = partial.defaults, partial.derived
        masks = self._masks.get(both)
        if masks is None:
            defaults, derived = (sum(1 << self.names.index(name) for name in names) for names in both)
            masks = self._masks[both] = defaults, derived
        return masks

    def stated(self, given: GivenValues) -> int:
        """Bits of the fields with a value that the source states; a None or an empty list is no value."""
        stated = 0
        for bit, value in zip(self._bits, given.values, strict=True):
            if value is not None and value not in ([], {}):
                stated |= bit
        return stated & ~given.defaults & ~given.derived

    def merged(self, old: GivenValues, new: GivenValues, *, fixed: int = 0) -> GivenValues:
        """The values of ``new``, and those of ``old`` in place of what ``new`` does not state.

        fixed  bits of the fields that the same import stated before: they stay as they are
        """
        before, after = old.values, new.values
        # Another object: nothing of the stored row belongs to it.
        if self._identity is not None and before[self._identity] != after[self._identity]:
            return old if fixed & self._bits[self._identity] else new
        at = self._caption
        caption_changed = (
            at is not None
            and before[at] is not None
            and after[at] is not None
            and after[at] != before[at]
            and not new.defaults & self._bits[at]
        )
        has_fixed_caption = at is not None and bool(fixed & self._bits[at])
        # Derived fields of an old caption do not stay with a new one.
        values, defaults, derived = [], 0, 0
        for bit, earlier, later in zip(self._bits, before, after, strict=True):
            if isinstance(later, dict):
                # Attributes of several sources stand side by side.
                # Under the same name the later text counts, or the first of one import.
                later = {**later, **earlier} if fixed & bit else {**(earlier or {}), **later}
                keeps = later == earlier
            elif fixed & bit or later is None:
                keeps = True
            elif new.defaults & bit:
                keeps = earlier is not None
            elif new.derived & bit:
                keeps = has_fixed_caption or (not caption_changed and earlier is not None and earlier != [])
            else:
                keeps = False
            values.append(earlier if keeps else later)
            source = old if keeps else new
            defaults |= source.defaults & bit
            derived |= source.derived & bit
        return GivenValues(tuple(values), defaults, derived)

    def kept_fields(self, merged: GivenValues, new: GivenValues) -> int:
        """Bits of the fields in which a merged row differs from the values that the import gives."""
        differing = 0
        for bit, is_, was_given in zip(self._bits, merged.values, new.values, strict=True):
            if is_ != was_given:
                differing |= bit
        return differing

    def differing(self, fields: int, old: GivenValues, new: GivenValues) -> list[int]:
        """Numbers of those ``fields`` that differ; for another object only the field that identifies it."""
        at = self._identity
        if at is not None and (self.table == "images" or old.values[at] != new.values[at]):
            fields &= self._bits[at]
        pairs = enumerate(zip(old.values, new.values, strict=True))
        return [n for n, (before, after) in pairs if fields >> n & 1 and _contradict(before, after)]

    def field_names(self, mask: int) -> tuple[str, ...]:
        return tuple(name for bit, name in zip(self._bits, self.names, strict=True) if mask & bit)


@dataclass(frozen=True)
class KeptValues:
    """Rows of a table that keep stored values which an import does not state, with one example."""

    n_rows: int
    id: str
    fields: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"rows": self.n_rows, "example": {"id": self.id, "fields": list(self.fields)}}


@dataclass
class Conflicts:
    """Fields of a table with two known values in one import, with the first one of each field. The first
    value counts."""

    n_values: int = 0
    examples: dict[str, ChangedValue] = field(default_factory=dict)
    """Field to its first conflict."""

    def to_dict(self) -> dict[str, Any]:
        return {"values": self.n_values, "examples": list(map(asdict, self.examples.values()))}

    def sentence(self, table: str) -> str:
        one = self.n_values == 1
        shown = list(self.examples.values())[:CONFLICT_EXAMPLES]
        pairs = ", ".join([example.conflict for example in shown])
        return (
            f"{table.capitalize()}: {self.n_values:,} {'value is' if one else 'values are'} stated twice "
            f"with a difference, and the first one counts: {'' if one else 'for example '}{pairs}."
        )


@dataclass
class Merging:
    """Stored values that an import kept, and its conflicts, by table."""

    kept: dict[str, KeptValues] = field(default_factory=dict)
    conflicts: dict[str, Conflicts] = field(default_factory=dict)
    gone: dict[str, GoneRows] = field(default_factory=dict)
    changes: dict[str, list[ChangedValue]] = field(default_factory=dict)
    """Table to examples of changed values."""
    is_unrecorded: bool = False
    """Whether the earlier import of the same source is from a version that did not record its rows."""

    def add_conflicts(self, form: Form, fields: int, *, earlier: GivenValues, later: GivenValues) -> None:
        """Count the ``fields`` in which two rows of one import differ."""
        for n in form.differing(fields, earlier, later):
            name = form.names[n]
            conflicts = self.conflicts.setdefault(form.table, Conflicts())
            conflicts.n_values += 1
            if name not in conflicts.examples:
                id = id_text(later.values[: form.n_keys])
                conflicts.examples[name] = changed_value(id, name, old=earlier.values[n], new=later.values[n])

    def to_dict(self) -> dict[str, Any]:
        return {
            "kept": map_values(KeptValues.to_dict, self.kept),
            "conflicts": map_values(Conflicts.to_dict, self.conflicts),
            "gone": map_values(GoneRows.to_dict, self.gone),
            "changed_examples": {name: [asdict(one) for one in some] for name, some in self.changes.items()},
        }

    def sentences(self) -> list[str]:
        lines = []
        # What changed comes before what stayed.
        for table, examples in self.changes.items():
            if examples:
                shown = ", ".join([example.sentence for example in examples])
                lines.append(f"{table.capitalize()} changed, for example {shown}.")
        for table, kept in self.kept.items():
            rows = f"{kept.n_rows:,} {table.removesuffix('s') if kept.n_rows == 1 else table}"
            lines.append(
                f"{rows} {'keeps' if kept.n_rows == 1 else 'keep'} stored values that the source does not "
                f"state, such as {_listed([_label(name) for name in kept.fields])} of {kept.id}."
            )
        for table, found in self.conflicts.items():
            lines.append(found.sentence(table))
        if self.is_unrecorded:
            lines.append(
                "An earlier version of Brandfit imported this source before and did not record its rows. "
                "What is gone since then is not known; the next import will know it."
            )
        return [*lines, *gone_sentences(self.gone)]


def _contradict(before: Any, after: Any) -> bool:
    """Whether two values cannot both be true: attributes only if one name has two values."""
    if isinstance(before, dict) and isinstance(after, dict):
        return any(after.get(name, value) != value for name, value in before.items())
    return bool(before != after)


def id_text(key: Iterable[Any]) -> str:
    """A key as people read it."""
    return " ".join(map(str, key))


def _label(name: str) -> str:
    return "picture" if name == "hash" else name.replace("_", " ")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
