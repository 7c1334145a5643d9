"""Removal of erased handles from rows: as words of a text, as entries of a list, and with the rows of these
accounts.

A word is a run of letters, digits and ``_``, with single dots and hyphens inside; a word with hyphens is
compared as a whole and in its pieces. So ``ann`` is not found in ``anna``, ``ann_1`` or ``ann.b``, but in
``@Ann``, ``#ann``, ``(ann)``, ``ann's`` and ``ann-made``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from brandfit.account_id import account_id
from brandfit.data.captions import WORD
from brandfit.data.schema import STATED_BY_POST, Account, Image, Link, Post, Row

TOKEN = re.compile(rf"{WORD}+(?:[.\-]{WORD}+)*")
MARK = "…"
"""Replaces a handle. It is no letter, so it cannot be part of another handle."""
MAX_CACHED = 1_000_000
"""Largest number of words with a cached answer."""

AnyRow = TypeVar("AnyRow", bound=Row)


def plain(handle: str) -> str:
    """The form of a handle that is compared: one form of each letter, lower case, without @.

    >>> plain(" @Ann.Lee"), plain("ａｎｎ")
    ('ann.lee', 'ann')
    """
    text = handle if handle.isascii() else unicodedata.normalize("NFKC", handle)
    return account_id(text)


class Redactor:
    """Removes erased accounts from rows.

    gone     whether an account is erased, by its handle in the ``plain`` form
    handles  the erased handles, if they are known as a list: handles that are no words (with blanks, for
             example) are then found in texts too
    posts    ids of the posts that were removed so far; their pictures and links go with them
    """

    def __init__(self, gone: Callable[[str], bool], handles: Iterable[str] = ()) -> None:
        self._gone = gone
        self._is_erased: dict[str, bool] = {}  # cached answers by id
        self._clean: set[str] = set()  # words that name no erased account
        # Handles that are no words are searched as they are, the longest first.
        longest_first = sorted(handles, key=len, reverse=True)
        unusual = [re.escape(handle) for handle in longest_first if not TOKEN.fullmatch(handle)]
        pattern = rf"(?<!{WORD})(?:{'|'.join(unusual)})(?!{WORD})"
        self._unusual = re.compile(pattern, re.IGNORECASE) if unusual else None
        self.posts: set[str] = set()

    def is_erased(self, id: str) -> bool:
        """Whether the account with this id is erased."""
        answer = self._is_erased.get(id)
        if answer is None:
            if len(self._is_erased) > MAX_CACHED:
                self._is_erased.clear()
            answer = self._is_erased[id] = self._gone(plain(id))
        return answer

    def names(self, text: str | None) -> bool:
        """Whether a text names an erased account."""
        if not text:
            return False
        if self._unusual is not None and self._unusual.search(text):
            return True
        # Most words occur again and again, so that clean ones are checked once.
        words = set(TOKEN.findall(text)) - self._clean
        if any(self._is_erased_name(word) for word in words):
            return True
        if len(self._clean) > MAX_CACHED:
            self._clean.clear()
        self._clean |= words
        return False

    def text(self, text: str | None) -> str | None:
        """The text with a mark in place of each erased handle.

        >>> Redactor({"ann"}.__contains__).text("Thanks @Ann, ann-made by anna and ann.b")
        'Thanks @…, …-made by anna and ann.b'
        """
        if text is None or not self.names(text):
            return text
        if self._unusual is not None:
            text = self._unusual.sub(MARK, text)
        return TOKEN.sub(lambda match: self._marked(match[0]), text)

    def without_erased(self, ids: list[str]) -> list[str]:
        """The ids of accounts that are not erased."""
        return [id for id in ids if not self.is_erased(id)]

    def row(self, row: AnyRow) -> AnyRow | None:
        """The row without erased accounts: the same object if it names none, None if it is a row of one."""
        if self._belongs_to_erased(row):
            if isinstance(row, Post):
                self.posts.add(row.id)
            return None
        changes: dict[str, object] = {}
        if isinstance(row, Account):
            changes = {
                name: self.text(getattr(row, name)) for name in ("name", "biography", "country", "city")
            }
            changes["attributes"] = {
                self.text(name): self.text(text) for name, text in row.attributes.items()
            }
        elif isinstance(row, Post):
            changes = {field: self.without_erased(getattr(row, field)) for field in STATED_BY_POST}
            changes["caption"] = self.text(row.caption)
            changes["hashtags"] = [tag for tag in row.hashtags if not self.names(tag)]
        elif isinstance(row, Image):
            changes = {"alt_text": self.text(row.alt_text), "source": self.text(row.source)}
        elif isinstance(row, Link):
            changes = {"text": self.text(row.text)}
        # Callers detect an unchanged row by identity.
        changes = {field: value for field, value in changes.items() if value != getattr(row, field)}
        return msgspec.structs.replace(row, **changes) if changes else row

    def _belongs_to_erased(self, row: Row) -> bool:
        """Whether a row goes with an erased account or with a removed post."""
        if isinstance(row, Account):
            return self.is_erased(row.id)
        if isinstance(row, Post):
            return self.is_erased(row.account)
        if isinstance(row, Image):
            return row.post in self.posts
        if isinstance(row, Link):
            return self.is_erased(row.source) or self.is_erased(row.target) or row.post in self.posts
        return False

    def _is_erased_name(self, word: str) -> bool:
        return self.is_erased(word) or (
            "-" in word and any(self.is_erased(piece) for piece in word.split("-"))
        )

    def _marked(self, word: str) -> str:
        """The word with a mark in place of an erased handle, as a whole or in its pieces."""
        if self.is_erased(word):
            return MARK
        if "-" not in word:
            return word
        return "-".join(MARK if self.is_erased(piece) else piece for piece in word.split("-"))
