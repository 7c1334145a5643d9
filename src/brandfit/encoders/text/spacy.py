"""text.spacy: the mean of the token vectors of a caption, by any spaCy pipeline that is installed (W-01).

A pipeline with word vectors (``en_core_web_md``, ``en_core_web_lg``, 300 columns) gives those; a pipeline
without (``..._sm``) gives the output of its tok2vec layer. ``brandfit`` contains no pipeline: install one as
spaCy's documentation describes, or name the folder of one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from brandfit.encoders.text.base import TextConfig, TextEncoder
from brandfit.errors import ConfigError, MissingExtra


class SpacyConfig(TextConfig, frozen=True):
    pipeline: Annotated[str, Meta(description="name or folder of a spaCy pipeline, installed")] = (
        "en_core_web_md"
    )


class Spacy(TextEncoder):
    """spaCy vectors of captions; see the module."""

    Config = SpacyConfig
    config: SpacyConfig
    preference = 8

    @cached_property
    def dim(self) -> int:
        return len(self._pipeline("word").vector)

    @cached_property
    def weights(self) -> str:
        """Fingerprint of the pipeline: name, version, vectors and trained components."""
        meta = self._pipeline.meta
        digest = hashlib.sha256(f"{meta['lang']} {meta['name']} {meta['version']}".encode())
        digest.update(np.ascontiguousarray(self._pipeline.vocab.vectors.data).tobytes())
        for name, component in self._pipeline.pipeline:
            digest.update(name.encode())
            if hasattr(component, "to_bytes"):
                digest.update(component.to_bytes(exclude=["vocab"]))
        return digest.hexdigest()

    def encode_batch(self, batch: Sequence[str]) -> np.ndarray:
        rows = np.stack([doc.vector for doc in self._pipeline.pipe(batch)])
        rows[~rows.any(axis=1)] = np.nan  # no word has a vector
        return rows

    @cached_property
    def _pipeline(self) -> Any:
        try:
            import spacy
        except ImportError:
            raise MissingExtra("text.spacy", "spacy") from None
        name = self.config.pipeline
        try:
            pipeline = spacy.load(name)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"Setting pipeline={name!r}: spaCy cannot load it: {str(error).splitlines()[0]}",
                f"Install it, for example: python -m spacy download {name}. Or name the folder of one.",
            ) from None
        # Taggers and parsers take most of the time and do not change the vectors.
        vector_pipes = [pipe for pipe in ("tok2vec", "transformer") if pipe in pipeline.pipe_names]
        pipeline.select_pipes(enable=vector_pipes)
        if not len(pipeline("word").vector):
            raise ConfigError(
                f"Setting pipeline={name!r}: it has neither vectors nor a tok2vec layer.",
                "en_core_web_md has.",
            )
        return pipeline
