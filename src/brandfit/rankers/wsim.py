"""WSim: a trainable inner product of what both sides post (W-03, W-04, W-05, W-08, W-09, W-10).

    s_t = b_t' W_t i_t    s_v = b_v' W_v i_v                 W diagonal            (Elwood et al. 2021, Eq.
                          1-2)
    z   = w_t s_t + w_v s_v + w_e e,    w_t + w_v + w_e = 1                        (Eq. 3)
    L   = - sum of y_i log softmax(z)_i,    y_i = 1 / positives in the pool        (Eq. 8-9)

b and i are means over posts; e is the influencer's engagement rate, the mean over its posts, standardised on
the influencers that it was fitted on. Pools of K candidates hold 1 ... K positives (III-D,
``learning.samplers.pools``). Adam, at most 200 epochs, early stopping on 20 % of the brands, the best weights
kept.

A. Elwood, A. Gasparin, A. Rozza: Ranking Micro-Influencers: a Novel Multi-Task Learning and Interpretable
Framework. arXiv 2107.13943. There is no public code of the authors. What the paper leaves open, and what was
chosen:

* Every slot's vector is set to length one (``normalise``). Raw VGG maps are far longer than text vectors:
  their products would swamp the text's and saturate the softmax. With W at the identity s is then the cosine,
  which the paper says WSim generalises.
* W starts at the identity, the weights at equal shares with a small one for engagement: untrained it is
  SimCos with a hint of popularity. The convex weights are a softmax of free numbers.
* The 20 % held out are brands, not pairs: what counts is a brand that is new. Their pools are drawn once.
* The negatives of the pools are drawn anew every epoch; batch size and patience are ours.

Extensions: the concept slot has a W of its own; where a pair lacks a factor it is left out and the other
weights are scaled up to one. Engagement alone is no evidence of a match: a pair that shares no content scores
NaN. Parts: text, picture, concept, engagement. Scoring needs no torch.

Expected: the paper's Table I for K = 6 has AUC .861 +- .008, Recall@10 .178, Recall@50 .469, MedR 2.9 with 25
K parameters on its text and picture features of 360 brands. On released text topics and concepts of 286
brands, 5 folds over brands: AUC .843, Recall@10 .201, no better than the same model untrained (``simcos``:
.842, .211).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import msgspec
import numpy as np
from msgspec import Meta

from brandfit import seeds
from brandfit.config import Config
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.learning.engagement import RATE, rate_of, scale, standardised
from brandfit.learning.losses import listnet
from brandfit.learning.pairs import Pairs, held_out_pairs, negative_candidates, training_pairs
from brandfit.learning.pooling import Side, Vectors, side_vectors
from brandfit.learning.samplers import Pools, pools
from brandfit.learning.similarity import inner, shared, unit, weighted_mean
from brandfit.learning.trainer import need_torch, train
from brandfit.progress import Progress
from brandfit.rankers._neural import Device, batches_of, device_of, run_of
from brandfit.rankers.base import Ranker

if TYPE_CHECKING:
    from torch import Tensor


class WSimConfig(Config, frozen=True):
    pool_size: Annotated[int, Meta(description="candidates in a training pool (K)", ge=2, le=1000)] = 6
    epochs: Annotated[int, Meta(description="epochs at most", ge=0, le=100_000)] = 200
    learning_rate: Annotated[float, Meta(description="step size of Adam", gt=0)] = 0.001
    batch_size: Annotated[int, Meta(description="pools a step", ge=1)] = 256
    patience: Annotated[
        int, Meta(description="epochs without a lower validation loss before training ends", ge=1)
    ] = 10
    validation: Annotated[
        float,
        Meta(
            description="share of the training brands held out to stop early; 0 trains all epochs", ge=0, lt=1
        ),
    ] = 0.2
    device: Device = "auto"
    normalise: Annotated[bool, Meta(description="set every slot's vector to length one first")] = True


class WSim(Ranker):
    """Diagonal bilinear similarity; see the module.

    After ``fit``: ``diagonal`` is slot to diag(W) (d,), the importance of every feature (W-14); ``weights``
    are the convex weights by factor.
    """

    Config = WSimConfig
    keeps_rows = False
    slots = ("text", "picture", "concept", "engagement")
    one_sided = ("engagement",)
    learns = True
    config: WSimConfig

    def __init__(self, config: WSimConfig | None = None, seed: int = 0) -> None:
        super().__init__(config, seed)
        self.diagonal: dict[str, np.ndarray] = {}
        self.weights: dict[str, float] = {}
        self.engagement = (0.0, 1.0)
        """Mean and standard deviation of the engagement rate."""

    @property
    def n_parameters(self) -> int:
        return sum(w.size for w in self.diagonal.values()) + len(self.weights)

    def fit(self, dataset: Dataset, progress: Progress | None = None, folder: Path | None = None) -> Self:
        torch = need_torch(self.name)
        from brandfit.rankers._wsim_net import WSimNet

        self.reads, self.weights, self.diagonal, self.engagement = {}, {}, {}, (0.0, 1.0)
        pairs, left, right, rate = self._examples(dataset)
        self.reads = {slot: (dataset.slots[slot].name, dataset.slots[slot].dim) for slot in (*left, *rate)}
        device = device_of(torch, self.config.device)
        inputs = _Inputs(torch, device, left=left, right=right, rate=rate)
        held = held_out_pairs(pairs.rows, self.config.validation, self.seed)
        learned, others = negative_candidates(pairs, held)
        size = self.config.batch_size
        judged = pools(
            pairs.rows[held],
            others,
            k=self.config.pool_size,
            rng=seeds.generator(self.seed, "validation pools"),
        )

        network = WSimNet({slot: vectors.values.shape[1] for slot, vectors in left.items()}, bool(rate)).to(
            device
        )

        def loss(batch: Pools) -> Tensor:
            features, positive, valid = inputs(batch)
            return listnet(network(*features), positive, valid)

        def validate() -> float:
            return sum(float(loss(batch)) * len(batch.brand) for batch in batches_of(judged, size)) / len(
                judged.brand
            )

        def batches(rng: np.random.Generator) -> Iterator[Pools]:
            drawn = pools(pairs.rows[~held], learned, k=self.config.pool_size, rng=rng)
            order = rng.permutation(len(drawn.brand))
            return batches_of(Pools(*(column[order] for column in drawn)), size)

        history = train(
            network,
            torch.optim.Adam(network.parameters(), lr=self.config.learning_rate),
            batches=batches,
            loss=loss,
            epochs=self.config.epochs,
            seed=self.seed,
            patience=self.config.patience,
            validate=validate if held.any() else None,
            progress=progress,
            folder=folder,
            run=run_of(self, dataset),
        )
        self.diagonal = {slot: network.diagonal[slot].detach().cpu().numpy().copy() for slot in left}
        self.weights = dict(zip((*left, *rate), network.mix.softmax(0).tolist(), strict=True))
        self.training = msgspec.to_builtins(history)
        return super().fit(dataset)

    def parts(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        if not self.weights:
            raise UsageError(
                f"{self.name} has not been fitted.", "Fit it on a Dataset with endorsements first."
            )
        factors, weights = {}, {}
        content = np.zeros((len(brands), len(candidates)), bool)
        for slot in self.used_slots(dataset):
            if slot == "engagement":
                rate = standardised(rate_of(dataset, candidates), *self.engagement)
                factors[slot] = np.broadcast_to(rate.values[:, 0], content.shape)
                has = np.broadcast_to(rate.present, content.shape)
            else:
                left, right = (
                    self._side("brand", dataset, slot=slot, ids=brands),
                    self._side("influencer", dataset, slot=slot, ids=candidates),
                )
                factors[slot] = inner(left.values * self.diagonal[slot], right.values)
                has = shared(left, right)
                content |= has
            weights[slot] = self.weights[slot] * has
        if not factors:
            return {self.name: np.full(content.shape, np.nan)}
        return weighted_mean(factors, {slot: weight * content for slot, weight in weights.items()})

    def importance(self, dataset: Dataset, slot: str, account: str | None = None) -> np.ndarray | None:
        """diag(W), or W b for the account's vector b (Elwood et al. 2021, III-E: I and I^b)."""
        if slot not in self.diagonal:
            return None
        weights = self.diagonal[slot].astype(np.float64)
        if account is None:
            return weights
        side: Side = "brand" if account in dataset.representation else "influencer"
        row = self._side(side, dataset, slot=slot, ids=np.array([account], dtype=object)).values[0]
        return weights * row.astype(np.float64)

    def arrays(self) -> dict[str, np.ndarray]:
        arrays = {f"diagonal.{slot}": w for slot, w in self.diagonal.items()}
        arrays |= {f"weight.{slot}": np.array([w]) for slot, w in self.weights.items()}
        return arrays | {"engagement": np.array(self.engagement)}

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.diagonal = {
            slot: arrays[f"diagonal.{slot}"] for slot in self.slots if f"diagonal.{slot}" in arrays
        }
        self.weights = {
            slot: float(arrays[f"weight.{slot}"][0]) for slot in self.slots if f"weight.{slot}" in arrays
        }
        self.engagement = (float(arrays["engagement"][0]), float(arrays["engagement"][1]))

    def _missing(self, dataset: Dataset, slot: str) -> str:
        if slot == "engagement" and slot in dataset.slots and RATE not in dataset.slots[slot].columns:
            return f"its features have no column {RATE}"
        return super()._missing(dataset, slot)

    def _examples(
        self, dataset: Dataset
    ) -> tuple[Pairs, dict[str, Vectors], dict[str, Vectors], dict[str, Vectors]]:
        """Pairs to learn from, and the content of their brands and influencers and the influencers'
        engagement, by slot.

        Accounts without any content are no candidates; pairs that share none teach nothing.
        """
        pairs = training_pairs(dataset, self.name)
        used = self.used_slots(dataset)
        content = [slot for slot in used if slot != "engagement"]
        left = {slot: self._side("brand", dataset, slot=slot, ids=pairs.brands) for slot in content}
        right = {
            slot: self._side("influencer", dataset, slot=slot, ids=pairs.influencers) for slot in content
        }
        here = {
            slot: left[slot].present[pairs.rows[:, 0]] & right[slot].present[pairs.rows[:, 1]]
            for slot in content
        }
        shared_by = np.any(list(here.values()), axis=0) if here else np.zeros(len(pairs.rows), bool)
        if not shared_by.any():
            raise UsageError(
                f"{self.name} learns from {', '.join(self.slots[:3])}, and no endorsing pair has features of "
                "the same slot.",
                "Encode the posts of brands and influencers first.",
            )
        brands = np.any([vectors.present for vectors in left.values()], axis=0)
        influencers = np.any([vectors.present for vectors in right.values()], axis=0)
        pairs = Pairs(pairs.brands, pairs.influencers, pairs.rows[shared_by]).subset(
            brands=brands, influencers=influencers
        )
        left = {slot: Vectors(v.values[brands], v.present[brands]) for slot, v in left.items()}
        right = {slot: Vectors(v.values[influencers], v.present[influencers]) for slot, v in right.items()}
        rate = {}
        if "engagement" in used:
            raw = rate_of(dataset, pairs.influencers)
            known = raw.values[raw.present, 0].astype(np.float64)
            self.engagement = scale(known)
            rate["engagement"] = standardised(raw, *self.engagement)
        return pairs, left, right, rate

    def _side(self, side: Side, dataset: Dataset, *, slot: str, ids: np.ndarray) -> Vectors:
        found = side_vectors(dataset, slot, side=side, ids=ids)
        return unit(found) if self.config.normalise else found


