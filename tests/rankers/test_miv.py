"""MIV by hand: how often, how much answered, how many followers; the mean of what is known, brands not told
apart."""

from __future__ import annotations

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.rankers.miv import FACTORS, WEEK, Miv


def test_factors_are_logarithms_of_what_a_platform_shows():
    accounts = [
        Account(id="b", role="brand"),
        Account(id="busy", followers=9_999),
        Account(id="still", followers=99),
    ]
    posts = [
        Post(id=f"p{n}", account="busy", time=n * WEEK // 2, likes=(3, 5, None)[n], comments=1)
        for n in range(3)
    ]
    posts.append(Post(id="q", account="still", likes=15))
    data = Dataset.from_rows([*accounts, Account(id="unknown")], posts)
    miv = Miv().fit(data)
    raw = np.log1p([[2, 4, 1, 9_999], [np.nan, 15, np.nan, 99]])  # two posts a week, four likes on average
    mean, deviation = np.nanmean(raw, axis=0), np.nanstd(raw, axis=0)
    told = (raw - mean) / np.where(deviation > 0, deviation, 1)
    found = miv.score(data, np.array(["b"], object), np.array(["busy", "still", "unknown"], object))[0]
    assert found[:2].tolist() == pytest.approx(np.nanmean(told, axis=1).tolist())
    assert np.isnan(found[2])
    parts = miv.parts(data, np.array(["b"], object), np.array(["busy"], object))
    assert list(parts) == list(FACTORS)
    assert sum(p[0, 0] for p in parts.values()) == pytest.approx(found[0])
