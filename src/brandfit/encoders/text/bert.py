"""text.bert: captions by any BERT: the vector of [CLS] in the last layer, 128 word pieces (Kim et al. 2020, 3.3; P-02).

The weights come through the loaders of transformers, from a folder or from what was fetched from the hub before; ``download`` lets
them be fetched. On a GPU the model runs in mixed precision, which changes a number by less than 1 %.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from brandfit.encoders.text.base import TextConfig, TextEncoder
from brandfit.errors import ConfigError, MissingExtra


class BertConfig(TextConfig, frozen=True):
    model: Annotated[str, Meta(description="folder of a model, or its name on the hub")] = "bert-base-uncased"
    max_tokens: Annotated[int, Meta(description="word pieces of a caption that are read; the rest is cut off", ge=3, le=8192)] = 128
    download: Annotated[bool, Meta(description="fetch the model from the hub where it is not there")] = False
    device: Annotated[
        Literal["auto", "cpu", "cuda"], Meta(description="where the model runs; auto: cuda where there is one, else cpu")
    ] = "auto"


class Bert(TextEncoder):
    """[CLS] of captions; see the module."""

    Config = BertConfig
    config: BertConfig
    neutral = ("model", "download", "device")
    preference = 9
    batch_size = 32
    chunk_size = 1024

    @property
    def dim(self) -> int:
        return int(self._loaded[1].config.hidden_size)

    @cached_property
    def weights(self) -> str:
        """SHA-256 over the weights and the vocabulary."""
        tokenizer, model = self._loaded
        digest = hashlib.sha256(repr(sorted(tokenizer.get_vocab().items())).encode())
        for name, tensor in sorted(model.state_dict().items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(tensor.float().cpu().numpy()).tobytes())
        return digest.hexdigest()

    def encode_batch(self, batch: Sequence[str]) -> np.ndarray:
        import torch

        tokenizer, model = self._loaded
        read = tokenizer(list(batch), padding=True, truncation=True, max_length=self.config.max_tokens, return_tensors="pt")
        cuda = model.device.type == "cuda"
        with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16, enabled=cuda):
            found = model(**read.to(model.device)).last_hidden_state[:, 0]
        return np.asarray(found.float().cpu().numpy())

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        """Tokenizer and model."""
        try:
            import torch
            from transformers import AutoModel, AutoTokenizer
        except ImportError:
            raise MissingExtra("text.bert", "text") from None
        if self.config.device == "cuda" and not torch.cuda.is_available():
            raise ConfigError("Setting device='cuda': PyTorch finds no CUDA device here.", "device: auto or cpu")
        name, local = self.config.model, not self.config.download
        try:
            tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=local)
            model = AutoModel.from_pretrained(name, local_files_only=local, add_pooling_layer=False)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"Setting model={name!r}: its weights are not here: {str(error).splitlines()[0]}",
                "Name a folder that holds a BERT (config.json, model.safetensors, vocab.txt), or set download=true",
            ) from None
        device = "cuda" if torch.cuda.is_available() and self.config.device != "cpu" else "cpu"
        return tokenizer, model.to(device).eval()
