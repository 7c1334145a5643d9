"""Rankers that learn embeddings of both sides by gradient descent.

A score is a sum of inner products, one per part.
"""

from __future__ import annotations

import copy
import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self

import msgspec
import numpy as np
from msgspec import Meta

from brandfit import seeds
from brandfit.config import Config
from brandfit.data.dataset import Dataset
from brandfit.errors import ConfigError, UsageError
from brandfit.learning.losses import L1, disorder
from brandfit.learning.pairs import Pairs, held_out_pairs, negative_candidates, training_pairs
from brandfit.learning.pooling import Side, Sides, Vectors, account_vectors, brand_vectors, subset_of_sides
from brandfit.learning.samplers import Triplets, triplets
from brandfit.learning.similarity import inner, shared
from brandfit.learning.trainer import Checkpoints, Objective, Schedule, need_torch, train
from brandfit.mappings import rows_of_each
from brandfit.progress import Progress
from brandfit.rankers.base import Ranker

if TYPE_CHECKING:
    from torch import Tensor, nn

VALIDATION_NEGATIVES = 20
"""Negatives per positive pair in the validation of early stopping."""
VALIDATION_BATCH = 4096

SlotSides = dict[str, Sides[Vectors]]
"""Slot to the vectors of both sides."""


Device = Annotated[
    Literal["auto", "cpu", "cuda"], Meta(description="where it is trained; auto: cuda where there is one")
]


class NetworkConfig(Config, frozen=True):
    epochs: Annotated[int, Meta(description="epochs at most", ge=0, le=100_000)] = 100
    learning_rate: Annotated[float, Meta(description="first step size", gt=0)] = 0.002
    decay: Annotated[
        float, Meta(description="what the step size is multiplied by after an epoch", gt=0, le=1)
    ] = 0.95
    batch_size: Annotated[int, Meta(description="examples a step", ge=1)] = 32
    dropout: Annotated[
        float, Meta(description="share of the activations left out while training", ge=0, lt=1)
    ] = 0.5
    width: Annotated[
        float, Meta(description="widths of the layers, as a share of the paper's", gt=0, le=10)
    ] = 1.0
    l1: Annotated[float, Meta(description="weight of the sum of absolute weights in the loss", ge=0)] = 0.001
    patience: Annotated[
        int, Meta(description="epochs without a better validation before training ends", ge=1)
    ] = 10
    validation: Annotated[
        float,
        Meta(
            description="share of the training brands held out to stop early; 0 trains all epochs", ge=0, lt=1
        ),
    ] = 0.2
    device: Device = "auto"


class TrainingExamples(NamedTuple):
    """Pairs that share features, and the vectors of their accounts."""

    pairs: Pairs
    vectors: SlotSides


