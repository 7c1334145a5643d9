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

h are the concepts of a post's hashtags and of the descriptions of its pictures; with ``labels=generator``,
those that ``concept.generator`` sees in its picture, so that posts without hashtags are learned from too. The
columns of z come with the vectors u, which the ranker ``camera`` can start from. ``concept.cosmic_attention``
has z' in place of z. The authors' script differs
from the paper: it learns without t (its data is "without_text"), uses means instead of inner products, and
stores a moment of Adam instead of u. The equations of the paper are followed. Early stopping replaces their
L1 penalty of .001.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from brandfit import config as settings
from brandfit.data.dataset import Dataset
from brandfit.encoders.concept._pictured import PicturedConfig, PicturedEncoder, picture_by_post
from brandfit.encoders.concept.generator import Generator, GeneratorConfig
from brandfit.encoders.text._words import tokens, training_posts
from brandfit.encoders.text.word2vec import Word2Vec, Word2VecConfig
from brandfit.errors import UsageError

CERTAIN = 0.5
"""Probability of ``concept.generator`` from which a post has a concept."""


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
    labels: Annotated[
        Literal["words", "generator"],
        Meta(
            description="concepts of a post (h): of hashtags and descriptions, or by concept.generator",
            extra=settings.ADDED,
        ),
    ] = "words"
    generator_epochs: Annotated[
        int, Meta(description="epochs of concept.generator at most", ge=1, extra=settings.ADDED)
    ] = GeneratorConfig().epochs
    generator_pixels: Annotated[
        int,
        Meta(
            description="side of the squares that concept.generator reads",
            ge=24,
            le=512,
            extra=settings.ADDED,
        ),
    ] = GeneratorConfig().pixels


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
        return self.config.vector if self.config.output == "embedding" else len(self.learned_concepts)

    @property
    def columns(self) -> tuple[str, ...]:
        return () if self.config.output == "embedding" else super().columns

    @cached_property
    def concepts(self) -> np.ndarray:
        """(c, d_u) vectors u of the learned concepts, in the order of the columns."""
        return np.asarray(self.network.concepts.detach().cpu().numpy())

    @property
    def column_vectors(self) -> np.ndarray | None:
        return self.concepts if self.config.output == "concepts" else None

    @property
    def _targets_key(self) -> str:  # type: ignore[override]
        key = hashlib.sha256(self._words.weights.encode()).hexdigest() if self.config.semantic else ""
        return f"{key} {self.generator.maker}" if self.generator is not None else key

    def learn(self, dataset: Dataset) -> None:
        if self.config.semantic:
            self._words.learn(dataset)
        if self.generator is None:
            super().learn(dataset)
        else:
            self._learn_by_generator(dataset, self.generator)
        self.__dict__.pop("concepts", None)

    @cached_property
    def generator(self) -> Generator | None:
        """The encoder that h comes from; None with ``labels=words``."""
        config = self.config
        if config.labels == "words":
            return None
        own = GeneratorConfig(
            epochs=config.generator_epochs,
            pixels=config.generator_pixels,
            at_least=config.at_least,
            learning_rate=config.learning_rate,
            batch_size=config.batch_size,
            patience=config.patience,
            device=config.device,
            seed=config.seed,
            taxonomy=config.taxonomy,
        )
        return Generator(own)

    def _learn_by_generator(self, dataset: Dataset, generator: Generator) -> None:
        """Learn the concepts of the generator, from every post with a picture."""
        generator.learn(dataset)
        generator.folder, generator.progress, generator.mapper = self.folder, self.progress, self.mapper
        # Every post with a picture counts, also those without hashtags and descriptions.
        self.learned_concepts = generator.learned_concepts
        rows = training_posts(dataset, False)
        hash_by_post = picture_by_post(rows)
        posts = np.array(sorted(hash_by_post), dtype=object)
        # The generator is trained on first use: until then h is not known.
        self._has_concept = np.zeros((len(posts), len(self.learned_concepts)), np.float32)
        self._set_posts(rows, posts, hash_by_post)

    def build_network(self) -> Any:
        from brandfit.encoders.concept import _vision

        return _vision.Cosmic(self.size, len(self.learned_concepts), self.config.vector)

    def targets(self, dataset: Dataset) -> np.ndarray:
        h = self._has_concept
        if self.generator is not None:
            h = self._generated(dataset, self.generator)
        texts = np.zeros((len(h), self.config.words), np.float32)
        has_text = np.zeros(len(h), bool)
        if self.config.semantic:
            # Too few words for Word2Vec: the targets are those of posts without text.
            with contextlib.suppress(UsageError):
                texts, has_text = self._words.encode(dataset, learn=False).values_of(self._posts)
        return self.attention(texts, has_text, h)

    def _generated(self, dataset: Dataset, generator: Generator) -> np.ndarray:
        """(n, c) h of ``self._posts`` by the generator; zeros for a picture that cannot be decoded."""
        h = np.zeros_like(self._has_concept)
        for start in range(0, len(h), self.batch_size):
            hashes = self._hashes[start : start + self.batch_size].tolist()
            pictures = list(self.mapper(lambda hash: generator.prepare(dataset, hash), hashes))
            decoded = [n for n, picture in enumerate(pictures) if picture is not None]
            if decoded:
                # (b, c) of the pictures that can be decoded
                probabilities = generator.encode_batch([pictures[n] for n in decoded])
                h[start + np.array(decoded)] = probabilities >= CERTAIN
        return h

    def attention(self, texts: np.ndarray, has_text: np.ndarray, h: np.ndarray) -> np.ndarray:
        """(n, c) z' of posts with vectors of their texts (n, words) and concepts h (n, c); NaN for a post
        without a concept."""
        from brandfit.encoders.concept import _vision

        vectors = self._word_vectors() if has_text.any() else np.zeros((h.shape[1], texts.shape[1]))
        result = _vision.semantic(texts, has_text, concepts=vectors, h=h)
        result[~h.any(axis=1)] = np.nan
        return result

    def _word_vectors(self) -> np.ndarray:
        """(c, words) l: the mean over the words of the names of a concept; zeros if none is known."""
        table = self._words.table
        vectors = np.zeros((len(self.learned_concepts), self.config.words), np.float32)
        for row, n in zip(vectors, self.learned_concepts.tolist(), strict=True):
            words = itertools.chain.from_iterable(map(tokens, self.taxonomy.concepts[n].words))
            word_rows = [table.rows[word] for word in words if word in table.rows]
            if word_rows:
                row[:] = table.vectors[word_rows].mean(axis=0)
        return vectors

    def loss(self, network: Any, batch: Any) -> Any:
        pictures, targets = batch
        return -(targets * network(pictures)).sum(dim=1).mean()

    def forward(self, network: Any, pictures: Any) -> Any:
        shares = network(pictures).float().exp()
        return shares @ network.concepts.float() if self.config.output == "embedding" else shares
