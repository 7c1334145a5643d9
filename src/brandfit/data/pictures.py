"""Pictures: untrusted bytes in, a small clean working copy out."""

from __future__ import annotations

import hashlib
import io
import warnings
from typing import NamedTuple

from PIL import Image, ImageFile, UnidentifiedImageError

from brandfit.data import schema
from brandfit.data.schema import Picture, Reject

WORKING_SIZE = 256
"""Longer side of a working copy, pixels."""
MAX_PIXELS = 80_000_000
"""A header that claims more is refused before anything is decoded."""
HARMLESS = {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


class WorkingCopy(NamedTuple):
    hash: str
    width: int
    height: int
    data: bytes


def working_copy(data: bytes) -> WorkingCopy:
    """Decode a picture and make its working copy: first frame, upright, sRGB-like RGB, at most 256 px, JPEG
    without metadata.

    A plain small RGB JPEG without metadata is kept byte for byte. Width and height are the original's,
    upright. Raises ValueError with the reason where the bytes are not a picture that can be decoded whole.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ImageFile.LOAD_TRUNCATED_IMAGES = (
                False  # some libraries (WeasyPrint) set it for the whole process
            )
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(
                    f"the picture claims {image.width} x {image.height} pixels, more than {MAX_PIXELS:,}"
                )
            width, height = image.size
            turned = image.getexif().get(0x0112, 1) if image.info.get("exif") else 1
            if turned in (5, 6, 7, 8):
                width, height = height, width
            plain = image.format == "JPEG" and image.mode == "RGB" and image.info.keys() <= HARMLESS
            if plain and max(image.size) <= WORKING_SIZE:
                image.load()
                return WorkingCopy(hashlib.sha256(data).hexdigest(), width, height, data)
            image.draft("RGB", (WORKING_SIZE, WORKING_SIZE))
            image.load()
            small = _shrink(image, turned)
    except UnidentifiedImageError:  # its own words name an address in memory
        raise ValueError(f"not a readable picture: none of {', '.join(FORMATS)}") from None
    except ValueError:
        raise
    except Exception as error:
        # Decoders of Pillow raise any error of their format's parser: SyntaxError, struct.error ...
        raise ValueError(f"not a readable picture: {str(error) or type(error).__name__}") from None
    out = io.BytesIO()
    small.save(out, "JPEG", quality=88)
    return WorkingCopy(hashlib.sha256(out.getvalue()).hexdigest(), width, height, out.getvalue())


def imported(picture: Picture) -> tuple[schema.Image, bytes] | Reject:
    """What becomes of an imported picture: a row and its working copy, or a Reject."""
    try:
        copy = working_copy(picture.data)
    except ValueError as error:
        return Reject(picture.file, picture.line, f"picture {picture.source}: {error}")
    row = schema.Image(
        post=picture.post,
        position=picture.position,
        hash=copy.hash,
        width=picture.width or copy.width,
        height=picture.height or copy.height,
        alt_text=picture.alt_text,
        source=picture.source,
    )
    return row, copy.data


def _shrink(image: Image.Image, turned: int) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or (image.mode == "P" and "transparency" in image.info):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    image = image.convert("RGB")
    image.thumbnail((WORKING_SIZE, WORKING_SIZE), Image.Resampling.LANCZOS)
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(turned)
    return image.transpose(turn) if turn is not None else image
