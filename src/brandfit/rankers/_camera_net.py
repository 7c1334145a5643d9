"""The network of CAMERA."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from brandfit.rankers._layers import MLP, scaled

TOP = 10
EMBEDDING = 100
HIDDEN = 64
BOUND = 0.1


class Rate(nn.Module):
    """phi(x) = sigmoid(x W_1 + b) W_2 (Eq. 12, 15)."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(1, HIDDEN), nn.Linear(HIDDEN, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.outer(self.inner(x).sigmoid())[..., 0]


class CameraNet(nn.Module):
    """Scores of pairs, a row each: how much both sides' concepts agree, times what an endorsement is worth (Eq. 5-18)."""

    def __init__(self, concepts: Tensor, dropout: float, width: float, interaction: bool) -> None:
        super().__init__()
        self.concepts = nn.Parameter(concepts.clone())
        d = concepts.shape[1]
        self.asks, self.answers = (MLP(d, scaled((1024, 512), width), dropout) for _ in range(2))
        self.account = MLP(2 * d, scaled((1024, 1024, 512), width), dropout)
        self.effect = nn.ModuleList(Rate() for _ in range(2)) if interaction else None
        self.influence = nn.ModuleList(Rate() for _ in range(2)) if interaction else None
        for name, parameter in self.named_parameters():
            if name != "concepts":
                nn.init.uniform_(parameter, -BOUND / width**0.5, BOUND / width**0.5)

    def forward(self, brand: dict[str, Tensor], influencer: dict[str, Tensor]) -> dict[str, Tensor]:
        """score, content, effect, influence (n,) and the attention of both sides: concepts and weights (n, 10).

        concept  (n, c)  historical distributions of both sides
        rate     (n, 1)  engagement rates, standardised, of both sides; influencer: expected too, followers. Left out where missing.
        """
        top_b, u_b, h_b = self._history(brand["concept"])
        top_m, u_m, h_m = self._history(influencer["concept"])
        # rho of a concept is the same in every pair: it is told once a batch.
        seen, at = torch.cat([top_b, top_m]).unique(return_inverse=True)
        answers = self.answers(self.concepts[seen])
        at_b, at_m = at.split(len(top_b))
        w_b, w_m = self._attention(h_m, answers[at_b]), self._attention(h_b, answers[at_m])
        e_b, e_m = (self.account(torch.cat([h, (w[..., None] * u).sum(1)], -1)) for h, w, u in ((h_b, w_b, u_b), (h_m, w_m, u_m)))
        content = (e_b * e_m).sum(-1)
        told = {"content": content, "effect": torch.ones_like(content), "influence": torch.ones_like(content)}
        if self.effect is not None and self.influence is not None and "rate" in influencer:
            told["effect"] = (self.effect[0](influencer["expected"]) + self.effect[1](brand["rate"])).sigmoid()
            told["influence"] = (self.influence[0](influencer["followers"]) + self.influence[1](influencer["rate"])).sigmoid()
        told["score"] = told["content"] * told["effect"] * told["influence"]
        return told | {"concepts_b": top_b, "weights_b": w_b, "concepts_m": top_m, "weights_m": w_m}

    def _history(self, w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Top concepts (n, k), their embeddings (n, k, d) and e_h (n, d) (Eq. 6)."""
        weight, top = w.topk(min(TOP, w.shape[-1]), dim=-1)
        u = self.concepts[top]
        return top, u, (weight[..., None] * u).sum(1)

    def _attention(self, other: Tensor, answers: Tensor) -> Tensor:
        """(n, k) softmax of psi(e_h of the other side) . rho(u) (Eq. 7), of answers rho(u) (n, k, a)."""
        return (self.asks(other)[:, None] * answers).sum(-1).softmax(-1)
