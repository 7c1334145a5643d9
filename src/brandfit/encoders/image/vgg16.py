"""image.vgg16: the last convolution block of VGG-16, 7 x 7 places of 512 filters (Elwood et al. 2021, Eq. 10;
W-02).

A row is the map in the order of positions: column (y * 7 + x) * 512 + filter. ``row.reshape(7, 7, 512)`` is
the map, which heat maps (Eq. 11-12, W-14) need. Weights: torchvision's, trained on ImageNet,
or a file.
"""

from __future__ import annotations

from typing import Any

from brandfit.encoders.image._torchvision import TorchvisionEncoder
from brandfit.encoders.image.base import Area, centre_area

PLACES, FILTERS = 7, 512
SCALED, CUT = 256, 224
"""Pixels of the shorter side before cropping, and of the crop: those of torchvision's standard weights. They
are repeated here so that a map can be drawn over its picture without torchvision."""


class VGG16(TorchvisionEncoder):
    """Spatial map of VGG-16; see the module."""

    network, standard = "vgg16", "VGG16_Weights"
    dim = PLACES * PLACES * FILTERS
    chunk_size = 256

    def area(self, width: int, height: int) -> Area:
        side = min(width, height) * CUT / SCALED
        return centre_area(side / width, side / height)

    def remove_head(self, model: Any) -> Any:
        return model.features

    def forward(self, model: Any, pictures: Any) -> Any:
        # (n, 512, 7, 7) to (n, 7, 7, 512) to (n, 7 * 7 * 512)
        return model(pictures).permute(0, 2, 3, 1).flatten(1)
