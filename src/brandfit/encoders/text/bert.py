"""text.bert: captions by any BERT: the vector of [CLS] in the last layer, 128 word pieces (Kim et al. 2020,
3.3; P-02).

The weights are loaded by transformers, from a folder or from the local cache of the hub; ``download`` allows
a download. On a GPU the model runs in mixed precision, which changes a number by less than 1 %.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, NamedTuple

import numpy as np
from msgspec import Meta

from brandfit.encoders import _torch
from brandfit.encoders._torch import Device, Download
from brandfit.encoders.text.base import TextConfig, TextEncoder
from brandfit.errors import ConfigError, MissingExtra


class BertConfig(TextConfig, frozen=True):
    model: Annotated[str, Meta(description="folder of a model, or its name on the hub")] = "bert-base-uncased"
    max_tokens: Annotated[
        int, Meta(description="word pieces of a caption that are read; the rest is cut off", ge=3, le=8192)
    ] = 128
    download: Download = False
    device: Device = "auto"


class TokenizerAndModel(NamedTuple):
    tokenizer: Any
    model: Any


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
        return int(self._tokenizer_and_model.model.config.hidden_size)

    @cached_property
    def weights(self) -> str:
        """SHA-256 over the weights and the vocabulary."""
        tokenizer, model = self._tokenizer_and_model
        vocabulary = repr(sorted(tokenizer.get_vocab().items()))
        return hashlib.sha256(f"{_torch.fingerprint(model)} {vocabulary}".encode()).hexdigest()

    def encode_batch(self, batch: Sequence[str]) -> np.ndarray:
        tokenizer, model = self._tokenizer_and_model
        tokens = tokenizer(  # (n, longest of the batch) each
            list(batch), padding=True, truncation=True, max_length=self.config.max_tokens, return_tensors="pt"
        )
        return _torch.run(model, self._forward, tokens["input_ids"], tokens["attention_mask"])

    @staticmethod
    def _forward(model: Any, ids: Any, mask: Any) -> Any:
        return model(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0]

    @cached_property
    def _tokenizer_and_model(self) -> TokenizerAndModel:
        try:
            from transformers import AutoModel, AutoTokenizer
        except ImportError:
            raise MissingExtra("text.bert", "text") from None
        name, download = self.config.model, self.config.download
        tokenizer = _torch.load_pretrained(AutoTokenizer, name, setting="model", download=download)
        try:
            model = _torch.load_pretrained(
                AutoModel, name, setting="model", download=download, add_pooling_layer=False
            )
        except TypeError:  # models without a pooling layer do not take the option
            model = _torch.load_pretrained(AutoModel, name, setting="model", download=download)
        max_tokens = self.config.max_tokens
        n_positions = getattr(model.config, "max_position_embeddings", max_tokens)
        longest = min(n_positions, tokenizer.model_max_length)
        if max_tokens > longest:
            raise ConfigError(
                f"Setting max_tokens={max_tokens}: {name} reads {longest} word pieces at most.",
                f"max_tokens: 3 to {longest}",
            )
        return TokenizerAndModel(tokenizer, _torch.to_device(model, self.config.device))
