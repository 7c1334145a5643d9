"""image.objects_scenes: objects by ResNet-101 and scenes by UPerNet in one row (MORNING, Wang et al. 2022,
Eq. 4-6; M-02, B-07).

The row of a picture is [v_o; v_s]: the probabilities of the 1,000 classes of ``image.resnet`` and the shares
of the classes of ``image.upernet``; values below the threshold .1 are zero. A picture without any value is
left out. The row of a post is the mean over its pictures, that of an account the mean over its posts. The
rankers ``morning`` and ``bamir`` divide the objects and the scenes of an account by their sums, which gives
the papers' psi(sum over posts): a factor of all posts, as that of a mean, cancels. Columns are named
``object: ...`` and ``scene: ...``, so that a ranker can tell both apart.

The papers have 365 scenes. The public UPerNet of transformers has 150 classes of pixels (``image.upernet``);
``upernet`` may name any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from brandfit import config as settings
from brandfit.data.dataset import Dataset
from brandfit.encoders._torch import Device, Download
from brandfit.encoders.base import EncoderConfig
from brandfit.encoders.image._torchvision import TorchvisionConfig
from brandfit.encoders.image.base import Area, PictureEncoder
from brandfit.encoders.image.resnet import ResNet, ResNetConfig
from brandfit.encoders.image.upernet import UperNet, UperNetConfig


class ObjectsScenesConfig(EncoderConfig, frozen=True):
    resnet: Annotated[
        str, Meta(description="weights of ResNet-101, a name or file: the setting weights of image.resnet")
    ] = TorchvisionConfig().weights
    upernet: Annotated[str, Meta(description="UPerNet: the setting model of image.upernet")] = (
        UperNetConfig().model
    )
    threshold: Annotated[float, Meta(description="a smaller value counts as none", ge=0, lt=1)] = 0.1
    download: Download = False
    device: Device = "auto"


class ObjectsScenes(PictureEncoder):
    """Objects and scenes in pictures; see the module."""

    Config = ObjectsScenesConfig
    config: ObjectsScenesConfig
    neutral = ("resnet", "upernet", "download", "device")
    file_settings = ("resnet",)
    weights_cover_files = True
    stated_columns = ()
    preference = 12
    batch_size = 4
    chunk_size = 1024

    def __init__(self, config: settings.Config | None = None) -> None:
        super().__init__(config)
        common: dict[str, Any] = {
            name: getattr(self.config, name) for name in ("threshold", "download", "device")
        }
        self.objects = ResNet(ResNetConfig(weights=self.config.resnet, **common))
        self.scenes = UperNet(UperNetConfig(model=self.config.upernet, **common))

    @property
    def dim(self) -> int:
        return self.objects.dim + self.scenes.dim

    @property
    def columns(self) -> tuple[str, ...]:
        objects = (f"object: {name}" for name in self.objects.columns)
        return (*objects, *(f"scene: {name}" for name in self.scenes.columns))

    @property
    def weights(self) -> str:
        """Fingerprint of both networks."""
        inner = ((encoder.version, encoder.weights) for encoder in (self.objects, self.scenes))
        return " ".join(f"{version} {weights}" for version, weights in inner)

    @property
    def size(self) -> int:
        return self.scenes.size

    def area(self, width: int, height: int) -> Area:
        """That of the scenes, the larger one."""
        return self.scenes.area(width, height)

    def prepare(self, dataset: Dataset, content: str) -> Any:
        inputs = (self.objects.prepare(dataset, content), self.scenes.prepare(dataset, content))
        return None if any(value is None for value in inputs) else inputs

    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        objects = self.objects.encode_batch([one for one, _ in batch])  # (n, 1000)
        scenes = self.scenes.encode_batch([other for _, other in batch])  # (n, classes)
        rows = np.concatenate([objects, scenes], axis=1)
        rows[~rows.any(axis=1)] = np.nan  # nothing is recognised
        return rows
