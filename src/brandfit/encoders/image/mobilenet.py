"""image.mobilenet: MobileNetV3-Large after global average pooling, 960 columns (Howard et al. 2019): the fast
one.

On a CPU the same network runs two to three times as fast through ``image.onnx``, from a file exported once by
``torch.onnx.export``.
"""

from __future__ import annotations

from typing import Any

from brandfit.encoders.image._torchvision import TorchvisionEncoder


class MobileNet(TorchvisionEncoder):
    """Pooled MobileNetV3; see the module."""

    network, standard = "mobilenet_v3_large", "MobileNet_V3_Large_Weights"
    dim = 960
    preference = 14

    def remove_head(self, model: Any) -> Any:
        import torch

        model.classifier = torch.nn.Identity()
        return model

    def forward(self, model: Any, pictures: Any) -> Any:
        return model(pictures)
