"""The picture network of the concept generator and of COSMIC, and its batches of pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

FILTERS, POOLS, HIDDEN = (32, 64, 64, 128, 128), (3, 0, 2, 0, 2), 1024


def network(size: int, out: int) -> nn.Sequential:
    """Network (n, 3, size, size) to (n, out): five 3 x 3 convolutions of 32-64-64-128-128 filters, each with
    batch normalisation, pools of 3, 2, 2, and 1,024 hidden units.

    SmallerVGGNet of CAMERA's authors (C-03), and the CNN of their COSMIC
    (C-04).
    """
    layers: list[nn.Module] = []
    channels, side = 3, size
    for filters, pool in zip(FILTERS, POOLS, strict=True):
        # Padding keeps the side; only pools reduce it.
        layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(filters)]
        if pool:
            layers += [nn.MaxPool2d(pool), nn.Dropout(0.25)]
            side //= pool
        channels = filters
    layers += [
        nn.Flatten(),
        nn.Linear(channels * side * side, HIDDEN),
        nn.ReLU(),
        nn.BatchNorm1d(HIDDEN),
        nn.Dropout(0.5),
    ]
    return nn.Sequential(*layers, nn.Linear(HIDDEN, out))


class Cosmic(nn.Module):
    """z = softmax over concepts of v2 . u_i, v2 = leaky_relu(W v1 + b), v1 by the network (Eq. 2-3)."""

    def __init__(self, size: int, concepts: int, dim: int) -> None:
        super().__init__()
        self.picture = network(size, dim)
        self.concepts = nn.Parameter(torch.randn(concepts, dim) / dim**0.5)

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, concepts) log z."""
        return (F.leaky_relu(self.picture(pictures)) @ self.concepts.T).log_softmax(dim=1)


def semantic(texts: np.ndarray, has_text: np.ndarray, *, concepts: np.ndarray, h: np.ndarray) -> np.ndarray:
    """(n, c) z' = softmax([t . l_1, ..., t . l_c] o h); softmax(h) for a post without text (semantic
    attention, III-B).

    texts (n, d) Word2Vec vectors of posts, has_text (n,), concepts (c, d) Word2Vec vectors of concepts,
    h (n, c) the concepts of a post as 0 and 1.
    """
    weight = np.where(has_text[:, None], (texts @ concepts.T) * h, h)  # (n, c)
    # The maximum is subtracted before the exponential for numerical stability.
    weight = np.exp(weight - weight.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True), np.float32)


def tensor(pictures: np.ndarray) -> Tensor:
    """(n, 3, size, size) in 0 ... 1 of (n, size, size, 3) uint8 pictures."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255


def augment(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Pictures rotated by up to 25 degrees, shifted by a tenth, sheared and zoomed by a fifth, half of them
    mirrored (C-03)."""
    n = len(pictures)
    angle, shear = np.deg2rad(rng.uniform(-25, 25, n)), rng.uniform(-0.2, 0.2, n)
    zoom, flip = rng.uniform(0.8, 1.2, n), rng.choice([-1.0, 1.0], n)
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    # (2, 3) affine matrices, by row: rotation, shear, zoom and mirroring, then the shift.
    rows = [
        [cos * flip, cos * shear - sin, rng.uniform(-0.2, 0.2, n)],
        [sin * flip, sin * shear + cos, rng.uniform(-0.2, 0.2, n)],
    ]
    # One matrix for each picture, (n, 2, 3).
    theta = torch.from_numpy(np.array(rows).transpose(2, 0, 1).astype(np.float32))
    grid = F.affine_grid(theta, list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def batches(
    rows: np.ndarray,
    pictures: Callable[[np.ndarray], np.ndarray],
    *,
    targets: np.ndarray,
    size: int,
    rng: np.random.Generator | None,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of at least two pictures and their targets; shuffled and augmented if ``rng`` is given.

    rows (n,) numbers of the pictures to use; pictures: numbers (b,) to (b, size, size, 3) uint8; targets
    (posts, c).
    """
    order = rng.permutation(rows) if rng is not None else rows
    for start in range(0, len(order), size):
        numbers = order[start : start + size]
        if len(numbers) > 1:  # batch normalisation needs two
            batch = tensor(pictures(numbers))
            yield augment(batch, rng) if rng is not None else batch, torch.from_numpy(targets[numbers])


def mean_loss(batches: Iterator[tuple[Tensor, Tensor]], loss: Callable[[Any], Tensor]) -> float:
    """The mean loss over pictures; batches may differ in size."""
    total, n_pictures = 0.0, 0
    for batch in batches:
        n = len(batch[0])
        total += float(loss(batch)) * n
        n_pictures += n
    return total / max(n_pictures, 1)
