"""What all tests share."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data that may stand beside the checkout; tests that need it are skipped without."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the real data beside the checkout (../shared/data) is not here")
    return folder


@pytest.fixture(scope="session")
def make_jpeg() -> Callable[..., bytes]:
    """``make_jpeg("red", size=(40, 30))``: bytes of a one-coloured JPEG."""

    def make(colour: str = "red", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
        out = io.BytesIO()
        Image.new("RGB", size, colour).save(out, "JPEG", **options)
        return out.getvalue()

    return make
