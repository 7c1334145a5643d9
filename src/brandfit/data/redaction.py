"""Handles taken out of rows: whole words of a text, entries of a list, rows that belong to whom nobody may
name.

A word is a run of letters, digits and ``_``, with single dots and hyphens inside; one with hyphens counts
whole and in its pieces. So ``ann`` is not found in ``anna``, ``ann_1`` or ``ann.b``, but in ``@Ann``,
``#ann``, ``(ann)``, ``ann's`` and ``ann-made``.
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
"""What stands where a handle stood; no letter, so that it can neither be a handle nor make one."""
CACHED = 1_000_000
"""Words at most that are remembered to name nobody."""

AnyRow = TypeVar("AnyRow", bound=Row)


def plain(handle: str) -> str:
    """A handle as it is compared: one form of each letter, lower case, without @.

    >>> plain(" @Ann.Lee"), plain("ａｎｎ")
    ('ann.lee', 'ann')
    """
    text = handle if handle.isascii() else unicodedata.normalize("NFKC", handle)
    return account_id(text)


class Redactor:
    """Takes out what ``gone`` says of, a function of a handle in its ``plain`` form.

    handles  the same as a list, where they are known: such that are no words (with blanks, say) are then
             found in texts too
    posts    ids of the posts that were taken out so far; their pictures and links go with them
    """

    def __init__(self, gone: Callable[[str], bool], handles: Iterable[str] = ()) -> None:
        self._gone = gone
        self._known: dict[str, bool] = {}
        self._clean: set[str] = set()
        odd = [re.escape(h) for h in sorted(handles, key=len, reverse=True) if not TOKEN.fullmatch(h)]
        self._odd = re.compile(rf"(?<!{WORD})(?:{'|'.join(odd)})(?!{WORD})", re.IGNORECASE) if odd else None
        self.posts: set[str] = set()

    def is_erased(self, id: str) -> bool:
        """Whether this id is of one of them."""
        found = self._known.get(id)
        if found is None:
            if len(self._known) > CACHED:
                self._known.clear()
            found = self._known[id] = self._gone(plain(id))
        return found

    def names(self, text: str | None) -> bool:
        """Whether a text names one of them."""
        if not text:
            return False
        if self._odd is not None and self._odd.search(text):
            return True
        words = set(TOKEN.findall(text)) - self._clean
        if any(self._is_erased_name(word) for word in words):
            return True
        if len(self._clean) > CACHED:
            self._clean.clear()
        self._clean |= words
        return False

    def text(self, text: str | None) -> str | None:
        """The text with a mark in place of each of them.

        >>> Redactor({"ann"}.__contains__).text("Thanks @Ann, ann-made by anna and ann.b")
        'Thanks @…, …-made by anna and ann.b'
        """
        if text is None or not self.names(text):
            return text
        if self._odd is not None:
            text = self._odd.sub(MARK, text)
        return TOKEN.sub(lambda found: self._marked(found[0]), text)

    def without_erased(self, ids: list[str]) -> list[str]:
        """The ids without theirs."""
        return [id for id in ids if not self.is_erased(id)]

    def row(self, row: AnyRow) -> AnyRow | None:
        """The row without them; the very same where it does not name them, None where it is one of theirs."""
        changes: dict[str, object] = {}
        if isinstance(row, Account):
            if self.is_erased(row.id):
                return None
            changes = {"name": self.text(row.name), "biography": self.text(row.biography)}
        elif isinstance(row, Post):
            if self.is_erased(row.account):
                self.posts.add(row.id)
                return None
            changes = {
                "caption": self.text(row.caption),
                "hashtags": [t for t in row.hashtags if not self.names(t)],
            }
            changes |= {field: self.without_erased(getattr(row, field)) for field in STATED_BY_POST}
        elif isinstance(row, Image):
            if row.post in self.posts:
                return None
            changes = {"alt_text": self.text(row.alt_text), "source": self.text(row.source)}
        elif isinstance(row, Link):
            if self.is_erased(row.source) or self.is_erased(row.target) or row.post in self.posts:
                return None
            changes = {"text": self.text(row.text)}
        changes = {field: value for field, value in changes.items() if value != getattr(row, field)}
        return msgspec.structs.replace(row, **changes) if changes else row

    def _is_erased_name(self, word: str) -> bool:
        return self.is_erased(word) or (
            "-" in word and any(self.is_erased(piece) for piece in word.split("-"))
        )

    def _marked(self, word: str) -> str:
        if self.is_erased(word):
            return MARK
        return (
            "-".join(MARK if self.is_erased(piece) else piece for piece in word.split("-"))
            if "-" in word
            else word
        )
