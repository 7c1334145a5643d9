"""Lists in one cell: hashtags, handles and names of files, as people, pandas and JSON write them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec

from brandfit.data.cells.handles import account_id
from brandfit.data.cells.style import UNKNOWN_STYLE, Style
from brandfit.data.cells.texts import encodable
from brandfit.data.cells.unknown import is_missing
from brandfit.messages import quoted

LONGEST_TAG = 500
LONGEST_LITERAL = 100_000
_NAMES = ("username", "handle", "name", "tag", "hashtag", "full_name", "text", "url", "id")
"""Keys of objects in lists whose text is the item, the most telling first."""
_NESTED = ("user", "owner", "sponsor", "account", "node")
_EMPTY_LISTS = frozenset(["[]", "{}", "()", "set()"])
_BRACKETS = {"[": "]", "{": "}", "(": ")"}
_PLAIN_TOKEN = re.compile(r"[@＠]?[\w.]+")


@dataclass(frozen=True, slots=True)
class Refused:
    """An item of a list that cannot be read."""

    item: str
    reason: str


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a cell that could be read, and those that could not."""

    values: list[str]
    refused: tuple[Refused, ...] = ()


def items(value: Any, separators: str) -> Items:
    """The items of a list, or of a text with one of the separators between them; empty items are left out.

    A text may also be a list as Python or JSON writes it, or a set ``{a,b}``. Objects are the text of their
    key ``username``, ``handle`` or ``name``.

    >>> items("['a', 'b']", ",").values, items("{a,b}", ",").values, items("[]", ",").values
    (['a', 'b'], ['a', 'b'], [])
    """
    if is_missing(value):
        return Items([])
    if isinstance(value, str):
        parts = _parts_of_text(value, separators)
    elif isinstance(value, (list, tuple)):
        parts = list(value)
    elif isinstance(value, dict):
        parts = [value]
    else:
        raise ValueError(f"expected a list, found {quoted(value)}")
    values: list[str] = []
    refused: list[Refused] = []
    for part in parts:
        try:
            text = encodable((part if type(part) is str else _item_text(part)).strip())
        except ValueError as error:
            refused.append(Refused(quoted(part), str(error)))
            continue
        # An empty list within a list is no item.
        if text and text not in _EMPTY_LISTS:
            values.append(text)
    return Items(values, tuple(refused))


def _parts_of_text(text: str, separators: str) -> list[Any]:
    text = text.strip()
    if text and text[-1] == _BRACKETS.get(text[0]):
        literal = _literal(text)
        if literal is not None:
            return literal
        # {a,b}, as databases write lists; a description in brackets stays as it is.
        if "," in separators:
            text = text[1:-1]
    return [part.strip().strip("'\"") for part in re.split(f"[{re.escape(separators)}]", text)]


def _literal(text: str) -> list[Any] | None:
    """The list that a text states in Python or JSON; None if it is no such list."""
    if len(text) > LONGEST_LITERAL:
        return None
    try:
        value = msgspec.json.decode(text.encode())
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        value = _python_literal(text)
        if isinstance(value, set):
            # The order of a set differs from run to run; as a list it is the order of the text.
            value = _python_literal(f"[{text[1:-1]}]")
    if isinstance(value, dict):
        return [value] if value else []
    return list(value) if isinstance(value, (list, tuple)) else None


def _python_literal(text: str) -> Any:
    """The value that a text states in Python, or None."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _item_text(item: Any) -> str:
    """The text of an item that is no text. Raises ValueError for a type that no list of names has."""
    if is_missing(item):
        return ""
    if type(item) is int:
        return str(item)
    if isinstance(item, dict):
        for key in _NESTED:
            if isinstance(item.get(key), dict):
                return _item_text(item[key])
        for key in _NAMES:
            if isinstance(item.get(key), str) and item[key]:
                return item[key]
    raise ValueError(f"expected a list of texts, found {quoted(item)}")


def accounts(value: Any, style: Style = UNKNOWN_STYLE, *, free: bool = False) -> Items:
    """Handles, each once: ``a, b``, ``@a@b``, ``['a', 'b']``, ``[{"username": "a"}]``.

    An item that is no handle costs this item only.

    >>> accounts("@a@b"), accounts("[]")
    (Items(values=['a', 'b'], refused=()), Items(values=[], refused=()))
    """
    parts = items(value, "|,;\t\n\r")
    handles: dict[str, None] = {}
    refused = list(parts.refused)
    for item in _handle_texts(parts.values) if isinstance(value, str) else parts.values:
        if is_missing(item):
            continue
        try:
            handles[account_id(item, free=free)] = None
        except ValueError as error:
            refused.append(Refused(item[:80], str(error)))
    return Items(list(handles), tuple(refused))


def _handle_texts(parts: Iterable[str]) -> Iterator[str]:
    """Parts of a text, taken apart to texts of one handle each."""
    for part in parts:
        tokens = part.split()
        # "@a @b" are two handles, "Mila Tastes (@mila)" is one, and "Tarn Boots" is the name of none.
        are_marked = all(token[0] in "@＠" for token in tokens)
        are_handles = len(tokens) > 1 and (are_marked or part == part.lower())
        are_handles = are_handles and all(map(_PLAIN_TOKEN.fullmatch, tokens))
        for token in tokens if are_handles else [part]:
            yield from _split_at_marks(token, "@＠")


def tags(value: Any, style: Style = UNKNOWN_STYLE) -> Items:
    """Hashtags without #, lower case: ``a b``, ``#a#b``, ``['a', 'b']``, ``[{"name": "#vegan"}]``.

    >>> tags("#Vegan#bread").values
    ['vegan', 'bread']
    """
    if type(value) is list and all(type(item) is str for item in value):
        # Most lists come from JSON, as texts.
        texts = [encodable(item) for item in value]
        refused = []
    else:
        parts = items(value, "|,; \t\n\r")
        texts, refused = parts.values, list(parts.refused)
    if isinstance(value, str):
        texts = list(chain.from_iterable([_split_at_marks(text, "#＃") for text in texts]))
    names: list[str] = []
    for text in texts:
        tag = text.strip().lstrip("#＃").replace("\0", "").strip().lower()
        if len(tag) > LONGEST_TAG:
            reason = f"expected a hashtag of at most {LONGEST_TAG} characters, found {len(tag)}"
            refused.append(Refused(text[:80], reason))
        elif tag and tag not in _EMPTY_LISTS:
            names.append(tag)
    return Items(names, tuple(refused))


def _split_at_marks(text: str, marks: str) -> list[str]:
    """``#a#b`` at its marks; a text that begins with no mark, such as an address, stays whole."""
    if text[:1] not in marks:
        return [text]
    return [part for part in re.split(f"[{marks}]", text) if part.strip()]


def paths(value: Any, style: Style = UNKNOWN_STYLE) -> Items:
    """Names of files, or other texts that may hold commas, with ``|`` between them."""
    return items(value, "|")
