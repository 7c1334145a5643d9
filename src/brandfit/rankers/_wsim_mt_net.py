"""The network of WSim-MT."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from brandfit.learning.pooling import Side
from brandfit.rankers._layers import MLP, TwoSided, product, scaled

TEXT, PICTURE = (300, 512), (4096, 512)
ENGAGEMENT_START = -3.0
"""Logit of the initial share of engagement, about .05: less than content, which is learned first."""


class WSimMTNet(TwoSided):
    """score = (1 - w_e) e_b' W_r e_i + w_e e, e = product of the branches (Eq. 4-6).

    A head predicts the category of an account (Eq. 7).
    """

    def __init__(
        self,
        dims: dict[str, int],
        categories: int,
        *,
        dropout: float,
        width: float = 1.0,
        has_full_matrix: bool = False,
    ) -> None:
        super().__init__()
        content = {slot: dim for slot, dim in dims.items() if slot != "engagement"}
        self.branches = nn.ModuleDict()
        for slot, dim in content.items():
            widths = scaled(PICTURE if slot == "picture" else TEXT, width)
            self.branches[slot] = MLP(dim, widths, dropout=dropout, activation=nn.ReLU)
        d = scaled(TEXT, width)[-1]
        # W_r, (d,) or (d, d); at the start the score is the inner product.
        self.diagonal = None if has_full_matrix else nn.Parameter(torch.ones(d))
        self.matrix = nn.Parameter(torch.eye(d)) if has_full_matrix else None
        self.share = nn.Parameter(torch.tensor(ENGAGEMENT_START)) if "engagement" in dims else None
        self.head = nn.Linear(d, categories) if categories else None

    def joint(self, values: dict[str, Tensor], has: dict[str, Tensor]) -> Tensor:
        """(n, 512) e, the elementwise product of the available branches."""
        slots = [slot for slot in self.branches if slot in values]
        return product([(self.branches[slot](values[slot]), has[slot]) for slot in slots])

    def _weighted(self, e: Tensor) -> Tensor:
        """(n, d) e_b' W_r."""
        if self.matrix is not None:
            return e @ self.matrix
        assert self.diagonal is not None
        return e * self.diagonal

    def forward(self, side: Side, values: dict[str, Tensor], has: dict[str, Tensor]) -> dict[str, Tensor]:
        return self.parts(side, self.joint(values, has), values=values, has=has)

    def parts(
        self, side: Side, e: Tensor, *, values: dict[str, Tensor], has: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """The factors of one side in the parts of a score."""
        if self.share is None:
            return {"content": self._weighted(e) if side == "brand" else e}
        share = self.share.sigmoid()
        if side == "brand":
            content = self._weighted(e) * (1 - share)
            return {"content": content, "engagement": share.expand(len(e), 1)}
        if "engagement" not in values:
            return {"content": e}
        return {"content": e, "engagement": values["engagement"] * has["engagement"]}
