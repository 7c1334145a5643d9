"""The training loop of all networks: early stopping, best weights restored, resumed to the same result.

Every epoch derives its random streams from the seed and its number, so there is no generator state to store:
a training that continues from its checkpoint draws the same numbers as an uninterrupted one.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
import numpy as np

from brandfit import __version__, seeds
from brandfit.errors import MissingExtra, UsageError
from brandfit.mappings import with_prefix
from brandfit.progress import Progress

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


Batch = TypeVar("Batch")

CHECKPOINT = "training.safetensors"
MAX_CHECKPOINT_SHARE = 0.05
"""Maximum share of the training time that is spent on checkpoints."""
SINGLE_THREAD_WEIGHTS = 2_000_000
"""A network with fewer weights is trained on one thread."""


class History(msgspec.Struct):
    """Record of a training. Epoch 0 is the untrained network.

    loss        mean over the batches of epoch n + 1
    validation  validation loss from epoch 0 on; empty without validation
    best        epoch of the final weights: the lowest validation loss, the earliest of equals; without
                validation the last epoch
    """

    loss: list[float] = []
    validation: list[float] = []
    best: int = 0

    @property
    def epochs(self) -> int:
        return len(self.loss)

    def exhausted(self, patience: int) -> bool:
        """Whether the last ``patience`` epochs did not improve the validation loss."""
        return bool(self.validation) and self.epochs - self.best >= patience


def need_torch(part: str) -> ModuleType:
    """torch; MissingExtra with the command that installs it."""
    try:
        import torch
    except ImportError:
        raise MissingExtra(part, "learn") from None
    return torch


@dataclass(frozen=True)
class Objective(Generic[Batch]):
    """What a network learns.

    batches   the batches of one epoch, drawn with the generator of this epoch
    loss      the scalar mean loss of a batch
    validate  the validation loss, computed without gradients after every epoch; None trains all epochs
    penalty   of the weights: adds its gradient to theirs in place after every backward pass, and returns its
              value
    """

    batches: Callable[[np.random.Generator], Iterable[Batch]]
    loss: Callable[[Batch], Tensor]
    validate: Callable[[], float] | None = None
    penalty: Callable[[], Tensor] | None = None


@dataclass(frozen=True)
class Schedule:
    """Length and step sizes of a training.

    epochs    maximum number of epochs
    patience  epochs without a better validation loss after which training ends
    decay     factor of the step size after every epoch
    """

    epochs: int
    patience: int = 10
    decay: float = 1.0


@dataclass(frozen=True)
class Checkpoints:
    """Where a training stores its state.

    folder  for the checkpoint file; None stores nothing
    run     text that identifies settings and data; a checkpoint of another run, or of another version of the
            package, is ignored
    """

    folder: Path | None = None
    run: str = ""

    @property
    def versioned_run(self) -> str:
        return f"{__version__} {self.run}"


def train(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    *,
    objective: Objective[Batch],
    schedule: Schedule,
    seed: int,
    checkpoints: Checkpoints | None = None,
    progress: Progress | None = None,
) -> History:
    """Train a network in place and leave it with its best weights, in evaluation mode.

    A checkpoint is written after every epoch, unless that takes more than a twentieth of the time; a matching
    checkpoint is resumed first.
    """
    torch = need_torch("training")
    checkpoints = checkpoints or Checkpoints()
    # Epoch 0, the untrained network, can be the best one.
    best = _copy(network)
    rates = [group["lr"] for group in optimiser.param_groups]
    history = History()
    if resumed := _resume(checkpoints, network=network, optimiser=optimiser, best=best):
        history = resumed
    validate = objective.validate
    if validate is not None and not history.validation:
        history.validation.append(_evaluate(torch, network, validate))

    def is_finished() -> bool:
        return history.epochs >= schedule.epochs or history.exhausted(schedule.patience)

    start, checkpoint_seconds = time.perf_counter(), 0.0
    with _threads(torch, network):
        while not is_finished():
            if progress:
                progress(history.epochs, schedule.epochs)
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * schedule.decay**history.epochs
            epoch = history.epochs + 1
            history.loss.append(
                _epoch(torch, network, optimiser=optimiser, objective=objective, seed=seed, epoch=epoch)
            )
            if validate is not None:
                history.validation.append(_evaluate(torch, network, validate))
            if validate is None or history.validation[-1] < history.validation[history.best]:
                history.best = history.epochs
                best = _copy(network)
            now = time.perf_counter()
            is_affordable = checkpoint_seconds <= MAX_CHECKPOINT_SHARE * (now - start)
            if checkpoints.folder is not None and (is_affordable or is_finished()):
                _save(checkpoints, network=network, optimiser=optimiser, best=best, history=history)
                checkpoint_seconds += time.perf_counter() - now
    if progress:
        progress(schedule.epochs, schedule.epochs)
    network.load_state_dict(best)
    network.eval()
    return history


def _epoch(
    torch: Any,
    network: nn.Module,
    *,
    optimiser: torch.optim.Optimizer,
    objective: Objective[Batch],
    seed: int,
    epoch: int,
) -> float:
    """Mean loss of the batches of one epoch. Raises UsageError if it is not finite."""
    losses = []
    network.train()
    devices = sorted({p.device.index or 0 for p in network.parameters() if p.device.type == "cuda"})
    # Dropout draws from the global generators; their state is restored afterwards.
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seeds.derive(seed, "dropout", epoch))
        for batch in objective.batches(seeds.generator(seed, "epoch", epoch)):
            optimiser.zero_grad()
            loss = objective.loss(batch)
            loss.backward()  # type: ignore[no-untyped-call]
            total = loss.detach()
            if objective.penalty is not None:
                total = total + objective.penalty()
            optimiser.step()
            # Read at the end: reading a value from a GPU after every step makes it wait.
            losses.append(total)
    mean = float(torch.stack(losses).double().mean()) if losses else 0.0
    if not math.isfinite(mean):
        raise UsageError(
            f"Training diverged: the loss of epoch {epoch} is {mean}.", "Try a lower learning_rate."
        )
    return mean


@contextmanager
def _threads(torch: Any, network: nn.Module) -> Iterator[None]:
    """One thread for a small network: waiting for other threads would take longer than its sums."""
    before = torch.get_num_threads()
    n_weights = sum(p.numel() for p in network.parameters())
    torch.set_num_threads(1 if n_weights < SINGLE_THREAD_WEIGHTS else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _evaluate(torch: Any, network: nn.Module, validate: Callable[[], float]) -> float:
    network.eval()
    with torch.no_grad():
        return validate()


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def _save(
    checkpoints: Checkpoints,
    *,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    best: dict[str, Tensor],
    history: History,
) -> None:
    """Write one file with tensors and JSON, atomically."""
    from safetensors.torch import save

    tensors = with_prefix("network.", _copy(network))
    tensors |= with_prefix("best.", best)
    for number, state in optimiser.state_dict()["state"].items():
        for name, tensor in state.items():
            if tensor is not None:
                tensors[f"optimiser.{number}.{name}"] = tensor.detach().clone()
    history_json = msgspec.json.encode(history).decode()
    data = save(tensors, {"run": checkpoints.versioned_run, "history": history_json})
    folder = checkpoints.folder
    assert folder is not None
    folder.mkdir(parents=True, exist_ok=True)
    new_path = folder / f"{CHECKPOINT}.new"
    with new_path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new_path.replace(folder / CHECKPOINT)


def _resume(
    checkpoints: Checkpoints,
    *,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    best: dict[str, Tensor],
) -> History | None:
    """Load the checkpoint of this run into network, optimiser and best; None if there is none."""
    from safetensors import SafetensorError, safe_open

    folder = checkpoints.folder
    if folder is None or not (folder / CHECKPOINT).exists():
        return None
    try:
        with safe_open(folder / CHECKPOINT, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("run") != checkpoints.versioned_run:
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError:
        return None  # a damaged checkpoint costs time, not the result
    network.load_state_dict(_without_prefix(tensors, "network."))
    best.update(_without_prefix(tensors, "best."))
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _without_prefix(tensors, "optimiser.").items():
        number, key = name.split(".", 1)
        state.setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
    return msgspec.json.decode(metadata["history"], type=History)


def _without_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors with names of this prefix, which is removed."""
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
