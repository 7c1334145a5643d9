"""Countries under their names in several languages, their codes and flags. Names and codes are those of the
Unicode Common Locale Data Repository (library Babel)."""

from __future__ import annotations

import re
from functools import cache

from brandfit.folding import fold

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "tr", "nl", "pl", "ru", "ar", "zh", "ja", "ko")
MORE_NAMES = {
    "turkey": "TR",
    "czech republic": "CZ",
    "ivory coast": "CI",
    "holland": "NL",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "great britain": "GB",
    "britain": "GB",
    "united states of america": "US",
    "america": "US",
    "uae": "AE",
    "emirates": "AE",
    "ksa": "SA",
    "russian federation": "RU",
    "korea": "KR",
    "burma": "MM",
    "macedonia": "MK",
    "cape verde": "CV",
    "swaziland": "SZ",
}
"""Names that people write and that the repository does not have."""
FIRST_FLAG_LETTER = 0x1F1E6
"""A flag is two letters of this block."""
SHORTEST_NAME = 4
"""Letters of a name; a shorter word is a code."""


@cache
def _codes_by_name() -> dict[str, str]:
    """Folded name, or code of two or three letters, to the code of two letters."""
    from babel import Locale
    from babel.core import get_global

    codes = dict(MORE_NAMES)
    for language in LANGUAGES:
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha():
                codes.setdefault(fold(name), code)
                codes.setdefault(fold(code), code)
    # Three-letter codes and codes that people use, such as UK. Old states that became several are left out.
    for alias, current in get_global("territory_aliases").items():
        if alias.isalpha() and len(current) == 1 and len(current[0]) == 2:
            codes.setdefault(fold(alias), current[0])
    return codes


def country_code(text: str | None) -> str | None:
    """The ISO 3166 code of a country; None if the text is none. Of ``Berlin, Germany`` the last part counts.

    >>> country_code("Deutschland"), country_code("UK"), country_code("🇫🇷"), country_code("Lyon")
    ('DE', 'GB', 'FR', None)
    """
    if not text or not text.strip():
        return None
    letters = [chr(ord(letter) - FIRST_FLAG_LETTER + ord("A")) for letter in text if _is_flag(letter)]
    if len(letters) == 2:
        return "".join(letters)
    codes = _codes_by_name()
    for part in (text, *reversed(re.split(r"[,;/|()]", text))):
        # U.S.A. is written with dots.
        found = codes.get(fold(part.replace(".", "").strip()))
        if found is not None:
            return found
    return None


def is_code(text: str) -> bool:
    """Whether a text is the code of a country and not its name: words of texts must not be compared to it."""
    return len(text.strip()) < SHORTEST_NAME and country_code(text) is not None


def _is_flag(letter: str) -> bool:
    return 0 <= ord(letter) - FIRST_FLAG_LETTER < 26
