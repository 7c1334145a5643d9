"""2,000 damaged pictures: none takes a worker down or stalls it, each is answered for, and memory stays
bounded."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import psutil
import pytest
from PIL import Image

from brandfit.compute.processes import process_selected
from brandfit.data import pictures
from brandfit.data.schema import Picture, Reject
from brandfit.encoders.image.base import square

COUNT = 2000


def photo(random: np.random.Generator) -> Image.Image:
    noise = random.integers(0, 256, (5, 7, 3), np.uint8)
    return Image.fromarray(noise).resize((int(random.integers(20, 90)), int(random.integers(20, 90))))


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims any size, with a checksum that is right."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def whole(random: np.random.Generator) -> bytes:
    """A sound picture in one of many forms."""
    image = photo(random)
    kind = random.integers(9)
    if kind == 0:
        return saved(image.convert("CMYK"), "JPEG")
    if kind == 1:
        return saved(Image.fromarray(random.integers(0, 2**16, (20, 30), np.uint16)), "PNG")
    if kind == 2:
        return saved(image.quantize(16), "PNG", transparency=3)
    if kind == 3:
        exif = Image.Exif()
        exif[0x0112] = int(random.integers(0, 12))
        return saved(image, "JPEG", exif=exif)
    if kind == 4:
        return saved(image, "GIF", save_all=True, append_images=[photo(random).resize(image.size)], loop=0)
    if kind == 5:
        return saved(image, "WEBP", save_all=True, append_images=[photo(random).resize(image.size)])
    if kind == 6:
        return saved(image.convert("RGBA"), "TIFF")
    return saved(image, ("BMP", "JPEG")[kind - 7])


def damaged(n: int) -> bytes:
    random = np.random.default_rng([7, n])
    data = bytearray(whole(random))
    kind = n % 8
    if kind == 0:  # fuzzed header
        for at in random.integers(0, min(64, len(data)), 4):
            data[at] = random.integers(256)
    elif kind == 1:  # cut off
        del data[random.integers(0, len(data)) :]
    elif kind == 2:  # fuzzed anywhere
        for at in random.integers(0, len(data), 12):
            data[at] = random.integers(256)
    elif kind == 3:
        return png_claiming(*(int(2 ** random.uniform(8, 31)) for _ in range(2)))
    elif kind == 4:  # what is no picture at all
        return (
            b"",
            b"%PDF-1.7",
            b"<svg/>",
            b"GIF89a",
            b"\xff\xd8\xff",
            bytes(random.integers(0, 256, 200, np.uint8)),
        )[n // 8 % 6]
    elif kind == 5:  # a part is missing from the middle
        first = int(random.integers(0, len(data)))
        del data[first : first + int(random.integers(1, 40))]
    elif kind == 6:  # the header of one form before the body of another
        other = whole(random)
        data = bytearray(bytes(data[:32]) + other[32:])
    return bytes(data)  # 7: sound


@pytest.fixture(scope="module")
def found():
    items = (
        Picture(post=f"p{n}", position=0, data=damaged(n), source=f"{n}.jpg", file="hostile", line=n)
        for n in range(COUNT)
    )

    def refused(picture, reason):
        return Reject(picture.file, picture.line, f"picture {picture.source}: decoding it {reason}")

    peak, results = 0, []
    for result in process_selected(
        pictures.imported, items, only=Picture, size=lambda p: len(p.data), failed=refused
    ):
        if not len(results) % 100:
            peak = max(peak, sum(resident(child) for child in psutil.Process().children()))
        results.append(result)
    return results, peak


def resident(child) -> int:
    """Bytes in memory of a child that is a worker. One that has not yet begun its own program shows this
    process's memory."""
    try:
        return child.memory_info().rss if "brandfit.compute.worker" in child.cmdline() else 0
    except psutil.Error:  # it has just ended
        return 0


def test_each_is_answered_for_and_rejects_say_why(found):
    results, _ = found
    rejects = [result for result in results if isinstance(result, Reject)]
    copies = [result for result in results if isinstance(result, tuple)]
    assert len(rejects) + len(copies) == COUNT
    assert {reject.line for reject in rejects} | {int(row.post[1:]) for row, _ in copies} == set(range(COUNT))
    assert all(reject.file == "hostile" and len(reject.reason) > 20 for reject in rejects)
    assert len(rejects) > 500


def test_sound_pictures_of_every_form_survive(found):
    results, _ = found
    decoded = {int(row.post[1:]) for row, _ in (result for result in results if isinstance(result, tuple))}
    assert {n for n in range(COUNT) if n % 8 == 7} <= decoded


def test_working_copies_are_small_and_clean(found):
    results, _ = found
    for _, data in (result for result in results if isinstance(result, tuple)):
        image = Image.open(io.BytesIO(data))
        image.load()
        assert image.format == "JPEG"
        assert image.mode == "RGB"
        assert max(image.size) <= pictures.WORKING_SIZE
        assert not image.getexif()


def test_memory_stays_bounded(found):
    assert 0 < found[1] < 800e6


def test_encoders_leave_out_what_they_cannot_decode():
    for n in range(0, COUNT, 5):
        try:
            assert square(damaged(n), 32).shape == (32, 32, 3)
        except Exception as error:  # what PictureEncoder.prepare catches: nothing that ends a process
            assert not isinstance(error, MemoryError | AssertionError)  # noqa: PT017
