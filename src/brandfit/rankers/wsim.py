"""WSim: a trainable inner product of the content of both sides (W-03, W-04, W-05, W-08, W-09, W-10).

    s_t = b_t' W_t i_t    s_v = b_v' W_v i_v                 W diagonal            (Elwood et al. 2021, Eq.
                          1-2)
    z   = w_t s_t + w_v s_v + w_e e,    w_t + w_v + w_e = 1                        (Eq. 3)
    L   = - sum of y_i log softmax(z)_i,    y_i = 1 / positives in the pool        (Eq. 8-9)

b and i are means over posts; e is the influencer's engagement rate, the mean over its posts, standardised on
the fitted influencers. Pools of K candidates contain 1 ... K positives (III-D, ``learning.samplers.pools``).
Adam, at most 200 epochs, early stopping on 20 % of the brands, the best weights are used.

A. Elwood, A. Gasparin, A. Rozza: Ranking Micro-Influencers: a Novel Multi-Task Learning and Interpretable
Framework. arXiv 2107.13943. There is no public code.

Differences from the paper, and choices that it leaves open:

* Every slot's vector is scaled to length one (``normalise``). Raw VGG maps are far longer than text vectors:
  their products would dominate those of text and saturate the softmax. With W at the identity s is then the
  cosine, which the paper says WSim generalises.
* W starts at the identity, the weights at equal shares with a small one for engagement: untrained it is
  SimCos with a small share of popularity. The convex weights are a softmax of free numbers.
* The 20 % held out are brands, not pairs, because new brands are to be ranked. Their pools are drawn once.
* The negatives of the pools are drawn again every epoch; batch size and patience are ours.
* ``lists=full`` trains on one list of all candidates for each brand, as III-D describes before pools.
* Extension: the concept slot has a separate W.
* A factor that a pair lacks is left out, and the other weights are scaled to a sum of one. Engagement alone
  is no evidence of a match: a pair without shared content has the score NaN.

Parts: text, picture, concept, engagement. Scoring needs no torch.

Expected: the paper's Table I for K = 6 has AUC .861 +- .008, Recall@10 .178, Recall@50 .469, MedR 2.9 with 25
K parameters on its text and picture features of 360 brands. On released text topics and concepts of 286
brands, 5 folds over brands: AUC .843, Recall@10 .201, no better than the same model untrained (``simcos``:
.842, .211).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Protocol, Self

import msgspec
import numpy as np
from msgspec import Meta

from brandfit import seeds
from brandfit.config import ADDED, Config
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.learning.engagement import RATE, rate_of, scale, standardised
from brandfit.learning.losses import listnet
from brandfit.learning.pairs import Pairs, held_out_pairs, negative_candidates, training_pairs
from brandfit.learning.pooling import Side, Sides, Vectors, side_vectors, subset_of_sides
from brandfit.learning.samplers import Pools, full_lists, pools
from brandfit.learning.similarity import inner, shared, unit, weighted_mean
from brandfit.learning.trainer import Checkpoints, Objective, Schedule, need_torch, train
from brandfit.mappings import rows_of_each, with_prefix
from brandfit.progress import Progress
from brandfit.rankers._neural import Device, batches_of, run_key, torch_device
from brandfit.rankers.base import Ranker

if TYPE_CHECKING:
    from torch import Tensor


ListMode = Annotated[
    Literal["pools", "full"],
    Meta(
        description="pools: training pools of pool_size candidates (III-D); full: one list of all candidates "
        "a brand",
        extra=ADDED,
    ),
]


class WSimConfig(Config, frozen=True):
    lists: ListMode = "pools"
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
    is factor to convex weight.
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
        """Mean and standard deviation of the engagement rates of the fitted influencers."""

    @property
    def n_parameters(self) -> int:
        return sum(w.size for w in self.diagonal.values()) + len(self.weights)

    def fit(self, dataset: Dataset, progress: Progress | None = None, folder: Path | None = None) -> Self:
        torch = need_torch(self.name)
        from brandfit.rankers._wsim_net import WSimNet

        self.reads, self.weights, self.diagonal, self.engagement = {}, {}, {}, (0.0, 1.0)
        examples = self._examples(dataset)
        pairs = examples.pairs
        self.reads = {slot: (dataset.slots[slot].name, dataset.slots[slot].dim) for slot in examples.factors}
        device = torch_device(torch, self.config.device)
        inputs = _PoolInputs(torch, device, examples)
        is_held_out = held_out_pairs(pairs.rows, self.config.validation, self.seed)
        candidates = negative_candidates(pairs, is_held_out)
        size = batch_size_of(self.config, len(candidates.training))
        validation = sampled_lists(
            self.config,
            pairs.rows[is_held_out],
            candidates.validation,
            rng=seeds.generator(self.seed, "validation pools"),
        )
        dims = {slot: sides.brand.values.shape[1] for slot, sides in examples.content.items()}
        network = WSimNet(dims, examples.rates is not None).to(device)

        def loss(batch: Pools) -> Tensor:
            features, is_positive, is_valid = inputs(batch)
            return listnet(network(*features), is_positive, is_valid)

        def validate() -> float:
            total = sum(float(loss(batch)) * len(batch.brand) for batch in batches_of(validation, size))
            return total / len(validation.brand)

        def batches(rng: np.random.Generator) -> Iterator[Pools]:
            sampled = sampled_lists(self.config, pairs.rows[~is_held_out], candidates.training, rng=rng)
            order = rng.permutation(len(sampled.brand))
            return batches_of(Pools(*(column[order] for column in sampled)), size)

        history = train(
            network,
            torch.optim.Adam(network.parameters(), lr=self.config.learning_rate),
            objective=Objective(batches, loss, validate=validate if is_held_out.any() else None),
            schedule=Schedule(self.config.epochs, patience=self.config.patience),
            seed=self.seed,
            checkpoints=Checkpoints(folder, run_key(self, dataset)),
            progress=progress,
        )
        # Only the weights are stored: scoring needs no torch.
        self.diagonal = {slot: network.diagonal[slot].detach().cpu().numpy().copy() for slot in dims}
        self.weights = dict(zip(examples.factors, network.mix.softmax(0).tolist(), strict=True))
        self.training = msgspec.to_builtins(history)
        return super().fit(dataset)

    def parts(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        if not self.weights:
            raise UsageError(
                f"{self.name} has not been fitted.", "Fit it on a Dataset with endorsements first."
            )
        # A factor that a pair lacks has the weight 0.
        factors, weights = {}, {}  # slot to (b, n)
        has_content = np.zeros((len(brands), len(candidates)), bool)
        for slot in self.used_slots(dataset):
            if slot == "engagement":
                rates = standardised(rate_of(dataset, candidates), *self.engagement)
                factors[slot] = np.broadcast_to(rates.values[:, 0], has_content.shape)
                has_factor = np.broadcast_to(rates.present, has_content.shape)
            else:
                left = self._side_vectors("brand", dataset, slot=slot, ids=brands)
                right = self._side_vectors("influencer", dataset, slot=slot, ids=candidates)
                factors[slot] = inner(left.values * self.diagonal[slot], right.values)
                has_factor = shared(left, right)
                has_content |= has_factor
            weights[slot] = self.weights[slot] * has_factor
        if not factors:
            return {self.name: np.full(has_content.shape, np.nan)}
        # Engagement alone is no evidence.
        return weighted_mean(factors, {slot: weight * has_content for slot, weight in weights.items()})

    def importance(self, dataset: Dataset, slot: str, account: str | None = None) -> np.ndarray | None:
        """diag(W), or W b for the account's vector b (Elwood et al. 2021, III-E: I and I^b)."""
        if slot not in self.diagonal:
            return None
        weights = self.diagonal[slot].astype(np.float64)
        if account is None:
            return weights
        side: Side = "brand" if account in dataset.representation else "influencer"
        row = self._side_vectors(side, dataset, slot=slot, ids=np.array([account], dtype=object)).values[0]
        return weights * row.astype(np.float64)

    def arrays(self) -> dict[str, np.ndarray]:
        arrays = with_prefix("diagonal.", self.diagonal)
        arrays |= {f"weight.{slot}": np.array([w]) for slot, w in self.weights.items()}
        return arrays | {"engagement": np.array(self.engagement)}

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.diagonal, self.weights = {}, {}
        # A slot that the model was not fitted with has no arrays.
        for slot in self.slots:
            if f"diagonal.{slot}" in arrays:
                self.diagonal[slot] = arrays[f"diagonal.{slot}"]
            if f"weight.{slot}" in arrays:
                self.weights[slot] = float(arrays[f"weight.{slot}"][0])
        self.engagement = (float(arrays["engagement"][0]), float(arrays["engagement"][1]))

    def _missing(self, dataset: Dataset, slot: str) -> str:
        if slot == "engagement" and slot in dataset.slots and RATE not in dataset.slots[slot].columns:
            return f"its features have no column {RATE}"
        return super()._missing(dataset, slot)

    def _examples(self, dataset: Dataset) -> Examples:
        """The training data.

        Accounts without any content are no candidates; pairs without shared content are left out.
        """
        pairs = training_pairs(dataset, self.name)
        used = self.used_slots(dataset)
        content = {}
        has_shared = np.zeros(len(pairs.rows), bool)  # (p,) pairs that share a slot
        has_content = Sides(np.zeros(len(pairs.brands), bool), np.zeros(len(pairs.influencers), bool))
        for slot in used:
            if slot == "engagement":
                continue
            left = self._side_vectors("brand", dataset, slot=slot, ids=pairs.brands)
            right = self._side_vectors("influencer", dataset, slot=slot, ids=pairs.influencers)
            content[slot] = Sides(left, right)
            has_shared |= left.present[pairs.rows[:, 0]] & right.present[pairs.rows[:, 1]]
            has_content = Sides(has_content.brand | left.present, has_content.influencer | right.present)
        if not has_shared.any():
            raise UsageError(
                f"{self.name} learns from {', '.join(self.slots[:3])}, and no endorsing pair has features of "
                "the same slot.",
                "Encode the posts of brands and influencers first.",
            )
        pairs = Pairs(pairs.brands, pairs.influencers, pairs.rows[has_shared])
        pairs = pairs.subset(brands=has_content.brand, influencers=has_content.influencer)
        content = subset_of_sides(content, has_content)
        rates = None
        if "engagement" in used:
            raw = rate_of(dataset, pairs.influencers)
            known = raw.values[raw.present, 0].astype(np.float64)
            self.engagement = scale(known)
            rates = standardised(raw, *self.engagement)
        return Examples(pairs, content, rates)

    def _side_vectors(self, side: Side, dataset: Dataset, *, slot: str, ids: np.ndarray) -> Vectors:
        vectors = side_vectors(dataset, slot, side=side, ids=ids)
        return unit(vectors) if self.config.normalise else vectors


