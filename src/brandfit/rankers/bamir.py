"""BAMIR: brand-aware ranking from what both sides post and from the concepts that they stand for (B-06 to
B-10).

    content = text MLP(x_t) o picture MLP(x_p)            19-128-512 and 1,365-1,024-1,024-1,024-512
    node    = MLP(mean of the node2vec vectors of the account's concepts)          128-1,024-512
    F(b, m) = <content_b, content_m> + <node_b, node_m>
    L       = sum of triplet(content, margin 4) + triplet(node, margin 2) + mean CE of softmax(F(b, +), F(b,
            -)) + l1 |weights|

Topics fill ``text``, object and scene proportions ``picture``, ``concept.graph`` (or the released vectors)
``graph``. Every positive pair comes ``rounds`` times an epoch with three random negatives and one of the
brand's own category, all four in the same step: the pair goes through the network once. LeakyReLU but after
the last layer, dropout of a half after the first layer of words and pictures, weights from N(0, .1), Adam at
.002, times .95 an epoch, batches of 32, at most 100 epochs.

Source: the notebooks and README of "Brand-Aware Micro-Influencer Ranking"; there is no paper within reach.
What differs from them:

* Negatives are drawn anew every epoch; theirs were drawn once.
* Training stops early on held-out training brands and the best weights are kept; they report epoch 40 of 100,
  chosen by hand.
* Their AUC pools all brands; here it is a mean over brands, as everywhere.
* A slot that a pair lacks is left out of the product for that pair.
* Their topics and pictures are shares that add up to one. Embeddings that fill these slots are brought to
  length one where they are longer: weights from N(0, .1) are made for shares.

Expected: the authors' notebook has, over its 74 test brands, AUC .820, cAUC .658, R@10 .159, R@50 .435, MRR
.461, MAP .186. On released topics and concept vectors without pictures, 5 folds over 286 brands: see
experiments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from msgspec import Meta

from brandfit.data.dataset import Dataset
from brandfit.errors import ConfigError
from brandfit.learning.losses import pairwise, triplet
from brandfit.learning.pairs import Pairs, categories_of
from brandfit.learning.pooling import Vectors
from brandfit.learning.samplers import Triplets, triplets
from brandfit.learning.similarity import bounded
from brandfit.rankers._neural import Embed, NetworkConfig, TripletRanker

if TYPE_CHECKING:
    from torch import Tensor, nn

MARGINS = {"content": 4.0, "graph": 2.0}


class BamirConfig(NetworkConfig, frozen=True):
    rounds: Annotated[int, Meta(description="times that every positive pair is drawn in an epoch", ge=1)] = 5
    random: Annotated[int, Meta(description="random negatives a draw", ge=0)] = 3
    hard: Annotated[int, Meta(description="negatives of the brand's own category a draw", ge=0)] = 1

    def __post_init__(self) -> None:
        if not self.random + self.hard:
            raise ConfigError(
                "random and hard are both 0: a pair has nothing to be told from.",
                "Set one of them to 1 or more.",
            )


class Bamir(TripletRanker):
    """Topics, pictures and concept graph in two products; see the module."""

    Config = BamirConfig
    config: BamirConfig
    slots = ("text", "picture", "graph")
    part_names = ("content",)

    @property
    def together(self) -> int:
        """A positive pair and its negatives of a draw."""
        return self.config.random + self.config.hard

    def __init__(self, config: BamirConfig | None = None, seed: int = 0) -> None:
        super().__init__(config, seed)
        self._groups: tuple[np.ndarray, np.ndarray] | None = None

    def build_network(self, dims: dict[str, int]) -> nn.Module:
        from brandfit.rankers._bamir_net import BamirNet

        return BamirNet(dims, self.config.dropout, self.config.width)

    def values(
        self, dataset: Dataset, slot: str, *, brands: np.ndarray, influencers: np.ndarray
    ) -> tuple[Vectors, Vectors]:
        left, right = super().values(dataset, slot, brands=brands, influencers=influencers)
        return (left, right) if slot == "graph" else (bounded(left), bounded(right))

    def prepare_metadata(self, dataset: Dataset, pairs: Pairs) -> dict[str, Any]:
        self._groups = categories_of(dataset, pairs).numbers
        return {}

    def sample(self, pairs: np.ndarray, candidates: np.ndarray, rng: np.random.Generator) -> Triplets:
        config = self.config
        drawn = [
            triplets(pairs, candidates, rng=rng, random=config.random, hard=config.hard, groups=self._groups)
            for _ in range(config.rounds)
        ]
        return Triplets(*map(np.concatenate, zip(*drawn, strict=True)))

    def loss(self, embed: Embed, batch: Triplets) -> Tensor:
        positive, negative = embed.both(batch)
        hinges = [
            triplet(positive[part], negative[part], MARGINS[part]) * len(positive[part]) for part in positive
        ]  # their sum
        return sum(hinges, pairwise(sum(positive.values()), sum(negative.values())))  # type: ignore[arg-type]
