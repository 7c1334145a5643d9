"""Social media concepts: a taxonomy written for brandfit, found in words, and extended by ConceptNet or Open English WordNet."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from brandfit.errors import ConfigError

BRAND_CATEGORIES = (
    "airline", "auto", "clothes", "drink", "electronics", "entertainment",
    "food", "jewelry", "makeup", "nonprofit", "services", "shoes",
)  # fmt: skip
"""The 12 of Gan et al. 2019 (D-01)."""
INFLUENCER_CATEGORIES = ("beauty", "family", "fashion", "fitness", "food", "interior", "pet", "travel")
"""The 8 of Kim et al. 2020 (D-13)."""
LONGEST = 4
"""Words of the longest name that is looked for."""
RELATIONS = (
    "IsA", "RelatedTo", "FormOf", "PartOf", "CapableOf", "AtLocation", "CreatedBy", "Synonym", "DerivedFrom", "MannerOf",
    "SimilarTo", "EtymologicallyRelatedTo", "EtymologicallyDerivedFrom",
)  # fmt: skip
"""Of ConceptNet, that BAMIR follows (B-02)."""
EDGES = 5
"""Neighbours of a word in ConceptNet that count, the heaviest first (B-02)."""
STEPS = 4
"""Hypernyms that are climbed in WordNet."""
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
        """What is looked for, as ``terms`` gives it, to concepts. A concept's own name is that of no other."""
        own = {_term(concept.name): n for n, concept in enumerate(self.concepts)}
        for n, concept in enumerate(self.concepts):
            for word in map(_term, concept.words):
                if own.get(word, n) == n and n not in self.called.setdefault(word, []):
                    self.called[word].append(n)

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
        """Concepts of a hashtag without #: of the whole, else of the longest name that it begins or ends with.

        >>> taxonomy = built_in()
        >>> [taxonomy.names[n] for tag in ("ilovemydog", "hikingtheworld") for n in taxonomy.find_tag(tag)]
        ['dog', 'hiking']
        """
        whole = self.called.get(singular(tag)) or self.find(tag.replace("_", " "))
        if whole:
            return whole
        for length in range(len(tag) - 2, 2, -1):
            for part in (tag[:length], tag[-length:]):
                if (length > 3 or part in SHORT) and singular(part) in self.called:
                    return self.called[singular(part)]
        return []


SHORT = frozenset({"dog", "cat", "pet", "art", "car", "mom", "gym", "bag", "tea"})
"""Names of three letters that a hashtag may begin or end with; all others are found by chance too often."""


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


def _term(name: str) -> str:
    return " ".join(terms(name))


@cache
def built_in() -> Taxonomy:
    """The taxonomy that comes with brandfit."""
    return Taxonomy(read(files("brandfit.encoders.concept").joinpath("taxonomy.txt").read_text("utf-8").splitlines()))


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
            if (parent and parent not in categories) or not own <= {*BRAND_CATEGORIES, *INFLUENCER_CATEGORIES}:
                raise ValueError(f"line {number}: no concept {parent!r} above, or no such category: {line}")
            continue
        name, _, words = line.partition(":")
        name = name.strip()
        if name in categories:
            raise ValueError(f"line {number}: {name!r} is there already")
        categories[name] = own | categories.get(parent, frozenset())
        others = tuple(word.strip() for word in words.split(",") if word.strip())
        yield Concept(name, kind, parent, (name, *others), categories[name])


