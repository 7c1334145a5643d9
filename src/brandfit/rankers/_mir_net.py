"""The network of MIR."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from brandfit.learning.pooling import Side
from brandfit.rankers._layers import MLP, TwoSided, product, scaled

STD = 0.1
WIDTHS = {"text": (300, 512), "picture": (4096, 512)}


class MirNet(TwoSided):
    """text o picture, or both concatenated; the same weights for both sides, or separate ones."""

    def __init__(
        self, dims: dict[str, int], fusion: str, *, sides: str, dropout: float, width: float = 1.0
    ) -> None:
        super().__init__()
        self.concat = fusion == "concat"
        self.shared_towers = sides == "shared"
        # One tower for both sides, or one per side: brands first.
        self.sides = nn.ModuleList()
        for _ in range(1 if sides == "shared" else 2):
            branches = nn.ModuleDict()
            for slot, dim in dims.items():
                branches[slot] = MLP(
                    dim,
                    scaled(WIDTHS[slot], width),
                    dropout=dropout,
                    activation=nn.ReLU,
                    std=STD / width**0.5,
                    last=False,
                )
            self.sides.append(branches)

    def forward(self, side: Side, values: dict[str, Tensor], has: dict[str, Tensor]) -> dict[str, Tensor]:
        tower = 0 if side == "brand" or self.shared_towers else 1
        branches: nn.ModuleDict = self.sides[tower]  # type: ignore[assignment]
        factors = [(branch(values[slot]), has[slot]) for slot, branch in branches.items() if slot in values]
        if self.concat:
            return {"content": torch.cat([embedding * present for embedding, present in factors], dim=-1)}
        return {"content": product(factors)}
