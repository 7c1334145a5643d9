"""Text that proves a match: a quote contains the words of a sense of the query, or a synonym.

A *sense* is a concept of the taxonomy that one word, or several words in a row, of the query name ("eye
shadow" is one sense), else a keyword. Each sense has names: the words themselves, and the synonyms of the
concept. A text contains a name if it has its words in a row, in any of their forms (Snowball stems), as words
or in a hashtag. "No regrets in those eyes" contains "eye", but no name of the sense "eye shadow".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from brandfit.encoders.concept._taxonomy import LONGEST, built_in, term
from brandfit.encoders.text._segment import segment
from brandfit.errors import MissingExtra
from brandfit.folding import fold

TOKEN = re.compile(r"#?[^\W_]+", re.UNICODE)
"""A word, or a hashtag without its underscores: these separate its words."""
LONGEST_WORD = 40
"""Letters above which the index has no word either."""


class Sense(NamedTuple):
    """One sense of a query.

    text   the words of the query, for people
    names  the stems of each name, the words of the query first
    """

    text: str
    names: tuple[tuple[str, ...], ...]


class Place(NamedTuple):
    """Where a text names a sense: first and last character (exclusive)."""

    start: int
    end: int


def senses(keywords: Sequence[str]) -> tuple[Sense, ...]:
    """The senses of the keywords of a query (``search.query``), in their order.

    Neighbouring keywords can name one concept together: a shell splits "eye shadow". The longest name counts.

    >>> [sense.text for sense in senses(["cosmetic", "eye", "shadow"])]
    ['cosmetic', 'eye shadow']
    """
    # (word, number of its keyword) over all keywords
    words: list[tuple[str, int]] = []
    for number, keyword in enumerate(keywords):
        words += [(word, number) for word in _words(keyword)]
    found: list[Sense] = []
    start = 0
    while start < len(words):
        length = _concept_length([word for word, _ in words[start : start + LONGEST]])
        if length < 2:
            # No concept of several words starts here: a keyword of several words stays one sense.
            number = words[start][1]
            is_same_keyword = [other == number for _, other in words[start:]]
            length = is_same_keyword.index(False) if False in is_same_keyword else len(is_same_keyword)
        found.append(_sense(" ".join(word for word, _ in words[start : start + length])))
        start += length
    return tuple(dict.fromkeys(found))


def place_of(text: str, query_senses: Sequence[Sense]) -> Place | None:
    """Where a text names one of the senses for the first time; None if it names none of them.

    >>> place_of("No regrets in those eyes", senses(["eye", "shadow"])) is None
    True
    >>> place_of("My #EyeShadows", senses(["eye", "shadow"]))
    Place(start=3, end=14)
    """
    stems, places = [], []
    for stem, place in _stems(text):
        stems.append(stem)
        places.append(place)
    for start in range(len(stems)):
        for sense in query_senses:
            for name in sense.names:
                if tuple(stems[start : start + len(name)]) == name:
                    return Place(places[start].start, places[start + len(name) - 1].end)
    return None


def _concept_length(words: Sequence[str]) -> int:
    """Number of words, from the first on, of the longest name of a concept; 0 if no name starts there."""
    taxonomy = built_in()
    for length in range(len(words), 0, -1):
        if term(" ".join(words[:length])) in taxonomy.concepts_by_term:
            return length
    return 0


def _sense(text: str) -> Sense:
    taxonomy = built_in()
    own = set(map(_stem, _words(text)))
    names = [text]
    for number in taxonomy.concepts_by_term.get(term(text), ()):
        # A name with some of the words alone is wider than the sense: "travel" is no proof of "slow travel".
        names += [name for name in taxonomy.concepts[number].words if not set(map(_stem, _words(name))) < own]
    stems: list[tuple[str, ...]] = []
    for name in names:
        words = _words(name)
        stems.append(tuple(map(_stem, words)))
        # Compounds are written in one word too, most of all in hashtags.
        stems.append((_stem("".join(words)),))
    return Sense(text, tuple(dict.fromkeys(filter(None, stems))))


def _words(text: str) -> list[str]:
    return [token.lstrip("#") for token in TOKEN.findall(text)]


def _stems(text: str) -> Iterator[tuple[str, Place]]:
    """Stems of the words of a text, and where they are. A hashtag gives itself, then its words."""
    for match in TOKEN.finditer(text):
        place = Place(*match.span())
        word = match[0].lstrip("#")
        yield _stem(word), place
        if match[0].startswith("#"):
            parts = segment(word.lower()).split()
            if len(parts) > 1:
                for part in parts:
                    yield _stem(part), place


@cache
def _analyzer() -> Any:
    """The analysis that the full-text index uses: small letters and Snowball stems of English."""
    try:
        from tantivy import Filter, TextAnalyzerBuilder, Tokenizer
    except ImportError:
        raise MissingExtra("full-text search", "search") from None
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.lowercase())
    return builder.filter(Filter.stemmer("english")).build()


@cache
def _stem(word: str) -> str:
    word = fold(word)
    # The tokenizer splits no word of letters and digits; a long one is kept as it is.
    stems = _analyzer().analyze(word) if len(word) <= LONGEST_WORD else []
    return str(stems[0]) if len(stems) == 1 else word
