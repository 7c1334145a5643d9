"""ConceptNet and Open English WordNet as sources of more words for the concepts of a taxonomy."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from brandfit.encoders.concept._taxonomy import Taxonomy, term
from brandfit.encoders.concept._wordnet import WordNet
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


def _wordnet(lines: Iterator[tuple[int, bytes]], taxonomy: Taxonomy) -> dict[str, list[int]]:
    """New word to the concepts of its nearest hypernym, from numbered lines of synsets."""
    nearest = WordNet.of_lines(lines).hypernyms(taxonomy)
    return {word: hypernym.concepts for word, hypernym in nearest.items()}