class _Inputs:
    """Features of both sides as tensors, gathered a batch of pools at a time."""

    def __init__(
        self,
        torch: Any,
        device: str,
        *,
        left: dict[str, Vectors],
        right: dict[str, Vectors],
        rate: dict[str, Vectors],
    ) -> None:
        self.torch, self.device = torch, device
        self.left = {slot: self.tensor(vectors.values) for slot, vectors in left.items()}
        self.right = {slot: self.tensor(vectors.values) for slot, vectors in right.items()}
        self.rate = self.tensor(rate["engagement"].values[:, 0]) if rate else None
        # (b, f) and (n, f): which factors each side has; a brand always "has" the engagement of its
        # candidates
        everyone = [np.ones(len(next(iter(left.values())).present), bool)] * len(rate)
        self.left_has = self.tensor(np.stack([v.present for v in left.values()] + everyone, axis=1))
        self.right_has = self.tensor(np.stack([v.present for v in (*right.values(), *rate.values())], axis=1))

    def tensor(self, values: np.ndarray) -> Any:
        return self.torch.from_numpy(values).to(self.device)

    def __call__(self, batch: Pools) -> tuple[tuple[Any, ...], Tensor, Tensor]:
        """What the network takes, positive (p, k), valid (p, k)."""
        brand, candidate = self.tensor(batch.brand), self.tensor(batch.candidates)
        row = candidate.clamp(min=0)
        has = self.left_has[brand][:, None] & self.right_has[row]
        valid = (candidate >= 0) & has[..., : len(self.left)].any(-1)
        left = {slot: values[brand] for slot, values in self.left.items()}
        right = {slot: values[row] for slot, values in self.right.items()}
        rate = self.rate[row] if self.rate is not None else None
        return (left, right, rate, has), self.tensor(batch.positive), valid
