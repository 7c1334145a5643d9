"""The network of MORNING."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from brandfit.learning.pooling import Side
from brandfit.rankers._layers import MLP, TwoSided, product, scaled

STD = 0.1
WIDTH = 512
PICTURE, TEXT, GRAPH = (1024, 1024, 1024, WIDTH), (128, WIDTH), (1024, WIDTH)

FUSED = {"content": ("text", "picture"), "audience": ("audience", "audience_picture")}
"""Part to the slots of words and of pictures that are fused in it."""


class MorningNet(TwoSided):
    """Content, audience and attributes of an account, the same weights for both sides (Eq. 4-24)."""

    shared_towers = True

    def __init__(
        self, dims: dict[str, int], dropout: float, *, width: float = 1.0, attention: str = "sigmoid"
    ) -> None:
        super().__init__()
        self.attention = attention
        widths = {
            "text": TEXT, "picture": PICTURE, "audience": TEXT, "audience_picture": PICTURE, "graph": GRAPH,
        }  # fmt: skip
        self.branches = nn.ModuleDict()
        for slot, dim in dims.items():
            self.branches[slot] = MLP(
                dim,
                scaled(widths[slot], width),
                dropout=0 if slot == "graph" else dropout,
                std=STD / width**0.5,
            )
        d = scaled((WIDTH,), width)[0]
        parts = [part for part, slots in FUSED.items() if dims.keys() & set(slots)]
        self.fusion = nn.ModuleDict({part: nn.Linear(d, d) for part in parts})
        # Co-attention needs both content and audience.
        self.affinity = nn.ModuleDict({part: nn.Linear(d, d) for part in parts} if len(parts) == 2 else {})
        layers: list[Any] = [*self.fusion.values(), *self.affinity.values()]
        for layer in layers:
            nn.init.normal_(layer.weight, 0.0, STD / width**0.5)
            nn.init.zeros_(layer.bias)

    def forward(self, side: Side, values: dict[str, Tensor], has: dict[str, Tensor]) -> dict[str, Tensor]:
        embeddings = {slot: self.branches[slot](values[slot]) for slot in values}  # (n, 512) each
        parts, has_part = {}, {}
        # Words times pictures, of the account (Eq. 9) and of its audience (Eq. 12); a missing one is left
        # out.
        for part, slots in FUSED.items():
            factors = [(embeddings[slot], has[slot]) for slot in slots if slot in embeddings]
            if factors:
                has_part[part] = torch.stack([present for _, present in factors]).sum(0).clamp(max=1)
                parts[part] = self.fusion[part](product(factors)) * has_part[part]
        if len(parts) == 2 and self.affinity:
            # An account that lacks one of the two keeps the other as it is.
            has_both = has_part["content"] * has_part["audience"]
            affinity = (
                self.affinity["content"](parts["content"]).sigmoid()
                * self.affinity["audience"](parts["audience"]).sigmoid()
            )
            for part, e in parts.items():
                parts[part] = has_both * self._attended(e, affinity) + (1 - has_both) * e
        if "graph" in embeddings:
            parts["graph"] = embeddings["graph"] * has["graph"]
        return parts

    def _attended(self, e: Tensor, affinity: Tensor) -> Tensor:
        """e o w, w = softmax(e o affinity) d_a (Eq. 21-24): weights of mean one; or of sigmoid(e) o
        affinity."""
        weighed = e.sigmoid() if self.attention == "sigmoid" else e
        return e * (weighed * affinity).softmax(-1) * e.shape[-1]
