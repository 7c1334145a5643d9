"""The network of WSim, a function of features of brands and candidates."""

from __future__ import annotations

import torch
from torch import Tensor, nn

ENGAGEMENT_START = 0.05
"""Initial share of engagement, where slots have 1.

Its standard deviation is several times that of a cosine: with an equal share the untrained model would rank
by popularity."""


class WSimNet(nn.Module):
    """z = sum over slots s of w_s b_s' diag(W_s) i_s + w_e e, w = softmax(mix) over the factors that a pair
    has (Eq. 1-3).

    W starts at the identity and w at equal shares: untrained it is the similarity of the raw features.
    """

    def __init__(self, dims: dict[str, int], engagement: bool) -> None:
        super().__init__()
        self.slots = list(dims)  # a ParameterDict sorts its names
        self.diagonal = nn.ParameterDict({slot: nn.Parameter(torch.ones(dim)) for slot, dim in dims.items()})
        start = [1.0] * len(dims) + [ENGAGEMENT_START] * engagement
        self.mix = nn.Parameter(torch.tensor(start).log())

    def forward(
        self, brands: dict[str, Tensor], candidates: dict[str, Tensor], engagement: Tensor | None, has: Tensor
    ) -> Tensor:
        """Scores (p, k).

        brands      slot to (p, d)
        candidates  slot to (p, k, d)
        engagement  (p, k), None where the model has none
        has         (p, k, f) bool: the factors, slots in order and then engagement, that each pair has
        """
        factors = [
            torch.einsum("pd,pkd->pk", brands[s] * self.diagonal[s], candidates[s]) for s in self.slots
        ]
        if engagement is not None:
            factors.append(engagement)
        weights = self.mix.softmax(0) * has  # (p, k, f)
        weights = weights / weights.sum(-1, keepdim=True).clamp(min=1e-12)
        return (weights * torch.stack(factors, -1)).sum(-1)
