"""What ConceptNet and Open English WordNet know, told to a taxonomy: more words for its concepts."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from brandfit.encoders.concept._taxonomy import Taxonomy, term
from brandfit.encoders.text._words import stop_words
from brandfit.errors import ConfigError

RELATIONS = (
    b"IsA RelatedTo FormOf PartOf CapableOf AtLocation CreatedBy Synonym DerivedFrom MannerOf SimilarTo "
    b"EtymologicallyRelatedTo "
    b"EtymologicallyDerivedFrom"
)
"""Of ConceptNet, that BAMIR follows (B-02)."""
EDGES = 5
"""Neighbours of a word in ConceptNet that count, the heaviest first (B-02)."""
STEPS = 4
"""Hypernyms that are climbed in WordNet."""
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
"""Kinds of concepts to the files of WordNet (noun.act ...) with the meaning of their names that is meant
here."""


def extended(taxonomy: Taxonomy, paths: Iterable[str]) -> Taxonomy:
    """The same concepts, called by more words: those of ConceptNet or WordNet files that are near enough to a
    name of one.

    A word that means a concept already keeps its meaning, and words like *can* and *have* never get one.
    ConceptNet: assertions as published, tab-separated, .csv or .csv.gz; the concepts of the word's heaviest
    English neighbours (B-02). WordNet: synsets as JSON lines, .jsonl or .jsonl.gz; the concept of the nearest
    hypernym (M-06, merging by IsA) of a word, if each of its meanings has one; *bill* is a bird's, a poster
    and a law, and has none.
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
        more = {word: found for word, found in more.items() if len(word) > 2 and word not in stop_words()}
        if not more:
            raise ConfigError(
                f"Setting knowledge={path!r}: not a line of it tells a new word.", "Is it what its name says?"
            )
        for word, found in more.items():
            result.called.setdefault(word, found)
            result.tags.setdefault(word.replace(" ", ""), found)
    return result


def file_of(path: str) -> Path:
    """The file of this setting. Raises ConfigError where there is none."""
    file = Path(path)
    if not file.is_file():
        raise ConfigError(
            f"Setting knowledge={path!r}: there is no such file.", f"Looked for {file.absolute()}."
        )
    return file


def _conceptnet(lines: Iterator[tuple[int, bytes]], taxonomy: Taxonomy) -> dict[str, list[int]]:
    near: dict[str, list[tuple[float, int]]] = {}
    followed = frozenset(RELATIONS.split())
    for number, line in lines:
        fields = line.split(b"\t")
        if len(fields) != 5 or not fields[1].startswith(b"/r/"):
            raise ValueError(
                f"line {number}: expected five fields with tabs between, the second a relation like /r/IsA"
            )
        if fields[1][3:] not in followed or not (
            fields[2].startswith(b"/c/en/") and fields[3].startswith(b"/c/en/")
        ):
            continue
        try:
            weight = msgspec.json.decode(fields[4], type=_Assertion).weight
            one, other = (term(field.decode().split("/")[3].replace("_", " ")) for field in fields[2:4])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"line {number}: {error}") from None
        for word, neighbour in ((one, other), (other, one)):
            if word and word not in taxonomy.called and (known := taxonomy.called.get(neighbour)):
                near.setdefault(word, []).extend((weight, n) for n in known)
    best = {word: sorted(found, key=lambda edge: -edge[0])[:EDGES] for word, found in near.items()}
    return {word: list(dict.fromkeys(n for _, n in found)) for word, found in best.items()}


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
    synsets: dict[str, _Synset] = {}
    senses: Counter[str] = Counter()
    for number, line in lines:
        try:
            found = msgspec.json.decode(line, type=_Synset)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"line {number}: {error}") from None
        found.members = list(dict.fromkeys(term(member) for member in found.members))
        senses.update(found.members)
        if found.pos == "n":
            synsets[found.id] = found

    means = {
        id: known for id, found in synsets.items() if (known := _concepts_of_synset(found, senses, taxonomy))
    }
    told: dict[str, list[tuple[int, list[int]]]] = {}
    for id, found in synsets.items():
        if (new := [word for word in found.members if word not in taxonomy.called]) and (
            near := _climb(id, synsets, means)
        ):
            for word in new:
                told.setdefault(word, []).append(near)
    return {word: min(near)[1] for word, near in told.items() if len(near) == senses[word]}


def _climb(id: str, synsets: dict[str, _Synset], means: dict[str, list[int]]) -> tuple[int, list[int]] | None:
    """Steps up to the nearest hypernym that is a concept, and the concepts."""
    at = [id]
    for steps in range(STEPS + 1):
        if concepts := list(dict.fromkeys(n for id in at for n in means.get(id, ()))):
            return steps, concepts
        at = [up for id in at if id in synsets for up in synsets[id].hypernym + synsets[id].instance_hypernym]
    return None


def _concepts_of_synset(synset: _Synset, senses: Counter[str], taxonomy: Taxonomy) -> list[int]:
    """Concepts that a synset is: by a word that means nothing else, or by the very name of a concept of a
    kind that fits."""
    known: dict[int, None] = {}
    for word in synset.members:
        for n in taxonomy.called.get(word, ()):
            concept = taxonomy.concepts[n]
            fits = synset.lexfile.removeprefix("noun.") in MEANT.get(concept.kind, ())
            if senses[word] == 1 or (fits and word == term(concept.name)):
                known[n] = None
    return list(known)
