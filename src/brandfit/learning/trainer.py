"""One training loop for all that learn by gradient: early stopping, best weights restored, resumed to the
same result.

Every epoch derives its own random streams from the seed and its number, so there is no generator state to
carry on: a training that is killed and continued from its checkpoint draws what it would have drawn.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np

from brandfit import __version__, seeds
from brandfit.errors import MissingExtra, UsageError
from brandfit.progress import Progress

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


Batch = TypeVar("Batch")

CHECKPOINT = "training.safetensors"
SHARE = 0.05
"""Of the time of a training that may go into checkpoints."""
SMALL = 2_000_000
"""Weights below which a network is trained on one thread."""


class History(msgspec.Struct):
    """What a training noted. Epoch 0 is the network as it came; ``loss[n]`` is the mean over the batches of
    epoch n + 1."""

    loss: list[float] = []
    validation: list[float] = []
    """From epoch 0 on; empty without validation."""
    best: int = 0
    """Epoch whose weights were kept: the lowest validation loss, the earliest of equals; the last one without
    validation."""

    @property
    def epochs(self) -> int:
        return len(self.loss)

    def exhausted(self, patience: int) -> bool:
        """Whether the last ``patience`` epochs brought nothing better."""
        return bool(self.validation) and self.epochs - self.best >= patience


def need_torch(part: str) -> ModuleType:
    """torch, or MissingExtra with what to type."""
    try:
        import torch
    except ImportError:
        raise MissingExtra(part, "learn") from None
    return torch


def train(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    *,
    batches: Callable[[np.random.Generator], Iterable[Batch]],
    loss: Callable[[Batch], Tensor],
    epochs: int,
    seed: int,
    patience: int = 10,
    validate: Callable[[], float] | None = None,
    progress: Progress | None = None,
    folder: Path | None = None,
    run: str = "",
    decay: float = 1.0,
    penalty: Callable[[], Tensor] | None = None,
) -> History:
    """Train a network in place and leave it with its best weights, in evaluation mode.

    batches   the batches of one epoch, drawn with the generator of that epoch
    loss      the scalar mean loss of a batch
    validate  the loss on what is held out, computed without gradients after every epoch; None trains all
              epochs
    patience  epochs without a better validation loss after which training ends
    folder    where a checkpoint is written, after every epoch if that takes less than a twentieth of the
              time, and looked for first; one of another ``run``, a text that says what is trained on what, or
              another version of the package is not used
    decay     what the step size is multiplied by after every epoch
    penalty   of the weights, beside the loss: adds its gradient to theirs in place after every backward pass
              and returns its value
    """
    torch = need_torch("training")
    run = f"{__version__} {run}"
    best = _copy(network)
    rates = [group["lr"] for group in optimiser.param_groups]
    history = _resume(folder, run, network=network, optimiser=optimiser, best=best) or History()
    if validate is not None and not history.validation:
        history.validation.append(_evaluate(torch, network, validate))
    started, saving = time.perf_counter(), 0.0
    with _threads(torch, network):
        while history.epochs < epochs and not history.exhausted(patience):
            if progress:
                progress(history.epochs, epochs)
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * decay**history.epochs
            history.loss.append(
                _epoch(
                    torch,
                    network,
                    optimiser=optimiser,
                    batches=batches,
                    loss=loss,
                    penalty=penalty,
                    seed=seed,
                    epoch=history.epochs + 1,
                )
            )
            if validate is not None:
                history.validation.append(_evaluate(torch, network, validate))
            if validate is None or history.validation[-1] < history.validation[history.best]:
                history.best = history.epochs
                best = _copy(network)
            now = time.perf_counter()
            last = history.epochs == epochs or history.exhausted(patience)
            if folder is not None and (last or saving <= SHARE * (now - started)):
                _save(folder, run, network=network, optimiser=optimiser, best=best, history=history)
                saving += time.perf_counter() - now
    if progress:
        progress(epochs, epochs)
    network.load_state_dict(best)
    network.eval()
    return history


def _epoch(
    torch: Any,
    network: nn.Module,
    *,
    optimiser: torch.optim.Optimizer,
    batches: Callable[[np.random.Generator], Iterable[Batch]],
    loss: Callable[[Batch], Tensor],
    penalty: Callable[[], Tensor] | None,
    seed: int,
    epoch: int,
) -> float:
    """Mean loss of the batches."""
    losses = []
    network.train()
    devices = sorted({p.device.index or 0 for p in network.parameters() if p.device.type == "cuda"})
    with torch.random.fork_rng(
        devices=devices
    ):  # dropout draws from the global generators, which are nobody's to change
        torch.manual_seed(seeds.derive(seed, "dropout", epoch))
        for batch in batches(seeds.generator(seed, "epoch", epoch)):
            optimiser.zero_grad()
            value = loss(batch)
            value.backward()  # type: ignore[no-untyped-call]
            told = value.detach() if penalty is None else value.detach() + penalty()
            optimiser.step()
            losses.append(told)  # told at the end: asking a GPU after every step makes it wait
    mean = float(torch.stack(losses).double().mean()) if losses else 0.0
    if not math.isfinite(mean):
        raise UsageError(
            f"Training diverged: the loss of epoch {epoch} is {mean}.", "Try a lower learning_rate."
        )
    return mean


@contextmanager
def _threads(torch: Any, network: nn.Module) -> Iterator[None]:
    """One thread for a small network: waiting for the others takes longer than its sums, several times on a
    busy machine."""
    before = torch.get_num_threads()
    small = sum(p.numel() for p in network.parameters()) < SMALL
    torch.set_num_threads(1 if small else before)
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
    folder: Path,
    run: str,
    *,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    best: dict[str, Tensor],
    history: History,
) -> None:
    """One file, tensors and JSON together: it is there whole or not at all."""
    from safetensors.torch import save

    tensors = {f"network.{name}": tensor for name, tensor in _copy(network).items()}
    tensors |= {f"best.{name}": tensor for name, tensor in best.items()}
    for number, state in optimiser.state_dict()["state"].items():
        tensors |= {
            f"optimiser.{number}.{name}": t.detach().clone() for name, t in state.items() if t is not None
        }
    data = save(tensors, {"run": run, "history": msgspec.json.encode(history).decode()})
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{CHECKPOINT}.new"
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / CHECKPOINT)


def _resume(
    folder: Path | None,
    run: str,
    *,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    best: dict[str, Tensor],
) -> History | None:
    """Take up the checkpoint of this run; None where there is none."""
    from safetensors import SafetensorError, safe_open

    if folder is None or not (folder / CHECKPOINT).exists():
        return None
    try:
        with safe_open(folder / CHECKPOINT, framework="pt") as file:
            meta = file.metadata() or {}
            if meta.get("run") != run:
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError:
        return None  # a damaged checkpoint costs time, not the result
    network.load_state_dict(
        {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}
    )
    best.update({k.removeprefix("best."): v for k, v in tensors.items() if k.startswith("best.")})
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimiser."):
            _, number, key = name.split(".", 2)
            state.setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
    return msgspec.json.decode(meta["history"], type=History)
