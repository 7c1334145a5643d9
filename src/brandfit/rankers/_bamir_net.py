"""The network of BAMIR."""

from __future__ import annotations

from torch import Tensor, nn

from brandfit.rankers._layers import MLP, TwoSided, product, scaled

WIDTHS = {"text": (128, 512), "picture": (1024, 1024, 1024, 512), "graph": (1024, 512)}
STD = 0.1


class BamirNet(TwoSided):
    """content = text o picture, node = MLP(mean concept vector); the same weights for both sides."""

    shared_towers = True

    def __init__(self, dims: dict[str, int], dropout: float, width: float = 1.0) -> None:
        super().__init__()
        self.branches = nn.ModuleDict(
            {
                slot: MLP(
                    dim,
                    scaled(WIDTHS[slot], width),
                    dropout=0 if slot == "graph" else dropout,
                    std=STD / width**0.5,
                    last=False,
                )
                for slot, dim in dims.items()
            }
        )

    def forward(self, side: int, values: dict[str, Tensor], has: dict[str, Tensor]) -> dict[str, Tensor]:
        told = {slot: self.branches[slot](values[slot]) for slot in values}
        content = [(told[slot], has[slot]) for slot in ("text", "picture") if slot in told]
        parts = {"content": product(content)} if content else {}
        return parts | ({"graph": told["graph"] * has["graph"]} if "graph" in told else {})
