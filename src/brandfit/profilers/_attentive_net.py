"""The network of the Influencer Profiler."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

PICTURE, POST = 1024, 256
"""Widths of the picture layer and of a post's vector, at width 1."""


class AttentiveOutput(NamedTuple):
    """Logits of n accounts (n, c) and of p posts (p, cp), and the attention (p,), which sums to one an
    account."""

    accounts: Tensor
    posts: Tensor
    attention: Tensor


class AttentiveNet(nn.Module):
    """A vector for each post, attention over the posts of an account, a head for accounts and one for posts
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
        picture_dim, d = max(int(PICTURE * width), 4), max(int(POST * width), 4)
        self.pictures = nn.ModuleDict()
        n_inputs = len(dims)  # a flag for each slot: whether the post has a row
        for slot, dim in dims.items():
            if slot.startswith("picture:"):
                self.pictures[_key(slot)] = nn.Linear(dim, picture_dim)
                n_inputs += picture_dim
            else:
                n_inputs += dim
        self.enter = nn.Sequential(nn.Dropout(dropout), nn.Linear(n_inputs, d), nn.ReLU())
        self.attend = nn.Linear(d, d)
        self.context = nn.Parameter(torch.randn(d) / d**0.5) if attention else None
        self.account = nn.Sequential(nn.Dropout(dropout), nn.Linear(d, d), nn.ReLU(), nn.Linear(d, classes))
        self.post = nn.Sequential(nn.Dropout(dropout), nn.Linear(d, d), nn.ReLU(), nn.Linear(d, post_classes))

    def forward(
        self, values: dict[str, Tensor], has: dict[str, Tensor], *, owner: Tensor, n_accounts: int
    ) -> AttentiveOutput:
        """values slot to (p, d), has slot to (p, 1) of 0 and 1, owner (p,) number of the account of each
        post."""
        inputs = []
        for slot, rows in values.items():
            if slot.startswith("picture:"):
                # A missing picture gives zeros, not the bias of the layer.
                rows = self.pictures[_key(slot)](rows).relu() * has[slot]
            inputs += [rows, has[slot]]
        v = self.enter(torch.cat(inputs, dim=-1))  # (p, d)
        score = self.attend(v).tanh() @ self.context if self.context is not None else v.new_zeros(len(v))
        # Softmax over the posts of each account; the maximum is subtracted for numerical stability.
        maximum = score.new_full((n_accounts,), float("-inf")).scatter_reduce(0, owner, score, "amax")
        power = (score - maximum[owner]).exp()  # (p,)
        weight = power / power.new_zeros(n_accounts).index_add(0, owner, power)[owner]
        h = v.new_zeros(n_accounts, v.shape[1]).index_add(0, owner, weight[:, None] * v)  # (n, d)
        return AttentiveOutput(self.account(h), self.post(v), weight)


def _key(slot: str) -> str:
    """The slot as the name of a module, which must not contain dots."""
    return slot.replace(".", "_").replace(":", "_")
