"""Fields of conditions: the facts that they read, how values are written, and their sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from brandfit import number_text
from brandfit.errors import ConfigError
from brandfit.search.facts import MENTIONS, Facts

WIDE = 40
"""Characters of a text in a table."""
LAST_SECOND = 86_399
"""Seconds from the start of a day to its last second."""
DATE_LENGTH = len("2018-11-01")


@dataclass(frozen=True)
class Range:
    """From low to high, both included; None is open.

    account  the account to compare with, for a field that takes one
    """

    low: float | None
    high: float | None
    account: str = ""


@dataclass(frozen=True)
class Field:
    """A field of conditions.

    doc            for help
    sentence       sentence for people, from the value
    column         attribute of Facts, for a range or an equal text
    matches        in place of ``column``: the (n,) bool of a value, null where it is unknown
    numbers        how a number is written: "count", "share", "rate" or "day"; "" for texts
    known_values   all values in the dataset, to suggest one if no influencer has the value
    contains_word  the text must occur as a word; otherwise it must be equal
    takes_account  the column is a method of Facts that takes the account to compare with
    """

    doc: str
    sentence: Callable[[Any], str]
    column: str = ""
    matches: Callable[[Facts, str], pa.Array] | None = None
    numbers: str = ""
    known_values: Callable[[Facts], Iterable[str]] | None = None
    contains_word: bool = False
    takes_account: bool = False


def _range_sentence(template: str, number_words: Callable[[float], str]) -> Callable[[Range], str]:
    """Sentence of a range: ``template`` with {} for the range and {account} for the account."""

    def sentence(value: Range) -> str:
        if value.low is None or value.high is None:
            bound = value.low if value.low is not None else value.high
            assert bound is not None
            words = f"{number_words(bound)} or {'more' if value.low is not None else 'less'}"
        elif value.low == value.high:
            words = number_words(value.low)
        else:
            words = f"{number_words(value.low)} to {number_words(value.high)}"
        return template.format(words, account=value.account)

    return sentence


def _count(n: float) -> str:
    return f"{n:,.0f}"


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _plain(n: float) -> str:
    return f"{n:g}"


def _day(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).date().isoformat()


def _last_post_sentence(value: Range) -> str:
    if value.high is None:
        return f"posted on or after {_day(value.low or 0)}"
    if value.low is None:
        return f"last post on or before {_day(value.high)}"
    return f"last post from {_day(value.low)} to {_day(value.high)}"


# In the order of ``brandfit list filters``.
FIELDS: Mapping[str, Field] = {
    "followers": Field(
        "number of followers", _range_sentence("{} followers", _count), "followers", numbers="count"
    ),
    "followees": Field(
        "number of accounts that it follows",
        _range_sentence("follows {} accounts", _count),
        "followees",
        numbers="count",
    ),
    "posts": Field("posts on the platform", _range_sentence("{} posts", _count), "posts", numbers="count"),
    "imported_posts": Field(
        "posts that were imported",
        _range_sentence("{} imported posts", _count),
        "imported_posts",
        numbers="count",
    ),
    "engagement": Field(
        "mean over posts of (likes + comments) / followers",
        _range_sentence("engagement rate (mean) of {}", _percent),
        "engagement",
        numbers="share",
    ),
    "median_engagement": Field(
        "median over posts of (likes + comments) / followers",
        _range_sentence("engagement rate (median) of {}", _percent),
        "median_engagement",
        numbers="share",
    ),
    "category": Field(
        "as stated, else as predicted by a profiler",
        lambda v: f"category {v}",
        "category",
        known_values=lambda facts: facts.texts("category"),
    ),
    "confidence": Field(
        "probability of the predicted category; 1 if it is stated",
        _range_sentence("category with a probability of {}", _percent),
        "confidence",
        numbers="share",
    ),
    "business_category": Field(
        "category stated by the platform",
        lambda v: f"business category {v}",
        "business_category",
        known_values=lambda facts: facts.texts("business_category"),
    ),
    "biography": Field(
        "a word or phrase in the biography",
        lambda v: f"“{v}” in the biography",
        "biography",
        contains_word=True,
    ),
    "place": Field(
        "country or city, as the source states it",
        lambda v: f"from {v}",
        matches=lambda facts, v: facts.at_place(v),
    ),
    "price": Field(
        "stated price of one post, in any currency",
        _range_sentence("asks {} for a post", _plain),
        "price",
        numbers="rate",
    ),
    "stated_engagement": Field(
        "engagement rate as the source states it",
        _range_sentence("stated engagement rate of {}", _percent),
        "stated_engagement",
        numbers="share",
    ),
    "attribute": Field(
        "a further column of the source, such as attribute:status or attribute:status=open",
        lambda v: f"{v.partition('=')[0]} is {v.partition('=')[2]}" if "=" in v else f"has {v}",
        matches=lambda facts, v: facts.with_attribute(v),
    ),
    "language": Field(
        "of the captions, two letters: en, es, de ...",
        lambda v: f"writes in {v}",
        "language",
        known_values=lambda facts: facts.texts("language"),
    ),
    "last_post": Field("day of the newest post", _last_post_sentence, "last_post", numbers="day"),
    "posting_rate": Field(
        "posts a month", _range_sentence("{} posts a month", _plain), "posting_rate", numbers="rate"
    ),
    "sponsored_share": Field(
        "share of posts that are marked as advertisements",
        _range_sentence("{} of the posts are advertisements", _percent),
        "sponsored_share",
        numbers="share",
    ),
    "audience": Field(
        "accounts that are known to comment or follow",
        _range_sentence("audience of {} known", _count),
        "audience",
        numbers="count",
    ),
    "engagement_vs_peers": Field(
        "share of influencers of the same size with a lower engagement",
        _range_sentence("more engagement than {} of its peers", _percent),
        "engagement_vs_peers",
        numbers="share",
    ),
    "followers_ratio": Field(
        "followers for each account that is followed",
        _range_sentence("{} followers for each followed", _plain),
        "followers_ratio",
        numbers="rate",
    ),
    "likes_per_comment": Field(
        "likes for each comment of a typical post",
        _range_sentence("{} likes for each comment", _plain),
        "likes_per_comment",
        numbers="rate",
    ),
    "comment_repetition": Field(
        "chance that two of its comments say the same",
        _range_sentence("two comments say the same in {} of cases", _percent),
        "comment_repetition",
        numbers="share",
    ),
    "same_commenters": Field(
        "chance that two of its comments are by the same person",
        _range_sentence("two comments are by the same person in {} of cases", _percent),
        "same_commenters",
        numbers="share",
    ),
    "stock_comments": Field(
        "share of comments that fit under any post",
        _range_sentence("{} of the comments could stand under any post", _percent),
        "stock_comments",
        numbers="share",
    ),
    "audience_match": Field(
        "share of influencers whose audience is less similar to that of this account, by the texts of both",
        _range_sentence("audience more like that of {account} than for {} of influencers", _percent),
        "audience_match",
        numbers="share",
        takes_account=True,
    ),
    "audience_overlap": Field(
        "share of its known audience that is in the audience of this account too",
        _range_sentence("{} of its known audience are in that of {account} too", _percent),
        "audience_overlap",
        numbers="share",
        takes_account=True,
    ),
    "hashtag": Field(
        "used in a post",
        lambda v: f"uses #{v}",
        matches=lambda facts, v: facts.with_hashtag(v),
        known_values=lambda facts: facts.listed("hashtags"),
    ),
    "mentions": Field(
        "an account, named or tagged in a post",
        lambda v: f"mentions @{v}",
        matches=lambda facts, v: facts.with_mention(v),
        known_values=lambda facts: facts.listed(*MENTIONS),
    ),
    "worked_with": Field(
        "a brand", lambda v: f"has worked with {v}", matches=lambda facts, v: facts.with_brand(v)
    ),
}

TEXT_EXAMPLES = {
    "language": "en",
    "category": "food",
    "hashtag": "vegan",
    "biography": '"dog mum"',
    "place": "Lyon",
    "attribute": '"status=open"',
    "business_category": "Artist",
}
NUMBER_EXAMPLES = {"count": "5k..100k", "share": "2%..", "rate": "4..", "day": "2018-11-01.."}
NUMBER_WORDS = {"day": "day", "count": "whole number"}


def example(name: str) -> str:
    """An example of the value of a field."""
    field = FIELDS[name]
    if field.takes_account:
        return "northpeak.outdoor>=50%"
    if field.numbers:
        return NUMBER_EXAMPLES[field.numbers]
    return TEXT_EXAMPLES.get(name, "northpeak.outdoor")


def read_range(name: str, text: str, account: str = "") -> Range:
    """The range of a numeric field as a person types it: ``5k..100k``, ``>=5k``, ``<=5k`` or ``5k``.

    Raises ConfigError.
    """
    numbers = FIELDS[name].numbers
    # Without .. the text is one bound (>= or <=), or a single value as both ends.
    low, dots, high = text.partition("..")
    if not dots and low.startswith(">="):
        low, high = low[2:], ""
    elif not dots and low.startswith("<="):
        low, high = "", low[2:]
    elif not dots:
        high = low
    hint = f"For example: {name}:{example(name)}"
    if high.startswith("."):
        raise ConfigError(f"{name}: {text!r} has three points.", hint)
    value = Range(
        _read_number(name, low.strip(), numbers=numbers, is_end=False),
        _read_number(name, high.strip(), numbers=numbers, is_end=True),
        account,
    )
    if value.low is None and value.high is None:
        raise ConfigError(f"{name}: neither a lower nor an upper end in {text!r}.", hint)
    if value.low is not None and value.high is not None and value.low > value.high:
        raise ConfigError(f"{name}: {text!r} goes from more to less.", hint)
    return value


def _read_number(name: str, text: str, *, numbers: str, is_end: bool) -> float | None:
    """A number (``number_text``: 5k, 2.5M, 3 %) or the time of a day; None for an empty text.

    is_end  whether it is the upper end of a range: a day then means its last second
    """
    if not text:
        return None
    try:
        # Days are times in seconds, so that ranges of days compare as numbers do.
        if numbers == "day":
            moment = datetime.fromisoformat(text)
            # Imported times are UTC, and so is a time without an offset.
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
            return seconds + (LAST_SECOND if is_end and len(text) <= DATE_LENGTH else 0)
        return number_text.whole_number(text) if numbers == "count" else number_text.number(text, ratio=True)
    except number_text.Ambiguous as error:
        raise ConfigError(f"{name}: {error}.", f"For example: {name}:{NUMBER_EXAMPLES[numbers]}") from None
    except ValueError:
        raise ConfigError(
            f"{name}: {text!r} is not a {NUMBER_WORDS.get(numbers, 'number')}.",
            f"For example: {name}:{NUMBER_EXAMPLES[numbers]}",
        ) from None


def as_typed(name: str, value: Any) -> str:
    """A JSON value as a person types it. A number of a field of days is a time in seconds."""
    if value is None:
        return ""
    # Names are checked later, where the message can suggest a field.
    numbers = FIELDS[name].numbers if name in FIELDS else ""
    if not numbers or not isinstance(value, int | float):
        return str(value)
    return str(iso_time(value)) if numbers == "day" else number_text.number_as_text(value)


def iso_time(time: float | None) -> str | None:
    """Seconds since 1970 UTC as ISO 8601."""
    return None if time is None else datetime.fromtimestamp(time, UTC).isoformat()


def formatted(fact: str, value: Any) -> Any:
    """A value of ``FieldCondition.values`` as a table prints it."""
    # A fact may have an account behind a colon: audience_match:northpeak.outdoor.
    numbers = FIELDS[fact.partition(":")[0]].numbers
    if value is None or isinstance(value, bool):
        return value
    if numbers == "share":
        return f"{100 * value:.3g} %"
    if numbers == "rate":
        return f"{value:.1f}"
    if numbers == "day":
        return value[:DATE_LENGTH]
    return value if numbers or len(value) <= WIDE else f"{value[: WIDE - 1].rstrip()}…"
