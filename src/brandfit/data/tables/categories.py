"""One vocabulary of categories: the names that people and tools write, matched to those of
``category_names.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from brandfit.data.tables.headers import folded

NAMES_FILE = "category_names.toml"
_PARTS = re.compile(r"\s*[,;/|+•·]\s*|\s+(?:-|–|&|and|und|et|y|e|ve)\s+|\s*&\s*", re.I)


@dataclass(frozen=True)
class Category:
    """A category as it is stored.

    name        of the vocabulary, or as it is written if it is not in it
    is_known    whether it is in the vocabulary
    also        further categories of the vocabulary that the text names
    """

    name: str
    is_known: bool
    also: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def category_of(text: str) -> Category:
    """The category that a text names. Of several the first one counts.

    >>> category_of("Gıda & Gastronomi").name, category_of("Music, Travel").also
    ('food', ('travel',))
    """
    names = category_by_name()
    whole = names.get(_key(text))
    # The whole name first: "Food & beverage" is one category, not two.
    if whole is not None:
        return Category(whole, True)
    # Several parts: the first that is known counts, the others are said.
    found = [names[key] for part in _PARTS.split(text) if (key := _key(part)) in names]
    found = list(dict.fromkeys(found))
    if not found:
        return Category(text, False)
    return Category(found[0], True, tuple(found[1:]))


@cache
def category_by_name() -> Mapping[str, str]:
    """Folded name to the category of the vocabulary."""
    text = resources.files(__package__).joinpath(NAMES_FILE).read_text("utf-8")
    category: dict[str, str] = {}
    for name, also in tomllib.loads(text).items():
        for alias in (name, *also):
            category.setdefault(_key(alias), name)
    return category


def _key(text: str) -> str:
    """Letters and digits of a name, "and" left out: Food & beverage and Food and Beverage are equal."""
    words = re.split(r"[\s&/,_-]+", text.strip())
    return folded("".join([word for word in words if word.lower() != "and"])) if text.strip() else ""
