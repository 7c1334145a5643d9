"""image.inception_v3: Inception-v3 after global average pooling, 2,048 columns (Kim et al. 2020, 3.3; P-01).

The paper tunes the top two layers further; that belongs to the model that learns, not to an encoder.
"""

from __future__ import annotations

from typing import Any

from brandfit.encoders.image._torchvision import TorchvisionEncoder


class InceptionV3(TorchvisionEncoder):
    """Pooled Inception-v3; see the module."""

    network, standard = "inception_v3", "Inception_V3_Weights"
    dim = 2048

    def options(self) -> dict[str, Any]:
        return {
            "transform_input": True,
            "init_weights": self.config.weights == "random",
        }  # as torchvision loads its weights

    def changed(self, model: Any) -> Any:
        import torch

        model.fc, model.AuxLogits = torch.nn.Identity(), None
        return model

    def forward(self, model: Any, pictures: Any) -> Any:
        return model(pictures)
