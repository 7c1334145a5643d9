"""The text of a search box: keywords, phrases in quotation marks, and words to leave out.

hiking "slow travel" -food -"fast food"
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

BOUNDARY = "\n"
"""Separates keywords in the joined text. A shell or a page has already split what a person typed."""
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
    """The query that these texts make together. A text without operators is one keyword.

    >>> parse_query(["hiking", '"slow', 'travel"', "-food"])
    Query(keywords=('hiking', 'slow travel'), phrases=('slow travel',), excluded=('food',))
    """
    phrases: list[str] = []
    excluded: list[str] = []

    def taken_out(match: re.Match[str]) -> str:
        """Note a phrase or an excluded word; return the text that stays in its place."""
        text = _normalized(match["phrase"] or match["word"])
        if match["phrase"] is None or match["minus"]:
            excluded.append(text)
            return BOUNDARY
        phrases.append(text)
        return f"{BOUNDARY}{text}{BOUNDARY}"

    # Joined first, because a phrase may be spread over several texts.
    joined = BOUNDARY.join(texts).translate(QUOTATION_MARKS)
    keywords = OPERATOR.sub(taken_out, joined).split(BOUNDARY)
    return Query(
        keywords=tuple(filter(None, map(_normalized, keywords))),
        phrases=tuple(filter(None, phrases)),
        excluded=tuple(filter(None, excluded)),
    )


def _normalized(text: str) -> str:
    return " ".join(text.split()).lower().lstrip("#")
