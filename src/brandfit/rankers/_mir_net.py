"""The network of MIR."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from brandfit.rankers._layers import MLP, TwoSided, product, scaled

STD = 0.1
WIDTHS = {"text": (300, 512), "picture": (4096, 512)}


class MirNet(TwoSided):
    """text o picture, or both side by side; the same weights for both sides, or weights of their own."""

    def __init__(
        self, dims: dict[str, int], fusion: str, *, sides: str, dropout: float, width: float = 1.0
    ) -> None:
        super().__init__()
        self.concat = fusion == "concat"
        self.shared_towers = sides == "shared"
        self.sides = nn.ModuleList(
            nn.ModuleDict(
                {
                    slot: MLP(
                        dim,
                        scaled(WIDTHS[slot], width),
                        dropout=dropout,
                        activation=nn.ReLU,
                        std=STD / width**0.5,
                        last=False,
                    )
                    for slot, dim in dims.items()
                }
            )
            for _ in range(1 if sides == "shared" else 2)
        )

    def forward(self, side: int, values: dict[str, Tensor], has: dict[str, Tensor]) -> dict[str, Tensor]:
        branches: nn.ModuleDict = self.sides[side % len(self.sides)]  # type: ignore[assignment]
        told = [(branch(values[slot]), has[slot]) for slot, branch in branches.items() if slot in values]
        return {"content": torch.cat([e * h for e, h in told], dim=-1) if self.concat else product(told)}
