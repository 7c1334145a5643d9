"""What the encoders with a picture model of transformers share: its own preparation of pictures, and its
loaders."""

from __future__ import annotations

import io
import warnings
from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from PIL import Image

from brandfit import config as settings
from brandfit.data.dataset import Dataset
from brandfit.encoders import _torch
from brandfit.encoders._torch import Device, Download
from brandfit.encoders.image.base import WHOLE, Area, PictureEncoder, centred
from brandfit.errors import MissingExtra


class TransformersConfig(settings.Config, frozen=True):
    model: Annotated[str, Meta(description="folder of a model, or its name on the hub")] = ""
    download: Download = False
    device: Device = "auto"


class TransformersEncoder(PictureEncoder):
    """Authors name the class of the model and say what of its output is the encoding."""

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
        """(n, dim) of (n, 3, height, width)."""

    @property
    def size(self) -> int:
        return len(self.prepared(Image.new("RGB", (64, 64)))[0])

    def area(self, width: int, height: int) -> Area:
        """The whole picture, or the middle of it where the processor cuts that out after scaling."""
        if not self.processor.do_center_crop:
            return WHOLE
        size, crop = self.processor.size, self.processor.crop_size
        across, down = size.width or width, size.height or height
        if size.shortest_edge:
            scale = size.shortest_edge / min(width, height)
            across, down = scale * width, scale * height
        return centred(crop.width / across, crop.height / down)

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
        """The network, loaded when it is first needed."""
        loaded = _torch.pretrained(
            self.loader(self._transformers), self.config.model, setting="model", download=self.config.download
        )
        return _torch.placed(loaded, self.config.device)

    @cached_property
    def processor(self) -> Any:
        auto = self._transformers.AutoImageProcessor
        return _torch.pretrained(
            auto, self.config.model, setting="model", download=self.config.download, backend="pil"
        )

    def prepared(self, picture: Image.Image) -> np.ndarray:
        """(3, height, width) as the model wants it."""
        return np.asarray(self.processor(images=picture, return_tensors="np")["pixel_values"][0], np.float32)

    def prepare(self, dataset: Dataset, content: str) -> np.ndarray | None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                picture = Image.open(io.BytesIO(dataset.picture(content))).convert("RGB")
        except Exception:  # whatever a decoder meets in a damaged file; the post is then one picture poorer
            return None
        return self.prepared(picture)

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
