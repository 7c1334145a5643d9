"""Layers of the networks of the papers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


def scaled(widths: Sequence[int], share: float) -> tuple[int, ...]:
    """Layer widths times a share, four at least."""
    return tuple(max(round(width * share), 4) for width in widths)


class MLP(nn.Sequential):
    """Fully connected layers of these widths, with an activation after each and dropout after the first.

    std   standard deviation of the initial weights and biases, N(0, std); None: the default of PyTorch
    last  whether the last layer has an activation
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
    """Whether both sides have the same weights, so that one pass can embed both."""


def product(factors: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """(n, d) elementwise product of (values (n, d), has (n, 1)).

    A missing factor is left out; without any factor the result is zero.
    """
    result = torch.ones_like(factors[0][0])
    has_any = torch.zeros_like(factors[0][1])
    for values, has in factors:
        result = result * (has * values + (1 - has))
        has_any = torch.maximum(has_any, has)
    return result * has_any
