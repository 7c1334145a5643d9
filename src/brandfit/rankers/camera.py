"""CAMERA: what both sides stand for, looked at through each other's eyes, times what an endorsement is worth
(C-05 to C-13).

    w_a  = softmax(H share of each concept)        historical distribution of an account          Eq. 5
    e_h  = sum over its ten heaviest concepts of w_a^k u_k                                        Eq. 6
    w_b  = softmax(psi(e_h of m) . rho(u_k)), e_r = sum w_b^k u_k, and the same of m towards b    Eq. 7-8
         (bi-directional
    attention) e_a  = gamma(e_h, e_r)
                    Eq. 9
    S_ed = sigmoid(phi_1(E(p)) + phi_2(E(b)))      endorsement effect, E engagement rates         Eq. 10-13
    S_in = sigmoid(phi_3(followers) + phi_4(E(m))) influence                                      Eq. 14-16
    F    = (e_b . e_m) S_ed S_in                                                                  Eq. 17-18
    L    = max(0, 7 - F(b, +) + F(b, -)) + l1 |weights|                                           Eq. 19

``concept`` is filled by any encoder of named concepts (``concept.cosmic`` is the paper's). Adam at .001,
times .95 an epoch, 40 epochs, batches of 8, dropout .6, weights from U(-.1, .1). ``interaction=false`` is
C-w/o-MR, F the content score alone. With ``representation`` bilinear, history or semantic, words and pictures
stand in for concepts: the baselines Bp+MR, Hp+MR and Vi+MR.

S. Wang, T. Gan, Y. Liu, L. Zhang, J. Wu, L. Nie: Discover Micro-Influencers for Brands via Better
Understanding. IEEE Transactions on Multimedia, 2021. What differs from the paper and from its code:

* E(p) is, in the paper, the engagement of the very campaign post of the pair: it exists for positives only
  and gives the label away. Here it is expected: a line through the training pairs from the influencer's own
  rate, or that rate where no endorsement has a weight. ``endorsement=leaky`` does as the paper does, zero for
  pairs without a campaign post: to compare, never to use.
* Eq. 19 with S_ed = 0 for negatives never sees a negative's content (C1). Here negatives have their S_ed too,
  as in the code.
* The code multiplies S_ed and S_in onto the wrong pairs (C3) and takes the mean of the inner product in Eq. 7
  (C4). Here neither is so.
* Dropout is of activations after the first layer of each network. The code keeps .6 of the *weights* of
  several layers (C7), steps at .002 times .99 per 24,000 steps (C5), draws weights from N(0, .1) (C6) and
  averages the hinge over the triplets that it is above zero for (C8).
* u are COSMIC's, fixed, in the paper. Here they start from which concepts the training accounts share
  (truncated SVD) and are learned on.
* The sum over posts in Eq. 5 is the mean share times H: accounts with few posts are not told to be undecided
  for that alone.
* Rates and the logarithm of followers are standardised on the influencers of training. Training stops early
  on held-out brands.

Expected: the paper's Table II has AUC .810, cAUC .678, R@10 .207, R@50 .422, MRR .602, MAP .213, with the
leak. C-w/o-MR: .779, .635, .073.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.learning.engagement import RATE, campaign_rates, scale
from brandfit.learning.losses import triplet
from brandfit.learning.pairs import Pairs
from brandfit.learning.pooling import Vectors, account_vectors, brand_vectors
from brandfit.learning.samplers import Triplets
from brandfit.learning.similarity import shared, unit
from brandfit.rankers._neural import Embed, NetworkConfig, TripletRanker

if TYPE_CHECKING:
    from torch import Tensor, nn

MARGIN = 7.0
RATES = 3
"""Columns of what the network is given as engagement: the rate, the rate to be expected of a campaign post,
followers."""
BLOCK = 512
"""Pairs that are scored at once."""
ACCOUNTS = 4096
"""Accounts that are looked at at once."""


class CameraConfig(NetworkConfig, frozen=True):
    representation: Annotated[
        Literal["attention", "bilinear", "history", "semantic"],
        Meta(
            description="attention: concepts, as CAMERA; the others: words and pictures, as Bp+MR, Hp+MR, "
            "Vi+MR"
        ),
    ] = "attention"
    endorsement: Annotated[
        Literal["expected", "leaky"],
        Meta(
            description="engagement of a pair's campaign post; leaky: the true one, as the paper, which "
            "gives the label away"
        ),
    ] = "expected"
    posts: Annotated[
        float, Meta(description="posts of an account that its concepts are taken to be the sum of (H)", gt=0)
    ] = 50.0
    interaction: Annotated[
        bool, Meta(description="multiply by endorsement effect and influence; false: the paper's C-w/o-MR")
    ] = True
    epochs: Annotated[int, Meta(description="epochs at most", ge=0, le=100_000)] = 40
    learning_rate: Annotated[float, Meta(description="first step size", gt=0)] = 0.001
    batch_size: Annotated[int, Meta(description="triplets a step", ge=1)] = 8
    dropout: Annotated[
        float, Meta(description="share of the activations left out while training", ge=0, lt=1)
    ] = 0.6


class Camera(TripletRanker):
    """Bi-directional concept attention; see the module. ``factors`` tells what a score is the product of, and
    the attention."""

    Config = CameraConfig
    config: CameraConfig
    slots = ("concept", "text", "picture", "engagement")
    one_sided = ("engagement",)
    part_names = ("content",)

    def __init__(self, config: CameraConfig | None = None, seed: int = 0) -> None:
        super().__init__(config, seed)
        self._start: np.ndarray | None = None
        self._campaigns: dict[tuple[str, str], float] | None = None
        """Engagement of campaign posts that it was shown, where it is leaky."""
        self._learned: Tensor | None = None
        """(b, i) the same of what is learned from, standardised."""

    @property
    def leaky(self) -> bool:
        return self.config.endorsement == "leaky" and self.config.interaction

    def reveal_labels(self, dataset: Dataset) -> None:
        self._campaigns = campaign_rates(dataset)

    def build_network(self, dims: dict[str, int]) -> nn.Module:
        import torch

        from brandfit.rankers._camera_net import EMBEDDING, CameraNet

        config = self.config
        content = {slot: dim for slot, dim in dims.items() if slot != "engagement"}
        start = None
        if "concept" in content:
            start = torch.from_numpy(
                self._start if self._start is not None else np.zeros((dims["concept"], EMBEDDING), np.float32)
            )
        return CameraNet(
            start,
            content,
            representation=config.representation,
            dropout=config.dropout,
            width=config.width,
            interaction=config.interaction,
        )

    def prepare_metadata(self, dataset: Dataset, pairs: Pairs) -> dict[str, Any]:
        if self.leaky:
            self._learn_campaigns(dataset, pairs)
        if self.config.representation == "attention":
            self._start_concepts(dataset, pairs)
        return self.training

    def _learn_campaigns(self, dataset: Dataset, pairs: Pairs) -> None:
        import torch

        campaigns = campaign_rates(dataset)
        known = np.array(list(campaigns.values()))
        self.training["campaign"] = list(scale(known))
        self._learned = torch.from_numpy(self._campaigns_of(campaigns, pairs.brands, pairs.influencers))

    def _campaigns_of(
        self, campaigns: Mapping[tuple[str, str], float], brands: np.ndarray, influencers: np.ndarray
    ) -> np.ndarray:
        """(b, i) float32 standardised engagement of the campaign post of each pair; that of none counts as
        zero."""
        row, column = ({id: n for n, id in enumerate(ids.tolist())} for ids in (brands, influencers))
        result = np.zeros((len(brands), len(influencers)), np.float32)
        for (brand, influencer), rate in campaigns.items():
            if brand in row and influencer in column:
                result[row[brand], column[influencer]] = rate
        mean, deviation = self.training["campaign"]
        return (result - np.float32(mean)) / np.float32(deviation)

    def _start_concepts(self, dataset: Dataset, pairs: Pairs) -> None:
        from sklearn.utils.extmath import randomized_svd

        from brandfit.rankers._camera_net import EMBEDDING

        rows = np.concatenate(
            [
                side.values
                for side in self.values(
                    dataset, "concept", brands=pairs.brands, influencers=pairs.influencers
                )
            ]
        )
        k = min(EMBEDDING, *rows.shape)
        # In float64: the last axes explain little, and in float32 they change with the number of threads.
        _, singular, axes = randomized_svd(np.sqrt(rows, dtype=np.float64), k, random_state=0)
        self._start = np.zeros((rows.shape[1], EMBEDDING), np.float32)
        self._start[:, :k] = axes.T * np.sqrt(singular * len(singular) / singular.sum())

    def values(
        self, dataset: Dataset, slot: str, *, brands: np.ndarray, influencers: np.ndarray
    ) -> tuple[Vectors, Vectors]:
        if slot == "concept":
            sides = (
                brand_vectors(dataset, slot, brands=brands),
                account_vectors(dataset, slot, accounts=influencers),
            )
            if "logits" not in self.training:
                self.training["logits"] = bool(any((side.values < 0).any() for side in sides))
            return self._distribution(sides[0]), self._distribution(sides[1])
        if slot != "engagement":
            left, right = super().values(dataset, slot, brands=brands, influencers=influencers)
            return unit(left), unit(right)
        column = dataset.slots[slot].columns.index(RATE)
        rates = (
            brand_vectors(dataset, slot, brands=brands),
            account_vectors(dataset, slot, accounts=influencers),
        )
        raw = [np.where(v.present, v.values[:, column], np.nan).astype(np.float64) for v in rates]
        followers = np.log1p(
            np.maximum(dataset.account_values("followers", influencers).astype(np.float64), 0)
        )
        if "scale" not in self.training:
            self.training = self._scale(
                dataset, brands, influencers=influencers, rate=raw[1], followers=followers
            )
        scales = self.training["scale"]
        rate, audience = _standard(raw[1], *scales["rate"]), _standard(followers, *scales["followers"])
        slope, offset = self.training["expected"]
        right_rates = np.stack([rate, offset + slope * rate, audience], axis=1).astype(np.float32)
        left_rates = np.zeros((len(brands), RATES), np.float32)
        left_rates[:, 0] = _standard(raw[0], *scales["rate"])
        return Vectors(left_rates, np.ones(len(left_rates), bool)), Vectors(
            right_rates, np.ones(len(right_rates), bool)
        )

    def loss(self, embed: Embed, batch: Triplets) -> Tensor:
        return triplet(*self.score_triplets(embed, batch), MARGIN)

    def score_triplets(self, embed: Embed, batch: Triplets) -> tuple[Tensor, Tensor]:
        import torch

        brand, positive, negative = (torch.as_tensor(column).to(embed.device) for column in batch)
        pairs = torch.cat([brand, brand]), torch.cat([positive, negative])
        campaign = None if self._learned is None else self._learned.to(embed.device)[pairs]
        accounts, at = zip(*(side.unique(return_inverse=True) for side in pairs), strict=True)  # type: ignore[no-untyped-call]
        values, has = (
            [{slot: v[one] for slot, v in told[side].items()} for side, one in enumerate(accounts)]
            for told in (embed.values, embed.has)
        )
        attended, place = self._attended_sides(embed.network, values)
        score = self._attended_pairs(
            embed.network, attended, place=place, has=has, campaign=campaign, brand=at[0], influencer=at[1]
        )["score"]
        return score[: len(brand)], score[len(brand) :]

    def parts(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        return {self.name: self._factors(dataset, brands, candidates=candidates, wanted={"score"})["score"]}

    def factors(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        """score, content, effect and influence (b, n), NaN where there is no evidence; of concepts also
        concepts_b, weights_b, concepts_m, weights_m (b, n, 10): the ten heaviest of both sides, by column of
        the concept slot, and how much of each side's attention each has.
        """
        return self._factors(dataset, brands, candidates=candidates)

    def attention(self, dataset: Dataset, brand: str, influencer: str) -> dict[str, np.ndarray] | None:
        told = self.factors(dataset, np.array([brand], dtype=object), np.array([influencer], dtype=object))
        if "weights_b" not in told:
            return None
        result = {}
        for side, key in (("brand", "b"), ("influencer", "m")):
            result[side] = np.zeros(dataset.slots["concept"].dim)
            np.add.at(
                result[side], told[f"concepts_{key}"][0, 0].astype(np.int64), told[f"weights_{key}"][0, 0]
            )
        return result

    def _factors(
        self, dataset: Dataset, brands: np.ndarray, *, candidates: np.ndarray, wanted: Collection[str] = ()
    ) -> dict[str, np.ndarray]:
        """Those that are wanted, or all."""
        import torch

        if self.network is None:
            raise UsageError(
                f"{self.name} has not been fitted.", "Fit it on a Dataset with endorsements first."
            )
        if self.leaky and self._campaigns is None:
            raise UsageError(
                f"{self.name} with endorsement=leaky reads what it is asked for: it can be evaluated, not "
                "used.",
                "Train it without that setting.",
            )
        shape = (len(brands), len(candidates))
        used = self.used_slots(dataset)
        content = [slot for slot in self._content if slot in used]
        if not content:
            return {"score": np.full(shape, np.nan)}
        sides = {slot: self.values(dataset, slot, brands=brands, influencers=candidates) for slot in used}
        known = np.any([shared(*sides[slot]) for slot in content], axis=0)
        tensors = [
            {slot: torch.from_numpy(pair[side].values).double() for slot, pair in sides.items()}
            for side in (0, 1)
        ]
        has = [
            {slot: torch.from_numpy(pair[side].present).double()[:, None] for slot, pair in sides.items()}
            for side in (0, 1)
        ]
        shown = self._campaigns if self.leaky else None
        campaigns = (
            None
            if shown is None
            else torch.from_numpy(self._campaigns_of(shown, brands, candidates)).double()
        )
        network: Any = self.exact
        found: dict[str, list[np.ndarray]] = {}
        with torch.inference_mode():
            attended, place = self._attended_sides(network, tensors)
            for row in range(shape[0]):
                for start in range(0, shape[1], BLOCK):
                    at = torch.arange(start, min(start + BLOCK, shape[1]))
                    campaign = None if campaigns is None else campaigns[row, at]
                    outputs = self._attended_pairs(
                        network,
                        attended,
                        place=place,
                        has=has,
                        campaign=campaign,
                        brand=torch.full_like(at, row),
                        influencer=at,
                    )
                    for name, values in outputs.items():
                        if not wanted or name in wanted:
                            found.setdefault(name, []).append(values.float().numpy())
        result = {
            name: np.concatenate(values).reshape(*shape, *values[0].shape[1:])
            for name, values in found.items()
        }
        for name in result.keys() & {"score", "content", "effect", "influence"}:
            result[name] = np.where(known, result[name].astype(np.float64), np.nan)
        return result

    def notes(self, dataset: Dataset) -> list[str]:
        told = super().notes(dataset)
        leak = "leaky: it reads the engagement of each pair's own campaign post, which only partners have"
        return [leak, *told] if self.leaky else told

    def _attended_sides(
        self, network: Any, values: Sequence[dict[str, Tensor]]
    ) -> tuple[list[dict[str, Any]], Tensor | None]:
        """The values of both sides with concepts as attention sees them, once for every account; and where
        their answers are."""
        import torch

        if "concept" not in values[1]:
            return list(values), None
        w = torch.cat([side["concept"] for side in values])
        answers, place = network.answered(w)
        seen = [network.attended(part, answers) for part in w.split(ACCOUNTS)]  # type: ignore[no-untyped-call]
        counts = [len(side["concept"]) for side in values]
        sides = zip(
            *(torch.split(torch.cat(column), counts) for column in zip(*seen, strict=True)), strict=True
        )
        return [
            side | {"concept": type(seen[0])(*columns)} for side, columns in zip(values, sides, strict=True)
        ], place

    def _attended_pairs(
        self,
        network: Any,
        values: Sequence[dict[str, Any]],
        *,
        place: Tensor | None,
        has: Sequence[dict[str, Tensor]],
        campaign: Tensor | None,
        brand: Tensor,
        influencer: Tensor,
    ) -> dict[str, Tensor]:
        content = [slot for slot in values[1] if slot != "engagement"]
        left, right = (
            {slot: _rows(values[side][slot], at) for slot in content}
            for side, at in ((0, brand), (1, influencer))
        )
        if "engagement" in values[1]:
            theirs = values[1]["engagement"][influencer]
            left["rate"] = values[0]["engagement"][brand][:, :1]
            right |= {"rate": theirs[:, :1], "expected": theirs[:, 1:2], "followers": theirs[:, 2:]}
        if campaign is not None:
            right["expected"] = campaign[:, None]
        return network(
            left, right, {slot: has[0][slot][brand] * has[1][slot][influencer] for slot in content}, place
        )

    def _distribution(self, vectors: Vectors) -> Vectors:
        """softmax(H share) of each row; Features that were no weights where it was fitted (some below zero)
        are logits."""
        values = vectors.values.astype(np.float64)
        weights = np.maximum(values, 0)
        shares = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
        logits = values if self.training["logits"] else self.config.posts * shares
        power = np.exp(logits - logits.max(axis=1, keepdims=True)) if values.shape[1] else values
        present = vectors.present & values.any(axis=1)
        told = np.where(present[:, None], power / power.sum(axis=1, keepdims=True), 0)
        return Vectors(told.astype(np.float32), present)

    def _scale(
        self,
        dataset: Dataset,
        brands: np.ndarray,
        *,
        influencers: np.ndarray,
        rate: np.ndarray,
        followers: np.ndarray,
    ) -> dict[str, Any]:
        """Means and deviations, and the line that tells a campaign's standardised rate from the influencer's
        own."""
        told = (("rate", rate), ("followers", followers))
        scales = {name: list(scale(values[~np.isnan(values)])) for name, values in told}
        row, here = {id: n for n, id in enumerate(influencers.tolist())}, set(brands.tolist())
        found = [
            (rate[row[i]], campaign)
            for (b, i), campaign in campaign_rates(dataset).items()
            if b in here and i in row
        ]
        pairs = [(own, campaign) for own, campaign in found if not np.isnan(own)]
        line = [1.0, 0.0]
        if len(pairs) > 2:
            own, campaign = (_standard(column, *scales["rate"]) for column in np.array(pairs).T)
            if own.std() > 0:
                line = [float(v) for v in np.polyfit(own, campaign, 1)]
        return {"scale": scales, "expected": line}

    def _dim(self, slot: str, dim: int) -> int:
        return RATES if slot == "engagement" else dim

    def _missing(self, dataset: Dataset, slot: str) -> str:
        if slot == "engagement" and slot in dataset.slots and RATE not in dataset.slots[slot].columns:
            return f"its features have no column {RATE}"
        if slot == "engagement" and not self.config.interaction:
            return "the setting interaction=false leaves it out"
        if slot != "engagement" and (slot == "concept") != (self.config.representation == "attention"):
            return f"the setting representation={self.config.representation} leaves it out"
        return super()._missing(dataset, slot)


def _rows(values: Any, at: Any) -> Any:
    """Of a tensor, or of accounts as attention sees them."""
    return (
        type(values)(*(column.index_select(0, at) for column in values))
        if isinstance(values, tuple)
        else values[at]
    )


def _standard(values: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    """Standardised; 0, the mean, where not known."""
    return np.nan_to_num((values - mean) / deviation)
