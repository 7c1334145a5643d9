"""image.classical: how a picture looks, without any model: colours, brightness, texture and edges, each
column with a name.

A picture is scaled to 64 x 64 pixels and divided into 4 x 4 cells. Descriptors are scikit-image's:

    hue        12   share of the picture in each hue; a pixel counts by saturation x brightness
    saturation  4   share of grey, pale, strong and vivid pixels
    brightness  4   share of dark, dim, bright and light pixels
    colour     48   mean red, green and blue of each cell, 0 ... 1
    texture    10   uniform local binary patterns, 8 neighbours at distance 1 (Ojala et al. 2002): share of
               each
    edges     128   histogram of oriented gradients (Dalal and Triggs 2005): 8 directions a cell,
              normalised to length one over the picture
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.encoders.image.base import PictureEncoder
from brandfit.errors import MissingExtra

SIZE, CELLS, DIRECTIONS = 64, 4, 8
HUES = (
    "red",
    "orange",
    "yellow",
    "lime",
    "green",
    "mint",
    "cyan",
    "azure",
    "blue",
    "violet",
    "magenta",
    "pink",
)
SATURATIONS = ("grey", "pale", "strong", "vivid")
BRIGHTNESSES = ("dark", "dim", "bright", "light")
TEXTURES = (
    "bright spot", "bright tip", "bright corner", "bright wedge", "edge",
    "dark wedge", "dark corner", "dark tip", "dark spot or flat", "irregular",
)  # fmt: skip
"""Named by the number, 0 to 8, of neighbours that are at least as bright as the pixel; irregular if these are
not adjacent to each other."""
ROWS, COLUMNS = ("top", "upper", "lower", "bottom"), ("left", "centre left", "centre right", "right")
PLACES = tuple(f"{row} {column}" for row in ROWS for column in COLUMNS)


class Classical(PictureEncoder):
    """Named colour, texture and edge descriptors; see the module."""

    columns = (
        *(f"hue {hue}" for hue in HUES),
        *(f"saturation {level}" for level in SATURATIONS),
        *(f"brightness {level}" for level in BRIGHTNESSES),
        *(f"{channel} {place}" for place in PLACES for channel in ("red", "green", "blue")),
        *(f"texture {texture}" for texture in TEXTURES),
        # The direction in which brightness changes: 0 degrees is horizontal, 90 vertical.
        *(
            f"edge {180 * n / DIRECTIONS:.0f} to {180 * (n + 1) / DIRECTIONS:.0f} degrees, {p}"
            for p in PLACES
            for n in range(DIRECTIONS)
        ),
    )
    dim = len(columns)
    size = SIZE
    version = 2

    def prepare(self, dataset: Dataset, content: str) -> np.ndarray | None:
        picture = super().prepare(dataset, content)
        return None if picture is None else describe(picture)

    def encode_batch(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(batch)


def describe(picture: np.ndarray) -> np.ndarray:
    """Descriptors (206,) float32 of a (64, 64, 3) uint8 picture."""
    try:
        from skimage import color, feature, transform, util
    except ImportError:
        raise MissingExtra("image.classical", "vision") from None
    # (64, 64) each, 0 ... 1
    hue, saturation, brightness = np.moveaxis(color.rgb2hsv(picture), 2, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about lost precision: pictures have eight bits
        grey = util.img_as_ubyte(color.rgb2gray(picture))
    # Pixels at the border lack neighbours, so their patterns are cut off.
    patterns = feature.local_binary_pattern(grey, 8, 1, method="uniform")[1:-1, 1:-1]
    step = SIZE // CELLS
    cells = (CELLS, CELLS)  # one block of all cells, so that the histogram has length one over the picture
    # Hue bins are centred on their colours: red is -15 ... 15 degrees.
    hue_bins = np.rint(hue * 12) % 12
    return np.concatenate(
        [
            _shares(hue_bins, 12, saturation * brightness),
            _shares(np.minimum(saturation * 4, 3), 4),
            _shares(np.minimum(brightness * 4, 3), 4),
            transform.downscale_local_mean(picture, (step, step, 1)).ravel() / 255,
            _shares(patterns, 10),
            feature.hog(
                grey, DIRECTIONS, pixels_per_cell=(step, step), cells_per_block=cells, block_norm="L2"
            ),
        ]
    ).astype(np.float32)


def _shares(bins: np.ndarray, k: int, weights: np.ndarray | None = None) -> np.ndarray:
    """(k,) share of pixels in each bin; with weights, each pixel counts by its weight, 0 ... 1."""
    counts = np.bincount(bins.astype(np.int64).ravel(), None if weights is None else weights.ravel(), k)
    return counts / bins.size
