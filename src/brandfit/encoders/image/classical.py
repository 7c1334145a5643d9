"""image.classical: how a picture looks, without any model: colours, brightness, texture and shapes, each column with a name.

A picture is seen as a square of 64 x 64 pixels. Every group of columns is a set of shares of the picture, or lies in 0 ... 1:

    hue        12   share of the picture in each hue, pale and dark pixels counting less (saturation x brightness)
    saturation  4   share of grey, pale, strong and vivid pixels
    brightness  4   share of dark, dim, bright and light pixels
    colour     48   mean red, green and blue in each of 4 x 4 cells
    texture    10   local binary patterns, uniform, 8 neighbours at distance 1 (Ojala et al. 2002): share of each
    shape     128   histograms of oriented gradients (Dalal and Triggs 2005): 8 orientations in 4 x 4 cells, length one over all,
                    without their overlapping blocks and their interpolation between cells

All of it is computed for a whole batch at once in NumPy; the texture is tested against scikit-image's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brandfit.encoders.image.base import PictureEncoder

SIZE, CELLS, ORIENTATIONS = 64, 4, 8

HUES = ("red", "orange", "yellow", "lime", "green", "mint", "cyan", "azure", "blue", "violet", "magenta", "pink")
SATURATIONS = ("grey", "pale", "strong", "vivid")
BRIGHTNESSES = ("dark", "dim", "bright", "light")
TEXTURES = (
    "bright spot", "bright tip", "bright corner", "bright wedge", "edge",
    "dark wedge", "dark corner", "dark tip", "dark spot or flat", "irregular",
)  # fmt: skip
"""By how many of its neighbours are at least as bright as a pixel, 0 to 8; irregular where those are not in one run."""
DIRECTIONS = ("vertical", "steep falling", "falling", "flat falling", "horizontal", "flat rising", "rising", "steep rising")
"""Of an edge, by the direction of its gradient: 0 degrees, the brightness changes from left to right, is a vertical edge."""
ROWS, COLUMNS = ("top", "upper", "lower", "bottom"), ("left", "centre left", "centre right", "right")
PLACES = tuple(f"{row} {column}" for row in ROWS for column in COLUMNS)


class Classical(PictureEncoder):
    """Named colour, texture and shape descriptors; see the module."""

    columns = (
        *(f"hue {hue}" for hue in HUES),
        *(f"saturation {level}" for level in SATURATIONS),
        *(f"brightness {level}" for level in BRIGHTNESSES),
        *(f"{channel} {place}" for place in PLACES for channel in ("red", "green", "blue")),
        *(f"texture {texture}" for texture in TEXTURES),
        *(f"edge {direction}, {place}" for place in PLACES for direction in DIRECTIONS),
    )
    dim = len(columns)
    size = SIZE
    batch_size = 128

    def encode_batch(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        pictures = np.stack(batch)
        grey = (pictures @ np.array([77, 150, 29], np.uint16) >> 8).astype(np.float32)  # whole numbers: flat stays flat
        return np.concatenate([colours(pictures), layout(pictures), texture(grey), shape(grey)], axis=1)


def colours(pictures: np.ndarray) -> np.ndarray:
    """(n, 20) shares of hue, saturation and brightness of (n, size, size, 3) uint8 pictures."""
    n = len(pictures)
    red, green, blue = (pictures[..., c].reshape(n, -1).astype(np.float32) / 255 for c in range(3))
    value = np.maximum(np.maximum(red, green), blue)
    spread = value - np.minimum(np.minimum(red, green), blue)
    safe = np.maximum(spread, 1e-6)
    hue = np.where(value == red, (green - blue) / safe, np.where(value == green, 2 + (blue - red) / safe, 4 + (red - green) / safe))
    saturation = spread / np.maximum(value, 1e-6)
    twelfth = np.rint(hue * 2).astype(np.int64) % 12  # centred on its colour: red is -15 ... 15 degrees
    return np.concatenate(
        [
            _shares(twelfth, 12, spread),  # saturation x brightness is the spread
            _shares(np.minimum(saturation * 4, 3).astype(np.int64), 4),
            _shares(np.minimum(value * 4, 3).astype(np.int64), 4),
        ],
        axis=1,
    )


def layout(pictures: np.ndarray) -> np.ndarray:
    """(n, 48) mean colour in each cell, 0 ... 1."""
    n, step = len(pictures), SIZE // CELLS
    cells = pictures.reshape(n, CELLS, step, CELLS, step, 3).mean(axis=(2, 4), dtype=np.float32)
    return cells.reshape(n, -1) / 255


def texture(grey: np.ndarray) -> np.ndarray:
    """(n, 10) shares of the uniform local binary patterns of (n, size, size) pictures, without their outermost pixels."""
    centre = grey[:, 1:-1, 1:-1]
    code = np.zeros(centre.shape, np.uint8)
    for bit, (dy, dx) in enumerate(((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))):
        neighbour = grey[:, 1 + dy : SIZE - 1 + dy, 1 + dx : SIZE - 1 + dx]
        code |= (neighbour >= centre).view(np.uint8) << bit
    return _shares(UNIFORM[code].reshape(len(grey), -1), 10)


def shape(grey: np.ndarray) -> np.ndarray:
    """(n, 128) strength of edges by cell and orientation, length one; zeros for an even surface."""
    n, step = len(grey), SIZE // CELLS
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    across[:, :, 1:-1] = grey[:, :, 2:] - grey[:, :, :-2]
    down[:, 1:-1, :] = grey[:, 2:, :] - grey[:, :-2, :]
    strength = np.hypot(across, down)
    orientation = np.rint(np.arctan2(down, across) * np.float32(ORIENTATIONS / np.pi)).astype(np.int64) % ORIENTATIONS
    cell = np.arange(SIZE) // step
    bins = (cell[:, None] * CELLS + cell[None, :]) * ORIENTATIONS + orientation
    histogram = _sums(bins.reshape(n, -1), CELLS * CELLS * ORIENTATIONS, strength.reshape(n, -1))
    return histogram / np.maximum(np.linalg.norm(histogram, axis=1, keepdims=True), 1e-6)


def _shares(bins: np.ndarray, k: int, weights: np.ndarray | None = None) -> np.ndarray:
    """(n, k) share of pixels in each bin; weights (n, pixels) count in parts of a whole pixel."""
    return _sums(bins, k, weights) / bins.shape[1]


def _sums(bins: np.ndarray, k: int, weights: np.ndarray | None = None) -> np.ndarray:
    n = len(bins)
    flat = (bins + np.arange(n)[:, None] * k).ravel()
    return np.bincount(flat, None if weights is None else weights.ravel(), n * k).reshape(n, k)


def _uniform() -> np.ndarray:
    """(256,) of each pattern: how many neighbours are brighter where they are in one run, else 9."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    changes = (bits != np.roll(bits, 1, axis=1)).sum(axis=1)
    return np.where(changes <= 2, bits.sum(axis=1), 9)


UNIFORM = _uniform()
