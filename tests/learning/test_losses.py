"""Losses against their printed formula, on numbers worked by hand and against slow versions."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from brandfit.learning.losses import L1, disorder, listnet, listwise, pairwise, triplet  # noqa: E402


def slow_listnet(scores, positive, valid):
    """Eq. 8-9, one list and one entry at a time."""
    losses = []
    for z, y, v in zip(scores, positive, valid, strict=True):
        here = [n for n in range(len(z)) if v[n]]
        positives = [n for n in here if y[n]]
        if positives:
            total = sum(math.exp(z[n]) for n in here)
            losses.append(-sum(1 / len(positives) * math.log(math.exp(z[n]) / total) for n in positives))
    return sum(losses) / len(losses)


def test_worked_by_hand():
    # softmax of (log 2, 0, 0) is (1/2, 1/4, 1/4)
    scores = torch.tensor([[math.log(2), 0.0, 0.0]])
    assert listnet(scores, torch.tensor([[True, False, False]])).item() == pytest.approx(math.log(2))
    assert listnet(scores, torch.tensor([[True, True, False]])).item() == pytest.approx(
        (math.log(2) + math.log(4)) / 2
    )
    # the third entry is not there: softmax of (log 2, 0) is (2/3, 1/3)
    valid = torch.tensor([[True, True, False]])
    assert listnet(scores, torch.tensor([[True, False, False]]), valid).item() == pytest.approx(math.log(1.5))


def test_equals_the_slow_version():
    rng = np.random.default_rng(0)
    scores, positive, valid = rng.normal(size=(40, 7)), rng.random((40, 7)) < 0.3, rng.random((40, 7)) < 0.8
    fast = listnet(torch.tensor(scores), torch.tensor(positive), torch.tensor(valid)).item()
    assert fast == pytest.approx(slow_listnet(scores, positive, valid), rel=1e-12)
    whole = listnet(torch.tensor(scores), torch.tensor(positive)).item()
    assert whole == pytest.approx(slow_listnet(scores, positive, np.ones_like(valid)), rel=1e-12)


def test_the_gradient_is_p_minus_y_and_finite_where_lists_say_nothing():
    scores = torch.tensor([[math.log(2), 0.0, 0.0], [1.0, 2.0, 3.0], [0.0, 5.0, 1.0]], requires_grad=True)
    positive = torch.tensor([[True, False, False], [False, False, False], [True, True, True]])
    valid = torch.tensor([[True, True, True], [True, True, True], [False, False, False]])
    listnet(scores, positive, valid).backward()
    assert torch.allclose(scores.grad[0], torch.tensor([-0.5, 0.25, 0.25]))
    assert (scores.grad[1:] == 0).all()


def test_a_constant_added_to_all_scores_changes_nothing_and_no_list_is_no_loss():
    scores, positive = (
        torch.randn(5, 4, generator=torch.Generator().manual_seed(1)).double(),
        torch.eye(5, 4, dtype=torch.bool),
    )
    assert listnet(scores + 100, positive).item() == pytest.approx(
        listnet(scores, positive).item(), rel=1e-10
    )
    assert listnet(scores, torch.zeros(5, 4, dtype=torch.bool)).item() == 0


def test_graded_lists_against_numbers_worked_by_hand():
    scores, grades = torch.tensor([[math.log(3), 0.0]]), torch.tensor([[math.log(2), 0.0]])
    # p = (3/4, 1/4), q = (2/3, 1/3): L = -(2/3 log 3/4 + 1/3 log 1/4)
    assert listwise(scores, grades).item() == pytest.approx(
        -(2 / 3 * math.log(3 / 4) + 1 / 3 * math.log(1 / 4))
    )
    assert listwise(grades, grades).item() <= listwise(scores, grades).item()  # least where p = q


def test_hinge_and_pairwise_against_numbers_worked_by_hand():
    positive, negative = torch.tensor([3.0, 1.0, 0.0]), torch.tensor([0.0, 2.0, 0.0])
    assert triplet(positive, negative, 2.0).item() == pytest.approx((0 + 3 + 2) / 3)
    expected = (math.log(1 + math.exp(-3)) + math.log(1 + math.e) + math.log(2)) / 3
    assert pairwise(positive, negative).item() == pytest.approx(expected)


def test_l1_is_the_sum_of_absolute_weights_and_adds_its_gradient():
    weights = [torch.tensor([1.0, -2.0, 0.0]), torch.tensor([[-0.5]])]
    weights[0].grad = torch.tensor([1.0, 1.0, 1.0])
    assert L1(weights, 0.5)().item() == 1.75
    assert weights[0].grad.tolist() == [1.5, 0.5, 1.0]
    assert weights[1].grad is not None
    assert weights[1].grad.tolist() == [[-0.5]]  # of a weight that the loss did not touch


def test_disorder_is_one_less_auc():
    positive, negative = torch.tensor([3.0, 1.0, 0.0, 2.0]), torch.tensor([0.0, 2.0, 0.0, 1.0])
    assert disorder(positive, negative).item() == (0 + 1 + 0.5 + 0) / 4
