"""The network of the Influencer Profiler."""

from __future__ import annotations

import torch
from torch import Tensor, nn

PICTURE, POST = 1024, 256


class AttentiveNet(nn.Module):
    """Posts to a vector each, attention over those of an account, and a head for accounts and one for posts
    (P-01 to P-06).

    v = relu(F [relu(P picture); text; has])     r = tanh(F_a v)     alpha = softmax over an account's posts
                                                 of <r, c>
    h = sum of alpha v     account = F_I relu(F_h h)     post = F_P relu(F_s v)
    """

    def __init__(
        self,
        dims: dict[str, int],
        classes: int,
        *,
        post_classes: int,
        dropout: float,
        width: float,
        attention: bool,
    ) -> None:
        super().__init__()
        wide, d = max(int(PICTURE * width), 4), max(int(POST * width), 4)
        self.pictures = nn.ModuleDict(
            {_key(s): nn.Linear(dim, wide) for s, dim in dims.items() if s.startswith("picture:")}
        )
        told = sum(wide if s.startswith("picture:") else dim for s, dim in dims.items()) + len(dims)
        self.enter = nn.Sequential(nn.Dropout(dropout), nn.Linear(told, d), nn.ReLU())
        self.attend = nn.Linear(d, d)
        self.context = nn.Parameter(torch.randn(d) / d**0.5) if attention else None
        self.account = nn.Sequential(nn.Dropout(dropout), nn.Linear(d, d), nn.ReLU(), nn.Linear(d, classes))
        self.post = nn.Sequential(nn.Dropout(dropout), nn.Linear(d, d), nn.ReLU(), nn.Linear(d, post_classes))

    def forward(
        self, values: dict[str, Tensor], has: dict[str, Tensor], owner: Tensor, n: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of n accounts (n, c) and of their posts (p, cp), and the attention (p,), which sums to one
        an account.

        values slot to (p, d), has slot to (p, 1) of 0 and 1, owner (p,) number of the account of each post.
        """
        told = []
        for slot, rows in values.items():
            layer = self.pictures[_key(slot)] if slot.startswith("picture:") else None
            told += [rows if layer is None else layer(rows).relu() * has[slot], has[slot]]
        v = self.enter(torch.cat(told, dim=-1))
        score = self.attend(v).tanh() @ self.context if self.context is not None else v.new_zeros(len(v))
        top = score.new_full((n,), float("-inf")).scatter_reduce(0, owner, score, "amax")
        power = (score - top[owner]).exp()
        weight = power / power.new_zeros(n).index_add(0, owner, power)[owner]
        h = v.new_zeros(n, v.shape[1]).index_add(0, owner, weight[:, None] * v)
        return self.account(h), self.post(v), weight


def _key(slot: str) -> str:
    """Names of modules have no dots."""
    return slot.replace(".", "_").replace(":", "_")
