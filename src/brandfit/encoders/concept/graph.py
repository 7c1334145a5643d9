"""concept.graph: concepts by their co-occurrence: node2vec on the attribute co-occurrence graph (M-07, M-08,
B-04, B-05).

Two concepts have an edge if at least ``at_least`` posts have both (``cooccurrence``), or if they meet in a
pair of accounts (``pairs``): the ``top`` heaviest concepts of the one and of the other account
(``learning.attributes``). Weights are sqrt(count / 2). A row is the mean of the vectors of a post's concepts,
weighted as in ``concept.bag``, whose settings it has too.

The papers' vector of an account is sum_c w_c e_c / sum_c w_c over all its concepts (M-08, B-04). The mean of
the rows of posts is not: there a post with one concept counts as much as a post with ten. ``level=account``
gives the papers' vector, and accounts without posts get one from their profile. Such a row includes posts
that a split hides, and evaluations report it. ``concept.graph_morning`` and ``concept.graph_bamir`` are this
encoder with the settings of the papers.

Pairs of a brand and an influencer are the prediction target. So only those of an official training split are
used; without such a split none are, unless ``endorsements=all``. A protocol that holds out some of the
training split (``cv5``) then evaluates on pairs that the graph has seen, and its report says so. With
``pairs=mentions``, accounts that mention each other are pairs too, in each direction once: brand and brand,
influencer and influencer, brand and influencer; none with an account of the official test split.
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
from brandfit.data.arrow import column_lists
from brandfit.data.dataset import NO_PAIRS, Dataset
from brandfit.encoders.base import Units
from brandfit.encoders.concept.bag import Bag, BagConfig
from brandfit.encoders.text._words import training_posts
from brandfit.errors import UsageError
from brandfit.learning import attributes
from brandfit.learning.node2vec import Config as Node2VecConfig
from brandfit.learning.node2vec import node2vec
from brandfit.learning.pooling import account_vectors, represents_account


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
    level: Annotated[
        Literal["post", "account"],
        Meta(
            description="a row for each post, or the weighted mean over all concepts of an account",
            extra=settings.ADDED,
        ),
    ] = "post"
    cooccurrence: Annotated[
        Literal["posts", "hashtags", "none"],
        Meta(
            description="concepts that co-occur in a post: all of its row, those of its hashtags, or none",
            extra=settings.ADDED,
        ),
    ] = "posts"
    pairs: Annotated[
        Literal["endorsements", "mentions"],
        Meta(
            description="pairs of accounts: brands and partners; or also accounts that mention each other",
            extra=settings.ADDED,
        ),
    ] = "endorsements"


HASHTAGS = {"caption": 0.0, "alt_text": 0.0, "profile": 0.0, "parents": 0.0}
"""Settings of ``concept.bag`` for ``cooccurrence=hashtags``."""


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

    @property
    def level(self) -> Literal["post", "account"]:  # type: ignore[override]
        return self.config.level

    def learn(self, dataset: Dataset) -> None:
        super().learn(dataset)
        dataset = training_posts(dataset, False)
        counts = self._counts_in_posts(dataset)
        pairs = self._pairs(dataset)
        self._has_endorsements = len(pairs) > 0
        if len(pairs):
            first = self._top_concepts(dataset, pairs[:, 0])  # (p, concepts)
            second = self._top_concepts(dataset, pairs[:, 1])
            counts = counts + attributes.meetings(first, second, self.config.within)
        self._edges = attributes.edges(sparse.csr_matrix(counts))
        self.__dict__.pop("vectors", None)

    def _bag(self, **changes: Any) -> Bag:
        """``concept.bag`` with the settings of this encoder and what it has learned."""
        settings_of_bag = {name: getattr(self.config, name) for name in BagConfig.__struct_fields__}
        return Bag(BagConfig(**{**settings_of_bag, **changes})).learned_like(self)

    def _counts_in_posts(self, dataset: Dataset) -> sparse.csr_matrix:
        """(concepts, concepts) number of posts with both of two concepts, where it is ``at_least``."""
        rows = [sparse.csr_matrix((0, len(self.taxonomy)))]
        if self.config.cooccurrence != "none":
            bag = self._bag(**(HASHTAGS if self.config.cooccurrence == "hashtags" else {}))
            units = bag.units(dataset)
            # (posts, concepts) 0 and 1, in sparse blocks because the dense matrix may exceed the memory
            for start in range(0, len(units.ids), self.batch_size):
                block = bag.encode_batch(units.contents[start : start + self.batch_size])
                rows.append(sparse.csr_matrix(np.nan_to_num(block) > 0, dtype=np.float64))
        return attributes.together(sparse.vstack(rows), self.config.at_least)

    def _top_concepts(self, dataset: Dataset, accounts: np.ndarray) -> sparse.csr_matrix:
        """(n, concepts) the heaviest concepts of accounts (n,), which may repeat."""
        distinct, row = np.unique(accounts, return_inverse=True)
        bag = self._bag()
        if self.config.level == "account":
            # Also concepts of the profiles of accounts without posts.
            contents = self._account_contents(dataset)
            values = np.zeros((len(distinct), len(self.taxonomy)), np.float32)
            for number, account in enumerate(distinct.tolist()):
                if account in contents:
                    values[number] = np.nan_to_num(bag.encode_batch(contents[account])).sum(axis=0)
        else:
            with_concepts = dataset.with_slots({"concept": bag.encode(dataset, learn=False)})
            values = account_vectors(with_concepts, "concept", accounts=distinct).values
        return attributes.lists(values, self.config.top)[row]

    def _pairs(self, dataset: Dataset) -> np.ndarray:
        """(p, 2) pairs of accounts to learn from, brands first in pairs of a brand and an influencer that
        works with it."""
        derived = endorsements.derive(dataset)
        pairs = derived.endorsements if self.config.endorsements != "none" else NO_PAIRS
        if self.config.endorsements == "training":
            pairs = pairs[derived.account_values("split", pairs[:, 0]) == "train"]
        if self.config.pairs == "endorsements":
            return pairs
        mentions = self._mentions(derived)
        stated = {frozenset(pair) for pair in mentions.tolist()}
        unstated = np.array([frozenset(pair) not in stated for pair in pairs.tolist()], bool)  # (p,)
        return np.concatenate([pairs[unstated], mentions])

    def _mentions(self, dataset: Dataset) -> np.ndarray:
        """(m, 2) distinct accounts and the accounts that they mention, of brands and influencers.

        None of the official test split; a brand and an influencer only as ``endorsements`` allows.
        """
        links = dataset.links_of_kinds("mentions").select(["source", "target"])
        distinct = {(one, other) for one, other in zip(*column_lists(links), strict=True) if one != other}
        pairs = np.array(sorted(distinct), dtype=object).reshape(-1, 2)
        is_known = np.isin(pairs, np.concatenate([dataset.brands, dataset.influencers]))  # (m, 2)
        pairs = pairs[is_known.all(axis=1)]
        is_brand = np.isin(pairs, dataset.brands)  # (m, 2)
        split = np.stack([dataset.account_values("split", pairs[:, n]) for n in (0, 1)], axis=1)
        is_target = is_brand.sum(axis=1) == 1  # (m,) a brand and an influencer
        if self.config.endorsements == "all":
            return pairs
        if self.config.endorsements == "none":
            is_allowed = np.zeros(len(pairs), bool)
        else:
            is_allowed = (is_brand & (split == "train")).any(axis=1)
        return pairs[(split != "test").all(axis=1) & (~is_target | is_allowed)]

    def units(self, dataset: Dataset) -> Units:
        """Those of ``concept.bag``; with ``level=account`` a unit holds all of an account."""
        if self.config.level == "post":
            return super().units(dataset)
        contents = self._account_contents(dataset)
        return Units(list(contents), list(contents.values()))

    def _account_contents(self, dataset: Dataset) -> dict[str, list[Any]]:
        """Brand or influencer to the contents of its posts as in ``concept.bag``; an account without posts
        has one content with its profile."""
        units = super().units(dataset)
        posts = column_lists(dataset.posts.filter(represents_account(dataset)), ("id", "account"))
        account_by_post = dict(zip(*posts, strict=True))
        contents: dict[str, list[Any]] = {}
        # Sorted, so that the content of an account does not depend on the order of rows.
        for id, content in sorted(zip(units.ids, units.contents, strict=True), key=lambda unit: unit[0]):
            if id in account_by_post:
                contents.setdefault(account_by_post[id], []).append(content)
        for row in dataset.accounts.select(["id", "role", "biography", "business_category"]).to_pylist():
            about = " . ".join(filter(None, (row["biography"], row["business_category"])))
            if about and row["role"] != "audience":
                contents.setdefault(row["id"], [["", [], [], about, 1]])
        return contents

    @cached_property
    def vectors(self) -> np.ndarray:
        """(concepts, dim) node2vec vectors, learned on first use; zeros for a concept without edges."""
        if not len(self._edges[0]):
            raise UsageError(
                f"{self.name} has nothing to learn from: {self._lacking()}.",
                "Import more posts, or lower at_least; concept.bag needs none.",
            )
        config = Node2VecConfig(dim=self.config.dim, walks=self.config.walks, epochs=self.config.epochs)
        return node2vec(
            self._edges, len(self.taxonomy), config=config, seed=self.config.seed, progress=self.progress
        )

    def _lacking(self) -> str:
        """Why the graph has no edge."""
        if self.config.cooccurrence != "none":
            return f"no two concepts co-occur in {self.config.at_least} posts"
        if self.config.endorsements == "training":
            return (
                "no pair of accounts of an official training split has concepts (endorsements=all: any pair)"
            )
        return "no pair of accounts has concepts"

    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        if self.config.level == "post":
            weights = np.nan_to_num(super().encode_batch(batch))  # (n, concepts)
        else:
            weights = np.zeros((len(batch), len(self.taxonomy)), np.float32)
            for row, contents in zip(weights, batch, strict=True):
                row += np.nan_to_num(super().encode_batch(contents)).sum(axis=0)
        weights = weights * self.vectors.any(axis=1)  # a concept without a vector does not count
        total = weights.sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: such a row is left out
            return np.asarray(weights @ self.vectors / total, np.float32)
