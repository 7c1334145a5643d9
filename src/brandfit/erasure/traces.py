"""Traces: what to search for until an erasure is finished."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from brandfit.data.redaction import TOKEN, Redactor, plain

LISTS = ("handles", "posts", "words", "lines", "pictures")
FLAGS = ("changed", "learned", "has_comments")


class Traces(msgspec.Struct, kw_only=True):
    """What to search for of the accounts that are being erased, stored in the database until all is done."""

    handles: list[str] = []
    """In their ``plain`` form, and as they were written."""
    posts: list[str] = []
    """Ids."""
    words: list[str] = []
    """Words that no other account uses."""
    lines: list[str] = []
    """Beginnings of their texts, in lower case."""
    pictures: list[bytes] = []
    """A piece of each of their pictures."""
    changed: bool = False
    """Whether rows were removed or changed."""
    learned: bool = False
    """Whether rankers may have been fitted on their posts."""
    has_comments: bool = msgspec.field(default=False, name="heard")
    """Whether they wrote comments."""

    def with_(self, other: Traces) -> Traces:
        """Both traces in one."""
        values: dict[str, Any] = {}
        for name in LISTS:
            values[name] = list(dict.fromkeys(getattr(self, name) + getattr(other, name)))
        for name in FLAGS:
            values[name] = getattr(self, name) or getattr(other, name)
        return Traces(**values)

    def redactor(self) -> Redactor:
        handles = {plain(handle) for handle in self.handles}
        return Redactor(handles.__contains__, self.handles)

    def finder(self, words: bool = False) -> Callable[[Any], bool]:
        """A predicate: whether a structure of strings, lists and dicts names one of the accounts, one of
        their posts or, with ``words``, one of their words."""
        redactor = self.redactor()
        tokens = {*self.posts, *(self.words if words else ())}

        def is_trace(value: Any) -> bool:
            if isinstance(value, str):
                if redactor.names(value):
                    return True
                return any(token in tokens or token.lower() in tokens for token in TOKEN.findall(value))
            if isinstance(value, dict):
                return any(map(is_trace, value.keys())) or any(map(is_trace, value.values()))
            return isinstance(value, list | tuple) and any(map(is_trace, value))

        return is_trace
