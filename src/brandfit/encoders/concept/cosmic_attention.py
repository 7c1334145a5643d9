"""concept.cosmic_attention: the concepts of a post by semantic attention, z' of COSMIC (CAMERA, Wang et
al. 2021, III-B), with COSMIC's vectors u of the concepts.

    z' = softmax([t . l_1, ..., t . l_n] o h)     t and l by Word2Vec; softmax(h) for a post without text

CAMERA's historical distribution of an account is softmax of the sum of z' over its posts (Eq. 5; C-05), and
its vector is made of the u of the ten heaviest concepts (Eq. 6). So this is the encoder for CAMERA as the
paper has it:

    brandfit encode concept.cosmic_attention --set labels=generator -w work
    brandfit train camera --set slots.concept=concept.cosmic_attention --set concept_vectors=encoder -w work

``concept.cosmic`` has z, which needs the picture alone. Settings and training are the same. A post in which h
finds no concept has no row.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from brandfit.config import with_defaults
from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Units
from brandfit.encoders.concept._pictured import LABELS, picture_by_post
from brandfit.encoders.concept.bag import Bag
from brandfit.encoders.concept.cosmic import CERTAIN, Cosmic, CosmicConfig
from brandfit.errors import UsageError

CosmicAttentionConfig = with_defaults(CosmicConfig, "CosmicAttentionConfig", module=__name__)
NO_PROFILE = ["", 1]
"""Biography and number of posts in a unit of ``concept.bag``: labels do not read them."""


class CosmicAttention(Cosmic):
    """Shares of concepts in posts by semantic attention; see the module."""

    Config = CosmicAttentionConfig
    preference = 2

    def units(self, dataset: Dataset) -> Units:
        """A unit is [text, hashtags, descriptions] of a post, or [text, hash of its picture] with
        ``labels=generator``."""
        text_by_post: dict[str, str] = {}
        if self.config.semantic:
            texts = self._words.units(dataset)
            text_by_post = dict(zip(texts.ids, texts.contents, strict=True))
        if self.generator is not None:
            hash_by_post = picture_by_post(dataset)
            contents = [[text_by_post.get(post, ""), hash] for post, hash in hash_by_post.items()]
            return Units(list(hash_by_post), contents)
        # Units do not depend on the list of concepts.
        labelled = Bag(LABELS).units(dataset)
        contents = []
        for post, (_, tags, described, *_) in zip(labelled.ids, labelled.contents, strict=True):
            contents.append([text_by_post.get(post, ""), tags, described])
        return Units(labelled.ids, contents)

    def prepare(self, dataset: Dataset, content: Any) -> Any:
        if self.generator is None:
            return content
        text, hash = content
        picture = self.generator.prepare(dataset, hash)
        return None if picture is None else [text, picture]

    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        self.require_concepts()
        texts, has_text = self._text_vectors([content[0] for content in batch])
        shares = self.attention(texts, has_text, self._present([content[1:] for content in batch]))
        return shares @ self.concepts if self.config.output == "embedding" else shares

    def _present(self, batch: Sequence[Sequence[Any]]) -> np.ndarray:
        """(n, c) h of posts."""
        if self.generator is not None:
            probabilities = self.generator.encode_batch([picture for (picture,) in batch])
            return (probabilities >= CERTAIN).astype(np.float32)
        # Units of ``concept.bag`` without caption and profile, which labels do not read.
        labels = [["", tags, described, *NO_PROFILE] for tags, described in batch]
        weights = Bag(replace(LABELS, taxonomy=self.config.taxonomy)).encode_batch(labels)
        return (np.nan_to_num(weights[:, self.learned_concepts]) > 0).astype(np.float32)

    def _text_vectors(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """(n, words) vectors of texts, and (n,) whether a text has one."""
        vectors = np.full((len(texts), self.config.words), np.nan, np.float32)
        if self.config.semantic:
            # Too few words for Word2Vec: as posts without text.
            with contextlib.suppress(UsageError):
                vectors = self._words.encode_batch(texts)
        has_text = np.asarray(np.isfinite(vectors).all(axis=1))
        return np.nan_to_num(vectors), has_text
