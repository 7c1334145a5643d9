"""Levels of engagement: what an account has by column, on a scale of logarithms."""

from __future__ import annotations

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Post
from brandfit.learning.engagement import MIN_RATE, RATE, levels


@pytest.mark.parametrize(
    ("columns", "names"), [((RATE, "log1p_likes"), (RATE, "log1p_likes")), ((), ("0", "1"))]
)
def test_levels_are_nan_without_posts_and_the_rate_a_logarithm(columns, names):
    accounts = [Account(id="a"), Account(id="b"), Account(id="c")]
    posts = [Post(id="p", account="a"), Post(id="q", account="a"), Post(id="r", account="c")]
    values = np.array([[0.02, 4.0], [0.04, 6.0], [0.0, 1.0]], np.float32)
    features = Features("engagement", np.array(["p", "q", "r"], dtype=object), values, columns=columns)
    data = Dataset.from_rows(accounts, posts).with_slots({"engagement": features})
    told = levels(data, data.influencers)
    assert tuple(told) == names
    rate = [np.log(0.03), np.nan, np.log(MIN_RATE)] if columns else [0.03, np.nan, 0.0]
    assert told[names[0]] == pytest.approx(rate, nan_ok=True)
    assert told[names[1]] == pytest.approx([5.0, np.nan, 1.0], nan_ok=True)
