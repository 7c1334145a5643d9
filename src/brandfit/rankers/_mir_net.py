"""The network of MIR."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from brandfit.learning.pooling import Side
from brandfit.rankers._layers import MLP, TwoSided, product, scaled

STD = 0.1
WIDTHS = {"text": (300, 512), "picture": (4096, 512)}


class MirNet(TwoSided):
    """text o picture, or both concatenated; the same weights for both sides, or separate ones.

    engagement  fixed share of the influencer's engagement in the score
    """

    def __init__(
        self,
        dims: dict[str, int],
        fusion: str,
        *,
        sides: str,
        dropout: float,
        width: float = 1.0,
        engagement: float = 0.0,
    ) -> None:
        super().__init__()
        # Without known rates the score is the content alone.
        self.engagement = engagement if "engagement" in dims else 0.0
        dims = {slot: dim for slot, dim in dims.items() if slot != "engagement"}
        self.concat = fusion == "concat"
        # The engagement makes the two sides differ, so they are not embedded in one pass.
        self.shared_towers = sides == "shared" and not self.engagement
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
        tower = 0 if side == "brand" or len(self.sides) == 1 else 1
        branches: nn.ModuleDict = self.sides[tower]  # type: ignore[assignment]
        factors = [(branch(values[slot]), has[slot]) for slot, branch in branches.items() if slot in values]
        if self.concat:
            content = torch.cat([embedding * present for embedding, present in factors], dim=-1)
        else:
            content = product(factors)
        if not self.engagement:
            return {"content": content}
        if side == "brand":
            share = torch.full((len(content), 1), self.engagement, dtype=content.dtype, device=content.device)
            return {"content": (1 - self.engagement) * content, "engagement": share}
        if "engagement" not in values:
            return {"content": content}
        return {"content": content, "engagement": values["engagement"] * has["engagement"]}
