"""image.inception_v3: Inception-v3 after global average pooling, 2,048 columns (Kim et al. 2020, 3.3; P-01).

The paper fine-tunes the top two blocks; the profiler ``attentive`` does that (``tune``), an encoder does not.
"""

from __future__ import annotations

from typing import Any

from brandfit.encoders.image._torchvision import TorchvisionEncoder


class InceptionV3(TorchvisionEncoder):
    """Pooled Inception-v3; see the module."""

    network, standard = "inception_v3", "Inception_V3_Weights"
    dim = 2048

    def options(self) -> dict[str, Any]:
        # The options that torchvision sets for its standard weights; initialising takes seconds.
        return {"transform_input": True, "init_weights": self.config.weights == "random"}

    def remove_head(self, model: Any) -> Any:
        import torch

        model.fc, model.AuxLogits = torch.nn.Identity(), None
        return model

    def forward(self, model: Any, pictures: Any) -> Any:
        return model(pictures)
