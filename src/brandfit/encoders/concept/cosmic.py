"""concept.cosmic: concepts and pictures in one space, taught by words (COSMIC of CAMERA, Wang et al. 2021,
III-B; C-04).

    v_2 = leaky_relu(W v_1 + b)                    v_1 by a CNN of five layers from a picture           (Eq.
                                                   2)
    z   = softmax(v_2 . u_1, ..., v_2 . u_n)       what the picture shows                               (Eq.
                                                   3)
    z'  = softmax([t . l_1, ..., t . l_n] o h)     what the words say: t and l by Word2Vec; softmax(h) without
        text
    L   = - sum of z'_i log z_i                    (Eq. 4)

From words to pictures: z' teaches u and the CNN. From pictures to words: z is then known of a picture that
nobody describes, and is what the columns are. ``output=embedding`` gives z . u, 100 numbers, instead;
``concepts`` are the vectors u.

h are the concepts of a post's hashtags and of the descriptions of its pictures. The authors' script learns
without t (its data is "without_text"), with means in the place of inner products, and stores a moment of Adam
in the place of u; the paper's equations are followed. Early stopping stands in the place of their L1 penalty
of .001.
"""

from __future__ import annotations

import hashlib
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
        int, Meta(description="side of the squares that pictures are seen as", ge=24, le=512)
    ] = 224
    output: Annotated[
        Literal["concepts", "embedding"], Meta(description="shares of the concepts, or their mean vector")
    ] = "concepts"
    vector: Annotated[int, Meta(description="length of a concept's vector (d_u)", ge=1, le=4096)] = 100
    words: Annotated[int, Meta(description="length of a word's vector", ge=1, le=4096)] = 100
    min_count: Annotated[int, Meta(description="a word that occurs less often has no vector", ge=1)] = 5


class Cosmic(PicturedEncoder):
    """Shares of concepts in pictures, taught by words; see the module."""

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
        return self.config.vector if self.config.output == "embedding" else len(self._known)

    @property
    def columns(self) -> tuple[str, ...]:
        return () if self.config.output == "embedding" else super().columns

    @cached_property
    def concepts(self) -> np.ndarray:
        """(c, d_u) the vectors u of the concepts that were learned, in the order of the columns."""
        return np.asarray(self.network.concepts.detach().cpu().numpy())

    @property
    def _text_key(self) -> str:  # type: ignore[override]
        return hashlib.sha256(self._words.weights.encode()).hexdigest()

    def learn(self, dataset: Dataset) -> None:
        self._words.learn(dataset)
        super().learn(dataset)
        self.__dict__.pop("concepts", None)

    def build_network(self) -> Any:
        from brandfit.encoders.concept import _vision

        return _vision.Cosmic(self.size, len(self._known), self.config.vector)

    def targets(self, dataset: Dataset) -> np.ndarray:
        from brandfit.encoders.concept import _vision
        from brandfit.encoders.concept._taxonomy import built_in

        try:
            texts, has_text = self._words.encode(dataset).values_of(self._posts)
        except UsageError:  # too few words to learn from: h alone teaches
            texts, has_text = np.zeros((len(self._posts), 1), np.float32), np.zeros(len(self._posts), bool)
            return _vision.semantic(texts, has_text, concepts=np.zeros((len(self._known), 1)), h=self._h)
        table, dim = self._words.table, self.config.words
        named = np.zeros((len(self._known), dim), np.float32)
        for row, n in zip(named, self._known.tolist(), strict=True):
            if known := [
                table.rows[w]
                for name in built_in().concepts[n].words
                for w in tokens(name)
                if w in table.rows
            ]:
                row[:] = table.vectors[known].mean(axis=0)
        return _vision.semantic(texts, has_text, concepts=named, h=self._h)

    def loss(self, network: Any, batch: Any) -> Any:
        pictures, targets = batch
        return -(targets * network(pictures)).sum(dim=1).mean()

    def forward(self, network: Any, pictures: Any) -> Any:
        shares = network(pictures).float().exp()
        return shares @ network.concepts.float() if self.config.output == "embedding" else shares
