"""WSim-MT: one embedding of the content of an account, learned together with its category (W-06 to W-10).

    e = f(text) o g(picture)      f: MLP (300, 512), g: MLP (4096, 512), ReLU, dropout .5, the same for both
                                  sides      Eq. 4-5
    z = (1 - w_e) e_b' W_r e_i + w_e e                                              Eq. 6
    L = ListNet(z) + .5 CE(category of b | e_b) + .5 CE(category of i | e_i)        Eq. 7-9

Pools of K = 6 candidates hold 1 ... K positives (``learning.samplers.pools``). Adam at .001, at most 200
epochs, early stopping on 20 % of the brands (by AUC; the loss also falls while only categories are learned),
the best weights kept.

A. Elwood, A. Gasparin, A. Rozza: Ranking Micro-Influencers: a Novel Multi-Task Learning and Interpretable
Framework. arXiv 2107.13943. There is no public code.

Differences from the paper, and choices that it leaves open:

* W_r is diagonal, as W of WSim is; ``relevance=full`` has a full matrix. Both start at the identity. w_e is
  the sigmoid of a free number and starts near .05.
* ``lists=full`` trains on one list of all candidates for each brand, as III-D describes before pools.
* e is the influencer's engagement rate as in WSim: the mean over its posts, standardised on the fitted
  influencers.
* An influencer without a stated category has the one that is most frequent among the brands that it endorses
  in training. Accounts without a category are left out of this loss; scoring reads no category.
* The auxiliary losses are means over the pools of a batch: a brand counts as often as it has pools.
* Vectors longer than one are scaled to length one: products of longer ones drive all embeddings to zero in
  training.
* Extension: the concept slot has a separate branch with the widths of text.
* A slot that a pair lacks is left out of the product.

Expected: the paper's Table I has AUC .920, Recall@10 .193, Recall@50 .548, MedR 2.0 for K = 6 with 105 M
parameters on its text and picture features of 360 brands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
from msgspec import Meta

from brandfit.config import ADDED
from brandfit.data.dataset import Dataset
from brandfit.learning.engagement import RATE, rate_of, scale, standardised
from brandfit.learning.losses import listnet
from brandfit.learning.pairs import Pairs, categories_of
from brandfit.learning.pooling import Side, Sides, Vectors
from brandfit.learning.similarity import bounded
from brandfit.rankers._neural import Embedder, NetworkConfig, NetworkRanker, select_rows
from brandfit.rankers.wsim import ListMode, batch_size_of, sampled_lists

if TYPE_CHECKING:
    from torch import Tensor, nn


class WSimMTConfig(NetworkConfig, frozen=True):
    lists: ListMode = "pools"
    relevance: Annotated[
        Literal["diagonal", "full"],
        Meta(
            description="shape of W_r (Eq. 6); full has 512 x 512 weights at the paper's widths", extra=ADDED
        ),
    ] = "diagonal"
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


class PoolsWithCategories(NamedTuple):
    """Pools and the category numbers of their accounts, -1 if unknown.

    brand           (m,)
    candidates      (m, k)
    positive        (m, k) bool
    valid           (m, k) bool; False fills shorter pools
    brand_category  (m,)
    categories      (m, k) of the candidates
    """

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
        self._categories = Sides(np.zeros(0, np.int64), np.zeros(0, np.int64))

    def build_network(self, dims: dict[str, int]) -> nn.Module:
        from brandfit.rankers._wsim_mt_net import WSimMTNet

        return WSimMTNet(
            dims,
            len(self.training["categories"]),
            dropout=self.config.dropout,
            width=self.config.width,
            has_full_matrix=self.config.relevance == "full",
        )

    def batch_size(self, n_candidates: int) -> int:
        return batch_size_of(self.config, n_candidates)

    def prepare_metadata(self, dataset: Dataset, pairs: Pairs) -> dict[str, Any]:
        self._categories, names = categories_of(dataset, pairs)
        return {**self.training, "categories": names}

    def slot_vectors(
        self, dataset: Dataset, slot: str, *, brands: np.ndarray, influencers: np.ndarray
    ) -> Sides[Vectors]:
        vectors = super().slot_vectors(dataset, slot, brands=brands, influencers=influencers)
        if slot != "engagement":
            return Sides(bounded(vectors.brand), bounded(vectors.influencer))
        rates = rate_of(dataset, influencers)
        if "engagement" not in self.training:
            known = rates.values[rates.present, 0].astype(np.float64)
            self.training["engagement"] = list(scale(known))
        return Sides(vectors.brand, standardised(rates, *self.training["engagement"]))

    def sample(
        self, pairs: np.ndarray, candidates: np.ndarray, rng: np.random.Generator
    ) -> PoolsWithCategories:
        sampled = sampled_lists(self.config, pairs, candidates, rng=rng)
        is_valid = sampled.candidates >= 0  # (m, k); shorter pools are filled with -1
        rows = np.maximum(sampled.candidates, 0)
        return PoolsWithCategories(
            brand=sampled.brand,
            candidates=rows,
            positive=sampled.positive,
            valid=is_valid,
            brand_category=self._categories.brand[sampled.brand],
            categories=np.where(is_valid, self._categories.influencer[rows], -1),
        )

    def loss(self, embedder: Embedder, batch: PoolsWithCategories) -> Tensor:
        import torch

        m, k = batch.candidates.shape
        brand = batch.brand[:, None].expand(m, k).reshape(-1)  # (m k,)
        candidate = batch.candidates.reshape(-1)
        pair_case = embedder.slot_case(Sides(brand, candidate))
        # A pair is embedded from the slots that both sides have, a category from all slots of the account:
        # mostly the same embedding, which is then computed once.
        brand_parts, brand_loss = self._side_loss(
            embedder,
            "brand",
            accounts=torch.cat([brand, batch.brand]),
            case=torch.cat([pair_case, embedder.slot_case(Sides(batch.brand, None))]),
            categories=batch.brand_category,
        )
        candidate_parts, candidate_loss = self._side_loss(
            embedder,
            "influencer",
            accounts=torch.cat([candidate, candidate]),
            case=torch.cat([pair_case, embedder.slot_case(Sides(None, candidate))]),
            categories=batch.categories.reshape(-1),
        )
        scores: Any = sum((brand_parts[part] * candidate_parts[part]).sum(-1) for part in brand_parts)
        category_losses = [loss for loss in (brand_loss, candidate_loss) if loss is not None]
        return sum(category_losses, listnet(scores.reshape(m, k), batch.positive, batch.valid))

    def _side_loss(
        self, embedder: Embedder, side: Side, *, accounts: Tensor, case: Tensor, categories: Tensor
    ) -> tuple[dict[str, Tensor], Tensor | None]:
        """The embeddings of the pairs, by part, and the weighted loss of the categories, if there is one.

        accounts    the accounts of the pairs, then the accounts of the categories
        case        their sets of slots
        categories  (c,) category numbers of the last c accounts, -1 if unknown
        """
        import torch
        import torch.nn.functional as f

        network: Any = embedder.network
        n_pairs = len(accounts) - len(categories)
        values, has, row = embedder.inputs(side, accounts, case)
        e = network.joint(values, has)
        parts = select_rows(network.parts(side, e, values=values, has=has), row[:n_pairs])
        weight = self.config.weight_brand if side == "brand" else self.config.weight_influencer
        is_known = categories >= 0
        if network.head is None or not weight or not is_known.any():
            return parts, None
        rows_of_known = row[n_pairs:][is_known]
        rows, known_row, count = rows_of_known.unique(  # type: ignore[no-untyped-call]
            return_inverse=True, return_counts=True
        )
        # An account has the same category in every pool, so any of its entries serves.
        target = torch.empty_like(rows).scatter_(0, known_row, categories[is_known])
        losses = f.cross_entropy(network.head(e.index_select(0, rows)), target, reduction="none")
        return parts, weight * (losses * count).sum() / count.sum()

    def _input_dim(self, slot: str, dim: int) -> int:
        return 1 if slot == "engagement" else dim

    def _missing(self, dataset: Dataset, slot: str) -> str:
        if slot == "engagement" and slot in dataset.slots and RATE not in dataset.slots[slot].columns:
            return f"its features have no column {RATE}"
        return super()._missing(dataset, slot)
