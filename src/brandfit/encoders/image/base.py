"""Base of the encoders of pictures: the pictures of a post, and decoding of their bytes."""

from __future__ import annotations

import io
import warnings
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow.compute as pc
from PIL import Image

from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder, Units

Area = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of a picture, as shares of its width and height."""
WHOLE: Area = (0.0, 0.0, 1.0, 1.0)
SQUASH = "squash"
"""The whole picture, its sides changed to a square."""
CROP = "crop"
"""The largest square from the middle."""


class PictureEncoder(Encoder):
    """A unit is the hash of a picture's working copy; a picture that is missing or cannot be decoded is left
    out and never fatal.

    Authors write ``size`` and ``encode_batch`` of (size, size, 3) uint8 RGB arrays.
    """

    slot = "picture"
    fit = SQUASH

    @property
    @abstractmethod
    def size(self) -> int:
        """Side in pixels of the squares that ``encode_batch`` reads."""

    def area(self, width: int, height: int) -> Area:
        """The part of a picture of this size that reaches ``encode_batch``."""
        side = min(width, height)
        return centre_area(side / width, side / height) if self.fit == CROP else WHOLE

    def differentiable(self) -> Callable[[Any], Any] | None:
        """A function of prepared pictures (n, 3, h, w) to (n, dim) that PyTorch can differentiate; None if
        the encoder has none."""
        return None

    def units(self, dataset: Dataset) -> Units:
        images = dataset.images.filter(pc.greater(pc.utf8_length(dataset.images["hash"]), 0))
        return Units(images["post"].to_pylist(), images["hash"].to_pylist())

    def prepare(self, dataset: Dataset, content: str) -> np.ndarray | None:
        try:
            return square(dataset.picture(content), self.size, self.fit)
        except Exception:  # decoders raise any type for a damaged file; the picture is left out
            return None


def decode_rgb(dataset: Dataset, hash: str) -> Image.Image | None:
    """The picture of a hash as RGB; None if it is missing or cannot be decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(dataset.picture(hash))).convert("RGB")
    except Exception:  # decoders raise any type for a damaged file; the picture is left out
        return None


def centre_area(width: float, height: float) -> Area:
    """The area in the middle of a picture, of these shares of its width and height, each at most 1."""
    left = max(0.0, (1 - width) / 2)
    top = max(0.0, (1 - height) / 2)
    return (left, top, 1 - left, 1 - top)


def square(data: bytes, size: int, fit: str = SQUASH) -> np.ndarray:
    """(size, size, 3) uint8 RGB of a picture's bytes, by bilinear interpolation over the whole area of each
    output pixel."""
    # ``draft`` lets a JPEG decoder skip detail that the small square would lose.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opened = Image.open(io.BytesIO(data))
        opened.draft("RGB", (size, size))
        image = opened.convert("RGB")
    box = None
    if fit == CROP:
        side = min(image.size)
        left, top = (image.width - side) / 2, (image.height - side) / 2
        box = (left, top, left + side, top + side)
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box, reducing_gap=2.0))
