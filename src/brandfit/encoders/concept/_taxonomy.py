"""Social media concepts: a taxonomy written for brandfit, and the search for its concepts in text."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from brandfit.encoders.text._segment import segment
from brandfit.mappings import position_by_item

BRAND_CATEGORIES = (
    "airline", "auto", "clothes", "drink", "electronics", "entertainment",
    "food", "jewelry", "makeup", "nonprofit", "services", "shoes",
)  # fmt: skip
"""The 12 of Gan et al. 2019 (D-01)."""
INFLUENCER_CATEGORIES = ("beauty", "family", "fashion", "fitness", "food", "interior", "pet", "travel")
"""The 8 of Kim et al. 2020 (D-13)."""
LONGEST = 4
"""Words of the longest name that is searched for; more if a concept of the taxonomy has a longer one."""
WORD = re.compile(r"[^\W_]+(?:['’&][^\W_]+)*")


class Concept(NamedTuple):
    name: str
    kind: str
    """interest, object, action, style, scene, occupation or business"""
    parent: str
    """'' of a root"""
    words: tuple[str, ...]
    """Its name and its synonyms."""
    categories: frozenset[str]
    """Categories of brands and influencers, its own and those of its parents; food is a category of both."""


class Taxonomy:
    """Concepts in the order of the file, and an index of their words."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self.concepts = tuple(concepts)
        self.names = tuple(concept.name for concept in self.concepts)
        self.number = position_by_item(self.names)
        self.parent = [self.number.get(concept.parent, -1) for concept in self.concepts]
        self.concepts_by_term: dict[str, list[int]] = {}
        """Term, as ``terms`` returns it, to numbers of concepts. The name of a concept names no other."""
        owner_by_name = {term(concept.name): n for n, concept in enumerate(self.concepts)}
        for n, concept in enumerate(self.concepts):
            for word in map(term, concept.words):
                if owner_by_name.get(word, n) != n:  # a synonym here, the name of another concept
                    continue
                numbers = self.concepts_by_term.setdefault(word, [])
                if n not in numbers:
                    numbers.append(n)
        lengths = (name.count(" ") + 1 for name in self.concepts_by_term)
        self._longest = max(LONGEST, *lengths) if self.concepts_by_term else LONGEST
        self._add_irregular_plurals()
        self.concepts_by_tag: dict[str, list[int]] = {}
        """The same without blanks, as hashtags are written."""
        for word, numbers in self.concepts_by_term.items():
            self.concepts_by_tag.setdefault(word.replace(" ", ""), numbers)

    def _add_irregular_plurals(self) -> None:
        """Add plurals that ``singular`` maps to another word: selfies, prizes."""
        by_term = self.concepts_by_term
        for concept in self.concepts:
            for name in concept.words:
                if name.endswith("s") or term(name) not in by_term:
                    continue
                by_term.setdefault(term(name + "s"), by_term[term(name)])

    def __len__(self) -> int:
        return len(self.concepts)

    def find(self, text: str, skip: Container[str] = ()) -> list[int]:
        """Concepts in a text, once for each mention; of overlapping names the longest counts.

        skip  words, as ``terms`` returns them, that alone name no concept; in a longer name they count

        >>> taxonomy = built_in()
        >>> [taxonomy.names[n] for n in taxonomy.find("A makeup artist with two cats")]
        ['makeup artist', 'cat']
        """
        words = terms(text)
        concepts: list[int] = []
        start = 0
        while start < len(words):
            # The longest name that starts at this word; without one, go on to the next word.
            for length in range(min(self._longest, len(words) - start), 0, -1):
                named = self.concepts_by_term.get(" ".join(words[start : start + length]))
                if named and not (length == 1 and words[start] in skip):
                    concepts += named
                    start += length
                    break
            else:
                start += 1
        return concepts

    def find_tag(self, tag: str) -> list[int]:
        """Concepts of a hashtag without #: those with the tag as a name, else those of its words, each once.

        >>> taxonomy = built_in()
        >>> tags = ("dogsofinstagram", "vegandinner", "moments")
        >>> [taxonomy.names[n] for tag in tags for n in taxonomy.find_tag(tag)]
        ['dog', 'vegan', 'dinner']
        """
        return self.concepts_by_tag.get(singular(tag)) or list(dict.fromkeys(self.find(segment(tag))))


def terms(text: str) -> list[str]:
    """Words of a text in lower case and, by rules, in the singular."""
    return [singular(word.lower().replace("’", "'")) for word in WORD.findall(text)]


@cache
def singular(word: str) -> str:
    """The singular of an English word by its ending; most words of other languages do not change.

    >>> [singular(word) for word in ("berries", "dishes", "boxes", "dogs", "dress", "christmas", "this")]
    ['berry', 'dish', 'box', 'dog', 'dress', 'christmas', 'this']
    """
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("shes", "ches", "xes", "sses", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "mas")):
        return word[:-1]
    return word


def term(name: str) -> str:
    """A name in the form of the keys of the index."""
    return " ".join(terms(name))


@cache
def built_in() -> Taxonomy:
    """The taxonomy that comes with brandfit."""
    text = files("brandfit.encoders.concept").joinpath("taxonomy.txt").read_text("utf-8")
    return Taxonomy(read(text.splitlines()))


def read(lines: Iterable[str]) -> Iterator[Concept]:
    """Concepts of lines in the format of taxonomy.txt. Raises ValueError with the number of a wrong line."""
    categories: dict[str, frozenset[str]] = {}
    parent, kind, own = "", "", frozenset[str]()
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):  # [parent | kind | categories of brands | categories of influencers]
            parent, kind, brands, influencers = (part.strip() for part in line.strip("[]").split("|"))
            parent = "" if parent == "-" else parent
            own = frozenset([*brands.split(), *influencers.split()])
            is_category = own <= {*BRAND_CATEGORIES, *INFLUENCER_CATEGORIES}
            if (parent and parent not in categories) or not is_category:
                raise ValueError(f"line {number}: no concept {parent!r} above, or no such category: {line}")
            continue
        # name: synonym, synonym ...
        name, _, words = line.partition(":")
        name = name.strip()
        if name in categories:
            raise ValueError(f"line {number}: {name!r} is already defined")
        categories[name] = own | categories.get(parent, frozenset())
        synonyms = (word.strip() for word in words.split(","))
        others = tuple(filter(None, synonyms))
        yield Concept(name=name, kind=kind, parent=parent, words=(name, *others), categories=categories[name])
