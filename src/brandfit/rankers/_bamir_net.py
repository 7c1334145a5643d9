"""The network of BAMIR."""

from __future__ import annotations

from torch import Tensor, nn

from brandfit.learning.pooling import Side
from brandfit.rankers._layers import MLP, TwoSided, product, scaled

WIDTHS = {"text": (128, 512), "picture": (1024, 1024, 1024, 512), "graph": (1024, 512)}
STD = 0.1


class BamirNet(TwoSided):
    """content = text o picture, node = MLP(mean concept vector); the same weights for both sides."""

    shared_towers = True

    def __init__(self, dims: dict[str, int], dropout: float, width: float = 1.0) -> None:
        super().__init__()
        self.branches = nn.ModuleDict()
        for slot, dim in dims.items():
            self.branches[slot] = MLP(
                dim,
                scaled(WIDTHS[slot], width),
                dropout=0 if slot == "graph" else dropout,
                std=STD / width**0.5,
                last=False,
            )

    def forward(self, side: Side, values: dict[str, Tensor], has: dict[str, Tensor]) -> dict[str, Tensor]:
        embeddings = {slot: self.branches[slot](values[slot]) for slot in values}  # (n, 512) each
        content = [(embeddings[slot], has[slot]) for slot in ("text", "picture") if slot in embeddings]
        parts = {"content": product(content)} if content else {}
        if "graph" in embeddings:
            parts["graph"] = embeddings["graph"] * has["graph"]
        return parts
