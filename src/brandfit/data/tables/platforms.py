"""Rows of other platforms than Instagram: a column or a link to a post says so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from brandfit.data.cells import OtherPlatform
from brandfit.data.cells._platforms import PLATFORM_BY_DOMAIN, platform_of
from brandfit.data.tables.headers import folded

_NAMES = {"platform", "network", "socialnetwork", "source", "channel", "socialmedia", "plattform", "netzwerk"}
_NAMES |= {"plateforme", "reseau", "reseausocial", "plataforma", "redsocial", "redesocial", "piattaforma"}
HEADERS = frozenset(_NAMES)
"""Folded headers of a column that names the platform of a row."""
_PLATFORM_BY_WORD = {name.casefold(): name for name in PLATFORM_BY_DOMAIN.values()} | {"twitter": "X"}
_LINK = re.compile(r"https?://([^/\s]+)/\S+$")
LINK_HEADERS = frozenset(["url", "link", "permalink", "posturl", "postlink", "mediapermalink"])
"""Folded headers of links to the post of a row."""


def headers_of_platforms(headers: Sequence[str], *, of_posts: bool) -> list[str]:
    """The headers whose cells may name another platform. A link in a list of accounts may be a website of the
    account."""
    names = HEADERS | LINK_HEADERS if of_posts else HEADERS
    return [header for header in headers if folded(header) in names]


def refuse_other_platforms(cells: Mapping[str, Any], headers: Sequence[str]) -> None:
    """Raise OtherPlatform if one of these cells names another platform, or links to one."""
    for header in headers:
        cell = cells.get(header)
        if not isinstance(cell, str):
            continue
        text = cell.strip()
        link = _LINK.match(text)
        name = platform_of(link[1]) if link else _PLATFORM_BY_WORD.get(text.casefold(), "")
        if name:
            raise OtherPlatform(name, cell)
