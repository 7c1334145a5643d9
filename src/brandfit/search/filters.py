"""Which influencers: conditions on facts, with and, or, not, in words of a person or as JSON.

    followers:5k..100k and (hashtag:vegan or category:food) and not worked_with:northpeak.outdoor

A fact that is not known makes a condition neither true nor false (Kleene's logic): it is not found, and
neither is its opposite; how many are left out for that is told.
"""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit import number_text
from brandfit.account_id import account_id
from brandfit.errors import ConfigError, UnknownName, UsageError, suggestion
from brandfit.search.facts import MENTIONS, Facts

WIDE = 40
"""Characters of a text in a table."""


@dataclass(frozen=True)
class Range:
    """From low to high, both included; None is open. ``account``: beside whom, of a fact that is one of two
    accounts."""

    low: float | None
    high: float | None
    account: str = ""


@dataclass(frozen=True)
class Field:
    """What a test asks.

    doc       for help
    says      a sentence for people of the value
    column    of Facts, for a range or an equal text; or which: value to (n,) bool, null where
              it is not known
    numbers   how a number is written: "count", "share", "rate" or "day"; "" of texts
    known     values that there are, to suggest one where nobody has what was asked for
    """

    doc: str
    sentence: Callable[[Any], str]
    column: str = ""
    which: Callable[[Facts, str], pa.Array] | None = None
    numbers: str = ""
    known_values: Callable[[Facts], Iterable[str]] | None = None
    inside: bool = False
    """Whether a text need only be contained, as a word."""
    shown_with_results: bool = False
    """Whether the fact is one of two accounts: the column is a method of Facts that takes the other."""


def _ranged(many: str, show: Callable[[float], str]) -> Callable[[Range], str]:
    def says(value: Range) -> str:
        if value.low is None or value.high is None:
            bound = value.low if value.low is not None else value.high
            assert bound is not None
            told = f"{show(bound)} or {'more' if value.low is not None else 'less'}"
        else:
            told = f"{show(value.low)} to {show(value.high)}" if value.low != value.high else show(value.low)
        return many.format(told, account=value.account)

    return says


def _count(n: float) -> str:
    return f"{n:,.0f}"


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _plain(n: float) -> str:
    return f"{n:g}"


def _day(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).date().isoformat()


def _since(value: Range) -> str:
    if value.high is None:
        return f"posted on or after {_day(value.low or 0)}"
    if value.low is None:
        return f"last post on or before {_day(value.high)}"
    return f"last post from {_day(value.low)} to {_day(value.high)}"


