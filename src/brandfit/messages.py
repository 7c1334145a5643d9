"""Reasons for people: the fault that a decoder found in data, with the faulty value."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import msgspec

FAILURES = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""The errors that ``msgspec`` raises for bytes that it cannot decode."""

EXCERPT = 160
"""Characters of an excerpt."""
QUOTED = 60
"""Characters of a quoted value."""

_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object {...}",
}
# the type of msgspec, then its limit or "got"
_EXPECTED = re.compile(r"Expected `([^`]*)`(.*)", re.DOTALL)
# a step of a path: an index or a key
_STEP = re.compile(r"\[(\d+)\]|\.?([^.\[\]]+)")


def reason(error: Exception, document: bytes | Any) -> str:
    """Why ``document`` (the JSON, or the value decoded from it) is not as expected, in words for people."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text: {error.reason}"
    if not isinstance(error, msgspec.ValidationError):
        return f"not valid JSON: {str(error).removeprefix('JSON is malformed: ').lower()}"
    # msgspec: "Expected `int`, got `str` - at `$.tagged[0].id`"
    complaint, _, path = str(error).partition(" - at `$")
    path = path.rstrip("`").removeprefix(".")
    sentence = _sentence(complaint, _value_at(document, path))
    return f"{path}: {sentence}" if path else sentence


def excerpt(content: bytes | str) -> str:
    """The beginning of a text or of bytes, clean enough to be stored and displayed."""
    if isinstance(content, str):
        return clean(content[:EXCERPT])
    # A character of UTF-8 has at most four bytes.
    return clean(content[: 4 * EXCERPT].decode("utf-8", "replace")[:EXCERPT])


def clean(text: str) -> str:
    """The text without NUL and lone surrogates, which databases refuse."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def path_text(path: str | Path) -> str:
    """A path as text, also if its bytes are not UTF-8."""
    return clean(os.fsencode(path).decode("utf-8", "replace"))


def quoted(value: Any) -> str:
    """A value in a sentence: short, one line."""
    if value is None:
        return "nothing"
    try:
        text = clean(value if isinstance(value, str) else ascii(value))
    except RecursionError:
        return "something nested too deeply"
    text = text if len(text) <= QUOTED else f"{text[: QUOTED - 3]}..."
    return repr(text) if isinstance(value, str) else text


class _Missing:
    """Type of ``MISSING``."""


MISSING = _Missing()
"""Stands in for a value that could not be found in the document."""


def _sentence(complaint: str, value: Any) -> str:
    """The complaint of msgspec in plain words. value: the faulty value, or ``MISSING``."""
    if match := re.fullmatch(r"Object missing required field `(.*)`", complaint, re.DOTALL):
        return f"{match[1]} is missing"
    if match := re.fullmatch(r"Object contains unknown field `(.*)`", complaint, re.DOTALL):
        return f"{match[1]} is not known here"
    if match := re.fullmatch(r"Invalid enum value (.*)", complaint, re.DOTALL):
        return f"{match[1]} is no choice"
    match = _EXPECTED.fullmatch(complaint)
    if match is None:
        return complaint[:1].lower() + complaint[1:]
    kinds = [_WORDS.get(kind, kind) for kind in match[1].split(" | ") if kind != "null"]
    expected, limit = " or ".join(kinds), match[2].split(", got ")[0].strip()
    if length := re.fullmatch(r"of length ([<>]=) (\d+)", limit):
        return _length_sentence(expected, length, of_text="str" in match[1], value=value)
    kind = match[2].rpartition("got ")[2].strip("`")
    got = quoted(value) if value is not MISSING else _WORDS.get(kind, kind)
    return f"expected {expected}{' ' if limit else ''}{limit}, found {got}"


def _length_sentence(expected: str, length: re.Match[str], *, of_text: bool, value: Any) -> str:
    """The sentence for a text or list that is too short or too long."""
    bound = "at most" if length[1] == "<=" else "at least"
    size = f", found {len(value):,}" if isinstance(value, str | list) else ""
    one, several = ("character", "characters") if of_text else ("entry", "entries")
    noun = one if length[2] == "1" else several
    return f"expected {expected} of {bound} {int(length[2]):,} {noun}{size}"


def _value_at(document: Any, path: str) -> Any:
    """The value at a path such as ``tagged[0].handle``; ``MISSING`` if there is none."""
    if "[...]" in path:  # some entry of a mapping: msgspec does not say which
        return MISSING
    try:
        value = msgspec.json.decode(document) if isinstance(document, bytes) else document
        for index, key in _STEP.findall(path):
            value = value[int(index)] if index else value[key]
    except (*FAILURES, LookupError, TypeError):
        # The JSON is damaged behind the fault, or a step is no index of this value.
        return MISSING
    return value
