"""The 42-pixel thumbnails that posts carry as ``media_preview``: a JPEG without its header.

All such thumbnails share one header, so it is not sent. What is sent, as base64: one byte of version, one of
width, one of height, and the entropy-coded data that follows the start-of-scan segment. The header is that of
a baseline JPEG at libjpeg's quality 30, 4:2:0, with the standard Huffman tables.
"""

from __future__ import annotations

import base64
import binascii
import io
from functools import cache

LARGEST = 64 * 1024
"""Characters of base64; real ones have about 1,500."""


def jpeg(media_preview: str) -> bytes:
    """A whole JPEG from a ``media_preview``. Raises ValueError with the reason."""
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
    header, sizes = _header()
    return header[:sizes] + bytes((0, data[2], 0, data[1])) + header[sizes + 4 :] + data[3:] + b"\xff\xd9"


@cache
def _header() -> tuple[bytes, int]:
    """The common header up to the end of its start-of-scan segment, and where its height and width stand."""
    from PIL import Image

    blank = io.BytesIO()
    Image.new("RGB", (42, 42)).save(blank, "JPEG", quality=30, subsampling="4:2:0", optimize=False)
    data = blank.getvalue()
    at, sizes = 2, 0
    while True:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xC0:  # start of frame: length, precision, height, width
            sizes = at + 5
        at += 2 + length
        if marker == 0xDA:
            return data[:at], sizes
