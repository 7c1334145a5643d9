"""concept.graph: concepts by the company they keep: node2vec on the attribute co-occurrence graph (M-07,
M-08, B-04, B-05).

Two concepts are joined where posts have both in at least ``at_least`` cases, and where they meet in a pair
that works together: the ``top`` heaviest concepts of the brand and of the influencer
(``learning.attributes``). Weights are sqrt(count / 2). A row is the mean of the vectors of a post's concepts,
each weighed as in ``concept.bag``; it has all of that encoder's settings too.

Endorsements are what is to be predicted. So only those of an official training split are learned from; where
the data has no such split, none are, unless ``endorsements=all`` says so. A protocol that asks for some of
them (``cv5`` asks for those of the training split) then judges what the graph has seen, and its report says
so.
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
        Meta(
            description="heaviest concepts of an account that count where a brand meets an influencer", ge=1
        ),
    ] = 10
    within: Annotated[
        bool,
        Meta(description="count two concepts of the same account too (MORNING), not only across (BAMIR)"),
    ] = True
    endorsements: Annotated[
        Literal["training", "none", "all"],
        Meta(description="which are learned from; all: what is judged has been seen"),
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
        self._taught = False
        """Whether there were endorsements to learn from."""

    @property
    def dim(self) -> int:
        return self.config.dim

    @property
    def columns(self) -> tuple[str, ...]:
        return ()

    @property
    def weights(self) -> str:
        """Of the concepts and of the graph."""
        digest = hashlib.sha256(super().weights.encode())
        for column in self._edges:
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()

    @property
    def stateless(self) -> bool:
        return False

    @property
    def learned_from(self) -> tuple[str, ...]:
        if not self._taught:
            return super().learned_from
        return (
            *super().learned_from,
            "all endorsements" if self.config.endorsements == "all" else "endorsements",
        )

    def learn(self, dataset: Dataset) -> None:
        super().learn(dataset)
        dataset = training_posts(dataset, False)
        bag = Bag(BagConfig(**{name: getattr(self.config, name) for name in BagConfig.__struct_fields__}))
        bag._company = self._company
        units = bag.units(dataset)
        found = [units.contents[i : i + self.batch_size] for i in range(0, len(units.ids), self.batch_size)]
        rows = [
            sparse.csr_matrix(np.nan_to_num(bag.encode_batch(part)) > 0, dtype=np.float64) for part in found
        ]
        rows.append(sparse.csr_matrix((0, len(self.taxonomy))))
        counts = attributes.together(sparse.vstack(rows), self.config.at_least)
        pairs = self._pairs(dataset)
        self._taught = len(pairs) > 0
        if len(pairs):
            seen = dataset.with_slots({"concept": bag.encode(dataset)})
            brands, influencers = (self._lists(seen, pairs[:, side]) for side in (0, 1))
            counts = counts + attributes.meetings(brands, influencers, self.config.within)
        self._edges = attributes.edges(sparse.csr_matrix(counts))
        self.__dict__.pop("vectors", None)

    def _lists(self, dataset: Dataset, accounts: np.ndarray) -> sparse.csr_matrix:
        distinct, at = np.unique(accounts, return_inverse=True)
        return attributes.lists(
            account_vectors(dataset, "concept", accounts=distinct).values, self.config.top
        )[at]

    def _pairs(self, dataset: Dataset) -> np.ndarray:
        """(p, 2) brands and influencers to learn from."""
        if self.config.endorsements == "none":
            return np.zeros((0, 2), object)
        found = endorsements.derive(dataset)
        pairs = found.endorsements
        if self.config.endorsements == "all" or not len(pairs):
            return pairs
        return pairs[found.account_values("split", pairs[:, 0]) == "train"]

    @cached_property
    def vectors(self) -> np.ndarray:
        """(concepts, dim) of node2vec, learned when they are first asked for; zeros for a concept without
        company."""
        if not len(self._edges[0]):
            raise UsageError(
                "concept.graph has nothing to learn from: no two concepts are together in "
                f"{self.config.at_least} posts.",
                "Import more posts, or lower at_least; concept.bag needs none.",
            )
        wanted = Node2VecConfig(dim=self.config.dim, walks=self.config.walks, epochs=self.config.epochs)
        return node2vec(
            self._edges, len(self.taxonomy), config=wanted, seed=self.config.seed, progress=self.progress
        )

    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        weights = np.nan_to_num(super().encode_batch(batch)) * self.vectors.any(axis=1)
        total = weights.sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            return np.asarray(weights @ self.vectors / total, np.float32)
