"""Social media concepts: a taxonomy written for brandfit, and found in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from brandfit.encoders.text._segment import segment

BRAND_CATEGORIES = (
    "airline", "auto", "clothes", "drink", "electronics", "entertainment",
    "food", "jewelry", "makeup", "nonprofit", "services", "shoes",
)  # fmt: skip
"""The 12 of Gan et al. 2019 (D-01)."""
INFLUENCER_CATEGORIES = ("beauty", "family", "fashion", "fitness", "food", "interior", "pet", "travel")
"""The 8 of Kim et al. 2020 (D-13)."""
LONGEST = 4
"""Words of the longest name that is looked for."""
WORD = re.compile(r"[^\W_]+(?:['’&][^\W_]+)*")


class Concept(NamedTuple):
    name: str
    kind: str
    """interest, object, action, style, scene, occupation or business"""
    parent: str
    """'' of a root"""
    words: tuple[str, ...]
    """Its name and what else it is called."""
    categories: frozenset[str]
    """Of brands and influencers: its own and its parents'. Some are both: food is one of either."""


class Taxonomy:
    """Concepts in the order of the file, and which of them words mean."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self.concepts = tuple(concepts)
        self.names = tuple(concept.name for concept in self.concepts)
        self.number = {name: n for n, name in enumerate(self.names)}
        self.parent = [self.number.get(concept.parent, -1) for concept in self.concepts]
        self.called: dict[str, list[int]] = {}
        """What is looked for, as ``terms`` gives it, to concepts. A concept's own name is that of no
        other."""
        own = {term(concept.name): n for n, concept in enumerate(self.concepts)}
        for n, concept in enumerate(self.concepts):
            for word in map(term, concept.words):
                if own.get(word, n) == n and n not in self.called.setdefault(word, []):
                    self.called[word].append(n)
        for concept in self.concepts:  # plurals whose ending does not tell the singular: selfies, prizes
            for name in concept.words:
                if (
                    (many := term(name + "s")) not in self.called
                    and not name.endswith("s")
                    and term(name) in self.called
                ):
                    self.called[many] = self.called[term(name)]
        self.tags: dict[str, list[int]] = {}
        """The same without blanks, as hashtags write them."""
        for word, found in self.called.items():
            self.tags.setdefault(word.replace(" ", ""), found)

    def __len__(self) -> int:
        return len(self.concepts)

    def find(self, text: str) -> list[int]:
        """Concepts in a text, each as often as it is named; of names within names the longest counts.

        >>> taxonomy = built_in()
        >>> [taxonomy.names[n] for n in taxonomy.find("A makeup artist with two cats")]
        ['makeup artist', 'cat']
        """
        said, found, at = terms(text), [], 0
        while at < len(said):
            for length in range(min(LONGEST, len(said) - at), 0, -1):
                if known := self.called.get(" ".join(said[at : at + length])):
                    found += known
                    at += length
                    break
            else:
                at += 1
        return found

    def find_tag(self, tag: str) -> list[int]:
        """Concepts of a hashtag without #: those that all of it is a name of, else those of its words, each
        once.

        >>> taxonomy = built_in()
        >>> tags = ("dogsofinstagram", "vegandinner", "moments")
        >>> [taxonomy.names[n] for tag in tags for n in taxonomy.find_tag(tag)]
        ['dog', 'vegan', 'dinner']
        """
        return self.tags.get(singular(tag)) or list(dict.fromkeys(self.find(segment(tag))))


def terms(text: str) -> list[str]:
    """Words of a text in lower case and, as far as rules go, in the singular."""
    return [singular(word.lower().replace("’", "'")) for word in WORD.findall(text)]


@cache
def singular(word: str) -> str:
    """The singular of an English word by its ending; other words mostly stay as they are.

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
    return " ".join(terms(name))


@cache
def built_in() -> Taxonomy:
    """The taxonomy that comes with brandfit."""
    return Taxonomy(
        read(files("brandfit.encoders.concept").joinpath("taxonomy.txt").read_text("utf-8").splitlines())
    )


def read(lines: Iterable[str]) -> Iterator[Concept]:
    """Concepts of lines as taxonomy.txt has them. Raises ValueError with the line of what is not one."""
    categories: dict[str, frozenset[str]] = {}
    parent, kind, own = "", "", frozenset[str]()
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            parent, kind, brands, influencers = (part.strip() for part in line.strip("[]").split("|"))
            parent = "" if parent == "-" else parent
            own = frozenset([*brands.split(), *influencers.split()])
            if (parent and parent not in categories) or not own <= {
                *BRAND_CATEGORIES,
                *INFLUENCER_CATEGORIES,
            }:
                raise ValueError(f"line {number}: no concept {parent!r} above, or no such category: {line}")
            continue
        name, _, words = line.partition(":")
        name = name.strip()
        if name in categories:
            raise ValueError(f"line {number}: {name!r} is there already")
        categories[name] = own | categories.get(parent, frozenset())
        others = tuple(word.strip() for word in words.split(",") if word.strip())
        yield Concept(name=name, kind=kind, parent=parent, words=(name, *others), categories=categories[name])
