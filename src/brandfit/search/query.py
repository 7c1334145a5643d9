"""The text of a search box: keywords, phrases in quotation marks, and words to leave out.

hiking "slow travel" -food -"fast food"
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

OPERATOR = re.compile(r'(?<!\S)(?P<minus>-?)"(?P<phrase>[^"]+)"|(?<!\S)-(?P<word>#?[^\W_][^\s"]*)')
"""A phrase, with or without a minus before it, or a word with a minus. ``-`` alone and a hyphen in a word are
no operators."""
QUOTATION_MARKS = str.maketrans("“”„«»", '"""""')


class Query(NamedTuple):
    """A parsed search. All texts are in small letters, without the # of hashtags.

    keywords  words and phrases to rank by, in the order in which they were typed
    phrases   influencers that do not use all of these are left out
    excluded  influencers that use one of these words or phrases are left out
    """

    keywords: tuple[str, ...]
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


def parse_query(texts: Iterable[str]) -> Query:
    """The query that these texts make together, as if they were typed in a row: words without quotation marks
    are keywords of their own, wherever one text ends.

    >>> parse_query(["hiking boots", '"slow', 'travel"', "-food"])
    Query(keywords=('hiking', 'boots', 'slow travel'), phrases=('slow travel',), excluded=('food',))
    """
    keywords: list[str] = []
    phrases: list[str] = []
    excluded: list[str] = []
    # Joined first, because a phrase may be spread over several texts.
    joined = " ".join(texts).translate(QUOTATION_MARKS)
    position = 0
    for match in OPERATOR.finditer(joined):
        keywords += joined[position : match.start()].split()
        position = match.end()
        text = _normalized(match["phrase"] or match["word"])
        if match["phrase"] is None or match["minus"]:
            excluded.append(text)
        else:
            phrases.append(text)
            keywords.append(text)
    keywords += joined[position:].split()
    return Query(
        keywords=tuple(filter(None, map(_normalized, keywords))),
        phrases=tuple(filter(None, phrases)),
        excluded=tuple(filter(None, excluded)),
    )


def _normalized(text: str) -> str:
    return " ".join(text.split()).lower().lstrip("#")
