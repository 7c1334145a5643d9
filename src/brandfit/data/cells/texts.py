"""Texts, names and labels of cells, and words for yes and no."""

from __future__ import annotations

import html
import math
import re
import unicodedata
from typing import Any

from brandfit.data.cells.style import UNKNOWN_STYLE, Style
from brandfit.data.cells.unknown import is_missing
from brandfit.messages import quoted

LONGEST_TEXT = 100_000
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos|nbsp);")
_EDGES = "\u200b\u2060\ufeff"
"""Characters without a width that copying from pages and spreadsheets leaves at the ends of a cell."""
_YES_TEXT = """
    true yes y 1 1.0 t on ja j wahr oui vrai sí si sim verdadero sì vero evet да истина ✓ ✔ ☑ ✅
"""
_YES = frozenset(_YES_TEXT.split())
_NO_TEXT = """
    false no n 0 0.0 f off nein falsch non faux não nao falso hayır нет ложь ✗ ✘ ☐ ❌
"""
_NO = frozenset(_NO_TEXT.split())


def yes(value: Any, style: Style = UNKNOWN_STYLE) -> bool | None:
    """true/false, yes/no, 1/0, a check mark, in several languages."""
    if isinstance(value, (bool, int)) or (isinstance(value, float) and value in (0.0, 1.0)):
        word = str(int(value))
    else:
        word = value.strip().lower() if isinstance(value, str) else ""
    # "no" words come before unknown words, some of which are "no" in another language.
    if word in _YES:
        return True
    if word in _NO:
        return False
    if is_missing(value):
        return None
    raise ValueError(f"expected true or false, found {quoted(value)}")


def text(value: Any, style: Style = UNKNOWN_STYLE) -> str | None:
    """Text of at most 100,000 characters, without NUL; None if the cell is missing or empty."""
    return long_text(value) or None


def long_text(value: Any, style: Style = UNKNOWN_STYLE) -> str | None:
    """The same, but an empty cell is an empty text: a post may have a caption that is empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    # A cell of a spreadsheet with digits alone is a number there.
    if type(value) is int:
        value = str(value) if abs(value) < 2**64 else None
    if not isinstance(value, str):
        raise ValueError(f"expected text, found {quoted(value)}")
    # Bounded, so that a hostile file cannot fill the memory.
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"expected text of at most {LONGEST_TEXT:,} characters, found {len(value):,}")
    return without_entities(encodable(value).replace("\0", ""))


def without_entities(text: str) -> str:
    """A text with HTML entities, such as ``&amp;``, as the characters that they are.

    >>> without_entities("Rock &amp; Roll &#39;n&#39; R&B")
    "Rock & Roll 'n' R&B"
    """
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


def line(value: Any, style: Style = UNKNOWN_STYLE) -> str | None:
    """Text without white space at its ends; None if it is empty. A name may be any word, also ``None``."""
    return (text(value) or "").strip() or None


def label(value: Any, style: Style = UNKNOWN_STYLE) -> str | None:
    """The name of a category, in one spelling: labels that look the same are the same.

    White space at the ends is removed and inside it is one blank; composed and decomposed letters (NFC, NFD)
    are equal. Capitals stay as they are. ``n/a``, ``None``, ``-`` and the like are unknown.

    >>> label(" travel\u00a0 food "), label("n/a")
    ('travel food', None)
    """
    name = text(value)
    if name is None:
        return None
    name = " ".join(unicodedata.normalize("NFC", name.strip(_EDGES)).split())
    return None if is_missing(name) else name


def encodable(value: str) -> str:
    """The text itself. Raises ValueError if it holds lone surrogates, which UTF-8 cannot encode."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("not UTF-8 text (save the file as UTF-8)") from None
    return value
