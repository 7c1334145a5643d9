"""Layers of the papers' networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


def scaled(widths: Sequence[int], share: float) -> tuple[int, ...]:
    """Layer widths times a share, four at least."""
    return tuple(max(round(width * share), 4) for width in widths)


class MLP(nn.Sequential):
    """Fully connected layers of these widths, an activation after each and dropout after the first.

    ``std``: weights and biases are drawn from N(0, std); None leaves PyTorch's way.
    """

    def __init__(
        self,
        dim: int,
        widths: Sequence[int],
        *,
        dropout: float,
        activation: Any = nn.LeakyReLU,
        std: float | None = None,
        last: bool = True,
    ) -> None:
        layers: list[nn.Module] = []
        for n, width in enumerate(widths):
            layers.append(nn.Linear(dim, width))
            if last or n + 1 < len(widths):
                layers.append(activation())
            if n == 0 and dropout:
                layers.append(nn.Dropout(dropout))
            dim = width
        super().__init__(*layers)
        self.dim = dim
        if std is not None:
            for parameter in self.parameters():
                nn.init.normal_(parameter, 0.0, std)


class TwoSided(nn.Module):
    """A network that embeds the accounts of either side: ``forward(side, values, has)``."""

    shared_towers: bool = False
    """Whether both sides go through the same weights, so that one pass can take them together."""


def product(factors: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Elementwise product of (values (n, d), has (n, 1)); a factor that is not there is left out; zeros
    without any."""
    result = torch.ones_like(factors[0][0])
    there = torch.zeros_like(factors[0][1])
    for values, has in factors:
        result = result * (has * values + (1 - has))
        there = torch.maximum(there, has)
    return result * there
