"""Names of columns as exports, tools and people write them, and the columns that they mean."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import NamedTuple

from brandfit.data import cells

NAMES_FILE = "column_names.toml"
WRAPPERS = ("businessdiscovery", "data", "profile", "result", "response")
"""Names of objects around a single account."""
PLATFORM = ("instagram", "insta", "ig")
"""Words before or after the name of a column that change nothing: ``Instagram Followers``."""
REASON, REJECTED_ROW = "why rejected", "rejected row"
"""Headers that the file of rejected rows adds: the reason, and the number of the reject."""
OF_REJECTS = (REASON, REJECTED_ROW)
_BRACKETS = re.compile(r"[(\[{](.*?)[)\]}]")
_TURKISH = str.maketrans("ıİ", "ii")
_UNITS = {
    "k": "K",
    "tsd": "K",
    "thousand": "K",
    "thousands": "K",
    "inthousands": "K",
    "m": "M",
    "mio": "M",
    "mn": "M",
    "mln": "M",
    "million": "M",
    "millions": "M",
    "inmillions": "M",
}


class Meaning(NamedTuple):
    """A column that a header may mean.

    group  name of the column, or of a group of names for the identity of a row (``handle``, ``link``)
    rank   place of the header among the names of the group, from 0
    """

    group: str
    rank: int


def folded(header: str) -> str:
    """A header for comparison: letters and digits, without case, accents, brackets and blanks.

    >>> folded("User-Name"), folded("Takipçi Sayısı"), folded("followersCount"), folded("ER (%)")
    ('username', 'takipcisayisi', 'followerscount', 'er')
    """
    # Text in brackets is a unit or a remark, unless there is nothing else.
    text = _BRACKETS.sub(" ", header)
    text = text if any(map(str.isalnum, text)) else header
    text = unicodedata.normalize("NFKC", text).translate(_TURKISH).casefold()
    # Accents are letters of their own then, and no letters or digits.
    letters = unicodedata.normalize("NFD", text)
    return "".join(filter(str.isalnum, letters.replace("%", " percent ")))


def stated_unit(header: str) -> str:
    """The unit of numbers that a header states in brackets: "K", "M" or "".

    >>> stated_unit("Followers (K)"), stated_unit("Follower (in Mio.)"), stated_unit("Followers (2024)")
    ('K', 'M', '')
    """
    for inside in _BRACKETS.findall(header):
        word = "".join(filter(str.isalpha, inside.casefold()))
        # "(in K)" as well as "(K)".
        unit = _UNITS.get(word) or _UNITS.get(word.removeprefix("in"))
        if unit:
            return unit
    return ""


def stated_currency(header: str) -> str:
    """The currency that a header states, three letters; "" if none.

    >>> stated_currency("Preis (EUR)"), stated_currency("Price in $"), stated_currency("Fee")
    ('EUR', 'USD', '')
    """
    for word in re.findall(r"\b[A-Z]{3}\b|[€$£¥₺₹₽₩]|R\$|zł|Kč|\bTL\b", header):
        try:
            money = cells.money(f"1 {word}")
        except ValueError:
            continue
        if money is not None and money.currency:
            return money.currency
    return ""


@cache
def meanings(table: str) -> Mapping[str, Meaning]:
    """Folded header to the column of the table that it means."""
    meaning_by_name: dict[str, Meaning] = {}
    for group, names in _names()[table].items():
        for rank, name in enumerate(names):
            # The first group of a name is the more specific one.
            meaning_by_name.setdefault(folded(name), Meaning(group, rank))
    return meaning_by_name


def meaning(header: str, table: str) -> Meaning | None:
    """What a header means in the table; None if it is no known name."""
    names = meanings(table)
    text = folded(header)
    if text in names:
        return names[text]
    # Instagram Followers, ig_handle: the platform before or after the name.
    for word in PLATFORM:
        for rest in (text.removeprefix(word), text.removesuffix(word)):
            if rest != text and rest in names:
                return names[rest]
    # An object around an account: business_discovery.followers_count.
    wrapper, dot, inner = header.partition(".")
    if dot and table == "accounts" and folded(wrapper) in WRAPPERS and folded(inner) in names:
        return names[folded(inner)]
    # A remark after the name: "Followers, total", "Bio: long".
    before, mark, _ = re.split(r"([,;:/|\n]|\s[-–—]\s)", f"{header},", maxsplit=1)
    return names.get(folded(before)) if mark and before != header else None


def is_known(header: str) -> bool:
    """Whether a header is a known name of a column of any table."""
    return any(meaning(header, table) for table in _names())


def names_of(table: str, group: str) -> tuple[str, ...]:
    """The names of a column, the best first."""
    return tuple(_names()[table].get(group, ()))


@cache
def _names() -> dict[str, dict[str, list[str]]]:
    text = resources.files(__package__).joinpath(NAMES_FILE).read_text("utf-8")
    return tomllib.loads(text)
