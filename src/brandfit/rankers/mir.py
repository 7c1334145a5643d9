"""MIR: low-rank bilinear fusion of words and pictures, learned listwise from k buckets (R-01 to R-05).

    e = P(text) o Q(picture)        text d-300-512, picture d-4,096-512
    score = <e_b, e_i>
    L = - sum of q_j log p_j,  p = softmax(score),  q = softmax(grade)      ListNet over k candidates

A list holds one candidate of each of k buckets: the brand's partners sorted by how well their campaign posts
did (the engagement of the endorsement, its ``weight``; a label of training pairs, never read when scoring) in
k - 1 buckets, and all others (``learning.samplers.buckets``). Vectors are means over posts (history pooling
"ap"; ``pooling=weighted`` is "wap"). SGD at .001, batches of 64, at most 30 epochs, dropout of a half.

T. Gan, S. Wang, M. Liu, X. Song, Y. Yao, L. Nie: Seeking Micro-influencers for Brand Promotion. ACM
Multimedia 2019. Known from its figures, README and published code; what differs:

* The code gives each side weights of its own (``sides=own``). Few pairs teach them little; here both sides
  share them.
* The code takes the mean of the product as score (R2): the same order, gradients 512 times smaller. Here it
  is the inner product.
* Grades are the number of the bucket, k - 1 for the best down to 0: the paper's competence scores are not
  public. A partner of whose campaign no engagement is known stands in the middle of those of whom it is.
* Their local response normalisation of VGG maps is left out: vectors of every slot are set to length one
  instead.
* The penalty of the weights, .001 in the code of all variants but k = 4, is 0 unless ``l1`` says otherwise.
* Weights start from N(0, .1). Training stops early on held-out training brands; at the paper's step of SGD it
  seldom does before its last epoch.

``fusion`` text, picture and concat are the paper's variants MIR t-only, v-only and MIR-concat.

Expected: the paper's Table 1 has AUC .849, cAUC .675, R@10 .135, R@50 .428, MedR 6 for k = 4 on its text and
picture features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from brandfit.data.dataset import Dataset
from brandfit.learning.engagement import campaign_rates
from brandfit.learning.losses import listwise
from brandfit.learning.pairs import Pairs
from brandfit.learning.pooling import Vectors, account_vectors, brand_vectors
from brandfit.learning.samplers import Lists, buckets
from brandfit.learning.similarity import unit
from brandfit.rankers._neural import Embed, NetworkConfig, NetworkRanker

if TYPE_CHECKING:
    from torch import Tensor, nn

LEFT_OUT = {"text": "picture", "picture": "text"}


class MirConfig(NetworkConfig, frozen=True):
    k: Annotated[int, Meta(description="buckets, and candidates in a list", ge=2, le=20)] = 4
    fusion: Annotated[
        Literal["product", "concat", "text", "picture"],
        Meta(description="how words and pictures come together, or which is used alone"),
    ] = "product"
    pooling: Annotated[
        Literal["average", "weighted"],
        Meta(description="mean over posts; weighted: those with more likes and comments weigh more"),
    ] = "average"
    sides: Annotated[
        Literal["shared", "own"],
        Meta(description="whether brands and influencers share the weights; own: the authors' code"),
    ] = "shared"
    optimiser: Annotated[Literal["sgd", "adam"], Meta(description="sgd is the paper's")] = "sgd"
    epochs: Annotated[int, Meta(description="epochs at most", ge=0, le=100_000)] = 30
    learning_rate: Annotated[float, Meta(description="step size", gt=0)] = 0.001
    decay: Annotated[
        float, Meta(description="what the step size is multiplied by after an epoch", gt=0, le=1)
    ] = 1.0
    batch_size: Annotated[int, Meta(description="lists a step", ge=1)] = 64
    l1: Annotated[float, Meta(description="weight of the sum of absolute weights in the loss", ge=0)] = 0.0


class Mir(NetworkRanker):
    """k-buckets listwise; see the module."""

    Config = MirConfig
    config: MirConfig
    slots = ("text", "picture")
    part_names = ("content",)

    def __init__(self, config: MirConfig | None = None, seed: int = 0) -> None:
        super().__init__(config, seed)
        self._grade: dict[tuple[int, int], float] = {}
        self._middle = 0.0

    def build_network(self, dims: dict[str, int]) -> nn.Module:
        from brandfit.rankers._mir_net import MirNet

        return MirNet(
            dims,
            self.config.fusion,
            sides=self.config.sides,
            dropout=self.config.dropout,
            width=self.config.width,
        )

    def optimiser(self, network: nn.Module) -> Any:
        import torch

        if self.config.optimiser == "sgd":
            return torch.optim.SGD(network.parameters(), lr=self.config.learning_rate)
        return super().optimiser(network)

    def values(
        self, dataset: Dataset, slot: str, *, brands: np.ndarray, influencers: np.ndarray
    ) -> tuple[Vectors, Vectors]:
        weighted = self.config.pooling == "weighted"
        left, right = (
            brand_vectors(dataset, slot, brands=brands, weighted=weighted),
            account_vectors(dataset, slot, accounts=influencers, weighted=weighted),
        )
        return unit(left), unit(right)

    def prepare_metadata(self, dataset: Dataset, pairs: Pairs) -> dict[str, Any]:
        rates = campaign_rates(dataset)
        named = ((b, i, (pairs.brands[b], pairs.influencers[i])) for b, i in pairs.rows.tolist())
        self._grade = {(b, i): rates[name] for b, i, name in named if name in rates}
        self._middle = float(np.median(list(self._grade.values()))) if self._grade else 0.0
        return {}

    def sample(self, pairs: np.ndarray, candidates: np.ndarray, rng: np.random.Generator) -> Lists:
        grades = np.array([self._grade.get((b, i), self._middle) for b, i in pairs.tolist()])
        return buckets(pairs, grades, candidates=candidates, k=self.config.k, rng=rng)

    def loss(self, embed: Embed, batch: Lists) -> Tensor:
        m, k = batch.candidates.shape
        brand: Any = batch.brand
        candidates: Any = batch.candidates
        scores = embed.scores(brand[:, None].expand(m, k).reshape(-1), candidates.reshape(-1))["content"]
        grades: Any = batch.grades
        return listwise(scores.reshape(m, k), grades)

    def notes(self, dataset: Dataset) -> list[str]:
        told = super().notes(dataset)
        whole = [slot for slot in self.used_slots(dataset) if dataset.slots[slot].level == "account"]
        if self.config.pooling == "weighted" and whole:
            told.append(f"pooling=weighted weighs no posts of {', '.join(whole)}: one row is an account")
        return told

    def _missing(self, dataset: Dataset, slot: str) -> str:
        if LEFT_OUT[slot] == self.config.fusion:
            return f"the setting fusion={self.config.fusion} leaves it out"
        return super()._missing(dataset, slot)
