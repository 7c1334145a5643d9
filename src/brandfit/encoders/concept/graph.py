"""concept.graph: concepts by their co-occurrence: node2vec on the attribute co-occurrence graph (M-07, M-08,
B-04, B-05).

Two concepts have an edge if at least ``at_least`` posts have both, or if they meet in an endorsing pair: the
``top`` heaviest concepts of the brand and of the influencer (``learning.attributes``). Weights are
sqrt(count / 2). A row is the mean of the vectors of a post's concepts, weighted as in ``concept.bag``, whose
settings it has too.

Endorsements are the prediction target. So only those of an official training split are used; without such a
split none are, unless ``endorsements=all``. A protocol that holds out some of the training split (``cv5``)
then evaluates on pairs that the graph has seen, and its report says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta
from scipy import sparse

from brandfit import config as settings
from brandfit.data import endorsements
from brandfit.data.dataset import Dataset
from brandfit.encoders.concept.bag import Bag, BagConfig
from brandfit.encoders.text._words import training_posts
from brandfit.errors import UsageError
from brandfit.learning import attributes
from brandfit.learning.node2vec import Config as Node2VecConfig
from brandfit.learning.node2vec import node2vec
from brandfit.learning.pooling import account_vectors


class GraphConfig(BagConfig, frozen=True):
    dim: Annotated[int, Meta(description="length of a concept's vector", ge=1, le=4096)] = 128
    at_least: Annotated[int, Meta(description="posts that must have both of two concepts", ge=1)] = 8
    top: Annotated[
        int,
        Meta(description="heaviest concepts of an account that count in an endorsing pair", ge=1),
    ] = 10
    within: Annotated[
        bool,
        Meta(description="count two concepts of the same account too (MORNING), not only across (BAMIR)"),
    ] = True
    endorsements: Annotated[
        Literal["training", "none", "all"],
        Meta(description="which are learned from; all: also those that an evaluation holds out"),
    ] = "training"
    walks: Annotated[int, Meta(description="random walks from each concept", ge=1)] = 10
    epochs: Annotated[int, Meta(description="passes over the walks", ge=1)] = 5
    seed: Annotated[int, Meta(description="of walks and vectors")] = 0


class Graph(Bag):
    """Mean vectors of the concepts of posts; see the module."""

    Config = GraphConfig
    config: GraphConfig
    slot = "graph"

    def __init__(self, config: settings.Config | None = None) -> None:
        super().__init__(config)
        self._edges: attributes.Edges = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        self._has_endorsements = False
        """Whether ``learn`` found endorsements to learn from."""

    @property
    def dim(self) -> int:
        return self.config.dim

    @property
    def columns(self) -> tuple[str, ...]:
        return ()

    @property
    def weights(self) -> str:
        """Fingerprint of the concepts and of the edges."""
        digest = hashlib.sha256(super().weights.encode())
        for column in self._edges:
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()

    @property
    def stateless(self) -> bool:
        return False

    @property
    def learned_from(self) -> tuple[str, ...]:
        if not self._has_endorsements:
            return super().learned_from
        return (
            *super().learned_from,
            "all endorsements" if self.config.endorsements == "all" else "endorsements",
        )

    def learn(self, dataset: Dataset) -> None:
        super().learn(dataset)
        dataset = training_posts(dataset, False)
        settings_of_bag = {name: getattr(self.config, name) for name in BagConfig.__struct_fields__}
        bag = Bag(BagConfig(**settings_of_bag))
        bag._related_tags = self._related_tags
        units = bag.units(dataset)
        # (posts, concepts) 0 and 1, in sparse blocks because the dense matrix may exceed the memory
        rows = []
        for start in range(0, len(units.ids), self.batch_size):
            has_concept = np.nan_to_num(bag.encode_batch(units.contents[start : start + self.batch_size])) > 0
            rows.append(sparse.csr_matrix(has_concept, dtype=np.float64))
        rows.append(sparse.csr_matrix((0, len(self.taxonomy))))
        counts = attributes.together(sparse.vstack(rows), self.config.at_least)
        pairs = self._pairs(dataset)
        self._has_endorsements = len(pairs) > 0
        if len(pairs):
            with_concepts = dataset.with_slots({"concept": bag.encode(dataset)})
            brands = self._top_concepts(with_concepts, pairs[:, 0])  # (p, concepts)
            influencers = self._top_concepts(with_concepts, pairs[:, 1])
            counts = counts + attributes.meetings(brands, influencers, self.config.within)
        self._edges = attributes.edges(sparse.csr_matrix(counts))
        self.__dict__.pop("vectors", None)

    def _top_concepts(self, dataset: Dataset, accounts: np.ndarray) -> sparse.csr_matrix:
        """(n, concepts) the heaviest concepts of accounts (n,), which may repeat."""
        distinct, row = np.unique(accounts, return_inverse=True)
        values = account_vectors(dataset, "concept", accounts=distinct).values
        return attributes.lists(values, self.config.top)[row]

    def _pairs(self, dataset: Dataset) -> np.ndarray:
        """(p, 2) brands and influencers to learn from."""
        if self.config.endorsements == "none":
            return np.zeros((0, 2), object)
        derived = endorsements.derive(dataset)
        pairs = derived.endorsements
        if self.config.endorsements == "all" or not len(pairs):
            return pairs
        return pairs[derived.account_values("split", pairs[:, 0]) == "train"]

    @cached_property
    def vectors(self) -> np.ndarray:
        """(concepts, dim) node2vec vectors, learned on first use; zeros for a concept without edges."""
        if not len(self._edges[0]):
            raise UsageError(
                "concept.graph has nothing to learn from: no two concepts co-occur in "
                f"{self.config.at_least} posts.",
                "Import more posts, or lower at_least; concept.bag needs none.",
            )
        config = Node2VecConfig(dim=self.config.dim, walks=self.config.walks, epochs=self.config.epochs)
        return node2vec(
            self._edges, len(self.taxonomy), config=config, seed=self.config.seed, progress=self.progress
        )

    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        # (n, concepts); a concept without a vector does not count
        weights = np.nan_to_num(super().encode_batch(batch)) * self.vectors.any(axis=1)
        total = weights.sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: such a post is left out
            return np.asarray(weights @ self.vectors / total, np.float32)
