"""ConceptNet and Open English WordNet as sources of more words for the concepts of a taxonomy."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from brandfit.encoders.concept._taxonomy import Taxonomy, term
from brandfit.encoders.text._words import stop_words
from brandfit.errors import ConfigError

RELATIONS = (
    b"IsA RelatedTo FormOf PartOf CapableOf AtLocation CreatedBy Synonym DerivedFrom MannerOf SimilarTo "
    b"EtymologicallyRelatedTo "
    b"EtymologicallyDerivedFrom"
)
"""Relations of ConceptNet that BAMIR follows (B-02)."""
EDGES = 5
"""Neighbours of a word in ConceptNet that are used, the heaviest first (B-02)."""
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


def extended(taxonomy: Taxonomy, paths: Iterable[str]) -> Taxonomy:
    """The same concepts with more words from files of ConceptNet or WordNet.

    Words of the taxonomy keep their concepts, and stop words like *can* and *have* never get one.

    ConceptNet  assertions as published, tab-separated, .csv or .csv.gz; a word gets the concepts of its
                heaviest English neighbours (B-02)
    WordNet     synsets as JSON lines, .jsonl or .jsonl.gz; a word gets the concept of its nearest hypernym
                (M-06, merging by IsA) if each of its meanings has one; *bill* (of a bird, a poster, a law)
                gets none
    """
    result = Taxonomy(taxonomy.concepts)
    for path in paths:
        file = file_of(path)
        suffix = (file.suffixes or [""])[-2 if file.suffix == ".gz" and len(file.suffixes) > 1 else -1]
        reader = {".csv": _conceptnet, ".jsonl": _wordnet}.get(suffix)
        if reader is None:
            raise ConfigError(
                f"Setting knowledge={path!r}: expected a .csv of ConceptNet or a .jsonl of WordNet.",
                "Packed by gzip or not.",
            )
        try:
            with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as lines:
                more = reader(enumerate(lines, 1), result)
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise ConfigError(
                f"Setting knowledge={path!r}: cannot be read: {error}.", "Get the file again."
            ) from None
        is_new = False
        for word, concepts in more.items():
            if len(word) > 2 and word not in stop_words():
                is_new = True
                result.concepts_by_term.setdefault(word, concepts)
                result.concepts_by_tag.setdefault(word.replace(" ", ""), concepts)
        if not is_new:
            raise ConfigError(
                f"Setting knowledge={path!r}: no line of it gives a new word.",
                "Check that the file is the one that its name says.",
            )
    return result


def file_of(path: str) -> Path:
    """The file of this setting. Raises ConfigError if it does not exist."""
    file = Path(path)
    if not file.is_file():
        raise ConfigError(
            f"Setting knowledge={path!r}: there is no such file.", f"Its full path is {file.absolute()}."
        )
    return file


def _conceptnet(lines: Iterator[tuple[int, bytes]], taxonomy: Taxonomy) -> dict[str, list[int]]:
    """New word to the concepts of its heaviest neighbours, from numbered lines of assertions."""
    edges: dict[str, list[tuple[float, int]]] = {}  # word to (weight, concept)
    followed = frozenset(RELATIONS.split())
    for number, line in lines:
        # assertion, relation, start, end, JSON with the weight
        fields = line.split(b"\t")
        if len(fields) != 5 or not fields[1].startswith(b"/r/"):
            raise ValueError(
                f"line {number}: expected five fields with tabs between, the second a relation like /r/IsA"
            )
        is_english = fields[2].startswith(b"/c/en/") and fields[3].startswith(b"/c/en/")
        if fields[1][3:] not in followed or not is_english:
            continue
        try:
            weight = msgspec.json.decode(fields[4], type=_Assertion).weight
            start, end = (term(field.decode().split("/")[3].replace("_", " ")) for field in fields[2:4])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"line {number}: {error}") from None
        for word, neighbour in ((start, end), (end, start)):
            concepts = taxonomy.concepts_by_term.get(neighbour)
            if concepts and word and word not in taxonomy.concepts_by_term:
                edges.setdefault(word, []).extend((weight, n) for n in concepts)
    # Sorting is stable: of equally heavy neighbours the first in the file.
    concepts_by_word = {}
    for word, weighted in edges.items():
        heaviest = sorted(weighted, key=lambda edge: -edge[0])[:EDGES]
        concepts_by_word[word] = list(dict.fromkeys(n for _, n in heaviest))
    return concepts_by_word


class _Assertion(msgspec.Struct):
    weight: float = 1.0


class _Synset(msgspec.Struct):
    id: str
    pos: str
    members: list[str]
    hypernym: list[str]
    instance_hypernym: list[str] = []
    lexfile: str = ""


def _wordnet(lines: Iterator[tuple[int, bytes]], taxonomy: Taxonomy) -> dict[str, list[int]]:
    """New word to the concepts of its nearest hypernym, from numbered lines of synsets."""
    synsets: dict[str, _Synset] = {}
    senses: Counter[str] = Counter()
    for number, line in lines:
        try:
            synset = msgspec.json.decode(line, type=_Synset)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"line {number}: {error}") from None
        synset.members = list(dict.fromkeys(term(member) for member in synset.members))
        senses.update(synset.members)
        if synset.pos == "n":
            synsets[synset.id] = synset

    # Synsets that are concepts themselves.
    concepts_by_synset: dict[str, list[int]] = {}
    for id, synset in synsets.items():
        concepts = _concepts_of_synset(synset, senses, taxonomy)
        if concepts:
            concepts_by_synset[id] = concepts

    hypernyms_by_word: dict[str, list[Hypernym]] = {}
    for id, synset in synsets.items():
        hypernym = _nearest_hypernym(id, synsets, concepts_by_synset)
        if hypernym is None:
            continue
        for word in synset.members:
            if word not in taxonomy.concepts_by_term:
                hypernyms_by_word.setdefault(word, []).append(hypernym)
    concepts_by_word = {}
    for word, hypernyms in hypernyms_by_word.items():
        if len(hypernyms) == senses[word]:  # each meaning of the word has one
            concepts_by_word[word] = min(hypernyms).concepts
    return concepts_by_word


class Hypernym(NamedTuple):
    """Steps up to a synset, and the concepts that it is; ordered by steps."""

    steps: int
    concepts: list[int]


def _nearest_hypernym(
    id: str, synsets: dict[str, _Synset], concepts_by_synset: dict[str, list[int]]
) -> Hypernym | None:
    """The nearest hypernym of a synset that is a concept, at most STEPS above it; the synset itself
    counts."""
    level = [id]
    for steps in range(STEPS + 1):
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


def _concepts_of_synset(synset: _Synset, senses: Counter[str], taxonomy: Taxonomy) -> list[int]:
    """Concepts that a synset is: by a word without other meanings, or by the name of a concept of a fitting
    kind."""
    concepts: dict[int, None] = {}  # ordered, without repetition
    for word in synset.members:
        for n in taxonomy.concepts_by_term.get(word, ()):
            concept = taxonomy.concepts[n]
            fits = synset.lexfile.removeprefix("noun.") in MEANT.get(concept.kind, ())
            if senses[word] == 1 or (fits and word == term(concept.name)):
                concepts[n] = None
    return list(concepts)
