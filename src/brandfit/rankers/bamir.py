"""BAMIR: brand-aware ranking from the content of both sides and from the graph of their concepts (B-06 to
B-10).

    content = text MLP(x_t) o picture MLP(x_p)            19-128-512 and 1,365-1,024-1,024-1,024-512
    node    = MLP(mean of the node2vec vectors of the account's concepts)          128-1,024-512
    F(b, m) = <content_b, content_m> + <node_b, node_m>
    L       = sum of triplet(content, margin 4) + triplet(node, margin 2) + mean CE of softmax(F(b, +), F(b,
            -)) + l1 |weights|

The inputs of the notebooks are made by ``text.lda`` with topics=19 (``text``), ``image.objects_scenes``
(``picture``) and ``concept.graph_bamir`` (``graph``); other encoders of these slots, and the released
vectors, work too. Every positive pair comes ``rounds`` times an epoch with three random negatives and one of
the brand's own category, all four in the same step: the pair goes through the network once. LeakyReLU but
after the last layer, dropout of a half after the first layer of words and pictures, weights from N(0, .1),
Adam at .002, times .95 an epoch, batches of 32, at most 100 epochs.

Source: the notebooks and README of "Brand-Aware Micro-Influencer Ranking"; no paper is available.

Differences from the paper, of which only notebooks are available:

* Negatives are drawn again every epoch; theirs were drawn once.
* Training stops early on held-out training brands, and the best weights are used; they report epoch 40 of
  100, chosen by hand.
* Their AUC pools all brands; here it is a mean over brands, as everywhere.
* A slot that a pair lacks is left out of the product for this pair.
* Their topics and pictures are shares that add up to one. Longer embeddings in these slots are scaled to
  length one, because weights from N(0, .1) suit shares. Pictures of ``image.objects_scenes`` are divided by
  the sums of their objects and scenes (M-02); those of ``image.resnet`` alone with ``pictures=shares``. The
  notebooks take the softmax of a sum of raw scores, which gives an account with many posts a single class.

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
from brandfit.learning.pooling import Sides, Vectors
from brandfit.learning.samplers import Triplets, triplets
from brandfit.rankers._neural import Embedder, NetworkConfig, TripletRanker
from brandfit.rankers._share_inputs import Pictures, share_inputs

if TYPE_CHECKING:
    from torch import Tensor, nn

MARGINS = {"content": 4.0, "graph": 2.0}


class BamirConfig(NetworkConfig, frozen=True):
    rounds: Annotated[int, Meta(description="times that every positive pair is drawn in an epoch", ge=1)] = 5
    random: Annotated[int, Meta(description="random negatives a draw", ge=0)] = 3
    hard: Annotated[int, Meta(description="negatives of the brand's own category a draw", ge=0)] = 1
    pictures: Pictures = "auto"

    def __post_init__(self) -> None:
        if not self.random + self.hard:
            raise ConfigError(
                "random and hard are both 0: a pair has no negatives.",
                "Set one of them to 1 or more.",
            )


class Bamir(TripletRanker):
    """Topics, pictures and concept graph in two products; see the module."""

    Config = BamirConfig
    config: BamirConfig
    slots = ("text", "picture", "graph")
    part_names = ("content",)

    @property
    def n_consecutive(self) -> int:
        """A positive pair and its negatives of a draw."""
        return self.config.random + self.config.hard

    def __init__(self, config: BamirConfig | None = None, seed: int = 0) -> None:
        super().__init__(config, seed)
        self._categories: Sides[np.ndarray] | None = None

    def build_network(self, dims: dict[str, int]) -> nn.Module:
        from brandfit.rankers._bamir_net import BamirNet

        return BamirNet(dims, self.config.dropout, self.config.width)

    def slot_vectors(
        self, dataset: Dataset, slot: str, *, brands: np.ndarray, influencers: np.ndarray
    ) -> Sides[Vectors]:
        vectors = super().slot_vectors(dataset, slot, brands=brands, influencers=influencers)
        return share_inputs(dataset, slot, vectors=vectors, pictures=self.config.pictures)

    def prepare_metadata(self, dataset: Dataset, pairs: Pairs) -> dict[str, Any]:
        self._categories = categories_of(dataset, pairs).numbers
        return {}

    def sample(self, pairs: np.ndarray, candidates: np.ndarray, rng: np.random.Generator) -> Triplets:
        config = self.config

        def one_round() -> Triplets:
            return triplets(
                pairs,
                candidates,
                rng=rng,
                random=config.random,
                hard=config.hard,
                categories=self._categories,
            )

        rounds = [one_round() for _ in range(config.rounds)]
        return Triplets(*map(np.concatenate, zip(*rounds, strict=True)))

    def loss(self, embedder: Embedder, batch: Triplets) -> Tensor:
        positive, negative = embedder.triplet_scores(batch)
        # ``triplet`` is a mean; times the number of triplets it is the sum that BAMIR uses.
        hinges = [
            triplet(positive[part], negative[part], MARGINS[part]) * len(positive[part]) for part in positive
        ]
        return sum(hinges, pairwise(sum(positive.values()), sum(negative.values())))  # type: ignore[arg-type]
