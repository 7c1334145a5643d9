"""Pictures: untrusted bytes in, a small clean working copy out."""

from __future__ import annotations

import hashlib
import io
import warnings
from typing import NamedTuple

import pi_heif
from PIL import Image, ImageFile, UnidentifiedImageError

from brandfit.data import schema
from brandfit.data.schema import Picture, Reject

WORKING_SIZE = 256
"""Longer side of a working copy, pixels."""
MAX_PIXELS = 80_000_000
"""A picture with more pixels in its header is refused before it is decoded."""
JPEG_INFO = {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
"""Entries of a header that are no metadata about the picture or its author."""
THUMBNAIL_QUALITY = 88
EXIF_ORIENTATION = 0x0112
QUARTER_TURNS = (5, 6, 7, 8)
"""EXIF orientations that exchange width and height."""
TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation to the operation that turns the picture upright."""
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
"""Formats that are decoded, as Pillow names them. HEIF are the files of phones that end in .heic."""
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")
"""Types of ISO media files that are pictures. Other types are videos."""

# Thumbnails and depth pictures of phones are not used: reading them costs time and may fail. Imports decode
# in several processes: one thread each.
pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


class WorkingCopy(NamedTuple):
    """JPEG bytes of a working copy, their SHA-256, and width and height of the original, upright."""

    hash: str
    width: int
    height: int
    data: bytes


class _TooLarge(ValueError):
    """The header of a picture states too many pixels."""


def working_copy(data: bytes) -> WorkingCopy:
    """Decode a picture and make its working copy: first frame, upright, sRGB-like RGB, at most 256 px, JPEG
    without metadata.

    A plain small RGB JPEG without metadata is kept byte for byte. Raises ValueError with the reason if the
    bytes are not a complete picture.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Some libraries (WeasyPrint) set it for the whole process.
            ImageFile.LOAD_TRUNCATED_IMAGES = False
            return _decoded(data)
    except UnidentifiedImageError:  # Pillow's message contains a memory address
        raise ValueError(_not_a_picture(data)) from None
    except _TooLarge:
        raise
    except Exception as error:
        # Decoders of Pillow raise any error of their format's parser: SyntaxError, struct.error ...
        message = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"not a readable picture: {message}") from None


def _not_a_picture(data: bytes) -> str:
    """Why bytes that no decoder knows are no picture, by their beginning."""
    start = data[:512].lstrip().lower()
    if not data:
        return "not a picture: the file is empty (download it again)"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")) and b"<svg" not in start:
        return "not a picture: it is a web page, such as a login or error page (download it again)"
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in start):
        return "not a readable picture: SVG drawings are not read (save it as PNG)"
    is_media = data[4:8] == b"ftyp" and data[8:12] not in _HEIF_BRANDS
    if is_media or data.startswith((b"\x1aE\xdf\xa3", b"FLV")) or data[8:12] == b"AVI ":
        return "not a picture: it is a video (save a still of it as JPEG)"
    if start.startswith((b"{", b"[")):
        return "not a picture: it is JSON text"
    if b"\0" not in data[:512] and data[:512].isascii():
        return "not a picture: it is text"
    return f"not a readable picture: none of {', '.join(FORMATS)}"


def _decoded(data: bytes) -> WorkingCopy:
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    if image.width * image.height > MAX_PIXELS:
        raise _TooLarge(f"the picture claims {image.width} x {image.height} pixels, more than {MAX_PIXELS:,}")
    width, height = image.size
    orientation = image.getexif().get(EXIF_ORIENTATION, 1) if image.info.get("exif") else 1
    if orientation in QUARTER_TURNS:
        width, height = height, width
    is_plain = image.format == "JPEG" and image.mode == "RGB" and image.info.keys() <= JPEG_INFO
    if is_plain and max(image.size) <= WORKING_SIZE:
        image.load()  # raises if the data are not complete
        return WorkingCopy(hashlib.sha256(data).hexdigest(), width, height=height, data=data)
    image.draft("RGB", (WORKING_SIZE, WORKING_SIZE))  # a JPEG decoder may then read at a smaller scale
    image.load()
    out = io.BytesIO()
    _reduced(image, orientation).save(out, "JPEG", quality=THUMBNAIL_QUALITY)
    small = out.getvalue()
    return WorkingCopy(hashlib.sha256(small).hexdigest(), width, height=height, data=small)


def imported(picture: Picture) -> tuple[schema.Image, bytes] | Reject:
    """The row of an imported picture and its working copy, or a Reject."""
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


def _reduced(image: Image.Image, orientation: int) -> Image.Image:
    """The picture at working size, upright, as RGB on white."""
    if image.mode in ("RGBA", "LA", "PA") or (image.mode == "P" and "transparency" in image.info):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    image = image.convert("RGB")
    image.thumbnail((WORKING_SIZE, WORKING_SIZE), Image.Resampling.LANCZOS)
    operation = TRANSPOSE.get(orientation)
    return image.transpose(operation) if operation is not None else image