class Examples(NamedTuple):
    """Training data.

    pairs    pairs that share content
    content  slot to the vectors of both sides
    rates    (i, 1) standardised engagement rates of influencers, or None
    """

    pairs: Pairs
    content: dict[str, Sides[Vectors]]
    rates: Vectors | None

    @property
    def factors(self) -> list[str]:
        """The factors of a score, content slots first."""
        return [*self.content, *(["engagement"] if self.rates is not None else [])]


class ListConfig(Protocol):
    """The settings of lists that WSim and WSim-MT have in common."""

    @property
    def lists(self) -> str: ...
    @property
    def pool_size(self) -> int: ...
    @property
    def batch_size(self) -> int: ...


def sampled_lists(
    config: ListConfig, pairs: np.ndarray, candidates: np.ndarray, *, rng: np.random.Generator
) -> Pools:
    """The lists of one epoch: drawn pools, or all candidates of each brand."""
    if config.lists == "full":
        return full_lists(pairs, candidates)
    return pools(pairs, candidates, k=config.pool_size, rng=rng)


def batch_size_of(config: ListConfig, n_candidates: int) -> int:
    """Lists a step. Full lists are long: a step has about as many candidates as with pools."""
    if config.lists == "full":
        return max(1, config.batch_size * config.pool_size // max(n_candidates, 1))
    return config.batch_size


class _PoolInputs:
    """Features of both sides as tensors, gathered for one batch of pools at a time."""

    def __init__(self, torch: Any, device: str, examples: Examples) -> None:
        self.torch, self.device = torch, device
        content, rates = examples.content, examples.rates
        self.brands, self.influencers = {}, {}
        for slot, sides in content.items():
            self.brands[slot] = self.tensor(sides.brand.values)  # (b, d)
            self.influencers[slot] = self.tensor(sides.influencer.values)  # (i, d)
        self.rates = self.tensor(rates.values[:, 0]) if rates is not None else None
        # (b, f) and (i, f): the factors of each account; every brand "has" engagement.
        brand_has, influencer_has = [], []
        for sides in content.values():
            brand_has.append(sides.brand.present)
            influencer_has.append(sides.influencer.present)
        if rates is not None:
            brand_has.append(np.ones(len(brand_has[0]), bool))
            influencer_has.append(rates.present)
        self.brand_has = self.tensor(np.stack(brand_has, axis=1))
        self.influencer_has = self.tensor(np.stack(influencer_has, axis=1))

    def tensor(self, values: np.ndarray) -> Any:
        return self.torch.from_numpy(values).to(self.device)

    def __call__(self, batch: Pools) -> PoolTensors:
        brand, candidate = self.tensor(batch.brand), self.tensor(batch.candidates)
        row = candidate.clamp(min=0)  # (p, k); shorter pools are filled with -1
        has = self.brand_has[brand][:, None] & self.influencer_has[row]  # (p, k, f)
        has_content = has[..., : len(self.brands)].any(-1)
        left = rows_of_each(self.brands, brand)
        right = rows_of_each(self.influencers, row)
        rate = self.rates[row] if self.rates is not None else None
        return PoolTensors(
            features=(left, right, rate, has),
            positive=self.tensor(batch.positive),
            valid=(candidate >= 0) & has_content,
        )


class PoolTensors(NamedTuple):
    """features: the arguments of the network; positive (p, k); valid (p, k)."""

    features: tuple[Any, ...]
    positive: Tensor
    valid: Tensor
