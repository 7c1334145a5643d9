"""image.classical: how a picture looks, without any model: colours, brightness, texture and edges, each
column with a name.

A picture is seen as a square of 64 x 64 pixels, cut into 4 x 4 cells. Descriptors are scikit-image's:

    hue        12   share of the picture in each hue, pale and dark pixels counting less (saturation x
               brightness)
    saturation  4   share of grey, pale, strong and vivid pixels
    brightness  4   share of dark, dim, bright and light pixels
    colour     48   mean red, green and blue of each cell, 0 ... 1
    texture    10   uniform local binary patterns, 8 neighbours at distance 1 (Ojala et al. 2002): share of
               each
    edges     128   histogram of oriented gradients (Dalal and Triggs 2005): 8 directions a cell, length one
              over the picture
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
"""By how many of its neighbours are at least as bright as a pixel, 0 to 8; irregular where those are not in
one run."""
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
        # the angle at which it gets brighter or darker: 0 is across the picture, 90 down
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
        return None if picture is None else described(picture)

    def encode_batch(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(batch)


def described(picture: np.ndarray) -> np.ndarray:
    """(206,) of a (64, 64, 3) uint8 picture."""
    try:
        from skimage import color, feature, transform, util
    except ImportError:
        raise MissingExtra("image.classical", "vision") from None
    hue, saturation, brightness = np.moveaxis(color.rgb2hsv(picture), 2, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of lost precision: eight bits are what a picture has
        grey = util.img_as_ubyte(color.rgb2gray(picture))
    patterns = feature.local_binary_pattern(grey, 8, 1, method="uniform")[
        1:-1, 1:-1
    ]  # beyond the border there is nothing
    step = SIZE // CELLS
    cells = (CELLS, CELLS)  # one block of all cells: its length is one over the picture
    return np.concatenate(
        [
            _shares(
                np.rint(hue * 12) % 12, 12, saturation * brightness
            ),  # centred on its colour: red is -15 ... 15 degrees
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
    """(k,) share of pixels in each bin; weights count in parts of a whole pixel."""
    return (
        np.bincount(bins.astype(np.int64).ravel(), None if weights is None else weights.ravel(), k)
        / bins.size
    )
