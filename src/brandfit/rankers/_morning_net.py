"""The network of MORNING."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from brandfit.rankers._layers import MLP, TwoSided, product, scaled

STD = 0.1
WIDTH = 512
PICTURE, TEXT, GRAPH = (1024, 1024, 1024, WIDTH), (128, WIDTH), (1024, WIDTH)


class MorningNet(TwoSided):
    """Content, audience and attributes of an account, the same weights for both sides (Eq. 4-24)."""

    shared_towers = True

    def __init__(
        self, dims: dict[str, int], dropout: float, *, width: float = 1.0, attention: str = "sigmoid"
    ) -> None:
        super().__init__()
        self.attention = attention
        widths = {"text": TEXT, "picture": PICTURE, "audience": TEXT, "graph": GRAPH}
        self.branches = nn.ModuleDict(
            {
                slot: MLP(
                    dim,
                    scaled(widths[slot], width),
                    dropout=0 if slot == "graph" else dropout,
                    std=STD / width**0.5,
                )
                for slot, dim in dims.items()
            }
        )
        d = scaled((WIDTH,), width)[0]
        parts = [
            part
            for part, there in (
                ("content", {"text", "picture"} & set(dims)),
                ("audience", "audience" in dims),
            )
            if there
        ]
        self.fusion = nn.ModuleDict({part: nn.Linear(d, d) for part in parts})
        self.affinity = nn.ModuleDict({part: nn.Linear(d, d) for part in parts} if len(parts) == 2 else {})
        layers: list[Any] = [*self.fusion.values(), *self.affinity.values()]
        for layer in layers:
            nn.init.normal_(layer.weight, 0.0, STD / width**0.5)
            nn.init.zeros_(layer.bias)

    def forward(self, side: int, values: dict[str, Tensor], has: dict[str, Tensor]) -> dict[str, Tensor]:
        told = {slot: self.branches[slot](values[slot]) for slot in values}
        parts, there = {}, {}
        content = [(told[slot], has[slot]) for slot in ("text", "picture") if slot in told]
        if content:
            there["content"] = torch.stack([h for _, h in content]).sum(0).clamp(max=1)
            parts["content"] = self.fusion["content"](product(content)) * there["content"]
        if "audience" in told:
            there["audience"] = has["audience"]
            parts["audience"] = self.fusion["audience"](told["audience"]) * has["audience"]
        if len(parts) == 2 and self.affinity:
            both = there["content"] * there["audience"]
            shared = (
                self.affinity["content"](parts["content"]).sigmoid()
                * self.affinity["audience"](parts["audience"]).sigmoid()
            )
            parts = {part: both * self._attended(e, shared) + (1 - both) * e for part, e in parts.items()}
        return parts | ({"graph": told["graph"] * has["graph"]} if "graph" in told else {})

    def _attended(self, e: Tensor, affinity: Tensor) -> Tensor:
        """e o w, w = softmax(e o affinity) d_a (Eq. 21-24): weights of mean one; or of sigmoid(e) o
        affinity."""
        asked = e.sigmoid() if self.attention == "sigmoid" else e
        return e * (asked * affinity).softmax(-1) * e.shape[-1]
