"""The words of the profile of an account: biography and business categories."""

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
    # Spaces and capitals of a category do not count.
    names = {" ".join(name.lower().split()) for name in categories if name and name.strip()}
    words = {CATEGORY + name for name in names}
    for text in (biography or "", *names):
        words.update(word.lower() for word in WORD.findall(text))
    return sorted(words)
