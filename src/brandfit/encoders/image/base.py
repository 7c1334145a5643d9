"""What the encoders of pictures share: which pictures a post has, and how their bytes become an array."""

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
    """A unit is the hash of a picture's working copy; one that is missing or cannot be decoded is left out,
    never fatal.

    Authors write ``size`` and ``encode_batch`` of (size, size, 3) uint8 RGB arrays.
    """

    slot = "picture"
    fit = SQUASH

    @property
    @abstractmethod
    def size(self) -> int:
        """Side in pixels of the squares that ``encode_batch`` gets."""

    def area(self, width: int, height: int) -> Area:
        """The part of a picture of this size that reaches ``encode_batch``."""
        side = min(width, height)
        return centred(side / width, side / height) if self.fit == CROP else WHOLE

    def differentiable(self) -> Callable[[Any], Any] | None:
        """Prepared pictures (n, 3, h, w) to (n, dim), as a function that PyTorch can differentiate; None if
        there is none."""
        return None

    def units(self, dataset: Dataset) -> Units:
        images = dataset.images.filter(pc.greater(pc.utf8_length(dataset.images["hash"]), 0))
        return Units(images["post"].to_pylist(), images["hash"].to_pylist())

    def prepare(self, dataset: Dataset, content: str) -> np.ndarray | None:
        try:
            return square(dataset.picture(content), self.size, self.fit)
        except Exception:  # whatever a decoder meets in a damaged file; the post is then one picture poorer
            return None


def centred(width: float, height: float) -> Area:
    """The middle of a picture: shares of its width and height, 1 at most each."""
    x, y = (max(0.0, (1 - share) / 2) for share in (width, height))
    return (x, y, 1 - x, 1 - y)


def square(data: bytes, size: int, fit: str = SQUASH) -> np.ndarray:
    """(size, size, 3) uint8 RGB of a picture's bytes, by bilinear interpolation over the whole area that a
    pixel covers."""
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