class NetworkRanker(Ranker):
    """Authors write ``build_network``, ``sample`` (examples of an epoch) and ``loss``.

    ``network(side, values, has)`` returns part to (n, d) embeddings of accounts of one side. values: slot to
    (n, dim); has: slot to (n, 1), 0 or 1. A slot that one side of a pair lacks is missing for both sides in
    this pair. A network with the same weights for both sides sets ``shared_towers``. The parts of a score are
    the inner products of the embeddings. Scores are computed in float64, so that a score is the same alone
    and in a batch.

    Early stopping uses the share of held-out pairs in the wrong order, 1 - AUC: losses grow with the scores,
    even while the order improves.
    """

    Config = NetworkConfig
    keeps_rows = False
    config: Any
    learns = True

    def __init__(self, config: Any = None, seed: int = 0) -> None:
        super().__init__(config, seed)
        self.network: nn.Module | None = None
        self.float64_network: nn.Module | None = None
        """A float64 copy for scoring. A copy, because several threads may score with one ranker."""

    @property
    def n_parameters(self) -> int:
        return sum(p.numel() for p in self.network.parameters()) if self.network is not None else 0

    @property
    def n_consecutive(self) -> int:
        """Consecutive examples of ``sample`` that must stay in one step, to embed their accounts once."""
        return 1

    @abstractmethod
    def build_network(self, dims: dict[str, int]) -> nn.Module:
        """The untrained network, for slots of these dims; it may depend on ``training`` too."""

    @abstractmethod
    def loss(self, embedder: Embedder, batch: Any) -> Tensor:
        """The scalar loss of a batch of ``sample``, given as tensors on the device of the network."""

    @abstractmethod
    def sample(self, pairs: np.ndarray, candidates: np.ndarray, rng: np.random.Generator) -> Any:
        """The examples of one epoch: a named tuple of arrays with a row per example.

        pairs       (p, 2) positive pairs
        candidates  rows of influencers that may be negatives
        """

    def score_triplets(self, embedder: Embedder, batch: Triplets) -> tuple[Tensor, Tensor]:
        """Scores (n,) of the positive and of the negative of each triplet."""
        positive, negative = embedder.triplet_scores(batch)
        return sum(positive.values()), sum(negative.values())  # type: ignore[return-value]

    def prepare_metadata(self, dataset: Dataset, pairs: Pairs) -> dict[str, Any]:
        """Further inputs of ``build_network``, ``sample`` and ``loss``; JSON types go into ``training``."""
        return {}

    def slot_vectors(
        self, dataset: Dataset, slot: str, *, brands: np.ndarray, influencers: np.ndarray
    ) -> Sides[Vectors]:
        """The input of the network for one slot."""
        of_influencers = account_vectors(dataset, slot, accounts=influencers)
        if slot in self.one_sided:
            no_values = np.zeros((len(brands), 1), np.float32)
            return Sides(Vectors(no_values, np.ones(len(brands), bool)), of_influencers)
        return Sides(brand_vectors(dataset, slot, brands=brands), of_influencers)

    def batch_size(self, n_candidates: int) -> int:
        """Examples a step, if there are ``n_candidates`` to draw from."""
        return self.config.batch_size

    def optimiser(self, network: nn.Module) -> Any:
        import torch

        return torch.optim.Adam(network.parameters(), lr=self.config.learning_rate, fused=True)

    def fit(self, dataset: Dataset, progress: Progress | None = None, folder: Path | None = None) -> Self:
        torch = need_torch(self.name)
        self.reads, self.network, self.training = {}, None, {}
        pairs, vectors = self._examples(dataset)
        self.reads = {slot: (dataset.slots[slot].name, dataset.slots[slot].dim) for slot in vectors}
        self.training = self.prepare_metadata(dataset, pairs)
        # Initial weights depend on the seed only; the global generator is restored.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeds.derive(self.seed, self.name))
            dims = {slot: sides.influencer.values.shape[1] for slot, sides in vectors.items()}
            network = self.build_network(dims)
        network = network.to(torch_device(torch, self.config.device))
        embedder = Embedder(network, vectors)
        is_held_out = held_out_pairs(pairs.rows, self.config.validation, self.seed)
        candidates = negative_candidates(pairs, is_held_out)

        def tensors(examples: Any) -> Any:
            return type(examples)(*(torch.from_numpy(column).to(embedder.device) for column in examples))

        def batches(rng: np.random.Generator) -> Iterator[Any]:
            examples = self.sample(pairs.rows[~is_held_out], candidates.training, rng)
            order = _shuffled(len(examples[0]), self.n_consecutive, rng)
            shuffled = type(examples)(*(column[order] for column in examples))
            return batches_of(tensors(shuffled), self.batch_size(len(candidates.training)))

        validation: Any = tensors(
            triplets(
                pairs.rows[is_held_out],
                candidates.validation,
                rng=seeds.generator(self.seed, "validation"),
                random=VALIDATION_NEGATIVES,
            )
        )

        def validate() -> float:
            total = 0.0
            for batch in batches_of(validation, VALIDATION_BATCH):
                total += float(disorder(*self.score_triplets(embedder, batch))) * len(batch[0])
            return total / len(validation[0])

        # The L1 penalty covers weights; biases and embeddings are free.
        weights = [p for name, p in network.named_parameters() if name.endswith("weight")]
        objective = Objective(
            batches=batches,
            loss=lambda batch: self.loss(embedder, batch),
            validate=validate if len(validation[0]) else None,
            penalty=L1(weights, self.config.l1) if self.config.l1 else None,
        )
        history = train(
            network,
            self.optimiser(network),
            objective=objective,
            schedule=Schedule(self.config.epochs, patience=self.config.patience, decay=self.config.decay),
            seed=self.seed,
            checkpoints=Checkpoints(folder, run_key(self, dataset)),
            progress=progress,
        )
        self._set_network(network)
        self.training |= msgspec.to_builtins(history)
        return super().fit(dataset)

    def parts(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        if self.network is None:
            raise UsageError(
                f"{self.name} has not been fitted.", "Fit it on a Dataset with endorsements first."
            )
        used = self.used_slots(dataset)
        content = [slot for slot in self._content_slots if slot in used]
        unknown = {self.name: np.full((len(brands), len(candidates)), np.nan)}
        if not content:
            return unknown
        vectors = {
            slot: self.slot_vectors(dataset, slot, brands=brands, influencers=candidates) for slot in used
        }
        has_both = {slot: shared(*sides) for slot, sides in vectors.items()}  # (b, n) each
        has_evidence = np.any([has_both[slot] for slot in content], axis=0)
        # Pairs differ in the slots that both sides have: a bit per slot. There are few cases, mostly one.
        case = np.zeros(has_evidence.shape, np.int64)
        for bit, slot in enumerate(content):
            case += has_both[slot].astype(np.int64) << bit
        one_sided = [slot for slot in used if slot not in content]
        parts: dict[str, np.ndarray] = {}
        for number in np.unique(case[has_evidence]).tolist():
            slots = [slot for bit, slot in enumerate(content) if number >> bit & 1]
            of_brands = self._embeddings("brand", vectors, [*slots, *one_sided])
            of_candidates = self._embeddings("influencer", vectors, [*slots, *one_sided])
            is_case = case == number
            for part in of_brands:
                if part in of_candidates:
                    products = inner(of_brands[part], of_candidates[part])
                    parts[part] = np.where(is_case, products, parts.get(part, np.nan))
        if not parts:
            return unknown
        return {
            part: np.where(has_evidence & np.isnan(values), 0.0, values) for part, values in parts.items()
        }

    def notes(self, dataset: Dataset) -> list[str]:
        notes = super().notes(dataset)
        if self.training.get("validation") and self.training.get("best") == 0:
            notes.append(
                "no epoch was better than the weights that it started from, drawn at random: it has learned "
                "nothing there"
            )
        return notes

    def arrays(self) -> dict[str, np.ndarray]:
        if self.network is None:
            return {}
        state = self.network.state_dict()
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in state.items()}

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        torch = need_torch(self.name)
        network = self.build_network(
            {slot: self._input_dim(slot, dim) for slot, (_, dim) in self.reads.items()}
        )
        network.load_state_dict({name: torch.from_numpy(np.array(values)) for name, values in arrays.items()})
        self._set_network(network)

    @property
    def _content_slots(self) -> list[str]:
        return [slot for slot in self.slots if slot not in self.one_sided]

    def _input_dim(self, slot: str, dim: int) -> int:
        """Columns of ``slot_vectors`` for Features of ``dim`` columns."""
        return dim

    def _set_network(self, network: Any) -> None:
        self.network = network.cpu().float().eval()
        self.float64_network = copy.deepcopy(self.network).double()

    def _embeddings(self, side: Side, vectors: SlotSides, slots: list[str]) -> dict[str, np.ndarray]:
        """Part to (n, d) float32 embeddings of one side from these slots; zeros if a slot is missing."""
        import torch

        assert self.float64_network is not None
        values, has = {}, {}
        for slot in slots:
            of_side = vectors[slot].of(side)
            values[slot] = torch.from_numpy(of_side.values).double()  # (n, dim)
            has[slot] = torch.from_numpy(of_side.present).double()[:, None]  # (n, 1)
        with torch.inference_mode():
            embeddings = self.float64_network(side, values, has)
        return {part: values.float().numpy() for part, values in embeddings.items()}

    def _examples(self, dataset: Dataset) -> TrainingExamples:
        """Training pairs and the vectors of their accounts. Pairs without a shared slot are left out."""
        pairs = training_pairs(dataset, self.name)
        vectors = {
            slot: self.slot_vectors(dataset, slot, brands=pairs.brands, influencers=pairs.influencers)
            for slot in self.used_slots(dataset)
        }
        content = [vectors[slot] for slot in self._content_slots if slot in vectors]
        has_slot = np.zeros(len(pairs.rows), bool)  # (p,) pairs that share a slot
        has_content = Sides(np.zeros(len(pairs.brands), bool), np.zeros(len(pairs.influencers), bool))
        for sides in content:
            has_slot |= sides.brand.present[pairs.rows[:, 0]] & sides.influencer.present[pairs.rows[:, 1]]
            has_content = Sides(
                has_content.brand | sides.brand.present, has_content.influencer | sides.influencer.present
            )
        if not has_slot.any():
            unusable = self.unusable_slots(dataset)
            wanted = [slot for slot in self._content_slots if "the setting" not in unusable.get(slot, "")]
            raise UsageError(
                f"{self.name} learns from {', '.join(wanted)}, and no endorsing pair has features of the "
                "same slot.",
                "Encode what fills these slots first: brandfit list encoders",
            )
        # Accounts without content are dropped, and rows renumbered.
        pairs = Pairs(pairs.brands, pairs.influencers, pairs.rows[has_slot])
        pairs = pairs.subset(brands=has_content.brand, influencers=has_content.influencer)
        return TrainingExamples(pairs, subset_of_sides(vectors, has_content))


