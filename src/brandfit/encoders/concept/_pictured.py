"""What the concept generator and COSMIC share: posts with pictures and concepts to learn from, and how they
are learned."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from brandfit import config as settings
from brandfit import seeds
from brandfit.data.dataset import Dataset
from brandfit.encoders import _torch
from brandfit.encoders._torch import Device
from brandfit.encoders.base import Rows
from brandfit.encoders.concept._taxonomy import built_in
from brandfit.encoders.concept.bag import Bag, BagConfig
from brandfit.encoders.image.base import PictureEncoder
from brandfit.encoders.text._words import training_posts
from brandfit.errors import UsageError
from brandfit.learning.trainer import Checkpoints, Objective, Schedule, need_torch, train

LABELS = BagConfig(caption=0.0, profile=0.0, parents=0.0)
"""A post's concepts are those of its hashtags and of the descriptions of its pictures."""


class PicturedConfig(settings.Config, frozen=True):
    at_least: Annotated[int, Meta(description="posts that a concept must have to be learned", ge=1)] = 20
    learning_rate: Annotated[float, Meta(description="step size of Adam", gt=0)] = 0.001
    batch_size: Annotated[int, Meta(description="pictures a step", ge=2)] = 32
    patience: Annotated[
        int, Meta(description="epochs without a lower validation loss before training ends", ge=1)
    ] = 5
    device: Device = "auto"
    seed: Annotated[int, Meta(description="of weights, order and augmentation")] = 0


class PicturedEncoder(PictureEncoder):
    """Authors write ``made`` (a network), ``targets``, ``loss`` and ``forward``; one account of ten is held
    out to stop early."""

    Config = PicturedConfig
    config: Any
    slot = "concept"
    neutral = ("device",)
    stated_columns = ()
    preference = 4
    batch_size = 64

    def __init__(self, config: settings.Config | None = None) -> None:
        super().__init__(config)
        self._dataset: Dataset | None = None
        self._posts = self._hashes = np.zeros(0, object)
        self._known = np.zeros(0, np.int64)
        self._h = np.zeros((0, 0), np.float32)
        self._held = np.zeros(0, bool)

    @abstractmethod
    def build_network(self) -> Any:
        """A network for ``len(self.columns)`` concepts, with weights as they are before training."""

    @abstractmethod
    def targets(self, dataset: Dataset) -> np.ndarray:
        """(n, c) float32 for each of ``self._posts``, of the concepts ``self._h`` (n, c)."""

    @abstractmethod
    def loss(self, network: Any, batch: Any) -> Any:
        """The scalar loss of (pictures, targets)."""

    @property
    def weights(self) -> str:
        """Of what is learned from."""
        digest = hashlib.sha256(repr(built_in().names).encode())
        digest.update(repr((self._hashes.tolist(), self._known.tolist(), self._text_key)).encode())
        digest.update(np.ascontiguousarray(self._h).tobytes() + self._held.tobytes())
        return digest.hexdigest()

    _text_key = ""

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(built_in().names[n] for n in self._known)

    def learn(self, dataset: Dataset) -> None:
        need_torch(self.name)
        rows = training_posts(dataset, False)
        labelled = Bag(LABELS).encode(rows)
        shown = zip(rows.images["post"].to_pylist(), rows.images["hash"].to_pylist(), strict=True)
        pictured = dict(sorted(((post, hash) for post, hash in shown if hash), reverse=True))
        posts = sorted(set(labelled.ids.tolist()) & set(pictured))
        h = labelled.values_of(posts)[0] > 0
        self._known = np.flatnonzero(h.sum(axis=0) >= self.config.at_least)
        kept = h[:, self._known].any(axis=1)
        self._h = h[np.ix_(kept, self._known)].astype(np.float32)
        self._posts = np.array(posts, dtype=object)[kept]
        self._hashes = np.array([pictured[post] for post in self._posts], dtype=object)
        accounts = dict(zip(rows.posts["id"].to_pylist(), rows.posts["account"].to_pylist(), strict=True))
        draw = {account: seeds.derive(0, "held out", account) % 10 == 0 for account in set(accounts.values())}
        self._held = np.array([draw[accounts[post]] for post in self._posts], bool)
        self._dataset = rows
        self.__dict__.pop("network", None)

    @cached_property
    def network(self) -> Any:
        """The trained network, learned when it is first asked for."""
        import torch

        from brandfit.encoders.concept import _vision

        if len(self._posts) < 2 or not len(self._known) or self._dataset is None:
            raise UsageError(
                f"{self.name} has nothing to learn from: no concept is in {self.config.at_least} posts with "
                "a picture.",
                "Import more posts with hashtags or descriptions of pictures, or lower at_least.",
            )
        dataset, targets = self._dataset, self.targets(self._dataset)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeds.derive(self.config.seed, self.name))
            network = _torch.placed(self.build_network(), self.config.device)
        device = next(network.parameters()).device
        pictures, good = self._pictures(dataset)

        def loss(batch: Any) -> Any:
            return self.loss(network, [part.to(device) for part in batch])

        size = self.config.batch_size
        learned, held = np.flatnonzero(good & ~self._held), np.flatnonzero(good & self._held)

        def validate() -> float:
            batches = _vision.batches(held, pictures, targets=targets, size=size, rng=None)
            return _vision.mean_loss(batches, loss)

        train(
            network,
            torch.optim.Adam(network.parameters(), lr=self.config.learning_rate),
            objective=Objective(
                batches=lambda rng: _vision.batches(learned, pictures, targets=targets, size=size, rng=rng),
                loss=loss,
                validate=validate if len(held) > 1 else None,
            ),
            schedule=Schedule(self.config.epochs, patience=self.config.patience),
            seed=self.config.seed,
            checkpoints=Checkpoints(self.folder, self.maker),
            progress=self.progress,
        )
        return network

    def _pictures(self, dataset: Dataset) -> tuple[Callable[[np.ndarray], np.ndarray], np.ndarray]:
        """What gives the pictures (n, size, size, 3) uint8 of posts by their numbers, and whether a post has
        one (p,).

        They are decoded once, into a file where they are many: an epoch then costs what its sums cost.
        """
        rows, good = (
            Rows(len(self._hashes), self.size * self.size * 3, np.uint8),
            np.zeros(len(self._hashes), bool),
        )
        for n, seen in enumerate(
            self.mapper(lambda hash: self.prepare(dataset, hash), self._hashes.tolist())
        ):
            if seen is not None:  # a damaged picture teaches nothing
                rows.values[n], good[n] = seen.ravel(), True
            if n % 1024 == 0:
                rows.release()
                if self.progress:
                    self.progress(n, len(good))

        def taken(at: np.ndarray) -> np.ndarray:
            found = rows.values[at].reshape(-1, self.size, self.size, 3)
            rows.release()
            return found

        return taken, good

    @abstractmethod
    def forward(self, network: Any, pictures: Any) -> Any:
        """(n, dim) of (n, 3, size, size)."""

    def encode_batch(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        from brandfit.encoders.concept import _vision

        return _torch.run(self.network, self.forward, _vision.tensor(np.stack(batch)))
