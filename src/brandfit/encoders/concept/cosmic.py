"""concept.cosmic: concepts and pictures in one space, learned from text (COSMIC of CAMERA, Wang et al. 2021,
III-B; C-04).

    v_2 = leaky_relu(W v_1 + b)                   v_1 from the picture by a CNN of five layers     (Eq. 2)
    z   = softmax(v_2 . u_1, ..., v_2 . u_n)      concepts of the picture                          (Eq. 3)
    z'  = softmax([t . l_1, ..., t . l_n] o h)    concepts of the text: t and l by Word2Vec;
                                                  softmax(h) without text
    L   = - sum of z'_i log z_i                                                                    (Eq. 4)

Training fits u and the CNN to z'. The columns are z, which needs no description of the picture.
``output=embedding`` gives z . u, 100 numbers, instead; ``concepts`` are the vectors u. ``semantic=false``
learns without the captions, z' = softmax(h) for every post: the ablation C-w/o-SI, which
``concept.cosmic_visual`` makes under a name of its own.

h are the concepts of a post's hashtags and of the descriptions of its pictures. The authors' script differs
from the paper: it learns without t (its data is "without_text"), uses means instead of inner products, and
stores a moment of Adam instead of u. The equations of the paper are followed. Early stopping replaces their
L1 penalty of .001.
"""

from __future__ import annotations

import hashlib
import itertools
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from brandfit import config as settings
from brandfit.data.dataset import Dataset
from brandfit.encoders.concept._pictured import PicturedConfig, PicturedEncoder
from brandfit.encoders.text._words import tokens
from brandfit.encoders.text.word2vec import Word2Vec, Word2VecConfig
from brandfit.errors import UsageError


class CosmicConfig(PicturedConfig, frozen=True):
    epochs: Annotated[int, Meta(description="passes over the pictures at most", ge=1)] = 25
    pixels: Annotated[
        int, Meta(description="side of the squares that pictures are scaled to", ge=24, le=512)
    ] = 224
    output: Annotated[
        Literal["concepts", "embedding"], Meta(description="shares of the concepts, or their mean vector")
    ] = "concepts"
    vector: Annotated[int, Meta(description="length of a concept's vector (d_u)", ge=1, le=4096)] = 100
    words: Annotated[int, Meta(description="length of a word's vector", ge=1, le=4096)] = 100
    min_count: Annotated[int, Meta(description="a word that occurs less often has no vector", ge=1)] = 5
    semantic: Annotated[
        bool,
        Meta(description="learn from the words of captions too; false: C-w/o-SI", extra=settings.ADDED),
    ] = True


class Cosmic(PicturedEncoder):
    """Shares of concepts in pictures, learned from text; see the module."""

    Config = CosmicConfig
    config: CosmicConfig

    def __init__(self, config: settings.Config | None = None) -> None:
        super().__init__(config)
        self._words = Word2Vec(
            Word2VecConfig(dim=self.config.words, min_count=self.config.min_count, seed=self.config.seed)
        )

    @property
    def size(self) -> int:
        return self.config.pixels

    @property
    def dim(self) -> int:
        return self.config.vector if self.config.output == "embedding" else len(self._learned_concepts)

    @property
    def columns(self) -> tuple[str, ...]:
        return () if self.config.output == "embedding" else super().columns

    @cached_property
    def concepts(self) -> np.ndarray:
        """(c, d_u) vectors u of the learned concepts, in the order of the columns."""
        return np.asarray(self.network.concepts.detach().cpu().numpy())

    @property
    def _text_key(self) -> str:  # type: ignore[override]
        return hashlib.sha256(self._words.weights.encode()).hexdigest() if self.config.semantic else ""

    def learn(self, dataset: Dataset) -> None:
        if self.config.semantic:
            self._words.learn(dataset)
        super().learn(dataset)
        self.__dict__.pop("concepts", None)

    def build_network(self) -> Any:
        from brandfit.encoders.concept import _vision

        return _vision.Cosmic(self.size, len(self._learned_concepts), self.config.vector)

    def targets(self, dataset: Dataset) -> np.ndarray:
        from brandfit.encoders.concept import _vision
        from brandfit.encoders.concept._taxonomy import built_in

        n_concepts = len(self._learned_concepts)
        if not self.config.semantic:
            return self._targets_without_text()
        try:
            texts, has_text = self._words.encode(dataset).values_of(self._posts)  # (n, words), (n,)
        except UsageError:  # too few words for Word2Vec: the targets are those of posts without text
            return self._targets_without_text()
        # A concept's vector is the mean over the words of its names; zeros if none is known.
        table = self._words.table
        concept_vectors = np.zeros((n_concepts, self.config.words), np.float32)
        for row, n in zip(concept_vectors, self._learned_concepts.tolist(), strict=True):
            words = itertools.chain.from_iterable(map(tokens, built_in().concepts[n].words))
            word_rows = [table.rows[word] for word in words if word in table.rows]
            if word_rows:
                row[:] = table.vectors[word_rows].mean(axis=0)
        return _vision.semantic(texts, has_text, concepts=concept_vectors, h=self._has_concept)

    def _targets_without_text(self) -> np.ndarray:
        """(n, c) softmax(h), as if no post had a text."""
        from brandfit.encoders.concept import _vision

        n_posts, n_concepts = self._has_concept.shape
        return _vision.semantic(
            np.zeros((n_posts, 1), np.float32),
            np.zeros(n_posts, bool),
            concepts=np.zeros((n_concepts, 1)),
            h=self._has_concept,
        )

    def loss(self, network: Any, batch: Any) -> Any:
        pictures, targets = batch
        return -(targets * network(pictures)).sum(dim=1).mean()

    def forward(self, network: Any, pictures: Any) -> Any:
        shares = network(pictures).float().exp()
        return shares @ network.concepts.float() if self.config.output == "embedding" else shares