class TripletRanker(NetworkRanker):
    """Learns from triplets."""

    def sample(self, pairs: np.ndarray, candidates: np.ndarray, rng: np.random.Generator) -> Triplets:
        return triplets(pairs, candidates, rng=rng)


class NetworkInputs(NamedTuple):
    """Distinct accounts of one side, each with a set of slots.

    values  slot to (m, dim)
    has     slot to (m, 1), 0 or 1
    row     (n,) row of each requested account
    """

    values: dict[str, Tensor]
    has: dict[str, Tensor]
    row: Tensor


class Embedder:
    """Embeddings and scores of pairs, by row numbers of brands and influencers."""

    def __init__(self, network: nn.Module, vectors: SlotSides) -> None:
        import torch

        self.network = network
        self.device = next(network.parameters()).device

        def values_of(side: Side) -> dict[str, Tensor]:
            return {
                slot: torch.from_numpy(sides.of(side).values).to(self.device)
                for slot, sides in vectors.items()
            }

        def has_of(side: Side) -> dict[str, Tensor]:
            return {
                slot: torch.from_numpy(sides.of(side).present).float().to(self.device)[:, None]
                for slot, sides in vectors.items()
            }

        self.values = Sides(values_of("brand"), values_of("influencer"))
        self.has = Sides(has_of("brand"), has_of("influencer"))

    def __call__(self, brand: Tensor, influencer: Tensor) -> Sides[dict[str, Tensor]]:
        """Part to (n, d) embeddings of both sides of n pairs, from the slots that both sides have.

        An account that is in many pairs of a batch passes the network once, with one dropout mask.
        """
        import torch

        brand, influencer = brand.to(self.device), influencer.to(self.device)
        case = self.slot_case(Sides(brand, influencer))
        left = self.inputs("brand", brand, case)
        right = self.inputs("influencer", influencer, case)
        if self.network.shared_towers:
            # In one pass: every weight is read, and its gradient summed, once.
            values = {slot: torch.cat([left.values[slot], right.values[slot]]) for slot in left.values}
            has = {slot: torch.cat([left.has[slot], right.has[slot]]) for slot in left.has}
            embeddings = self.network("brand", values, has)
            n_left = len(next(iter(left.values.values())))
            return Sides(select_rows(embeddings, left.row), select_rows(embeddings, n_left + right.row))
        of_brands = self.network("brand", left.values, left.has)
        of_influencers = self.network("influencer", right.values, right.has)
        return Sides(select_rows(of_brands, left.row), select_rows(of_influencers, right.row))

    def slot_case(self, accounts: Sides[Tensor | None]) -> Tensor:
        """(n,) set of slots, a bit each, that n pairs share; or that n accounts of one side have."""
        import torch

        present = [(has, rows) for has, rows in zip(self.has, accounts, strict=True) if rows is not None]
        bits = []
        for bit, slot in enumerate(self.has.brand):
            has_all = torch.stack([has[slot][rows] for has, rows in present]).prod(0)  # (n, 1)
            bits.append(has_all[:, 0].long() << bit)
        return torch.stack(bits).sum(0)

    def inputs(self, side: Side, accounts: Tensor, case: Tensor) -> NetworkInputs:
        """The input of the network for accounts (n,) with their sets of slots (n,), each pair once."""
        # One integer per (account, set of slots); its distinct values are embedded.
        all_values = self.values.of(side)
        n_slots = len(all_values)
        all_codes = (accounts << n_slots) + case  # (n,)
        codes, row = all_codes.unique(return_inverse=True)  # type: ignore[no-untyped-call]
        account = codes >> n_slots
        has = {
            slot: ((codes >> bit) & 1).to(values.dtype)[:, None]
            for bit, (slot, values) in enumerate(self.has.of(side).items())
        }
        return NetworkInputs(rows_of_each(all_values, account), has, row)

    def scores(self, brand: Tensor, influencer: Tensor) -> dict[str, Tensor]:
        """Part to (n,) scores of n pairs."""
        left, right = self(brand, influencer)
        return {part: (left[part] * right[part]).sum(-1) for part in left}

    def triplet_scores(self, batch: Triplets) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Part to the scores of the positive, and of the negative, of each triplet; in one pass."""
        import torch

        # Positives and negatives in one pass.
        brand, positive, negative = (torch.as_tensor(column) for column in batch)
        scores = self.scores(torch.cat([brand, brand]), torch.cat([positive, negative]))
        n = len(brand)
        return rows_of_each(scores, slice(None, n)), rows_of_each(scores, slice(n, None))


def select_rows(values_by_part: dict[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    """The rows of each part.

    index_select sums gradients in a fixed order; indexing with brackets does not.
    """
    return {part: values.index_select(0, rows) for part, values in values_by_part.items()}


def run_key(ranker: Ranker, dataset: Dataset) -> str:
    """Hash of a ranker, its settings and its Dataset, for checkpoints."""
    config = {name: value for name, value in ranker.config.identity().items() if name != "device"}
    content = [ranker.name, config, ranker.seed, dataset.fingerprint]
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def torch_device(torch: Any, device: str) -> str:
    """The device of a setting. Raises ConfigError if CUDA is requested and missing."""
    has_cuda = torch.cuda.is_available()
    if device == "cuda" and not has_cuda:
        raise ConfigError("Setting device='cuda': PyTorch finds no CUDA device here.", "device: auto or cpu")
    return "cuda" if has_cuda and device != "cpu" else "cpu"


def _shuffled(n: int, n_consecutive: int, rng: np.random.Generator) -> np.ndarray:
    """The numbers 0 ... n - 1 in random order; blocks of ``n_consecutive`` stay together."""
    first = rng.permutation(-(-n // n_consecutive)) * n_consecutive
    order = (first[:, None] + np.arange(n_consecutive)).reshape(-1)
    return order[order < n]


def batches_of(examples: Any, size: int) -> Iterator[Any]:
    """Named tuples of ``size`` examples each."""
    for start in range(0, len(examples[0]), size):
        yield type(examples)(*(column[start : start + size] for column in examples))
