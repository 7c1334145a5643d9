"""Untrusted pictures: what can be decoded becomes a small upright RGB JPEG; what cannot is a reject with a
reason."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from brandfit.data import pictures
from brandfit.data.pictures import imported, working_copy
from brandfit.data.schema import Picture, Reject


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def decoded(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(working_copy(data).data))
    image.load()
    return image


def test_a_plain_small_jpeg_is_kept_byte_for_byte(make_jpeg):
    data = make_jpeg(size=(200, 100))
    copy = working_copy(data)
    assert copy.data == data
    assert (copy.width, copy.height) == (200, 100)


def test_a_large_picture_is_shrunk_and_keeps_its_size_in_words(make_jpeg):
    copy = working_copy(make_jpeg(size=(1000, 500)))
    assert (copy.width, copy.height) == (1000, 500)
    assert decoded(make_jpeg(size=(1000, 500))).size == (256, 128)


def test_metadata_does_not_survive():
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    data = saved(Image.new("RGB", (20, 20)), "JPEG", exif=exif)
    assert b"taken at home" in data
    assert b"taken at home" not in working_copy(data).data


@pytest.mark.parametrize("turned", range(1, 9))
def test_pictures_stand_upright(turned):
    image = Image.new("RGB", (64, 32), "blue")
    image.paste("red", (0, 0, 32, 16))
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the inverse of what a viewer does
    stored = image.transpose(Image.Transpose(turn[turned])) if turned > 1 else image
    exif = Image.Exif()
    exif[0x0112] = turned
    upright = decoded(saved(stored, "JPEG", exif=exif, quality=95))
    assert upright.size == (64, 32)
    assert upright.getpixel((8, 4))[0] > 200
    assert upright.getpixel((56, 28))[2] > 200


@pytest.mark.parametrize(
    "data",
    [
        saved(Image.new("CMYK", (30, 30)), "JPEG"),
        saved(Image.new("RGBA", (30, 30), (255, 0, 0, 0)), "PNG"),
        saved(Image.new("P", (30, 30)), "GIF", save_all=True, append_images=[Image.new("P", (30, 30), 1)]),
        saved(Image.new("L", (30, 30)), "WEBP"),
        saved(Image.new("I;16", (30, 30)), "PNG"),
        saved(Image.new("1", (30, 30)), "TIFF"),
    ],
    ids=["cmyk", "transparent", "animated", "grey webp", "16 bit", "bilevel tiff"],
)
def test_every_usual_form_becomes_rgb(data):
    assert decoded(data).mode == "RGB"


def test_transparent_is_white():
    assert decoded(saved(Image.new("RGBA", (30, 30), (255, 0, 0, 0)), "PNG")).getpixel((5, 5)) == (
        255,
        255,
        255,
    )


@pytest.mark.parametrize(
    "data", [b"", b"no picture", b"\xff\xd8\xff\xe0", b"<svg onload='x'/>", b"GIF89a", b"%!PS-Adobe"]
)
def test_what_is_no_picture_is_a_reject_with_its_place_and_reason(data):
    reject = imported(Picture(post="p", position=0, data=data, source="a.jpg", file="posts.csv", line=7))
    assert isinstance(reject, Reject)
    assert (reject.file, reject.line) == ("posts.csv", 7)
    assert "picture" in reject.reason


def test_a_truncated_picture_is_a_reject(make_jpeg, monkeypatch):
    monkeypatch.setattr("PIL.ImageFile.LOAD_TRUNCATED_IMAGES", True)  # as another library may have left it
    whole = make_jpeg(size=(300, 300))
    with pytest.raises(ValueError, match="not a readable picture"):
        working_copy(whole[: len(whole) // 2])


def test_a_bomb_is_refused_by_its_header(monkeypatch, make_jpeg):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 1000)
    with pytest.raises(ValueError, match="claims 100 x 100 pixels"):
        working_copy(make_jpeg(size=(100, 100)))
