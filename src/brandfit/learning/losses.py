"""Losses over score tensors, and the L1 penalty of weights.

torch is imported in functions only, so that an import of this file is cheap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def listnet(scores: Tensor, positive: Tensor, valid: Tensor | None = None) -> Tensor:
    """ListNet's top-one cross entropy (W-08; Elwood et al. 2021, Eq. 8-9, after Cao et al. 2007), mean over
    the lists.

        p = softmax(z)      L = - sum over i of y_i log p_i      y_i = 1 / number of positives if i is one,
                            else 0

    scores    (..., k)  z, one list in the last axis: the pools of a sampler, or a whole brands x candidates
              matrix
    positive  (..., k)  bool
    valid     (..., k)  bool, False after the end of a shorter list; None: all entries are valid

    A list without a positive is left out; without any list the loss is 0.
    """
    if valid is not None:
        positive = positive & valid
        scores = scores.masked_fill(~valid, float("-inf"))
    count = positive.sum(-1)
    # Filled, not multiplied: 0 * -inf would make all gradients NaN.
    log_p = scores.log_softmax(-1).masked_fill(~positive, 0.0)
    return -(log_p.sum(-1) / count.clamp(min=1)).sum() / (count > 0).sum().clamp(min=1)


def listwise(scores: Tensor, grades: Tensor) -> Tensor:
    """ListNet's top-one cross entropy with graded labels (R-04; Cao et al. 2007), mean over the lists.

        p = softmax(z)      q = softmax(y)      L = - sum over i of q_i log p_i

    scores, grades (..., k): z and y, the grade of each entry, higher is better.
    """
    return -(grades.softmax(-1) * scores.log_softmax(-1)).sum(-1).mean()


def triplet(positive: Tensor, negative: Tensor, margin: float) -> Tensor:
    """The hinge max(0, margin - s(b, +) + s(b, -)), mean over the triplets (C-12, Wang et al. 2021, Eq. 19;
    M-11).

    positive, negative (n,): scores of a brand with a partner, and with another influencer.
    """
    return (margin - positive + negative).clamp(min=0).mean()


def pairwise(positive: Tensor, negative: Tensor) -> Tensor:
    """Cross entropy of the softmax over (positive, negative), mean over the pairs (M-11, Wang et al. 2022,
    Eq. 31; B-10).

    L = - log(e^s(b,+) / (e^s(b,+) + e^s(b,-))), of scores (n,).
    """
    return -(positive - positive.logaddexp(negative)).mean()


def disorder(positive: Tensor, negative: Tensor) -> Tensor:
    """Share of the triplets in the wrong order, ties count half: 1 - AUC.

    It has no useful gradient; it serves early stopping.

    positive, negative (n,): scores of a brand with a partner, and with another influencer.
    """
    return ((negative > positive).double() + (negative >= positive)).mean() / 2


class L1:
    """strength times the sum of the absolute values of all weights (M-11, Wang et al. 2022, Eq. 32).

    Called after a backward pass, it adds its gradient, strength sign(w), in place and returns its value.
    Autograd would copy all weights four times per step, most of the time of a small network.
    """

    def __init__(self, weights: Sequence[Tensor], strength: float) -> None:
        self.weights, self.strength = weights, strength
        self._scratch = weights[0].new_empty(max(weight.numel() for weight in weights))

    def __call__(self) -> Tensor:
        import torch

        sums = []
        with torch.no_grad():
            for weight in self.weights:
                sign = torch.sign(weight, out=self._scratch[: weight.numel()].view_as(weight))
                if weight.grad is None:
                    weight.grad = torch.zeros_like(weight)
                weight.grad.add_(sign, alpha=self.strength)
                sums.append(weight.flatten().dot(sign.flatten()))
            return self.strength * torch.stack(sums).sum()
