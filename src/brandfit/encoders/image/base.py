"""What the encoders of pictures share: which pictures a post has, and how their bytes become an array."""

from __future__ import annotations

import io
import warnings
from abc import abstractmethod

import numpy as np
import pyarrow.compute as pc
from PIL import Image

from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder, Units

SQUASH = "squash"
"""The whole picture, its sides changed to a square."""
CROP = "crop"
"""The largest square from the middle."""


class PictureEncoder(Encoder):
    """A unit is the hash of a picture's working copy; one that is missing or cannot be decoded is left out, never fatal.

    Authors write ``size`` and ``encode_batch`` of (size, size, 3) uint8 RGB arrays.
    """

    slot = "picture"
    fit = SQUASH

    @property
    @abstractmethod
    def size(self) -> int:
        """Side in pixels of the squares that ``encode_batch`` gets."""

    def units(self, dataset: Dataset) -> Units:
        images = dataset.images.filter(pc.greater(pc.utf8_length(dataset.images["hash"]), 0))
        return Units(images["post"].to_pylist(), images["hash"].to_pylist())

    def prepare(self, dataset: Dataset, content: str) -> np.ndarray | None:
        try:
            return square(dataset.picture(content), self.size, self.fit)
        except Exception:  # whatever a decoder meets in a damaged file; the post is then one picture poorer
            return None


def square(data: bytes, size: int, fit: str = SQUASH) -> np.ndarray:
    """(size, size, 3) uint8 RGB of a picture's bytes, by bilinear interpolation over the whole area that a pixel covers."""
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
