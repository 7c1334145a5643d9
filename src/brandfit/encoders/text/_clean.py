"""The text of a caption that models read: its words, without handles and addresses.

A handle in a caption often names the partner that is to be predicted, so mentions are dropped unless a
setting keeps them. A partner's name in plain words or in a hashtag stays; only a split that hides the post
hides it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from brandfit.data.captions import HASHTAG
from brandfit.encoders.text._segment import segment

Mentions = Literal["drop", "keep"]
Hashtags = Literal["split", "keep", "drop"]

HANDLE = re.compile(r"@[A-Za-z0-9_](?:[A-Za-z0-9_.]*[A-Za-z0-9_])?")
"""Wider than what the platform links: ``with@some.one`` names an account too."""
ADDRESS = re.compile(
    r"""://|\bwww\.                                                 # a web address
    | [\w+-]@[\w-]+\.\w                                             # mail
    | \w\.(?:com|net|org|co|io|me|tv|ly|ee|bio|link|shop|app|uk|de|fr|es|it|nl|eu|au|ca|br|in|ru)
      (?![\w-]|\.\w)                                              # linktr.ee/x
    """,
    re.VERBOSE | re.IGNORECASE,
)
INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad]")
"""Zero-width and soft-hyphen characters; the joiner within emoji and Indic words stays."""


def clean(text: str, mentions: Mentions = "drop", hashtags: Hashtags = "split") -> str:
    """The words and emoji of a caption: NFKC, white space as single blanks, no addresses, hashtags as words.

    >>> clean("Up at 5 with @some.one! #SlowTravel #hike_2024 Mail: me@example.org, or https://example.org/x")
    'Up at 5 with ! Slow Travel hike 2024 Mail: or'
    """
    if not text.isascii():
        text = INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    # Each step is skipped if its character is missing: most captions need few of them.
    if "." in text:
        text = " ".join([word for word in text.split() if "." not in word or not ADDRESS.search(word)])
    if "@" in text and mentions == "drop":
        text = HANDLE.sub(" ", text)
    if "#" in text:
        text = HASHTAG.sub(_WORDS[hashtags], text)
    return " ".join(text.split())


def _split(match: re.Match[str]) -> str:
    return f" {segment(match.group(1))} "


def _without_mark(match: re.Match[str]) -> str:
    return f" {match.group(1)} "


def _drop(match: re.Match[str]) -> str:
    return " "


_WORDS = {"split": _split, "keep": _without_mark, "drop": _drop}
"""Setting ``hashtags`` to the replacement of a hashtag."""
