"""What the encoders with a network of torchvision share. Authors name the network and say what of it is the
encoding."""

from __future__ import annotations

import io
import warnings
from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta
from PIL import Image

from brandfit import config as settings
from brandfit.data.dataset import Dataset
from brandfit.encoders import _torch
from brandfit.encoders._torch import Device, Download
from brandfit.encoders.image.base import Area, PictureEncoder, centred


class TorchvisionConfig(settings.Config, frozen=True):
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
    """A picture is cut and scaled by the transform that belongs to the standard weights."""

    Config = TorchvisionConfig
    config: TorchvisionConfig
    neutral = ("weights", "download", "device")
    preference = 15
    batch_size = 32
    chunk_size = 1024
    network: ClassVar[str]
    """Name of the constructor in torchvision.models."""
    standard: ClassVar[str]
    """Name of its weights there."""

    @abstractmethod
    def forward(self, model: Any, pictures: Any) -> Any:
        """(n, dim) of (n, 3, size, size)."""

    def changed(self, model: Any) -> Any:
        """The network without what is not needed."""
        return model

    @property
    def size(self) -> int:
        return int(self.transform.crop_size[0])

    def area(self, width: int, height: int) -> Area:
        """The shorter side is scaled to ``resize_size``, then the middle square of ``crop_size`` is cut
        out."""
        side = min(width, height) * int(self.transform.crop_size[0]) / int(self.transform.resize_size[0])
        return centred(side / width, side / height)

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
        """torchvision's description of the standard weights: transform, classes, address."""
        return getattr(_torch.torchvision(self.name).models, self.standard).DEFAULT

    @cached_property
    def transform(self) -> Any:
        return self.weight_list.transforms()

    @cached_property
    def model(self) -> Any:
        """The network, loaded when it is first needed."""
        import torch

        models = _torch.torchvision(self.name).models
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = getattr(models, self.network)(weights=None, **self.options())
        model = _torch.load_weights(
            model, self.config.weights, standard=self.weight_list, download=self.config.download
        )
        return _torch.placed(self.changed(model), self.config.device)

    def options(self) -> dict[str, Any]:
        """Of the constructor."""
        return {}

    def prepare(self, dataset: Dataset, content: str) -> Any:
        transform = self.transform
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                picture = Image.open(io.BytesIO(dataset.picture(content))).convert("RGB")
        except Exception:  # whatever a decoder meets in a damaged file; the post is then one picture poorer
            return None
        return transform(picture)

    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        import torch

        return _torch.run(self.model, self.forward, torch.stack(list(batch)))
