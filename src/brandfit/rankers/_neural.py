"""What rankers share that learn an embedding of each side by gradient: a score is a sum of inner products,
one a part."""

from __future__ import annotations

import copy
import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import msgspec
import numpy as np
from msgspec import Meta

from brandfit import seeds
from brandfit.config import Config
from brandfit.data.dataset import Dataset
from brandfit.errors import ConfigError, UsageError
from brandfit.learning.losses import L1, disorder
from brandfit.learning.pairs import Pairs, held_out_pairs, negative_candidates, training_pairs
from brandfit.learning.pooling import Vectors, account_vectors, brand_vectors
from brandfit.learning.samplers import Triplets, triplets
from brandfit.learning.similarity import inner, shared
from brandfit.learning.trainer import need_torch, train
from brandfit.progress import Progress
from brandfit.rankers.base import Ranker

if TYPE_CHECKING:
    from torch import Tensor, nn

JUDGED = 20
"""Negatives for every positive pair that early stopping compares it with."""

Sides = dict[str, tuple[Vectors, Vectors]]
"""Slot to the vectors of brands and of influencers."""


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


class NetworkRanker(Ranker):
    """Authors write ``made`` (a network), ``draw`` (examples) and ``loss``.

    The network gives ``network(side, values, has)``: part to (n, d) embeddings of accounts, from slot to
    values (n, dim) and slot to has (n, 1), 0 or 1. A slot that either side of a pair misses is missing for
    both in that pair. A network that is the same for both sides says so (``shared_towers``).
    The parts of a score are the inner products of the embeddings. Scoring runs in float64, so that a score is
    the same alone and in a batch.

    Training stops early by the share of held-out pairs in the wrong order, 1 - AUC: losses grow with the
    scores, also while the order still gets better.
    """

    Config = NetworkConfig
    keeps_rows = False
    config: Any
    learns = True

    def __init__(self, config: Any = None, seed: int = 0) -> None:
        super().__init__(config, seed)
        self.network: nn.Module | None = None
        self.exact: nn.Module | None = None
        """The same in float64, to score by: a copy, for several threads may ask one ranker at once."""

    @property
    def n_parameters(self) -> int:
        return sum(p.numel() for p in self.network.parameters()) if self.network is not None else 0

    @property
    def together(self) -> int:
        """Examples in a row of ``draw`` that are learned from in one step: what they share goes through the
        network once."""
        return 1

    @abstractmethod
    def build_network(self, dims: dict[str, int]) -> nn.Module:
        """The network as it is before training, for slots of these dims; what else it depends on is in
        ``training``."""

    @abstractmethod
    def loss(self, embed: Embed, batch: Any) -> Tensor:
        """The scalar loss of a batch of what ``draw`` gave, as tensors where the network is."""

    @abstractmethod
    def sample(self, pairs: np.ndarray, candidates: np.ndarray, rng: np.random.Generator) -> Any:
        """A named tuple of arrays, one row an example: all that an epoch learns from. Negatives are among
        these candidates."""

    def score_triplets(self, embed: Embed, batch: Triplets) -> tuple[Tensor, Tensor]:
        """Scores (n,) of the positive and of the negative of each triplet."""
        positive, negative = embed.both(batch)
        return sum(positive.values()), sum(negative.values())  # type: ignore[return-value]

    def prepare_metadata(self, dataset: Dataset, pairs: Pairs) -> dict[str, Any]:
        """What ``made``, ``draw`` and ``loss`` need to know beside; JSON types of it go into ``training``."""
        return {}

    def values(
        self, dataset: Dataset, slot: str, *, brands: np.ndarray, influencers: np.ndarray
    ) -> tuple[Vectors, Vectors]:
        """What the network is given of a slot."""
        right = account_vectors(dataset, slot, accounts=influencers)
        if slot in self.one_sided:
            return Vectors(np.zeros((len(brands), 1), np.float32), np.ones(len(brands), bool)), right
        return brand_vectors(dataset, slot, brands=brands), right

    def optimiser(self, network: nn.Module) -> Any:
        import torch

        return torch.optim.Adam(network.parameters(), lr=self.config.learning_rate, fused=True)

    def fit(self, dataset: Dataset, progress: Progress | None = None, folder: Path | None = None) -> Self:
        torch = need_torch(self.name)
        self.reads, self.network, self.training = {}, None, {}
        pairs, sides = self._examples(dataset)
        self.reads = {slot: (dataset.slots[slot].name, dataset.slots[slot].dim) for slot in sides}
        self.training = self.prepare_metadata(dataset, pairs)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeds.derive(self.seed, self.name))
            network = self.build_network({slot: right.values.shape[1] for slot, (_, right) in sides.items()})
        network = network.to(device_of(torch, self.config.device))
        embed = Embed(network, sides)
        held = held_out_pairs(pairs.rows, self.config.validation, self.seed)
        learned, judged = negative_candidates(pairs, held)
        size = self.config.batch_size

        def tensors(drawn: Any) -> Any:
            return type(drawn)(*(torch.from_numpy(column).to(embed.device) for column in drawn))

        asked: Any = tensors(
            triplets(pairs.rows[held], judged, rng=seeds.generator(self.seed, "validation"), random=JUDGED)
        )

        def batches(rng: np.random.Generator) -> Iterator[Any]:
            drawn = self.sample(pairs.rows[~held], learned, rng)
            order = _shuffled(len(drawn[0]), self.together, rng)
            return batches_of(tensors(type(drawn)(*(column[order] for column in drawn))), size)

        weights = [
            p for name, p in network.named_parameters() if name.endswith("weight")
        ]  # no biases, no embeddings

        def validate() -> float:
            return sum(
                float(disorder(*self.score_triplets(embed, b))) * len(b[0]) for b in batches_of(asked, 4096)
            ) / len(asked[0])

        history = train(
            network,
            self.optimiser(network),
            batches=batches,
            loss=lambda batch: self.loss(embed, batch),
            epochs=self.config.epochs,
            seed=self.seed,
            patience=self.config.patience,
            validate=validate if len(asked[0]) else None,
            progress=progress,
            folder=folder,
            run=run_of(self, dataset),
            decay=self.config.decay,
            penalty=L1(weights, self.config.l1) if self.config.l1 else None,
        )
        self._took(network)
        self.training |= msgspec.to_builtins(history)
        return super().fit(dataset)

    def parts(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        if self.network is None:
            raise UsageError(
                f"{self.name} has not been fitted.", "Fit it on a Dataset with endorsements first."
            )
        used = self.used_slots(dataset)
        content = [slot for slot in self._content if slot in used]
        if not content:
            return {self.name: np.full((len(brands), len(candidates)), np.nan)}
        sides = {slot: self.values(dataset, slot, brands=brands, influencers=candidates) for slot in used}
        has = {slot: shared(left, right) for slot, (left, right) in sides.items()}
        known = np.any([has[slot] for slot in content], axis=0)
        # A pair is told by the slots that both sides have: by which, there are few cases, mostly one.
        case = sum(
            (has[slot].astype(np.int64) << n for n, slot in enumerate(content)),
            np.zeros(known.shape, np.int64),
        )
        result: dict[str, np.ndarray] = {}
        for number in np.unique(case[known]).tolist():
            here = [slot for n, slot in enumerate(content) if number >> n & 1]
            left, right = (
                self._embedded(side, sides, [*here, *(s for s in used if s not in content)])
                for side in (0, 1)
            )
            at = case == number
            for part in (part for part in left if part in right):
                value = inner(left[part], right[part])
                result[part] = np.where(at, value, result.get(part, np.nan))
        if not result:
            return {self.name: np.full((len(brands), len(candidates)), np.nan)}
        return {part: np.where(known & np.isnan(value), 0.0, value) for part, value in result.items()}

    def notes(self, dataset: Dataset) -> list[str]:
        told = super().notes(dataset)
        if self.training.get("validation") and self.training.get("best") == 0:
            told.append(
                "no epoch was better than the weights that it started from, drawn at random: it has learned "
                "nothing there"
            )
        return told

    def arrays(self) -> dict[str, np.ndarray]:
        if self.network is None:
            return {}
        return {
            name: tensor.detach().cpu().numpy().copy() for name, tensor in self.network.state_dict().items()
        }

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        torch = need_torch(self.name)
        network = self.build_network({slot: self._dim(slot, dim) for slot, (_, dim) in self.reads.items()})
        network.load_state_dict({name: torch.from_numpy(np.array(values)) for name, values in arrays.items()})
        self._took(network)

    @property
    def _content(self) -> list[str]:
        return [slot for slot in self.slots if slot not in self.one_sided]

    def _dim(self, slot: str, dim: int) -> int:
        """Of what ``values`` gives, for Features of ``dim`` columns."""
        return dim

    def _took(self, network: Any) -> None:
        self.network = network.cpu().float().eval()
        self.exact = copy.deepcopy(self.network).double()

    def _embedded(self, side: int, sides: Sides, here: list[str]) -> dict[str, np.ndarray]:
        """Part to (n, d) float32 of the accounts of one side, told by these slots; zeros where one has not
        all of them."""
        import torch

        vectors = {slot: sides[slot][side] for slot in here}
        assert self.exact is not None
        with torch.inference_mode():
            found = self.exact(
                side,
                {slot: torch.from_numpy(v.values).double() for slot, v in vectors.items()},
                {slot: torch.from_numpy(v.present).double()[:, None] for slot, v in vectors.items()},
            )
        return {part: values.float().numpy() for part, values in found.items()}

    def _examples(self, dataset: Dataset) -> tuple[Pairs, Sides]:
        """Pairs to learn from and what is known of their sides. Pairs that share nothing teach nothing."""
        pairs = training_pairs(dataset, self.name)
        sides = {
            slot: self.values(dataset, slot, brands=pairs.brands, influencers=pairs.influencers)
            for slot in self.used_slots(dataset)
        }
        content = [sides[slot] for slot in self._content if slot in sides]
        here = [left.present[pairs.rows[:, 0]] & right.present[pairs.rows[:, 1]] for left, right in content]
        teaches = np.any(here, axis=0) if here else np.zeros(len(pairs.rows), bool)
        if not teaches.any():
            left_out = self.unusable_slots(dataset)
            wanted = [slot for slot in self._content if "the setting" not in left_out.get(slot, "")]
            raise UsageError(
                f"{self.name} learns from {', '.join(wanted)}, and no endorsing pair has features of the "
                "same slot.",
                "Encode what fills these slots first: brandfit list encoders",
            )
        brands = np.any([left.present for left, _ in content], axis=0)
        influencers = np.any([right.present for _, right in content], axis=0)
        pairs = Pairs(pairs.brands, pairs.influencers, pairs.rows[teaches]).subset(
            brands=brands, influencers=influencers
        )
        kept = {
            slot: (
                Vectors(left.values[brands], left.present[brands]),
                Vectors(right.values[influencers], right.present[influencers]),
            )
            for slot, (left, right) in sides.items()
        }
        return pairs, kept


class TripletRanker(NetworkRanker):
    """Learns from triplets."""

    def sample(self, pairs: np.ndarray, candidates: np.ndarray, rng: np.random.Generator) -> Triplets:
        return triplets(pairs, candidates, rng=rng)


class Embed:
    """Embeddings and scores of pairs, by their numbers."""

    def __init__(self, network: nn.Module, sides: Sides) -> None:
        import torch

        self.network = network
        self.device = next(network.parameters()).device
        self.values = [
            {slot: torch.from_numpy(pair[side].values).to(self.device) for slot, pair in sides.items()}
            for side in (0, 1)
        ]
        self.has = [
            {
                slot: torch.from_numpy(pair[side].present).float().to(self.device)[:, None]
                for slot, pair in sides.items()
            }
            for side in (0, 1)
        ]

    def __call__(self, brand: Tensor, influencer: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Part to (n, d) of both sides of n pairs, told by the slots that both have.

        An account that is in many pairs of a batch goes through the network once, with one dropout.
        """

        import torch

        at = [brand.to(self.device), influencer.to(self.device)]
        case = self.case(at[0], at[1])
        (left, has_left, here), (right, has_right, there) = (
            self.inputs(side, at[side], case) for side in (0, 1)
        )
        if self.network.shared_towers:  # in one pass: every weight is read, and its gradient summed up, once
            values, has = (
                {slot: torch.cat([a[slot], b[slot]]) for slot in a}
                for a, b in ((left, right), (has_left, has_right))
            )
            found = self.network(0, values, has)
            n = len(next(iter(left.values())))
            return rows_of(found, here), rows_of(found, n + there)
        found_left, found_right = self.network(0, left, has_left), self.network(1, right, has_right)
        return rows_of(found_left, here), rows_of(found_right, there)

    def case(self, brand: Tensor | None, influencer: Tensor | None) -> Tensor:
        """(n,) of n pairs, or of n accounts of one side: which slots are there, a bit each."""
        import torch

        here = [(has, at) for has, at in zip(self.has, (brand, influencer), strict=True) if at is not None]
        there = (torch.stack([has[slot][at] for has, at in here]).prod(0) for slot in self.has[0])
        return torch.stack([bits[:, 0].long() << n for n, bits in enumerate(there)]).sum(0)

    def inputs(
        self, side: int, accounts: Tensor, case: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
        """What the network is given of accounts told by slots, each once: values and has by slot, and (n,)
        the row of each."""
        slots = len(self.has[side])
        told, place = ((accounts << slots) + case).unique(return_inverse=True)  # type: ignore[no-untyped-call]
        at = told >> slots
        has = {
            slot: ((told >> n) & 1).to(values.dtype)[:, None]
            for n, (slot, values) in enumerate(self.has[side].items())
        }
        return {slot: values[at] for slot, values in self.values[side].items()}, has, place

    def scores(self, brand: Tensor, influencer: Tensor) -> dict[str, Tensor]:
        """Part to (n,) scores of n pairs."""
        left, right = self(brand, influencer)
        return {part: (left[part] * right[part]).sum(-1) for part in left}

    def both(self, batch: Triplets) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Scores by part of the positive and of the negative of each triplet, in one pass."""
        import torch

        brand, positive, negative = (torch.as_tensor(column) for column in batch)
        found = self.scores(torch.cat([brand, brand]), torch.cat([positive, negative]))
        n = len(brand)
        return {part: s[:n] for part, s in found.items()}, {part: s[n:] for part, s in found.items()}


def rows_of(found: dict[str, Tensor], at: Tensor) -> dict[str, Tensor]:
    """Rows of each. The gradient of index_select is summed up in order, that of brackets by whichever thread
    comes first."""
    return {part: values.index_select(0, at) for part, values in found.items()}


def run_of(ranker: Ranker, dataset: Dataset) -> str:
    """What is trained on what, for checkpoints."""
    config = {name: value for name, value in ranker.config.to_dict().items() if name != "device"}
    said = [ranker.name, config, ranker.seed, dataset.fingerprint]
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()


def device_of(torch: Any, device: str) -> str:
    here = torch.cuda.is_available()
    if device == "cuda" and not here:
        raise ConfigError("Setting device='cuda': PyTorch finds no CUDA device here.", "device: auto or cpu")
    return "cuda" if here and device != "cpu" else "cpu"


def _shuffled(n: int, together: int, rng: np.random.Generator) -> np.ndarray:
    """The numbers 0 ... n - 1 in a random order, ``together`` in a row staying so."""
    first = rng.permutation(-(-n // together)) * together
    order = (first[:, None] + np.arange(together)).reshape(-1)
    return order[order < n]


def batches_of(drawn: Any, size: int) -> Iterator[Any]:
    for start in range(0, len(drawn[0]), size):
        yield type(drawn)(*(column[start : start + size] for column in drawn))