FIELDS: Mapping[str, Field] = {
    "followers": Field("how many follow", _ranged("{} followers", _count), "followers", numbers="count"),
    "followees": Field(
        "how many are followed", _ranged("follows {} accounts", _count), "followees", numbers="count"
    ),
    "posts": Field("posts on the platform", _ranged("{} posts", _count), "posts", numbers="count"),
    "imported_posts": Field(
        "posts that were imported", _ranged("{} imported posts", _count), "imported_posts", numbers="count"
    ),
    "engagement": Field(
        "mean over posts of (likes + comments) / followers",
        _ranged("engagement rate (mean) of {}", _percent),
        "engagement",
        numbers="share",
    ),
    "median_engagement": Field(
        "the same, of the middle post",
        _ranged("engagement rate (median) of {}", _percent),
        "median_engagement",
        numbers="share",
    ),
    "category": Field(
        "as stated, else as a profiler tells",
        lambda v: f"category {v}",
        "category",
        known_values=lambda facts: facts.texts("category"),
    ),
    "confidence": Field(
        "probability of the category that a profiler tells; 1 where it is stated",
        _ranged("category sure by {}", _percent),
        "confidence",
        numbers="share",
    ),
    "business_category": Field(
        "of the platform",
        lambda v: f"business category {v}",
        "business_category",
        known_values=lambda facts: facts.texts("business_category"),
    ),
    "biography": Field("a word of it", lambda v: f"“{v}” in the biography", "biography", inside=True),
    "language": Field(
        "of the captions, two letters: en, es, de ...",
        lambda v: f"writes in {v}",
        "language",
        known_values=lambda facts: facts.texts("language"),
    ),
    "last_post": Field("day of the newest post", _since, "last_post", numbers="day"),
    "posting_rate": Field(
        "posts a month", _ranged("{} posts a month", _plain), "posting_rate", numbers="rate"
    ),
    "sponsored_share": Field(
        "posts that are marked as advertisements",
        _ranged("{} of the posts are advertisements", _percent),
        "sponsored_share",
        numbers="share",
    ),
    "audience": Field(
        "accounts that are known to comment or follow",
        _ranged("audience of {} known", _count),
        "audience",
        numbers="count",
    ),
    "engagement_vs_peers": Field(
        "influencers of the same size with a lower engagement",
        _ranged("more engagement than {} of its peers", _percent),
        "engagement_vs_peers",
        numbers="share",
    ),
    "followers_ratio": Field(
        "followers for each account that is followed",
        _ranged("{} followers for each followed", _plain),
        "followers_ratio",
        numbers="rate",
    ),
    "likes_per_comment": Field(
        "of a typical post", _ranged("{} likes for each comment", _plain), "likes_per_comment", numbers="rate"
    ),
    "comment_repetition": Field(
        "chance that two of its comments say the same",
        _ranged("two comments say the same in {} of cases", _percent),
        "comment_repetition",
        numbers="share",
    ),
    "same_commenters": Field(
        "chance that two of its comments are by the same person",
        _ranged("two comments are by the same person in {} of cases", _percent),
        "same_commenters",
        numbers="share",
    ),
    "stock_comments": Field(
        "comments that could stand under any post",
        _ranged("{} of the comments could stand under any post", _percent),
        "stock_comments",
        numbers="share",
    ),
    "audience_match": Field(
        "influencers whose audience is less like that of this account, by what both say",
        _ranged("audience more like that of {account} than for {} of influencers", _percent),
        "audience_match",
        numbers="share",
        shown_with_results=True,
    ),
    "audience_overlap": Field(
        "of its known audience, in that of this account too",
        _ranged("{} of its known audience are in that of {account} too", _percent),
        "audience_overlap",
        numbers="share",
        shown_with_results=True,
    ),
    "hashtag": Field(
        "used in a post",
        lambda v: f"uses #{v}",
        which=lambda facts, v: facts.with_hashtag(v),
        known_values=lambda facts: facts.listed("hashtags"),
    ),
    "mentions": Field(
        "an account, named or tagged in a post",
        lambda v: f"mentions @{v}",
        which=lambda facts, v: facts.with_mention(v),
        known_values=lambda facts: facts.listed(*MENTIONS),
    ),
    "worked_with": Field(
        "a brand", lambda v: f"has worked with {v}", which=lambda facts, v: facts.with_brand(v)
    ),
}

Ternary = Any
"""(n,) Arrow booleans: true, false, or null for not known."""