def extended(taxonomy: Taxonomy, paths: Iterable[str]) -> Taxonomy:
    """The same concepts, called by more words: those of ConceptNet or WordNet files that are near enough to a name of one.

    A word that means a concept already keeps its meaning. ConceptNet: assertions as published, tab-separated, .csv or .csv.gz; the
    concepts of the word's heaviest English neighbours (B-02). WordNet: synsets as JSON lines, .jsonl or .jsonl.gz; the concept
    of the nearest hypernym of a noun (M-06, merging by IsA).
    """
    result = Taxonomy(taxonomy.concepts)
    for path in paths:
        file = Path(path)
        if not file.is_file():
            raise ConfigError(f"Setting knowledge={path!r}: there is no such file.", f"Looked for {file.absolute()}.")
        suffix = (file.suffixes or [""])[-2 if file.suffix == ".gz" and len(file.suffixes) > 1 else -1]
        reader = {".csv": _conceptnet, ".jsonl": _wordnet}.get(suffix)
        if reader is None:
            raise ConfigError(
                f"Setting knowledge={path!r}: expected a .csv of ConceptNet or a .jsonl of WordNet.", "Packed by gzip or not."
            )
        try:
            with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as lines:
                more = reader(iter(lines), result)
        except (OSError, EOFError) as error:
            raise ConfigError(f"Setting knowledge={path!r}: cannot be read: {error}.", "Get the file again.") from None
        if not more:
            raise ConfigError(f"Setting knowledge={path!r}: not a line of it could be used.", "Is it what its name says?")
        for word, concepts in more.items():
            result.called.setdefault(word, concepts)
    return result


def _conceptnet(lines: Iterator[bytes], taxonomy: Taxonomy) -> dict[str, list[int]]:
    near: dict[str, list[tuple[float, int]]] = {}
    for line in lines:
        fields = line.split(b"\t")
        if len(fields) != 5 or not fields[1].startswith(b"/r/") or fields[1][3:].decode("ascii", "replace") not in RELATIONS:
            continue
        one, other = _english(fields[2]), _english(fields[3])
        if not one or not other:
            continue
        for word, neighbour in ((one, other), (other, one)):
            if word not in taxonomy.called and (known := taxonomy.called.get(neighbour)):
                near.setdefault(word, []).extend((_weight(fields[4]), n) for n in known)
    best = {word: sorted(found, key=lambda edge: -edge[0])[:EDGES] for word, found in near.items()}
    return {word: list(dict.fromkeys(n for _, n in found)) for word, found in best.items()}


def _english(uri: bytes) -> str:
    """``/c/en/dog_walker/n`` to 'dog walker'; '' in other languages."""
    parts = uri.decode("utf-8", "replace").split("/")
    return _term(parts[3].replace("_", " ")) if len(parts) > 3 and parts[2] == "en" else ""


def _weight(data: bytes) -> float:
    try:
        return float(msgspec.json.decode(data)["weight"])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return 1.0


def _wordnet(lines: Iterator[bytes], taxonomy: Taxonomy) -> dict[str, list[int]]:
    synsets: dict[str, tuple[list[str], list[str]]] = {}
    for line in lines:
        try:
            found: Any = msgspec.json.decode(line)
            if found["pos"] == "n":
                synsets[found["id"]] = [_term(m) for m in found["members"]], found["hypernym"] + found.get("instance_hypernym", [])
        except (msgspec.DecodeError, KeyError, TypeError):
            continue

    result: dict[str, tuple[int, list[int]]] = {}
    for members, hypernyms in synsets.values():
        steps, concepts = _climb(synsets, taxonomy, members, hypernyms)
        for word in members if concepts else ():
            if word not in taxonomy.called and steps < result.get(word, (STEPS + 1, []))[0]:
                result[word] = steps, concepts
    return {word: concepts for word, (_, concepts) in result.items()}


def _climb(
    synsets: dict[str, tuple[list[str], list[str]]], taxonomy: Taxonomy, members: list[str], hypernyms: list[str]
) -> tuple[int, list[int]]:
    """Steps to the nearest synset with a name of a concept among its members, and the concepts; [] where none is near enough."""
    for steps in range(STEPS + 1):
        if known := [n for member in members for n in taxonomy.called.get(member, ())]:
            return steps, list(dict.fromkeys(known))
        above = [synsets[id] for id in hypernyms if id in synsets]
        members, hypernyms = [m for found, _ in above for m in found], [h for _, found in above for h in found]
    return STEPS, []
