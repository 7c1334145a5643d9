"""image.vgg16: the last convolution block of VGG-16, 7 x 7 places of 512 filters (Elwood et al. 2021, Eq. 10;
W-02).

A row is the map unrolled place by place: column (y * 7 + x) * 512 + filter, so that ``row.reshape(7, 7,
512)`` is the map again, which heat maps (Eq. 11-12, W-14) need. Weights: torchvision's, trained on ImageNet,
or a file.
"""

from __future__ import annotations

from typing import Any

from brandfit.encoders.image._torchvision import TorchvisionEncoder
from brandfit.encoders.image.base import Area, centred

PLACES, FILTERS = 7, 512
SCALED, CUT = 256, 224
"""Pixels of the shorter side before the middle is cut out, and of the cut: those of torchvision's standard
weights, stated here so that a map can be laid over its picture without torchvision."""


class VGG16(TorchvisionEncoder):
    """Spatial map of VGG-16; see the module."""

    network, standard = "vgg16", "VGG16_Weights"
    dim = PLACES * PLACES * FILTERS
    chunk_size = 256

    def area(self, width: int, height: int) -> Area:
        side = min(width, height) * CUT / SCALED
        return centred(side / width, side / height)

    def changed(self, model: Any) -> Any:
        return model.features

    def forward(self, model: Any, pictures: Any) -> Any:
        return model(pictures).permute(0, 2, 3, 1).flatten(1)