class Condition(ABC):
    """A tree of conditions."""

    @abstractmethod
    def of(self, facts: Facts) -> Ternary:
        """Of which influencers it is true."""

    @abstractmethod
    def __str__(self) -> str:
        """For people."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """What ``read`` reads."""

    @property
    @abstractmethod
    def leaves(self) -> tuple[Test, ...]:
        """Its tests, in the order in which they are written."""


@dataclass(frozen=True)
class Test(Condition):
    field: str
    value: Any

    def of(self, facts: Facts) -> Ternary:
        field = FIELDS[self.field]
        if field.which is not None:
            return field.which(facts, self.value)
        column = self.column(facts)
        if not field.numbers:
            told = pc.utf8_lower(column)
            if field.inside:
                return pc.match_substring_regex(pc.utf8_normalize(told, "NFC"), _word_pattern(self.value))
            return pc.equal(told, self.value)
        low = pc.greater_equal(column, self.value.low) if self.value.low is not None else None
        high = pc.less_equal(column, self.value.high) if self.value.high is not None else None
        return low if high is None else high if low is None else pc.and_kleene(low, high)

    def __str__(self) -> str:
        return FIELDS[self.field].sentence(self.value)

    def to_json(self) -> dict[str, Any]:
        if not isinstance(self.value, Range):
            return {self.field: self.value}
        ends = {"min": self.value.low, "max": self.value.high}
        if FIELDS[self.field].numbers == "day":
            return {self.field: {end: _moment(value) for end, value in ends.items()}}
        return {self.field: ends | ({"account": self.value.account} if self.value.account else {})}

    @property
    def leaves(self) -> tuple[Test, ...]:
        return (self,)

    @property
    def fact(self) -> str:
        """What it asks, to stand above a column: a fact, with the account beside it where it has one, or, of
        what one has or has not, the test itself.
        """
        field = FIELDS[self.field]
        if field.shown_with_results:
            return f"{self.field}:{self.value.account}"
        return f"{self.field}:{self.value}" if field.which is not None else self.field

    def column(self, facts: Facts) -> pa.Array:
        """(n,) the fact that it asks of."""
        found = getattr(facts, FIELDS[self.field].column)
        return found(self.value.account) if FIELDS[self.field].shown_with_results else found

    def values(self, facts: Facts, at: np.ndarray) -> list[Any]:
        """What is known of it of these influencers (numbers of them): numbers, days as ISO 8601, texts, true
        or false; None where it is not known.
        """
        field = FIELDS[self.field]
        if field.which is not None:
            return field.which(facts, self.value).take(pa.array(at, pa.int64())).to_pylist()
        values = self.column(facts).take(pa.array(at, pa.int64())).to_pylist()
        return [_moment(value) for value in values] if field.numbers == "day" else values


def _word_pattern(text: str) -> str:
    """RE2 pattern of a text between word boundaries of every script (the word classes of RE2 are ASCII).

    Letters, digits, _ and the marks that follow them belong to a word. A mark after an emoji does not.
    """
    text = re.escape(unicodedata.normalize("NFC", text))
    return rf"(?:^|[^\pL\pN\pM_]\pM*){text}(?:[^\pL\pN\pM_]|$)"


@dataclass(frozen=True)
class Not(Condition):
    inner: Condition

    @property
    def leaves(self) -> tuple[Test, ...]:
        return self.inner.leaves

    def of(self, facts: Facts) -> Ternary:
        return pc.invert(self.inner.of(facts))

    def __str__(self) -> str:
        return f"not ({self.inner})"

    def to_json(self) -> dict[str, Any]:
        return {"not": self.inner.to_json()}


@dataclass(frozen=True)
class AndOr(Condition):
    """All of several, or any."""

    word: str
    parts: tuple[Condition, ...]

    @property
    def leaves(self) -> tuple[Test, ...]:
        return tuple(leaf for part in self.parts for leaf in part.leaves)

    def of(self, facts: Facts) -> Ternary:
        both = pc.and_kleene if self.word == "and" else pc.or_kleene
        result = self.parts[0].of(facts)
        for part in self.parts[1:]:
            result = both(result, part.of(facts))
        return result

    def __str__(self) -> str:
        return f" {self.word} ".join(
            f"({part})" if isinstance(part, AndOr) else str(part) for part in self.parts
        )

    def to_json(self) -> dict[str, Any]:
        return {self.word: [part.to_json() for part in self.parts]}


GRAMMAR = r"""
?start: any
?any: all ("or"i all)*
?all: one ("and"i? one)*
?one: "not"i one -> negated | "(" any ")" | test
test: FIELD ":" VALUE
FIELD: /[A-Za-z_]+(?=:)/
VALUE: /"[^"]*"|[^\s()]+/
%ignore /\s+/
"""


def parse(text: str) -> Condition:
    """A condition as a person types it. Raises UsageError with the place, UnknownName for a field that does
    not exist."""
    from lark.exceptions import UnexpectedInput

    try:
        return _built(_parser().parse(text))
    except UnexpectedInput as error:
        ended = getattr(getattr(error, "token", None), "type", "") == "$END"
        found = "" if ended else text[getattr(error, "column", 1) - 1 :][:20]
        raise UsageError(
            f"This condition cannot be read at {found!r}: {text}"
            if found
            else f"This condition breaks off: {text}",
            "For example: followers:5k..100k and not hashtag:ad",
        ) from None


def read(json: Mapping[str, Any]) -> Condition:
    """A condition as JSON: {"and": [{"followers": {"min": 5000}}, {"not": {"hashtag": "ad"}}]}; several keys
    are all meant."""
    if not isinstance(json, Mapping):
        raise UsageError(
            f"A condition is an object, found {json!r}.", 'For example: {"followers": {"min": 5000}}'
        )
    parts = []
    for key, value in json.items():
        if key in ("and", "or"):
            if not isinstance(value, list) or not value:
                raise UsageError(
                    f"{key!r} takes a list of conditions, found {value!r}.",
                    'For example: {"or": [{"language": "en"}]}',
                )
            inner = tuple(read(part) for part in value)
            parts.append(inner[0] if len(inner) == 1 else AndOr(key, inner))
        elif key == "not":
            parts.append(Not(read(value)))
        elif isinstance(value, Mapping):
            _refuse_unknown_keys(key, value)
            beside = f"{value['account']}=" if "account" in value else ""
            parts.append(_test(key, beside + "..".join(_text(key, value.get(end)) for end in ("min", "max"))))
        elif isinstance(value, str | int | float):
            parts.append(_test(key, _text(key, value)))
        else:
            raise UsageError(
                f"{key!r} takes a text, a number or a range, found {value!r}.",
                'For example: {"hashtag": "vegan"}',
            )
    if not parts:
        raise UsageError("An empty condition.", 'For example: {"followers": {"min": 5000}}')
    return parts[0] if len(parts) == 1 else AndOr("and", tuple(parts))


def _refuse_unknown_keys(name: str, value: Mapping[str, Any]) -> None:
    """Raise UnknownName for a field that does not exist, UsageError for a text where a range is written, and
    for a key that a range does not have."""
    name = str(name).lower()
    if name not in FIELDS:
        raise UnknownName("filter", name, known=FIELDS)
    field = FIELDS[name]
    if not field.numbers:
        raise UsageError(
            f"{name!r} takes a text, found {dict(value)!r}.", f'For example: {{"{name}": "{example(name)}"}}'
        )
    keys = ("account", "min", "max") if field.shown_with_results else ("min", "max")
    if unknown := [key for key in value if key not in keys]:
        raise UsageError(
            f"A range of {name} has no {', '.join(map(repr, unknown))}, found {dict(value)!r}.",
            f"Its keys are {', '.join(keys)}.",
        )


def condition(where: str | Mapping[str, Any] | None) -> Condition | None:
    """As typed, or as JSON; None of None."""
    return None if where is None else parse(where) if isinstance(where, str) else read(where)


def matching(condition: Condition | None, facts: Facts) -> tuple[np.ndarray, int]:
    """(n,) bool: the influencers of which it is true, all of None; and of how many it is not known."""
    true, known = decided(condition, facts)
    return true, int((~known).sum())


def decided(condition: Condition | None, facts: Facts) -> tuple[np.ndarray, np.ndarray]:
    """Two (n,) bool: the influencers of which it is true (all if there is no condition), and those of which
    it is known."""
    if condition is None:
        return np.ones(len(facts), bool), np.ones(len(facts), bool)
    told = condition.of(facts)
    known = pc.is_valid(told).to_numpy(zero_copy_only=False)
    return pc.fill_null(told, False).to_numpy(zero_copy_only=False), known


def notes(condition: Condition | None, facts: Facts) -> list[str]:
    """Texts that it asks for and nobody has, with the nearest that somebody has."""
    found = []
    for leaf in dict.fromkeys(condition.leaves if condition is not None else ()):
        field = FIELDS[leaf.field]
        if not field.numbers and not pc.any(leaf.of(facts)).as_py():
            # Of a fact that is one of a few its values are listed; of hashtags and accounts only near ones
            # help.
            hint = (
                suggestion(leaf.value, field.known_values(facts), listing=bool(field.column))
                if field.known_values is not None
                else ""
            )
            found.append(f"nobody has {leaf.field}:{leaf.value}" + (f". {hint}" if hint else ""))
    return found


def facts_of(condition: Condition | None, sort: str | None = None) -> list[Test]:
    """What a condition asks and what is sorted by ("followers", "-followers"), each fact once: to be shown
    beside who was found.

    Raises UnknownName where nothing of this name can be sorted by.
    """
    leaves = list(condition.leaves) if condition is not None else []
    if sort:
        name, _, account = sort.removeprefix("-").partition(":")
        numbers = [field for field, what in FIELDS.items() if what.numbers]
        if name not in numbers:
            raise UnknownName("fact to sort by", name, known=numbers)
        account = account_id(account)
        if FIELDS[name].shown_with_results and not account:
            raise UsageError(f"{name} beside whom?", f"For example: --sort {name}:northpeak.outdoor")
        leaves = [Test(name, Range(None, None, account)), *leaves]
    found: dict[str, Test] = {}
    for leaf in leaves:
        found.setdefault(leaf.fact, leaf)
    return list(found.values())


def formatted(fact: str, value: Any) -> Any:
    """A value of ``Leaf.told`` as a table prints it."""
    numbers = FIELDS[fact.partition(":")[0]].numbers
    if value is None or isinstance(value, bool):
        return value
    if numbers == "share":
        return f"{100 * value:.3g} %"
    if numbers == "rate":
        return f"{value:.1f}"
    if numbers == "day":
        return value[:10]
    return value if numbers or len(value) <= WIDE else f"{value[: WIDE - 1].rstrip()}…"


@cache
def _parser() -> Any:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", maybe_placeholders=False)


def _built(tree: Any) -> Condition:
    parts = tree.children
    if tree.data == "test":
        return _test(str(parts[0]), str(parts[1]).strip('"'))
    inner = tuple(_built(part) for part in parts)
    return Not(inner[0]) if tree.data == "negated" else AndOr("and" if tree.data == "all" else "or", inner)


def _test(name: str, text: str) -> Test:
    name = name.lower()
    if name not in FIELDS:
        raise UnknownName("filter", name, known=FIELDS)
    numbers = FIELDS[name].numbers
    if not numbers:
        return Test(name, text.strip().lower().lstrip("#@"))
    account = ""
    if FIELDS[name].shown_with_results:
        found = re.fullmatch(r"@?([^<>=]+)(?:=(?![<>=])|(?=[<>]=))(.+)", text.strip())
        if found is None:
            raise ConfigError(
                f"{name} takes an account and a range, found {text!r}.",
                f"For example: {name}:{example(name)}",
            )
        account, text = found[1].strip().lower(), found[2]
    low, dots, high = text.partition("..")
    if not dots:
        low, high = (
            (low[2:], "") if low.startswith(">=") else ("", low[2:]) if low.startswith("<=") else (low, low)
        )
    if high.startswith("."):
        raise ConfigError(f"{name}: {text!r} has three points.", f"For example: {name}:{example(name)}")
    value = Range(
        _number(name, low.strip(), numbers=numbers, end=False),
        _number(name, high.strip(), numbers=numbers, end=True),
        account,
    )
    if value.low is None and value.high is None:
        raise ConfigError(
            f"{name}: neither a lower nor an upper end in {text!r}.", f"For example: {name}:{example(name)}"
        )
    if value.low is not None and value.high is not None and value.low > value.high:
        raise ConfigError(f"{name}: {text!r} goes from more to less.", f"For example: {name}:{example(name)}")
    return Test(name, value)


KINDS = {"day": "day", "count": "whole number"}


def _number(name: str, text: str, *, numbers: str, end: bool) -> float | None:
    """A number (``number_text``): 5k, 2.5M, 3 %; or a day (``end``: its last second)."""
    if not text:
        return None
    try:
        if numbers == "day":
            moment = datetime.fromisoformat(text)
            # Without an offset it is UTC, as imported times are; a stated offset counts.
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
            return seconds + (86_399 if end and len(text) <= 10 else 0)
        return number_text.whole_number(text) if numbers == "count" else number_text.number(text, ratio=True)
    except number_text.Ambiguous as error:
        raise ConfigError(f"{name}: {error}.", f"For example: {name}:{_example(numbers)}") from None
    except ValueError:
        raise ConfigError(
            f"{name}: {text!r} is not a {KINDS.get(numbers, 'number')}.",
            f"For example: {name}:{_example(numbers)}",
        ) from None


def _example(numbers: str) -> str:
    return {"count": "5k..100k", "share": "2%..", "rate": "4..", "day": "2018-11-01.."}[numbers]


def example(name: str) -> str:
    """What may stand behind the name of a filter."""
    texts = {
        "language": "en",
        "category": "food",
        "hashtag": "vegan",
        "biography": '"dog mum"',
        "business_category": "Artist",
    }
    if FIELDS[name].shown_with_results:
        return "northpeak.outdoor>=50%"
    return _example(FIELDS[name].numbers) if FIELDS[name].numbers else texts.get(name, "northpeak.outdoor")


def _text(name: str, value: Any) -> str:
    """As a person types it; a number is a moment where a day is asked for."""
    if value is None:
        return ""
    numbers = FIELDS[name].numbers if name in FIELDS else ""
    if not numbers or not isinstance(value, int | float):
        return str(value)
    return str(_moment(value)) if numbers == "day" else number_text.number_as_text(value)


def _moment(time: float | None) -> str | None:
    return None if time is None else datetime.fromtimestamp(time, UTC).isoformat()
