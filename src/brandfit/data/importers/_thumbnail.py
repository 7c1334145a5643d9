"""The 42-pixel thumbnails that posts carry as ``media_preview``: a JPEG without its header.

All such thumbnails share one header, which is not sent. The base64 text holds one byte of version, one of
width, one of height, and the entropy-coded data that follows the start-of-scan segment. The header is that of
a baseline JPEG at libjpeg's quality 30, 4:2:0, with the standard Huffman tables.
"""

from __future__ import annotations

import base64
import binascii
import io
from functools import cache
from typing import NamedTuple

LARGEST = 64 * 1024
"""Characters of base64; real ones have about 1,500."""
START_OF_FRAME, START_OF_SCAN = 0xC0, 0xDA
"""Markers of JPEG segments."""


def jpeg(media_preview: str) -> bytes:
    """A complete JPEG from a ``media_preview``. Raises ValueError with the reason."""
    if len(media_preview) > LARGEST:
        raise ValueError(
            f"media_preview: expected at most {LARGEST:,} characters, found {len(media_preview):,}"
        )
    try:
        data = base64.b64decode(media_preview, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("media_preview: not base64") from None
    if len(data) < 4 or not data[1] or not data[2]:
        raise ValueError("media_preview: expected version, width, height and picture data")
    header, size_offset = _header()
    # Height and width are two bytes each; a thumbnail needs the lower byte only.
    size = bytes((0, data[2], 0, data[1]))
    return header[:size_offset] + size + header[size_offset + 4 :] + data[3:] + b"\xff\xd9"


class _Header(NamedTuple):
    data: bytes
    size_offset: int
    """Offset of height and width."""


@cache
def _header() -> _Header:
    """The common header up to the end of its start-of-scan segment."""
    from PIL import Image

    blank = io.BytesIO()
    Image.new("RGB", (42, 42)).save(blank, "JPEG", quality=30, subsampling="4:2:0", optimize=False)
    data = blank.getvalue()
    # A segment is 0xFF, a marker, its length in two bytes, and its content; two bytes precede the first.
    offset, size_offset = 2, 0
    while True:
        marker, length = data[offset + 1], int.from_bytes(data[offset + 2 : offset + 4], "big")
        if marker == START_OF_FRAME:  # length, precision, height, width
            size_offset = offset + 5
        offset += 2 + length
        if marker == START_OF_SCAN:
            return _Header(data[:offset], size_offset)
