"""The fixed text of templates in the words of a workspace for brands and influencers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from brandfit.data.role_names import RoleNames

SPOKEN_ATTRIBUTE = re.compile(r'\b((?:aria-label|title|placeholder|alt|data-confirm)=")([^"]*)(?="|\Z)')
"""Attributes that a person reads or hears, up to a value that is filled in; all others hold names and
addresses, which stay."""
_PART = re.compile(r"<[^>]*>?|[^<]+")


class RoleWords(Extension):
    """Replaces the words when a template is compiled: values that are filled in later stay as they are.

    ``environment.role_names`` has the words.
    """

    def filter_stream(self, stream: TokenStream) -> TokenStream | Iterator[Token]:
        names: RoleNames = self.environment.role_names  # type: ignore[attr-defined]
        return stream if names.is_default else _replaced(stream, names)


def _replaced(stream: TokenStream, names: RoleNames) -> Iterator[Token]:
    # A tag may begin in one token and end in another: <a href="{{ path }}" title="...">.
    in_tag = False
    for token in stream:
        if token.type != "data":
            yield token
            continue
        text, in_tag = replaced_text(token.value, in_tag, names)
        yield Token(token.lineno, token.type, text)


def replaced_text(html: str, in_tag: bool, names: RoleNames) -> tuple[str, bool]:
    """A piece of HTML with the words replaced outside tags and in the attributes that people read.

    in_tag  whether the piece begins inside a tag

    Returns the text, and whether the piece ends inside a tag.
    """
    parts = []
    if in_tag:
        inside, closing, html = html.partition(">")
        parts.append(_in_attributes(inside + closing, names))
        in_tag = not closing
    for part in _PART.findall(html):
        is_tag = part.startswith("<")
        parts.append(_in_attributes(part, names) if is_tag else names.in_text(part))
        in_tag = is_tag and not part.endswith(">")
    return "".join(parts), in_tag


def _in_attributes(tag: str, names: RoleNames) -> str:
    return SPOKEN_ATTRIBUTE.sub(lambda match: match[1] + names.in_text(match[2]), tag)
