"""Letters in one form for comparison: café equals cafe, 𝘃𝗲𝗴𝗮𝗻 equals vegan, İstanbul equals istanbul.

Compatible forms of letters (bold, full-width) are the usual ones, capitals are small, accents of Latin,
Greek and Cyrillic letters are left out, and the dotless ı is an i. Vowel signs of other scripts stay. Texts
that are shown are never folded.
"""

from __future__ import annotations

import re
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

_ACCENTS = re.compile("[\u0300-\u036f]")
_DOTLESS = "ı"


def fold(text: str) -> str:
    """A text for comparison.

    >>> fold("Café"), fold("𝘃𝗲𝗴𝗮𝗻"), fold("İSTANBUL IŞIK"), fold("ёлка")
    ('cafe', 'vegan', 'istanbul isik', 'елка')
    """
    # Most texts: no look at accents.
    if text.isascii():
        return text.lower()
    letters = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFKC", letters.replace(_DOTLESS, "i").lower())


def folded(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """``fold`` of every text of an Arrow column; null stays null."""
    letters = pc.utf8_normalize(column, "NFKD")
    letters = pc.replace_substring_regex(letters, "[\u0300-\u036f]", "")
    letters = pc.replace_substring(letters, _DOTLESS, "i")
    return pc.utf8_normalize(pc.utf8_lower(letters), "NFKC")
