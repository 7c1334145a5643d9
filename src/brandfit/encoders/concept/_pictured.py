"""Base of the concept generator and COSMIC: posts with pictures and concepts as training data, and the
training."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from brandfit import config as settings
from brandfit import seeds
from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset
from brandfit.encoders import _torch
from brandfit.encoders._matrix_file import Rows
from brandfit.encoders._torch import Device
from brandfit.encoders.base import EncoderConfig
from brandfit.encoders.concept._taxonomy import Taxonomy
from brandfit.encoders.concept._taxonomy_file import taxonomy_of
from brandfit.encoders.concept.bag import Bag, BagConfig
from brandfit.encoders.image.base import PictureEncoder
from brandfit.encoders.text._words import training_posts
from brandfit.errors import UsageError
from brandfit.learning.trainer import Checkpoints, Objective, Schedule, need_torch, train

LABELS = BagConfig(caption=0.0, profile=0.0, parents=0.0)
"""Labels of a post are the concepts of its hashtags and of the descriptions of its pictures."""


class PicturedConfig(EncoderConfig, frozen=True):
    at_least: Annotated[int, Meta(description="posts that a concept must have to be learned", ge=1)] = 20
    learning_rate: Annotated[float, Meta(description="step size of Adam", gt=0)] = 0.001
    batch_size: Annotated[int, Meta(description="pictures a step", ge=2)] = 32
    patience: Annotated[
        int, Meta(description="epochs without a lower validation loss before training ends", ge=1)
    ] = 5
    device: Device = "auto"
    seed: Annotated[int, Meta(description="of weights, order and augmentation")] = 0
    taxonomy: Annotated[
        str,
        Meta(
            description="file of concepts in place of the built-in ones (.txt, .csv, .xlsx); '': built-in",
            extra=settings.ADDED,
        ),
    ] = ""


@dataclass(frozen=True)
class DecodedPictures:
    """Square pictures of n posts, and whether a post has one (n,)."""

    rows: Rows
    size: int
    is_decoded: np.ndarray

    def read(self, numbers: np.ndarray) -> np.ndarray:
        """(b, size, size, 3) uint8 pictures of posts by their numbers (b,)."""
        pictures = self.rows.values[numbers].reshape(-1, self.size, self.size, 3)
        self.rows.release()
        return pictures


class PicturedEncoder(PictureEncoder):
    """Authors write ``build_network``, ``targets``, ``loss`` and ``forward``; one account in ten is held out
    for early stopping."""

    Config = PicturedConfig
    config: Any
    slot = "concept"
    neutral = ("device", "taxonomy")
    file_settings = ("taxonomy",)
    weights_cover_files = True
    stated_columns = ()
    preference = 4
    batch_size = 64

    def __init__(self, config: settings.Config | None = None) -> None:
        super().__init__(config)
        self._dataset: Dataset | None = None
        # Training data of n posts: ids, hash of a picture of each, its concepts (n, c), and the held-out
        # ones.
        self._posts = self._hashes = np.zeros(0, object)
        self.learned_concepts = np.zeros(0, np.int64)  # (c,) numbers in the taxonomy
        self._has_concept = np.zeros((0, 0), np.float32)
        self._is_held_out = np.zeros(0, bool)

    @abstractmethod
    def build_network(self) -> Any:
        """An untrained network for ``len(self.learned_concepts)`` concepts."""

    @abstractmethod
    def targets(self, dataset: Dataset) -> np.ndarray:
        """(n, c) float32 training targets of ``self._posts``, from their concepts ``self._has_concept``; NaN
        in the row of a post that is not learned from."""

    @abstractmethod
    def loss(self, network: Any, batch: Any) -> Any:
        """The scalar loss of (pictures, targets)."""

    @property
    def weights(self) -> str:
        """Fingerprint of the training data."""
        digest = hashlib.sha256(repr(self.taxonomy.names).encode())
        if self.config.taxonomy:  # other names of a concept decide its word vector
            digest.update(msgspec.json.encode(self.taxonomy.concepts, order="sorted"))
        digest.update(
            repr((self._hashes.tolist(), self.learned_concepts.tolist(), self._targets_key)).encode()
        )
        digest.update(np.ascontiguousarray(self._has_concept).tobytes() + self._is_held_out.tobytes())
        return digest.hexdigest()

    _targets_key = ""

    @property
    def taxonomy(self) -> Taxonomy:
        """The concepts that may be learned."""
        return taxonomy_of(self.config.taxonomy)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.taxonomy.names[n] for n in self.learned_concepts)

    def learn(self, dataset: Dataset) -> None:
        need_torch(self.name)
        rows = training_posts(dataset, False)
        labelled = Bag(replace(LABELS, taxonomy=self.config.taxonomy)).encode(rows)
        hash_by_post = picture_by_post(rows)
        posts = sorted(set(labelled.ids.tolist()) & set(hash_by_post))
        has_concept = labelled.values_of(posts)[0] > 0  # (posts, taxonomy)
        self.learned_concepts = np.flatnonzero(has_concept.sum(axis=0) >= self.config.at_least)
        has_any = has_concept[:, self.learned_concepts].any(axis=1)
        self._has_concept = has_concept[np.ix_(has_any, self.learned_concepts)].astype(np.float32)
        self._set_posts(rows, np.array(posts, dtype=object)[has_any], hash_by_post)

    def _set_posts(self, rows: Dataset, posts: np.ndarray, hash_by_post: Mapping[str, str]) -> None:
        """Learn from these posts (n,) of the rows."""
        self._posts = posts
        self._hashes = np.array([hash_by_post[post] for post in posts.tolist()], dtype=object)
        # A fixed seed: the same accounts are held out under every setting.
        accounts = dict(zip(rows.posts["id"].to_pylist(), rows.posts["account"].to_pylist(), strict=True))
        held_out = {id for id in accounts.values() if seeds.derive(0, "held out", id) % 10 == 0}
        self._is_held_out = np.array([accounts[post] in held_out for post in posts.tolist()], bool)
        self._dataset = rows
        self.__dict__.pop("network", None)

    def require_concepts(self) -> None:
        """Raise UsageError if there is nothing to learn from."""
        if len(self._posts) < 2 or not len(self.learned_concepts) or self._dataset is None:
            raise UsageError(
                f"{self.name} has nothing to learn from: no concept is in {self.config.at_least} posts with "
                "a picture.",
                "Import more posts with hashtags or descriptions of pictures, or lower at_least.",
            )

    @cached_property
    def network(self) -> Any:
        """The network, trained on first use."""
        import torch

        from brandfit.encoders.concept import _vision

        self.require_concepts()
        assert self._dataset is not None
        dataset, targets = self._dataset, self.targets(self._dataset)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeds.derive(self.config.seed, self.name))
            network = _torch.to_device(self.build_network(), self.config.device)
        device = next(network.parameters()).device
        pictures = self._decode_pictures(dataset)

        def loss(batch: Any) -> Any:
            return self.loss(network, [part.to(device) for part in batch])

        def batches(rows: np.ndarray, rng: np.random.Generator | None) -> Iterator[Any]:
            size = self.config.batch_size
            return _vision.batches(rows, pictures.read, targets=targets, size=size, rng=rng)

        is_used = pictures.is_decoded & np.isfinite(targets).all(axis=1)  # (n,)
        training = np.flatnonzero(is_used & ~self._is_held_out)
        held_out = np.flatnonzero(is_used & self._is_held_out)

        def validate() -> float:
            return _vision.mean_loss(batches(held_out, None), loss)

        train(
            network,
            torch.optim.Adam(network.parameters(), lr=self.config.learning_rate),
            objective=Objective(
                batches=lambda rng: batches(training, rng),
                loss=loss,
                # Batch normalisation needs two pictures.
                validate=validate if len(held_out) > 1 else None,
            ),
            schedule=Schedule(self.config.epochs, patience=self.config.patience),
            seed=self.config.seed,
            checkpoints=Checkpoints(self.folder, self.maker),
            progress=self.progress,
        )
        return network

    def _decode_pictures(self, dataset: Dataset) -> DecodedPictures:
        """The pictures of the training posts. They are decoded once, into a file if they are many, because
        decoding takes longer than an epoch's arithmetic."""
        n_posts = len(self._hashes)
        rows = Rows(n_posts, self.size * self.size * 3, np.uint8)
        is_decoded = np.zeros(n_posts, bool)
        # ``prepare`` of a subclass may read more than a picture.
        decoded = self.mapper(lambda hash: PictureEncoder.prepare(self, dataset, hash), self._hashes.tolist())
        for n, picture in enumerate(decoded):
            if picture is not None:  # damaged pictures are not learned from
                rows.values[n], is_decoded[n] = picture.ravel(), True
            if n % 1024 == 0:
                rows.release()
                if self.progress:
                    self.progress(n, n_posts)
        return DecodedPictures(rows, self.size, is_decoded)

    @abstractmethod
    def forward(self, network: Any, pictures: Any) -> Any:
        """Encodings (n, dim) of pictures (n, 3, size, size)."""

    def encode_batch(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        from brandfit.encoders.concept import _vision

        return _torch.run(self.network, self.forward, _vision.tensor(np.stack(batch)))


def picture_by_post(dataset: Dataset) -> dict[str, str]:
    """Post to the hash of its picture. Of several, the smallest hash, so that row order does not matter."""
    pictures = zip(*column_lists(dataset.images, ("post", "hash")), strict=True)
    with_hash = sorted(((post, hash) for post, hash in pictures if hash), reverse=True)
    return dict(with_hash)
