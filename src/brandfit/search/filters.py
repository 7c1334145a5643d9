"""Conditions on facts about influencers, with and, or and not, as a person types them or as JSON.

    followers:5k..100k and (hashtag:vegan or category:food) and not worked_with:northpeak.outdoor

Logic is three-valued (Kleene): if a fact is unknown, a condition on it is neither true nor false. Neither the
condition nor its negation finds such an influencer, and the answer counts these influencers.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.account_id import account_id
from brandfit.errors import ConfigError, UnknownName, UsageError, suggestion
from brandfit.folding import fold, folded
from brandfit.search.facts import Facts, word_pattern
from brandfit.search.fields import FIELDS, Range, as_typed, example, formatted, iso_time, read_range

__all__ = [
    "FIELDS",
    "AndOr",
    "Condition",
    "FieldCondition",
    "Not",
    "Range",
    "condition",
    "decided",
    "example",
    "facts_of",
    "formatted",
    "matching",
    "notes",
    "parse",
    "read",
]

Ternary = Any
"""(n,) Arrow booleans: true, false, or null for unknown."""


class Condition(ABC):
    """A tree of conditions. ``str`` gives the sentence for people."""

    @abstractmethod
    def evaluate(self, facts: Facts) -> Ternary:
        """(n,) whether the condition is true of each influencer."""

    @abstractmethod
    def __str__(self) -> str: ...

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """The JSON that ``read`` turns into this condition."""

    @property
    @abstractmethod
    def leaves(self) -> tuple[FieldCondition, ...]:
        """Its conditions on one field each, in the order in which they are written."""


@dataclass(frozen=True)
class FieldCondition(Condition):
    """A condition on one field: a Range for numbers, else a text in lower case."""

    field: str
    value: Any

    def evaluate(self, facts: Facts) -> Ternary:
        field = FIELDS[self.field]
        if field.matches is not None:
            return field.matches(facts, self.value)
        column = self.column(facts)
        if field.numbers:
            return self._in_range(column)
        # Both sides are compared without case and accents.
        text, value = folded(column), fold(self.value)
        if field.contains_word:
            return pc.match_substring_regex(text, word_pattern(value))
        return pc.equal(text, value)

    def _in_range(self, column: pa.Array) -> Ternary:
        # A comparison with null is null, so unknown facts stay unknown.
        low, high = self.value.low, self.value.high
        if high is None:
            return pc.greater_equal(column, low)
        if low is None:
            return pc.less_equal(column, high)
        return pc.and_kleene(pc.greater_equal(column, low), pc.less_equal(column, high))

    def __str__(self) -> str:
        return FIELDS[self.field].sentence(self.value)

    def to_json(self) -> dict[str, Any]:
        if not isinstance(self.value, Range):
            return {self.field: self.value}
        ends: dict[str, Any] = {"min": self.value.low, "max": self.value.high}
        if FIELDS[self.field].numbers == "day":
            return {self.field: {end: iso_time(value) for end, value in ends.items()}}
        return {self.field: ends | ({"account": self.value.account} if self.value.account else {})}

    @property
    def leaves(self) -> tuple[FieldCondition, ...]:
        return (self,)

    @property
    def fact(self) -> str:
        """Name of the fact, as the header of a column: the field, with the account that it compares with. A
        condition on a set (hashtags, mentions, brands) is its own fact."""
        field = FIELDS[self.field]
        if field.takes_account:
            return f"{self.field}:{self.value.account}"
        return f"{self.field}:{self.value}" if field.matches is not None else self.field

    def column(self, facts: Facts) -> pa.Array:
        """(n,) the fact that the condition reads."""
        column = getattr(facts, FIELDS[self.field].column)
        return column(self.value.account) if FIELDS[self.field].takes_account else column

    def values(self, facts: Facts, rows: np.ndarray) -> list[Any]:
        """The fact for these rows of influencers: numbers, days as ISO 8601, texts or booleans; None if
        unknown."""
        field = FIELDS[self.field]
        column = field.matches(facts, self.value) if field.matches is not None else self.column(facts)
        values = column.take(pa.array(rows, pa.int64())).to_pylist()
        return list(map(iso_time, values)) if field.numbers == "day" else values


@dataclass(frozen=True)
class Not(Condition):
    inner: Condition

    @property
    def leaves(self) -> tuple[FieldCondition, ...]:
        return self.inner.leaves

    def evaluate(self, facts: Facts) -> Ternary:
        return pc.invert(self.inner.evaluate(facts))

    def __str__(self) -> str:
        return f"not ({self.inner})"

    def to_json(self) -> dict[str, Any]:
        return {"not": self.inner.to_json()}


@dataclass(frozen=True)
class AndOr(Condition):
    """All of several conditions, or any of them. ``word`` is "and" or "or"."""

    word: str
    parts: tuple[Condition, ...]

    @property
    def leaves(self) -> tuple[FieldCondition, ...]:
        return tuple(leaf for part in self.parts for leaf in part.leaves)

    def evaluate(self, facts: Facts) -> Ternary:
        combine = pc.and_kleene if self.word == "and" else pc.or_kleene
        result = self.parts[0].evaluate(facts)
        for part in self.parts[1:]:
            result = combine(result, part.evaluate(facts))
        return result

    def __str__(self) -> str:
        texts = [f"({part})" if isinstance(part, AndOr) else str(part) for part in self.parts]
        return f" {self.word} ".join(texts)

    def to_json(self) -> dict[str, Any]:
        return {self.word: [part.to_json() for part in self.parts]}


# --- reading ------------------------------------------------------------------------------------------------

GRAMMAR = r"""
?start: any
?any: all ("or"i all)*
?all: one ("and"i? one)*
?one: "not"i one -> negated | "(" any ")" | test
test: FIELD ":" VALUE
FIELD: /[A-Za-z_]+(?=:)/
VALUE: /"[^"]*"(=("[^"]*"|[^\s()]+))?|[^\s()]+/
%ignore /\s+/
"""
COMPARED = re.compile(r"@?([^<>=]+)(?:=(?![<>=])|(?=[<>]=))(.+)")
"""An account and a range: ``northpeak.outdoor>=50%`` or ``northpeak.outdoor=5%..20%``."""


def condition(where: str | Mapping[str, Any] | None) -> Condition | None:
    """A condition from a typed text or from JSON; None of None."""
    if where is None:
        return None
    return parse(where) if isinstance(where, str) else read(where)


def parse(text: str) -> Condition:
    """A condition as a person types it. Raises UsageError with the position, UnknownName for a field that
    does not exist."""
    from lark.exceptions import UnexpectedInput

    try:
        return _from_tree(_parser().parse(text))
    except UnexpectedInput as error:
        is_end = getattr(getattr(error, "token", None), "type", "") == "$END"
        # The rest of the text from the character that cannot be read.
        rest = "" if is_end else text[getattr(error, "column", 1) - 1 :][:20]
        raise UsageError(
            f"This condition cannot be read at {rest!r}: {text}"
            if rest
            else f"This condition breaks off: {text}",
            "For example: followers:5k..100k and not hashtag:ad",
        ) from None


@cache
def _parser() -> Any:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", maybe_placeholders=False)


def _from_tree(tree: Any) -> Condition:
    """A condition from the tree of the parser."""
    if tree.data == "test":
        name, value = map(str, tree.children)
        # attribute:"contact email"=open and attribute:"contact email=open" are the same.
        return _field_condition(name, value.replace('"', ""))
    # ``and`` binds closer than ``or``: the grammar has made the tree accordingly.
    parts = tuple(map(_from_tree, tree.children))
    if tree.data == "negated":
        return Not(parts[0])
    return AndOr("and" if tree.data == "all" else "or", parts)


def read(json: Mapping[str, Any]) -> Condition:
    """A condition from JSON: {"and": [{"followers": {"min": 5000}}, {"not": {"hashtag": "ad"}}]}. Several
    keys of one object are combined by and."""
    if not isinstance(json, Mapping):
        raise UsageError(
            f"A condition is an object, found {json!r}.", 'For example: {"followers": {"min": 5000}}'
        )
    parts = [_read_entry(key, value) for key, value in json.items()]
    if not parts:
        raise UsageError("An empty condition.", 'For example: {"followers": {"min": 5000}}')
    return parts[0] if len(parts) == 1 else AndOr("and", tuple(parts))


def _read_entry(key: str, value: Any) -> Condition:
    """A condition from one key of a JSON object and its value."""
    if key in ("and", "or"):
        if not isinstance(value, list) or not value:
            raise UsageError(
                f"{key!r} takes a list of conditions, found {value!r}.",
                'For example: {"or": [{"language": "en"}]}',
            )
        parts = tuple(map(read, value))
        return parts[0] if len(parts) == 1 else AndOr(key, parts)
    if key == "not":
        return Not(read(value))
    if isinstance(value, Mapping):
        _check_range_keys(key, value)
        # JSON is read as its typed form, so that both have the same rules for numbers.
        account = f"{value['account']}=" if "account" in value else ""
        ends = f"{as_typed(key, value.get('min'))}..{as_typed(key, value.get('max'))}"
        return _field_condition(key, account + ends)
    if isinstance(value, str | int | float):
        return _field_condition(key, as_typed(key, value))
    raise UsageError(
        f"{key!r} takes a text, a number or a range, found {value!r}.", 'For example: {"hashtag": "vegan"}'
    )


def _check_range_keys(name: str, value: Mapping[str, Any]) -> None:
    """Raise UnknownName for a field that does not exist, UsageError for a range of a text field and for a key
    that a range does not have."""
    name = str(name).lower()
    if name not in FIELDS:
        raise UnknownName("filter", name, known=FIELDS)
    field = FIELDS[name]
    if not field.numbers:
        raise UsageError(
            f"{name!r} takes a text, found {dict(value)!r}.", f'For example: {{"{name}": "{example(name)}"}}'
        )
    keys = ("account", "min", "max") if field.takes_account else ("min", "max")
    if unknown := [key for key in value if key not in keys]:
        raise UsageError(
            f"A range of {name} has no {', '.join(map(repr, unknown))}, found {dict(value)!r}.",
            f"Its keys are {', '.join(keys)}.",
        )


def _field_condition(name: str, text: str) -> FieldCondition:
    """A condition on one field from its name and its value as typed."""
    name = name.lower()
    if name not in FIELDS:
        raise UnknownName("filter", name, known=FIELDS)
    field = FIELDS[name]
    if not field.numbers:
        return FieldCondition(name, text.strip().lower().lstrip("#@"))
    account = ""
    if field.takes_account:
        match = COMPARED.fullmatch(text.strip())
        if match is None:
            raise ConfigError(
                f"{name} takes an account and a range, found {text!r}.",
                f"For example: {name}:{example(name)}",
            )
        # Ids of accounts are in lower case.
        account, text = match[1].strip().lower(), match[2]
    return FieldCondition(name, read_range(name, text, account))


# --- applying -----------------------------------------------------------------------------------------------


def matching(condition: Condition | None, facts: Facts) -> tuple[np.ndarray, int]:
    """(n,) bool: influencers that meet the condition (all without one), and the number for which it is
    unknown."""
    is_true, is_known = decided(condition, facts)
    return is_true, int((~is_known).sum())


def decided(condition: Condition | None, facts: Facts) -> tuple[np.ndarray, np.ndarray]:
    """Two (n,) bool: influencers that meet the condition (all without one), and influencers for which it is
    known."""
    if condition is None:
        return np.ones(len(facts), bool), np.ones(len(facts), bool)
    # (n,) true, false, or null for unknown
    values = condition.evaluate(facts)
    is_known = pc.is_valid(values).to_numpy(zero_copy_only=False)
    return pc.fill_null(values, False).to_numpy(zero_copy_only=False), is_known


def notes(condition: Condition | None, facts: Facts) -> list[str]:
    """A note on each text value of the condition that no influencer has, with the nearest existing value."""
    result = []
    for leaf in dict.fromkeys(condition.leaves if condition is not None else ()):
        field = FIELDS[leaf.field]
        if field.numbers or pc.any(leaf.evaluate(facts)).as_py():
            continue
        hint = ""
        if field.known_values is not None:
            # A column has few values, which are all listed. Of hashtags and accounts only near ones help.
            hint = suggestion(leaf.value, field.known_values(facts), listing=bool(field.column))
        result.append(f"nobody has {leaf.field}:{leaf.value}" + (f". {hint}" if hint else ""))
    return result


def facts_of(condition: Condition | None, sort: str | None = None) -> list[FieldCondition]:
    """The facts that a condition and a sort read, each once, that of the sort first: the columns of a result.

    sort  a numeric field, "-" before it for ascending order: ``followers``, ``-followers``

    Raises UnknownName for a field that cannot be sorted by.
    """
    leaves = list(condition.leaves) if condition is not None else []
    if sort:
        leaves.insert(0, _sort_key(sort))
    # A fact may occur several times, for example with two ranges: one column is enough.
    leaf_by_fact: dict[str, FieldCondition] = {}
    for leaf in leaves:
        leaf_by_fact.setdefault(leaf.fact, leaf)
    return list(leaf_by_fact.values())


def _sort_key(sort: str) -> FieldCondition:
    name, _, account = sort.removeprefix("-").partition(":")
    numeric = [field_name for field_name, field in FIELDS.items() if field.numbers]
    if name not in numeric:
        raise UnknownName("fact to sort by", name, known=numeric)
    account = account_id(account)
    if FIELDS[name].takes_account and not account:
        raise UsageError(
            f"{name} needs an account to compare with.", f"For example: --sort {name}:northpeak.outdoor"
        )
    return FieldCondition(name, Range(None, None, account))
