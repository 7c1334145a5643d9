"""Base of the encoders with a picture model of transformers: its loaders and its preprocessing of
pictures."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from PIL import Image

from brandfit.data.dataset import Dataset
from brandfit.encoders import _torch
from brandfit.encoders._torch import Device, Download
from brandfit.encoders.base import EncoderConfig
from brandfit.encoders.image.base import WHOLE, Area, PictureEncoder, centre_area, decode_rgb
from brandfit.errors import MissingExtra


class TransformersConfig(EncoderConfig, frozen=True):
    model: Annotated[str, Meta(description="folder of a model, or its name on the hub")] = ""
    download: Download = False
    device: Device = "auto"


class TransformersEncoder(PictureEncoder):
    """Authors name the class of the model and return the encoding from ``forward``."""

    Config = TransformersConfig
    config: TransformersConfig
    neutral = ("model", "download", "device")
    preference = 15
    batch_size = 16
    chunk_size = 1024

    @abstractmethod
    def loader(self, transformers: Any) -> Any:
        """The class of the model."""

    @abstractmethod
    def forward(self, model: Any, pictures: Any) -> Any:
        """Encodings (n, dim) of pictures (n, 3, height, width)."""

    @property
    def size(self) -> int:
        # The processor decides the size, so it is measured on a blank picture.
        return len(self.preprocess(Image.new("RGB", (64, 64)))[0])

    def area(self, width: int, height: int) -> Area:
        """The whole picture, or its middle if the processor crops after scaling."""
        if not self.processor.do_center_crop:
            return WHOLE
        size, crop = self.processor.size, self.processor.crop_size
        # Pixels of the scaled picture, from which the crop is taken.
        scaled_width, scaled_height = size.width or width, size.height or height
        if size.shortest_edge:
            scale = size.shortest_edge / min(width, height)
            scaled_width, scaled_height = scale * width, scale * height
        return centre_area(crop.width / scaled_width, crop.height / scaled_height)

    def differentiable(self) -> Callable[[Any], Any]:
        device = next(self.model.parameters()).device
        return lambda pictures: self.forward(self.model, pictures.to(device))

    @property
    def weights(self) -> str:
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        return _torch.fingerprint(self.model)

    @cached_property
    def model(self) -> Any:
        """The network, loaded on first use."""
        loader = self.loader(self._transformers)
        loaded = _torch.load_pretrained(
            loader, self.config.model, setting="model", download=self.config.download
        )
        return _torch.to_device(loaded, self.config.device)

    @cached_property
    def processor(self) -> Any:
        # One backend, so that pixels do not depend on whether torchvision is installed.
        auto = self._transformers.AutoImageProcessor
        return _torch.load_pretrained(
            auto, self.config.model, setting="model", download=self.config.download, backend="pil"
        )

    def preprocess(self, picture: Image.Image) -> np.ndarray:
        """(3, height, width) float32 input of the model."""
        return np.asarray(self.processor(images=picture, return_tensors="np")["pixel_values"][0], np.float32)

    def prepare(self, dataset: Dataset, content: str) -> np.ndarray | None:
        picture = decode_rgb(dataset, content)
        return None if picture is None else self.preprocess(picture)

    def encode_batch(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        import torch

        return _torch.run(self.model, self.forward, torch.from_numpy(np.stack(batch)))

    @cached_property
    def _transformers(self) -> Any:
        try:
            import transformers
        except ImportError:
            raise MissingExtra(self.name, "text") from None
        return transformers
