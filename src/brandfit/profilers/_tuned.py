"""Inception-v3 with its top blocks fine-tuned on labelled posts: the picture features of ``attentive`` with
``tune`` (P-01, P-08).

The blocks below keep their weights, and batch normalisation its stored statistics. A head (1,024 hidden units
and the classes) is trained with the top blocks on posts, with the label of the post or else that of its
account. Then the head is dropped, and a picture is encoded as the 2,048 pooled numbers. During training
pictures are rotated, shifted, zoomed, mirrored and shifted in colour at random; the ranges are not published.
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
from brandfit.learning.pooling import Vectors
from brandfit.learning.trainer import Objective, Schedule, need_torch, train

BLOCKS = ("Mixed_7c", "Mixed_7b", "Mixed_7a", "Mixed_6e")
"""Blocks from the top."""
ROTATION, SHIFT, ZOOM, COLOUR = 30.0, 0.2, (0.8, 1.2), 0.1
"""Degrees, share of the side, factor, share of the range of each colour."""
HIDDEN, BATCH = 1024, 32

Read = Callable[[str], bytes]
"""Hash of a picture to its bytes."""


class Tuned:
    """Hashes of pictures to (n, 2048) float32; see the module. Call ``fit`` first.

    pixels  side of the squares that pictures are cropped to; at least 75, the network was designed for 299
    """

    def __init__(
        self, blocks: int, weights: str, *, download: bool, device: str, pixels: int, mapper: Map = map
    ) -> None:
        import copy

        options = {"weights": weights, "download": download, "device": device}
        encoder = InceptionV3(InceptionV3.Config.from_settings(options))
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
        is_held_out: np.ndarray,
        classes: int,
        seed: int,
        epochs: int,
    ) -> Tuned:
        """Fine-tune on pictures (n) with class numbers (n,); the held-out ones (n,) decide when to stop."""
        torch = need_torch("tuning")
        network = _network(torch, self.model, classes=classes, seed=seed)
        device = next(self.model.parameters()).device
        training, held_out = np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)

        def batches(rng: np.random.Generator) -> Iterator[Any]:
            return self._batches(read, hashes, order=rng.permutation(training), augment=self._augment())

        def loss(batch: Any) -> Any:
            numbers, pictures = batch
            targets = torch.from_numpy(labels[numbers]).to(device)
            return torch.nn.functional.cross_entropy(network(pictures.to(device)), targets)

        def validate() -> float:
            # The mean over pictures, of batches that differ in size.
            total, n_pictures = 0.0, 0
            for batch in self._batches(read, hashes, order=held_out):
                n = len(batch[0])
                total += float(loss(batch)) * n
                n_pictures += n
            return total / max(n_pictures, 1)

        trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
        train(
            network,
            torch.optim.Adam(trainable, lr=0.001),
            objective=Objective(batches, loss, validate=validate if len(held_out) else None),
            schedule=Schedule(epochs, patience=2),
            seed=seed,
        )
        self.model.eval()
        return self

    def __call__(self, read: Read, hashes: Sequence[str]) -> Vectors:
        """Values (n, 2048), zeros for a picture that is missing or cannot be decoded, and which are not
        (n,)."""
        values = np.zeros((len(hashes), InceptionV3.dim), np.float32)
        present = np.zeros(len(hashes), bool)
        for numbers, pictures in self._batches(read, hashes, order=np.arange(len(hashes))):
            values[numbers] = _torch.run(self.model, lambda model, batch: model(batch), pictures)
            present[numbers] = True
        return Vectors(values, present)

    def _batches(
        self,
        read: Read,
        hashes: Sequence[str],
        *,
        order: np.ndarray,
        augment: Callable[[Any], Any] | None = None,
    ) -> Iterator[tuple[np.ndarray, Any]]:
        """Numbers (b,) and standardised pictures (b, 3, s, s) in order; without those that cannot be
        decoded."""
        import torch

        mean = torch.tensor(self.mean)[:, None, None]
        deviation = torch.tensor(self.deviation)[:, None, None]

        def decode(number: int) -> tuple[int, Any]:
            return number, _square(read, hashes[number], self.pixels) if hashes[number] else None

        numbered: Iterable[tuple[int, Any]] = self.mapper(decode, order.tolist())
        decoded = filter(lambda one: one[1] is not None, numbered)
        while batch := list(itertools.islice(decoded, BATCH)):
            numbers, pictures = [], []
            for number, pixels in batch:
                numbers.append(number)
                picture = torch.tensor(pixels).permute(2, 0, 1).float() / 255  # (3, s, s), 0 ... 1
                pictures.append(augment(picture) if augment else picture)
            yield np.array(numbers), (torch.stack(pictures) - mean) / deviation

    def _augment(self) -> Callable[[Any], Any]:
        import torch
        from torchvision.transforms import v2

        bilinear = v2.InterpolationMode.BILINEAR
        affine = v2.RandomAffine(ROTATION, (SHIFT, SHIFT), ZOOM, interpolation=bilinear)
        geometry = v2.Compose([affine, v2.RandomHorizontalFlip()])

        def augment(picture: Any) -> Any:
            moved = geometry(picture)  # before the colours: the order of the draws is fixed
            return (moved + (2 * torch.rand(3, 1, 1) - 1) * COLOUR).clamp(0, 1)

        return augment


def _network(torch: Any, model: Any, *, classes: int, seed: int) -> Any:
    """The network with a head. Only the head has dropout, and batch normalisation keeps its statistics."""
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
            self.model.eval()  # batch normalisation by stored statistics
            return self

    return Headed().to(next(model.parameters()).device)


def _square(read: Read, hash: str, side: int) -> np.ndarray | None:
    """(side, side, 3) uint8 of the middle of a picture; None if it cannot be decoded."""
    from brandfit.encoders.image.base import CROP, square

    try:
        return square(read(hash), side, CROP)
    except Exception:  # decoders raise any type for a damaged file; the picture is left out
        return None
