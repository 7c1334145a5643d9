"""Open English WordNet: synsets of words, and the nearest concept above each word (M-06, merging by IsA)."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from brandfit.encoders.concept._taxonomy import Taxonomy, term
from brandfit.errors import ConfigError

STEPS = 4
"""Steps to hypernyms in WordNet."""
_THINGS = ("animal", "artifact", "body", "food", "object", "plant", "substance")
MEANT = {
    "interest": (*_THINGS, "act", "attribute", "cognition", "communication", "group"),
    "object": (*_THINGS, "communication", "person"),
    "action": ("act", "event", "process", "time"),
    "style": ("artifact", "attribute", "cognition", "feeling", "state"),
    "scene": ("artifact", "group", "location", "object", "phenomenon", "time"),
    "occupation": ("person",),
    "business": ("artifact", "group"),
}
"""Kind of concept to the files of WordNet (noun.act ...) that hold the meaning of its names in the
taxonomy."""
KINDS = {
    **dict.fromkeys(_THINGS, "object"),
    **dict.fromkeys(("act", "event", "process"), "action"),
    **dict.fromkeys(("attribute", "feeling", "state"), "style"),
    **dict.fromkeys(("location", "phenomenon"), "scene"),
    **dict.fromkeys(("cognition", "communication"), "interest"),
    "person": "occupation",
    "group": "business",
}
"""File of WordNet to the kind of a new concept."""


class Synset(msgspec.Struct):
    """One meaning: the words that have it, in the form of ``term``, and the ids of wider meanings."""

    id: str
    pos: str
    members: list[str]
    hypernym: list[str]
    instance_hypernym: list[str] = []
    lexfile: str = ""


class Hypernym(NamedTuple):
    """Steps up to a synset, and the concepts that it is; ordered by steps."""

    steps: int
    concepts: list[int]


@dataclass(frozen=True)
class WordNet:
    """
    nouns    id to noun synset
    senses   word to the number of its synsets, of every part of speech
    by_word  word to the ids of its noun synsets
    """

    nouns: dict[str, Synset]
    senses: Counter[str]
    by_word: dict[str, list[str]]

    @classmethod
    def of_lines(cls, lines: Iterable[tuple[int, bytes]]) -> WordNet:
        """From numbered lines of JSON. Raises ValueError with the number of a line that is no synset."""
        nouns: dict[str, Synset] = {}
        senses: Counter[str] = Counter()
        by_word: dict[str, list[str]] = {}
        for number, line in lines:
            try:
                synset = msgspec.json.decode(line, type=Synset)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise ValueError(f"line {number}: {error}") from None
            synset.members = list(dict.fromkeys(term(member) for member in synset.members))
            senses.update(synset.members)
            if synset.pos == "n":
                nouns[synset.id] = synset
                for word in synset.members:
                    by_word.setdefault(word, []).append(synset.id)
        return cls(nouns, senses, by_word)

    @classmethod
    def of_file(cls, path: str | Path) -> WordNet:
        """From a file of JSON lines, packed by gzip or not. Raises ConfigError if it cannot be read."""
        file = Path(path)
        try:
            with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as lines:
                wordnet = cls.of_lines(enumerate(lines, 1))
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise ConfigError(
                f"{str(path)!r} cannot be read as WordNet: {error}.",
                "Give the synsets of Open English WordNet as JSON lines.",
            ) from None
        if not wordnet.nouns:
            raise ConfigError(f"{str(path)!r} has no noun of WordNet.", "Check that the file is complete.")
        return wordnet

    def kind(self, word: str) -> str:
        """The kind of concept that a word is, by the file of its first noun synset; "" if it has none, or if
        more of its meanings are no nouns."""
        ids = self.by_word.get(word, [])
        if not ids or 2 * len(ids) <= self.senses[word]:
            return ""
        return KINDS.get(self.nouns[ids[0]].lexfile.removeprefix("noun."), "")

    def synonyms(self, word: str) -> list[str]:
        """Words that share every meaning of a noun and have few others: at least half of their own meanings
        are shared. In the order of the synset."""
        ids = self.by_word.get(word, [])
        if not ids or len(ids) < self.senses[word]:
            return []
        # A word of several meanings is no synonym of a word that has only one of them.
        shared = set.intersection(*(set(self.nouns[id].members) for id in ids))
        others = [other for other in self.nouns[ids[0]].members if other != word and other in shared]
        return [other for other in others if self.senses[other] <= 2 * len(ids)]

    def hypernyms(
        self,
        taxonomy: Taxonomy,
        words: Iterable[str] | None = None,
        *,
        steps: int = STEPS,
        clear: Collection[str] = (),
    ) -> dict[str, Hypernym]:
        """Word that the taxonomy does not have to its nearest hypernym that is a concept, if each of its
        meanings has one.

        words  these alone; all of WordNet without them
        steps  up to the hypernym, at most
        clear  names of concepts whose kind was guessed: they must have one meaning
        """
        # Synsets that are concepts themselves.
        clear = frozenset(clear)
        concepts_by_synset: dict[str, list[int]] = {}
        for id, synset in self.nouns.items():
            concepts = _concepts_of_synset(synset, self.senses, taxonomy=taxonomy, clear=clear)
            if concepts:
                concepts_by_synset[id] = concepts

        by_word: dict[str, list[Hypernym]] = {}
        for word in self.by_word if words is None else words:
            if word in taxonomy.concepts_by_term:
                continue
            ids = self.by_word.get(word, [])
            nearest = [
                _nearest_hypernym(id, self.nouns, concepts_by_synset=concepts_by_synset, most=steps)
                for id in ids
            ]
            found = [hypernym for hypernym in nearest if hypernym is not None]
            if found and len(found) == self.senses[word]:  # each meaning of the word has one
                by_word[word] = found
        return {word: min(hypernyms) for word, hypernyms in by_word.items()}


def _nearest_hypernym(
    id: str, synsets: dict[str, Synset], *, concepts_by_synset: dict[str, list[int]], most: int
) -> Hypernym | None:
    """The nearest hypernym of a synset that is a concept, at most ``most`` steps above it; the synset itself
    counts."""
    level = [id]
    for steps in range(most + 1):
        concepts: dict[int, None] = {}  # ordered, without repetition
        above: list[str] = []
        for synset_id in level:
            concepts.update(dict.fromkeys(concepts_by_synset.get(synset_id, ())))
            if synset_id in synsets:
                above += synsets[synset_id].hypernym + synsets[synset_id].instance_hypernym
        if concepts:
            return Hypernym(steps, list(concepts))
        level = above
    return None


def _concepts_of_synset(
    synset: Synset, senses: Counter[str], *, taxonomy: Taxonomy, clear: Collection[str]
) -> list[int]:
    """Concepts that a synset is: by a word without other meanings, or by the name of a concept of a fitting
    kind."""
    concepts: dict[int, None] = {}  # ordered, without repetition
    for word in synset.members:
        for n in taxonomy.concepts_by_term.get(word, ()):
            concept = taxonomy.concepts[n]
            fits = word not in clear and synset.lexfile.removeprefix("noun.") in MEANT.get(concept.kind, ())
            if senses[word] == 1 or (fits and word == term(concept.name)):
                concepts[n] = None
    return list(concepts)
