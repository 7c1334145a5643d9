"""image.vgg16: the last convolution block of VGG-16, 7 x 7 places of 512 filters (Elwood et al. 2021, Eq. 10; W-02).

A row is the map unrolled place by place: column (y * 7 + x) * 512 + filter, so that ``row.reshape(7, 7, 512)`` is the map again,
which heat maps (Eq. 11-12, W-14) need. Weights: torchvision's, trained on ImageNet, or a file.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from brandfit.encoders.image._torchvision import TorchvisionEncoder

PLACES, FILTERS = 7, 512


class VGG16(TorchvisionEncoder):
    """Spatial map of VGG-16; see the module."""

    network, standard = "vgg16", "VGG16_Weights"
    dim = PLACES * PLACES * FILTERS
    chunk_size = 256

    def changed(self, model: Any) -> Any:
        return model.features

    def forward(self, model: Any, pictures: Any) -> Any:
        return model(pictures).permute(0, 2, 3, 1).flatten(1)

    @staticmethod
    def map(row: np.ndarray) -> np.ndarray:
        """(7, 7, 512) of a row (25088,): where in the picture, from top left, each filter found something."""
        return row.reshape(PLACES, PLACES, FILTERS)
