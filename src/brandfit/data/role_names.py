"""Words of a workspace for its two sides: brands and influencers, or for example shops and recipes."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from brandfit.errors import UsageError
from brandfit.messages import quoted

WORD = re.compile(r"[^\W\d_][^\W_ ]*(?:[ -][^\W_]+)*")
"""A word or two: letters, then letters and digits; a space or a hyphen between."""
LONGEST_WORD = 30
RESERVED = frozenset(
    [
        "audience",
        "audiences",
        "account",
        "accounts",
        "post",
        "posts",
        "candidate",
        "candidates",
        "time",
        "timestamp",
        "date",
        "weight",
        "engagement",
        "source",
        "target",
    ]
)
"""Words that mean something else in all workspaces, columns of the table of endorsements too."""
OWN_WORDS = ("brand", "brands", "influencer", "influencers")
_IN_TEXT = re.compile(r"\b(brand|influencer)(s?)\b", re.IGNORECASE)
_IN_SENTENCE = re.compile(r"(?<![\w.@/#-])(brand|influencer)(s?)(?![\w@/-]|\.\w)", re.IGNORECASE)
"""The same, but no part of an id such as ``new.brand`` or ``@influencer_hub``."""


class RoleNames(msgspec.Struct, frozen=True):
    """What a workspace calls the accounts that get a ranking and the accounts that are ranked.

    The stored roles, the columns of JSON and the paths of the API stay ``brand`` and ``influencer``.
    """

    brand: str = "brand"
    brands: str = "brands"
    influencer: str = "influencer"
    influencers: str = "influencers"

    @classmethod
    def from_words(cls, brand: str, influencer: str) -> RoleNames:
        """The names from one word for each side, ``shop``, or two with a slash, ``company/companies``.

        Raises UsageError for a word that is no word, is reserved, or names both sides.
        """
        names = cls(*_both_numbers(brand), *_both_numbers(influencer))
        sides = ({names.brand, names.brands}, {names.influencer, names.influencers})
        if sides[0] & sides[1]:
            raise UsageError(
                f"Both sides have the name {quoted(min(sides[0] & sides[1]))}.",
                "Give each side its own word.",
            )
        if sides[0] & set(OWN_WORDS[2:]) or sides[1] & set(OWN_WORDS[:2]):
            raise UsageError(
                "The word of one side would name the other.",
                "The first word is for the side that gets a ranking, the second for the side that is ranked.",
            )
        return names

    @property
    def is_default(self) -> bool:
        return self == RoleNames()

    def in_text(self, text: str) -> str:
        """A fixed text with the words of the workspace: "2 influencers" becomes "2 recipes".

        For texts of the program only; never for text that users wrote.
        """
        if self.is_default:
            return text
        return _IN_TEXT.sub(self._word_like, text)

    def in_sentence(self, text: str) -> str:
        """A sentence of the program, which may name accounts, with the words of the workspace.

        Ids of accounts stay, except one that is itself such a word: ``brand``.
        """
        return text if self.is_default else _IN_SENTENCE.sub(self._word_like, text)

    def _word_like(self, match: re.Match[str]) -> str:
        """The word in the number and the case of the match."""
        word = getattr(self, match[1].lower() + match[2].lower())
        if match[0].isupper():
            return str(word.upper())
        return str(word[0].upper() + word[1:] if match[0][0].isupper() else word)

    def to_dict(self) -> dict[str, Any]:
        return msgspec.structs.asdict(self)


def _both_numbers(words: str) -> tuple[str, str]:
    """One of them, and several: from ``shop`` or from ``company/companies``."""
    one, _, several = (part.strip().lower() for part in words.partition("/"))
    several = several or f"{one}s"
    for word in (one, several):
        if not WORD.fullmatch(word) or len(word) > LONGEST_WORD:
            raise UsageError(
                f"{quoted(words)} is no name of a side.",
                "Write one word, for example shop, or two with a slash if the plural is not regular: "
                "company/companies.",
            )
        if word in RESERVED:
            raise UsageError(f"{quoted(word)} means something else here.", "Choose another word.")
    return one, several
