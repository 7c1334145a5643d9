"""Inception-v3 with its top blocks tuned on labelled posts: what attentive reads of pictures where ``tune``
says so (P-01, P-08).

All blocks below stay as they came, batch normalisation with its stored statistics. A head (1,024 and the
classes) is learned with them on posts, each of the category that it is labelled with, else of its account's;
then the head is dropped, and a picture is the 2,048 pooled numbers. Pictures are rotated, shifted, zoomed,
mirrored and shifted in colour while it learns, anew every time; how far is not published.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from brandfit import seeds
from brandfit.encoders import _torch
from brandfit.encoders.base import Map
from brandfit.encoders.image.inception_v3 import InceptionV3
from brandfit.learning.trainer import Objective, Schedule, need_torch, train

BLOCKS = ("Mixed_7c", "Mixed_7b", "Mixed_7a", "Mixed_6e")
"""From the top."""
ROTATION, SHIFT, ZOOM, COLOUR = 30.0, 0.2, (0.8, 1.2), 0.1
"""Degrees, share of the side, factor, share of the range of each colour."""
HIDDEN, BATCH = 1024, 32

Read = Callable[[str], bytes]
"""Hash of a picture to its bytes."""


class Tuned:
    """Pictures, by their hashes, to (n, 2048) float32; see the module. ``fit`` first.

    pixels  side of the squares that pictures are cut to; 299 as the network was made for, 75 at least
    """

    def __init__(
        self, blocks: int, weights: str, *, download: bool, device: str, pixels: int, mapper: Map = map
    ) -> None:
        import copy

        encoder = InceptionV3(
            InceptionV3.Config.from_settings({"weights": weights, "download": download, "device": device})
        )
        self.model = copy.deepcopy(encoder.model).requires_grad_(False).eval()
        self.blocks, self.pixels, self.mapper = blocks, pixels, mapper
        for name in BLOCKS[:blocks]:
            self.model.get_submodule(name).requires_grad_(True)
        self.mean, self.deviation = encoder.transform.mean, encoder.transform.std

    def fit(
        self,
        read: Read,
        hashes: Sequence[str],
        *,
        labels: np.ndarray,
        held: np.ndarray,
        classes: int,
        seed: int,
        epochs: int,
    ) -> Tuned:
        """Tune on pictures (n) with class numbers (n,); those that are ``held`` (n,) say when to stop."""
        torch = need_torch("tuning")
        network = _network(torch, self.model, classes=classes, seed=seed)
        device = next(self.model.parameters()).device
        learned, asked = np.flatnonzero(~held), np.flatnonzero(held)

        def batches(rng: np.random.Generator) -> Iterator[Any]:
            return self._batches(read, hashes, order=rng.permutation(learned), augment=self._augment())

        def loss(batch: Any) -> Any:
            at, pictures = batch
            return torch.nn.functional.cross_entropy(
                network(pictures.to(device)), torch.from_numpy(labels[at]).to(device)
            )

        def validate() -> float:
            found = [
                (float(loss(batch)), len(batch[0])) for batch in self._batches(read, hashes, order=asked)
            ]
            return sum(value * n for value, n in found) / max(sum(n for _, n in found), 1)

        train(
            network,
            torch.optim.Adam((p for p in network.parameters() if p.requires_grad), lr=0.001),
            objective=Objective(batches, loss, validate=validate if len(asked) else None),
            schedule=Schedule(epochs, patience=2),
            seed=seed,
        )
        self.model.eval()
        return self

    def __call__(self, read: Read, hashes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Values (n, 2048), zeros where a picture is missing or cannot be decoded, and which are there
        (n,)."""
        values = np.zeros((len(hashes), InceptionV3.dim), np.float32)
        present = np.zeros(len(hashes), bool)
        for at, pictures in self._batches(read, hashes, order=np.arange(len(hashes))):
            values[at] = _torch.run(self.model, lambda model, rows: model(rows), pictures)
            present[at] = True
        return values, present

    def _batches(
        self,
        read: Read,
        hashes: Sequence[str],
        *,
        order: np.ndarray,
        augment: Callable[[Any], Any] | None = None,
    ) -> Iterator[tuple[np.ndarray, Any]]:
        """Numbers (b,) and pictures (b, 3, s, s), standardised; those that cannot be decoded are left out."""
        import torch

        mean, deviation = (torch.tensor(v)[:, None, None] for v in (self.mean, self.deviation))

        def decoded(at: int) -> tuple[int, Any]:
            return at, _square(read, hashes[at], self.pixels) if hashes[at] else None

        found: Iterable[tuple[int, Any]] = self.mapper(decoded, order.tolist())
        there = ((at, picture) for at, picture in found if picture is not None)
        while part := list(itertools.islice(there, BATCH)):
            pictures = (torch.tensor(picture).permute(2, 0, 1).float() / 255 for _, picture in part)
            changed = torch.stack([augment(p) if augment else p for p in pictures])
            yield np.array([at for at, _ in part]), (changed - mean) / deviation

    def _augment(self) -> Callable[[Any], Any]:
        import torch
        from torchvision.transforms import v2

        moved = v2.Compose(
            [
                v2.RandomAffine(ROTATION, (SHIFT, SHIFT), ZOOM, interpolation=v2.InterpolationMode.BILINEAR),
                v2.RandomHorizontalFlip(),
            ]
        )

        def augment(picture: Any) -> Any:
            return (moved(picture) + (2 * torch.rand(3, 1, 1) - 1) * COLOUR).clamp(0, 1)

        return augment


def _network(torch: Any, model: Any, *, classes: int, seed: int) -> Any:
    """The tuned blocks below a head; only the head knows of dropout, and batch normalisation stays as it
    came."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeds.derive(seed, "tuned"))
        head = torch.nn.Sequential(
            torch.nn.Linear(InceptionV3.dim, HIDDEN),
            torch.nn.ReLU(),
            torch.nn.Dropout(0.5),
            torch.nn.Linear(HIDDEN, classes),
        )

    class Headed(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model, self.head = model, head

        def forward(self, pictures: Any) -> Any:
            return self.head(self.model(pictures))

        def train(self, mode: bool = True) -> Any:
            super().train(mode)
            self.model.eval()
            return self

    return Headed().to(next(model.parameters()).device)


def _square(read: Read, hash: str, side: int) -> np.ndarray | None:
    """(side, side, 3) uint8 of the middle of a picture."""
    from brandfit.encoders.image.base import CROP, square

    try:
        return square(read(hash), side, CROP)
    except Exception:  # whatever a decoder meets in a damaged file; the post is then one picture poorer
        return None
