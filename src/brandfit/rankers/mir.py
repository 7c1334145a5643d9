"""MIR: low-rank bilinear fusion of words and pictures, learned listwise from k buckets (R-01 to R-05).

    e = P(text) o Q(picture)        text d-300-512, picture d-4,096-512
    score = <e_b, e_i>
    L = - sum of q_j log p_j,  p = softmax(score),  q = softmax(grade)      ListNet over k candidates

A list contains one candidate of each of k buckets: the brand's partners sorted by the engagement of their
campaign posts (the ``weight`` of the endorsement; a label of training pairs, never read in scoring) in k - 1
buckets, and all others (``learning.samplers.buckets``). Vectors are means over posts (history pooling
"ap"; ``pooling=weighted`` is "wap"). SGD at .001, batches of 64, at most 30 epochs, dropout of a half.

T. Gan, S. Wang, M. Liu, X. Song, Y. Yao, L. Nie: Seeking Micro-influencers for Brand Promotion. ACM
Multimedia 2019. Implemented from its figures, README and published code.

Differences from the paper and from its code:

* In the code each side has separate weights (``sides=own``). Few pairs train them badly; here both sides
  share the weights.
* The code takes the mean of the product as score (R2): the same order, gradients 512 times smaller. Here it
  is the inner product.
* Grades are the number of the bucket, k - 1 for the best down to 0: the paper's competence scores are not
  public. A partner with unknown engagement of its campaign post gets the median of the known ones.
* Their local response normalisation of VGG maps is left out: vectors of every slot are set to length one
  instead.
* The penalty of the weights, .001 in the code of all variants but k = 4, is 0 unless ``l1`` says otherwise.
* ``engagement=.1`` adds the influencer's standardised engagement rate with a fixed share, z = .9 s + .1 e:
  the static combination that Elwood et al. 2021 (IV-C) ascribe to it. They print no share; the code has no
  such term (R3), and the default is 0.
* Initial weights are N(0, .1). Training stops early on held-out training brands; with the paper's step of SGD
  it rarely stops before the last epoch.

``fusion`` text, picture and concat are the paper's variants MIR t-only, v-only and MIR-concat.

Expected: the paper's Table 1 has AUC .849, cAUC .675, R@10 .135, R@50 .428, MedR 6 for k = 4 on its text and
picture features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from brandfit.config import ADDED
from brandfit.data.dataset import Dataset
from brandfit.learning.engagement import campaign_rates, rate_of, scale, standardised
from brandfit.learning.losses import listwise
from brandfit.learning.pairs import Pairs
from brandfit.learning.pooling import Sides, Vectors, account_vectors, brand_vectors
from brandfit.learning.samplers import Lists, buckets
from brandfit.learning.similarity import unit
from brandfit.rankers._neural import Embedder, NetworkConfig, NetworkRanker

if TYPE_CHECKING:
    from torch import Tensor, nn

EXCLUDED_BY = {"text": "picture", "picture": "text"}
"""Slot to the setting of ``fusion`` that leaves it out."""


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
    engagement: Annotated[
        float,
        Meta(
            description="fixed share of the influencer's engagement in the score; 0: content alone",
            ge=0,
            lt=1,
            extra=ADDED,
        ),
    ] = 0.0


class Mir(NetworkRanker):
    """k-buckets listwise; see the module."""

    Config = MirConfig
    config: MirConfig
    slots = ("text", "picture")
    one_sided = ("engagement",)
    part_names = ("content",)

    def __init__(self, config: MirConfig | None = None, seed: int = 0) -> None:
        super().__init__(config, seed)
        if self.config.engagement:
            self.slots = ("text", "picture", "engagement")  # type: ignore[misc, assignment]
        self._grade_by_pair: dict[tuple[int, int], float] = {}
        self._median_grade = 0.0

    def build_network(self, dims: dict[str, int]) -> nn.Module:
        from brandfit.rankers._mir_net import MirNet

        return MirNet(
            dims,
            self.config.fusion,
            sides=self.config.sides,
            dropout=self.config.dropout,
            width=self.config.width,
            engagement=self.config.engagement,
        )

    def optimiser(self, network: nn.Module) -> Any:
        import torch

        if self.config.optimiser == "sgd":
            return torch.optim.SGD(network.parameters(), lr=self.config.learning_rate)
        return super().optimiser(network)

    def slot_vectors(
        self, dataset: Dataset, slot: str, *, brands: np.ndarray, influencers: np.ndarray
    ) -> Sides[Vectors]:
        if slot == "engagement":
            return self._engagement_vectors(dataset, brands, influencers)
        # Words and pictures have length one, so that neither dominates their product.
        weighted = self.config.pooling == "weighted"
        of_brands = brand_vectors(dataset, slot, brands=brands, weighted=weighted)
        of_influencers = account_vectors(dataset, slot, accounts=influencers, weighted=weighted)
        return Sides(unit(of_brands), unit(of_influencers))

    def _engagement_vectors(
        self, dataset: Dataset, brands: np.ndarray, influencers: np.ndarray
    ) -> Sides[Vectors]:
        """(b, 1) zeros for brands, whose engagement no score reads, and (i, 1) the rates of influencers,
        standardised on those of training."""
        rates = rate_of(dataset, influencers)
        if "engagement" not in self.training:
            self.training["engagement"] = list(scale(rates.values[rates.present, 0].astype(np.float64)))
        of_brands = Vectors(np.zeros((len(brands), 1), np.float32), np.ones(len(brands), bool))
        return Sides(of_brands, standardised(rates, *self.training["engagement"]))

    def prepare_metadata(self, dataset: Dataset, pairs: Pairs) -> dict[str, Any]:
        # The grade of a pair is the engagement of its campaign post; pairs without one get the median.
        rates = campaign_rates(dataset)
        self._grade_by_pair = {}
        for brand, influencer in pairs.rows.tolist():
            ids = pairs.brands[brand], pairs.influencers[influencer]
            if ids in rates:
                self._grade_by_pair[brand, influencer] = rates[ids]
        n_ungraded = len(pairs.rows) - len(self._grade_by_pair)
        if n_ungraded:
            self.training["ungraded"] = [n_ungraded, len(pairs.rows)]
        grades = list(self._grade_by_pair.values())
        self._median_grade = float(np.median(grades)) if grades else 0.0
        return self.training

    def sample(self, pairs: np.ndarray, candidates: np.ndarray, rng: np.random.Generator) -> Lists:
        known, default = self._grade_by_pair, self._median_grade
        grades = np.array([known.get((brand, influencer), default) for brand, influencer in pairs.tolist()])
        return buckets(pairs, grades, candidates=candidates, k=self.config.k, rng=rng)

    def loss(self, embedder: Embedder, batch: Lists) -> Tensor:
        # (m, k) pairs: each brand with every candidate of its list
        m, k = batch.candidates.shape
        brand: Any = batch.brand
        candidates: Any = batch.candidates
        parts = embedder.scores(brand[:, None].expand(m, k).reshape(-1), candidates.reshape(-1))
        scores: Any = sum(parts.values())
        grades: Any = batch.grades
        return listwise(scores.reshape(m, k), grades)

    def notes(self, dataset: Dataset) -> list[str]:
        notes = super().notes(dataset)
        if "ungraded" in self.training:
            n, total = self.training["ungraded"]
            notes.append(
                f"the engagement of the campaign post is unknown for {n:,} of {total:,} training pairs: they "
                "have the median grade"
            )
        account_slots = [slot for slot in self.used_slots(dataset) if dataset.slots[slot].level == "account"]
        if self.config.pooling == "weighted" and account_slots:
            slots = ", ".join(account_slots)
            notes.append(f"pooling=weighted weighs no posts of {slots}: one row is an account")
        return notes

    def _missing(self, dataset: Dataset, slot: str) -> str:
        if EXCLUDED_BY.get(slot) == self.config.fusion:
            return f"the setting fusion={self.config.fusion} leaves it out"
        return super()._missing(dataset, slot)
