"""image.clip: pictures in one space with words (Radford et al. 2021): the inner product of a row and ``text(words)`` is a cosine.

So a picture can be found by any words, not only by those that a taxonomy has.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from brandfit.encoders import _torch
from brandfit.encoders.image._transformers import TransformersConfig, TransformersEncoder


class CLIPConfig(TransformersConfig, frozen=True):
    model: Annotated[str, Meta(description="folder of a model, or its name on the hub")] = "openai/clip-vit-base-patch32"


class CLIP(TransformersEncoder):
    """CLIP embeddings of pictures, rows of length one; see the module."""

    Config = CLIPConfig
    config: CLIPConfig
    preference = 25

    @property
    def dim(self) -> int:
        return int(self.model.config.projection_dim)

    def loader(self, transformers: Any) -> Any:
        return transformers.CLIPModel

    def forward(self, model: Any, pictures: Any) -> Any:
        return _unit(model.get_image_features(pixel_values=pictures))

    def text(self, words: Sequence[str]) -> np.ndarray:
        """(n, dim) of words or sentences, in the space of the pictures, length one."""
        read = self._tokenizer(list(words), padding=True, truncation=True, return_tensors="pt")
        return _torch.run(self.model, _text, read["input_ids"], read["attention_mask"])

    @cached_property
    def _tokenizer(self) -> Any:
        return _torch.pretrained(self._transformers.AutoTokenizer, self.config.model, "model", self.config.download)


def _text(model: Any, ids: Any, mask: Any) -> Any:
    return _unit(model.get_text_features(input_ids=ids, attention_mask=mask))


def _unit(found: Any) -> Any:
    found = getattr(found, "pooler_output", found).float()  # newer versions wrap it
    return found / found.norm(dim=-1, keepdim=True)
