"""The network of WSim-MT."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from brandfit.rankers._layers import MLP, TwoSided, product, scaled

TEXT, PICTURE = (300, 512), (4096, 512)
ENGAGEMENT_START = -3.0
"""Logit of the first share of engagement, about .05: it shall not drown the content before that is
learned."""


class WSimMTNet(TwoSided):
    """score = (1 - w_e) e_b' diag(W_r) e_i + w_e e, e = product of the branches (Eq. 4-6); a head that tells
    the category (Eq. 7)."""

    def __init__(self, dims: dict[str, int], categories: int, *, dropout: float, width: float = 1.0) -> None:
        super().__init__()
        content = {slot: dim for slot, dim in dims.items() if slot != "engagement"}
        self.branches = nn.ModuleDict(
            {
                slot: MLP(
                    dim,
                    scaled(PICTURE if slot == "picture" else TEXT, width),
                    dropout=dropout,
                    activation=nn.ReLU,
                )
                for slot, dim in content.items()
            }
        )
        d = scaled(TEXT, width)[-1]
        self.diagonal = nn.Parameter(torch.ones(d))
        self.share = nn.Parameter(torch.tensor(ENGAGEMENT_START)) if "engagement" in dims else None
        self.head = nn.Linear(d, categories) if categories else None

    def joint(self, values: dict[str, Tensor], has: dict[str, Tensor]) -> Tensor:
        """(n, 512) e, the elementwise product of the branches that are there."""
        return product(
            [(branch(values[slot]), has[slot]) for slot, branch in self.branches.items() if slot in values]
        )

    def forward(self, side: int, values: dict[str, Tensor], has: dict[str, Tensor]) -> dict[str, Tensor]:
        return self.parts(side, self.joint(values, has), values=values, has=has)

    def parts(
        self, side: int, e: Tensor, *, values: dict[str, Tensor], has: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """What is multiplied to the parts of a score."""
        if self.share is None:
            return {"content": e * self.diagonal if side == 0 else e}
        share = self.share.sigmoid()
        if side == 0:
            content = e * self.diagonal * (1 - share)
            return {"content": content, "engagement": share.expand(len(e), 1)}
        if "engagement" not in values:
            return {"content": e}
        return {"content": e, "engagement": values["engagement"] * has["engagement"]}
