"""WSim-MT: one embedding of what an account posts, learned together with its category (W-06 to W-10).

    e = f(text) o g(picture)      f: MLP (300, 512), g: MLP (4096, 512), ReLU, dropout .5, the same for both
                                  sides      Eq. 4-5
    z = (1 - w_e) e_b' W_r e_i + w_e e                                              Eq. 6
    L = ListNet(z) + .5 CE(category of b | e_b) + .5 CE(category of i | e_i)        Eq. 7-9

Pools of K = 6 candidates hold 1 ... K positives (``learning.samplers.pools``). Adam at .001, at most 200
epochs, early stopping on 20 % of the brands (by AUC; the loss also falls while only categories are learned),
the best weights kept.

A. Elwood, A. Gasparin, A. Rozza: Ranking Micro-Influencers: a Novel Multi-Task Learning and Interpretable
Framework. arXiv 2107.13943. There is no public code of the authors. What the paper leaves open, and what was
chosen:

* W_r is diagonal, as W of WSim is; it starts at the identity. w_e is the sigmoid of a free number and starts
  near .05.
* e is the influencer's engagement rate as in WSim: the mean over its posts, standardised on the influencers
  that it was fitted on.
* The category of an influencer without one of its own is the one most frequent among the brands that it
  endorses in training. Accounts without a category are left out of that loss; the categories of what is
  ranked are never read.
* The auxiliary losses are means over the pools of a batch: a brand counts as often as it has pools.
* Vectors longer than one are brought to length one: products of longer ones drive all embeddings to zero
  before they learn.

Extension: the concept slot has a branch of its own, of the text's widths. A slot that a pair lacks is left
out of the product.

Expected: the paper's Table I has AUC .920, Recall@10 .193, Recall@50 .548, MedR 2.0 for K = 6 with 105 M
parameters on its text and picture features of 360 brands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
from msgspec import Meta

from brandfit.data.dataset import Dataset
from brandfit.learning.engagement import RATE, rate_of, scale, standardised
from brandfit.learning.losses import listnet
from brandfit.learning.pairs import Pairs, categories_of
from brandfit.learning.pooling import Vectors
from brandfit.learning.samplers import pools
from brandfit.learning.similarity import bounded
from brandfit.rankers._neural import Embed, NetworkConfig, NetworkRanker, rows_of

if TYPE_CHECKING:
    from torch import Tensor, nn


class WSimMTConfig(NetworkConfig, frozen=True):
    pool_size: Annotated[int, Meta(description="candidates in a training pool (K)", ge=2, le=1000)] = 6
    weight_brand: Annotated[
        float, Meta(description="weight of the loss of the brand's category (lambda)", ge=0)
    ] = 0.5
    weight_influencer: Annotated[
        float, Meta(description="weight of the loss of the influencer's category (gamma)", ge=0)
    ] = 0.5
    epochs: Annotated[int, Meta(description="epochs at most", ge=0, le=100_000)] = 200
    learning_rate: Annotated[float, Meta(description="step size of Adam", gt=0)] = 0.001
    decay: Annotated[
        float, Meta(description="what the step size is multiplied by after an epoch", gt=0, le=1)
    ] = 1.0
    batch_size: Annotated[int, Meta(description="pools a step", ge=1)] = 256
    l1: Annotated[float, Meta(description="weight of the sum of absolute weights in the loss", ge=0)] = 0.0


class Pooled(NamedTuple):
    """brand (m,), candidates, positive and valid (m, k), categories of both (m,) and (m, k), -1 where
    unknown."""

    brand: Any
    candidates: Any
    positive: Any
    valid: Any
    brand_category: Any
    categories: Any


class WSimMT(NetworkRanker):
    """Multi-task embedding; see the module."""

    Config = WSimMTConfig
    config: WSimMTConfig
    slots = ("text", "picture", "concept", "engagement")
    one_sided = ("engagement",)
    part_names = ("content",)

    def __init__(self, config: WSimMTConfig | None = None, seed: int = 0) -> None:
        super().__init__(config, seed)
        self._groups: tuple[np.ndarray, np.ndarray] = (np.zeros(0, np.int64), np.zeros(0, np.int64))

    def build_network(self, dims: dict[str, int]) -> nn.Module:
        from brandfit.rankers._wsim_mt_net import WSimMTNet

        return WSimMTNet(
            dims, len(self.training["categories"]), dropout=self.config.dropout, width=self.config.width
        )

    def prepare_metadata(self, dataset: Dataset, pairs: Pairs) -> dict[str, Any]:
        self._groups, names = categories_of(dataset, pairs)
        return {**self.training, "categories": names}

    def values(
        self, dataset: Dataset, slot: str, *, brands: np.ndarray, influencers: np.ndarray
    ) -> tuple[Vectors, Vectors]:
        left, right = super().values(dataset, slot, brands=brands, influencers=influencers)
        if slot != "engagement":
            return bounded(left), bounded(right)
        right = rate_of(dataset, influencers)
        if "engagement" not in self.training:
            known = right.values[right.present, 0].astype(np.float64)
            self.training["engagement"] = list(scale(known))
        return left, standardised(right, *self.training["engagement"])

    def sample(self, pairs: np.ndarray, candidates: np.ndarray, rng: np.random.Generator) -> Pooled:
        drawn = pools(pairs, candidates, k=self.config.pool_size, rng=rng)
        valid = drawn.candidates >= 0
        row = np.maximum(drawn.candidates, 0)
        of_brands, of_influencers = self._groups
        return Pooled(
            brand=drawn.brand,
            candidates=row,
            positive=drawn.positive,
            valid=valid,
            brand_category=of_brands[drawn.brand],
            categories=np.where(valid, of_influencers[row], -1),
        )

    def loss(self, embed: Embed, batch: Pooled) -> Tensor:
        import torch
        import torch.nn.functional as f

        m, k = batch.candidates.shape
        brand, candidate = batch.brand[:, None].expand(m, k).reshape(-1), batch.candidates.reshape(-1)
        network: Any = embed.network
        pairs = embed.case(brand, candidate)
        parts, losses = [], []
        for side, (paired, alone, category, weight) in enumerate(
            (
                (brand, batch.brand, batch.brand_category, self.config.weight_brand),
                (candidate, candidate, batch.categories.reshape(-1), self.config.weight_influencer),
            )
        ):
            # A pair is told by the slots that both have, a category by all that the account has: mostly the
            # same e, and then one.
            own = embed.case(*((alone, None) if side == 0 else (None, alone)))
            values, has, place = embed.inputs(side, torch.cat([paired, alone]), torch.cat([pairs, own]))
            e = network.joint(values, has)
            parts.append(rows_of(network.parts(side, e, values=values, has=has), place[: m * k]))
            known = category >= 0
            if network.head is not None and weight and known.any():
                rows, at, count = place[m * k :][known].unique(return_inverse=True, return_counts=True)  # type: ignore[no-untyped-call]
                wanted = torch.empty_like(rows).scatter_(
                    0, at, category[known]
                )  # an account has one category, wherever it is
                each = f.cross_entropy(network.head(e.index_select(0, rows)), wanted, reduction="none")
                losses.append(weight * (each * count).sum() / count.sum())
        left, right = parts
        scores: Any = sum((left[part] * right[part]).sum(-1) for part in left)
        return sum(losses, listnet(scores.reshape(m, k), batch.positive, batch.valid))

    def _dim(self, slot: str, dim: int) -> int:
        return 1 if slot == "engagement" else dim

    def _missing(self, dataset: Dataset, slot: str) -> str:
        if slot == "engagement" and slot in dataset.slots and RATE not in dataset.slots[slot].columns:
            return f"its features have no column {RATE}"
        return super()._missing(dataset, slot)
