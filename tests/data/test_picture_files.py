"""Picture files as people have them: AVIF and HEIC, animations, wrong endings, files without a picture."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brandfit.data.pictures import working_copy
from brandfit.pipeline import import_source
from brandfit.workspace import Workspace

CASE = Path(__file__).resolve().parents[1] / "field" / "27-images"
NO_PICTURES = {
    "m.mp4": "it is a video",
    "n.jpg": "the file is empty",
    "r.jpg": "it is a web page, such as a login or error page",
}
READ = (
    "a.jpg", "b.webp", "c.avif", "d.heic", "e.gif", "f.webp", "g.png", "h.jpg", "i.tiff", "j.jpg",
    "noext", "l.heic.jpg", "o.jpg", "q.png", "Ü mlaut 1.JPG",
)  # fmt: skip


def test_a_folder_of_all_kinds_of_files(tmp_path):
    found = import_source(tmp_path / "work", "folder", CASE)
    reasons = " ".join(reject["reason"] for reject in found.rejects)
    for name, reason in NO_PICTURES.items():
        assert f"{name}: not a picture: {reason}" in reasons
    with Workspace(tmp_path / "work") as workspace:
        dataset = workspace.dataset()
    assert dataset.posts.num_rows == 24, "each post stays"
    sources = {Path(source).name for source in dataset.images["source"].to_pylist()}
    assert sources == set(READ)


def test_a_picture_is_known_by_its_content_and_the_first_frame_counts():
    for name in ("b.webp", "c.avif", "l.heic.jpg", "e.gif", "f.webp"):
        copy = Image.open(io.BytesIO(working_copy((CASE / name).read_bytes()).data))
        assert copy.size == (64, 64)
        first = Image.open(CASE / name)
        first.seek(0)
        difference = np.abs(np.asarray(copy, float) - np.asarray(first.convert("RGB"), float))
        assert difference.mean() < 8, name


def test_a_heic_picture_is_read():
    copy = working_copy((CASE / "d.heic").read_bytes())
    assert (copy.width, copy.height) == (640, 640)
    assert Image.open(io.BytesIO(copy.data)).size == (256, 256)


@pytest.mark.parametrize("form", ["AVIF", "JPEG", "WEBP"])
def test_a_picture_is_turned_upright(form):
    picture = Image.new("RGB", (60, 30), "blue")
    picture.paste("red", (0, 0, 30, 30))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the left side is the top
    out = io.BytesIO()
    picture.save(out, form, exif=exif, quality=95)
    copy = working_copy(out.getvalue())
    assert (copy.width, copy.height) == (30, 60)
    upright = Image.open(io.BytesIO(copy.data))
    assert upright.size == (30, 60)
    red, _, blue = upright.getpixel((15, 10))
    assert red > 200 > blue


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"  <!DOCTYPE html><html>", "it is a web page"),
        (b'<?xml version="1.0"?><svg/>', "SVG drawings are not read"),
        (b'{"error": 404}', "it is JSON text"),
        (b"Not found", "it is text"),
        (b"\0\0\0\x18ftypisom0000", "it is a video"),
        (b"\x1aE\xdf\xa3rest", "it is a video"),
        (b"\x00\x01\x02\xff" * 20, "none of JPEG, PNG"),
    ],
)
def test_what_is_no_picture_is_named(data, reason):
    with pytest.raises(ValueError, match=r"not a (readable )?picture") as error:
        working_copy(data)
    assert reason in str(error.value)


@pytest.mark.parametrize("name", ["a.jpg", "b.webp", "c.avif", "d.heic", "g.png"])
def test_a_file_that_ends_in_the_middle_is_refused_in_one_line(name):
    data = (CASE / name).read_bytes()
    with pytest.raises(ValueError, match=r"not a (readable )?picture") as error:
        working_copy(data[: len(data) // 2])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["c.avif", "d.heic"])
def test_damaged_bytes_raise_nothing_else(name):
    random = np.random.default_rng(5)
    sound = np.frombuffer((CASE / name).read_bytes(), np.uint8)
    for _ in range(25):
        data = sound.copy()
        # Half of the damage is in the header.
        where = random.integers(0, 700 if random.random() < 0.5 else len(data), 6)
        data[where % len(data)] = random.integers(0, 256, 6)
        try:
            assert working_copy(data.tobytes()).width > 0
        except ValueError as error:
            assert "\n" not in str(error)  # noqa: PT017
