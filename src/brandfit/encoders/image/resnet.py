"""image.resnet: how much of which objects is in a picture, by ResNet-101 (MORNING, Wang et al. 2022, Eq. 4-6;
M-02, B-07).

The row of a picture holds the probabilities of the 1,000 classes of ImageNet; those below the threshold .1
are set to zero. The row of a post is the mean over its pictures, that of an account the mean over its posts.
This equals the paper's sum over posts up to its length, which the paper normalises. BAMIR takes the softmax
of a sum of raw scores; an account with many posts then has a single class, so this is not followed.
``output=embedding`` gives the 2,048 numbers before the classes instead.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from brandfit.encoders.image._torchvision import TorchvisionConfig, TorchvisionEncoder
from brandfit.mappings import distinct_names


class ResNetConfig(TorchvisionConfig, frozen=True):
    output: Annotated[
        Literal["objects", "embedding"],
        Meta(description="chances of the classes, or what they are made from"),
    ] = "objects"
    threshold: Annotated[float, Meta(description="a lower chance counts as none", ge=0, lt=1)] = 0.1


class ResNet(TorchvisionEncoder):
    """Objects in pictures; see the module."""

    Config = ResNetConfig
    config: ResNetConfig
    network, standard = "resnet101", "ResNet101_Weights"

    @property
    def dim(self) -> int:
        return 1000 if self.config.output == "objects" else 2048

    @property
    def columns(self) -> tuple[str, ...]:
        if self.config.output == "embedding":
            return ()
        names = self.weight_list.meta["categories"]
        return distinct_names(names)

    def remove_head(self, model: Any) -> Any:
        import torch

        if self.config.output == "embedding":
            model.fc = torch.nn.Identity()
        return model

    def forward(self, model: Any, pictures: Any) -> Any:
        output = model(pictures)  # (n, 2048) embedding or (n, 1000) logits
        if self.config.output == "embedding":
            return output
        probabilities = output.float().softmax(dim=1)
        return probabilities * (probabilities >= self.config.threshold)
