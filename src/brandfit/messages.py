"""Reasons for people: what a decoder or a cell complained about, with the value that was found."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import msgspec

FAILURES = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""All that ``msgspec`` raises for bytes that are not what they should be."""

EXCERPT = 160

_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object {...}",
}
_EXPECTED = re.compile(r"Expected `([^`]*)`(.*)", re.DOTALL)
_STEP = re.compile(r"\[(\d+)\]|\.?([^.\[\]]+)")


def reason(error: Exception, found: bytes | Any) -> str:
    """Why ``found`` (the JSON, or what was decoded from it) is not what was expected, in words for people."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text: {error.reason}"
    if not isinstance(error, msgspec.ValidationError):
        return f"not valid JSON: {str(error).removeprefix('JSON is malformed: ').lower()}"
    what, _, place = str(error).partition(" - at `$")
    place = place.rstrip("`").removeprefix(".")
    value, there = _at(found, place)
    said = _sentence(what, value, there)
    return f"{place}: {said}" if place else said


def excerpt(found: bytes | str) -> str:
    """The beginning of what was found, fit to be stored and shown."""
    text = found[: 4 * EXCERPT].decode("utf-8", "replace") if isinstance(found, bytes) else found[:EXCERPT]
    return clean(text[:EXCERPT])


def clean(text: str) -> str:
    """Without NUL and lone surrogates, which no store takes."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def path_text(path: str | Path) -> str:
    """A path as text, whatever bytes its name is made of."""
    return clean(os.fsencode(path).decode("utf-8", "replace"))


def quoted(value: Any) -> str:
    """A found value in a sentence: short, one line."""
    if value is None:
        return "nothing"
    try:
        text = clean(value if isinstance(value, str) else ascii(value))
    except RecursionError:
        return "something nested too deeply"
    text = text if len(text) <= 60 else f"{text[:57]}..."
    return repr(text) if isinstance(value, str) else text


def _sentence(what: str, value: Any, there: bool) -> str:
    if match := re.fullmatch(r"Object missing required field `(.*)`", what, re.DOTALL):
        return f"{match[1]} is missing"
    if match := re.fullmatch(r"Object contains unknown field `(.*)`", what, re.DOTALL):
        return f"{match[1]} is not known here"
    if match := re.fullmatch(r"Invalid enum value (.*)", what, re.DOTALL):
        return f"{match[1]} is no choice"
    match = _EXPECTED.fullmatch(what)
    if match is None:
        return what[:1].lower() + what[1:]
    kinds = [_WORDS.get(kind, kind) for kind in match[1].split(" | ") if kind != "null"]
    expected, limit = " or ".join(kinds), match[2].split(", got ")[0].strip()
    if length := re.fullmatch(r"of length ([<>]=) (\d+)", limit):
        bound = "at most" if length[1] == "<=" else "at least"
        size = f", found {len(value):,}" if isinstance(value, (str, list)) else ""
        one, several = ("character", "characters") if "str" in match[1] else ("entry", "entries")
        return (
            f"expected {expected} of {bound} {int(length[2]):,} {one if length[2] == '1' else several}{size}"
        )
    kind = match[2].rpartition("got ")[2].strip("`")
    got = quoted(value) if there else _WORDS.get(kind, kind)
    return f"expected {expected}{' ' if limit else ''}{limit}, found {got}"


def _at(found: Any, place: str) -> tuple[Any, bool]:
    """The value at a place such as ``tagged[0].handle``, and whether it could be looked up."""
    if "[...]" in place:  # some entry of a table
        return None, False
    try:
        value = msgspec.json.decode(found) if isinstance(found, bytes) else found
        for index, key in _STEP.findall(place):
            value = value[int(index)] if index else value[key]
    except (*FAILURES, LookupError, TypeError):
        return None, False
    return value, True
