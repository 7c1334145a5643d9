"""The words that an account says of itself: those of its biography and of its business categories."""

from __future__ import annotations

import re
from collections.abc import Iterable

WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’](?=[^\W\d_]))+")
CATEGORY = "category: "


def profile_words(biography: str | None, categories: Iterable[str | None]) -> list[str]:
    """Distinct words, sorted; a category counts by its words and as a whole.

    >>> profile_words("We bake. Since 1902", ["Bakery & Café"])
    ['bake', 'bakery', 'café', 'category: bakery & café', 'since', 'we']
    """
    wholes = {" ".join(name.lower().split()) for name in categories if name and name.strip()}
    words = {word.lower() for text in (biography or "", *wholes) for word in WORD.findall(text)}
    return sorted(words | {CATEGORY + whole for whole in wholes})
