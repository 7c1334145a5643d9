"""Base of the encoders with a torchvision network. Authors name the network and return its encoding from
``forward``."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from brandfit.data.dataset import Dataset
from brandfit.encoders import _torch
from brandfit.encoders._torch import Device, Download
from brandfit.encoders.base import EncoderConfig
from brandfit.encoders.image.base import Area, PictureEncoder, centre_area, decode_rgb


class TorchvisionConfig(EncoderConfig, frozen=True):
    weights: Annotated[
        str,
        Meta(
            description="default: torchvision's standard weights; random: none; or a .safetensors or .pth "
            "file"
        ),
    ] = "default"
    download: Download = False
    device: Device = "auto"


class TorchvisionEncoder(PictureEncoder):
    """Pictures are cropped and scaled by the transform of the standard weights."""

    Config = TorchvisionConfig
    config: TorchvisionConfig
    neutral = ("weights", "download", "device")
    file_settings = ("weights",)
    weights_cover_files = True
    preference = 15
    batch_size = 32
    chunk_size = 1024
    network: ClassVar[str]
    """Name of the constructor in ``torchvision.models``."""
    standard: ClassVar[str]
    """Name of its weights in ``torchvision.models``."""

    @abstractmethod
    def forward(self, model: Any, pictures: Any) -> Any:
        """Encodings (n, dim) of pictures (n, 3, size, size)."""

    def remove_head(self, model: Any) -> Any:
        """The network without the layers after the encoding."""
        return model

    @property
    def size(self) -> int:
        return int(self.transform.crop_size[0])

    def area(self, width: int, height: int) -> Area:
        # The shorter side is scaled to ``resize_size``, then the middle square of ``crop_size`` is cropped.
        side = min(width, height) * int(self.transform.crop_size[0]) / int(self.transform.resize_size[0])
        return centre_area(side / width, side / height)

    def differentiable(self) -> Callable[[Any], Any]:
        device = next(self.model.parameters()).device
        return lambda pictures: self.forward(self.model, pictures.to(device))

    @property
    def weights(self) -> str:
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        return _torch.fingerprint(self.model)

    @property
    def weight_list(self) -> Any:
        """torchvision's description of the standard weights: transform, classes, URL."""
        return getattr(_torch.import_torchvision(self.name).models, self.standard).DEFAULT

    @cached_property
    def transform(self) -> Any:
        return self.weight_list.transforms()

    @cached_property
    def model(self) -> Any:
        """The network, loaded on first use."""
        import torch

        models = _torch.import_torchvision(self.name).models
        # Random weights (for tests) are the same in every process, and leave the global generator unchanged.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = getattr(models, self.network)(weights=None, **self.options())
        model = _torch.load_weights(
            model, self.config.weights, standard=self.weight_list, download=self.config.download
        )
        return _torch.to_device(self.remove_head(model), self.config.device)

    def options(self) -> dict[str, Any]:
        """Keyword arguments of the constructor."""
        return {}

    def prepare(self, dataset: Dataset, content: str) -> Any:
        transform = self.transform
        picture = decode_rgb(dataset, content)
        return None if picture is None else transform(picture)

    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        import torch

        return _torch.run(self.model, self.forward, torch.stack(list(batch)))
