"""Single posts: which are taken, and what they say of a pair."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post
from brandfit.learning import similarity
from brandfit.learning.pooling import Rows, account_rows, brand_rows
from brandfit.learning.similarity import maxsim


def ids(*names):
    return np.array(names, dtype=object)


def test_the_newest_posts_are_taken_and_a_brand_without_any_is_seen_through_its_partners():
    times = {"a0": 5, "a1": 9, "a2": None, "b0": 1, "c0": 7, "shop0": 3}
    posts = [Post(id=id, account=id[:-1], time=t) for id, t in times.items()]
    text = Features("t", ids(*times), np.arange(6, dtype=np.float32)[:, None])
    accounts = [Account(id=id) for id in "abc"] + [Account(id=id, role="brand") for id in ("shop", "quiet")]
    links = [Link(id=i, kind="endorses", source=i, target="quiet") for i in "ac"]
    dataset = Dataset.from_rows(accounts, posts, links=links).with_slots({"text": text})
    found = account_rows(dataset, "text", accounts=ids("b", "nobody", "a"), newest=2)
    assert found.values[:, 0].tolist() == [3, 1, 0]  # of a the newest two, newest first
    assert found.counts.tolist() == [1, 0, 2]
    found = brand_rows(dataset, "text", brands=ids("quiet", "shop"), newest=3)
    assert found.values[:, 0].tolist() == [1, 4, 0, 5]  # a1 at 9, c0 at 7, a0 at 5; then its own
    assert found.counts.tolist() == [3, 1]
    again = found.subset(np.array([1, 0, 1]))
    assert again.values[:, 0].tolist() == [5, 1, 4, 0, 5]
    assert again.counts.tolist() == [1, 3, 1]


def rows(counts, rng):
    counts = np.array(counts, np.int64)
    return Rows(rng.normal(size=(counts.sum(), 3)).astype(np.float32), counts)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.integers(0, 4), max_size=6),
    st.lists(st.integers(0, 4), max_size=6),
    st.integers(1, 9),
    st.integers(0, 99),
)
def test_against_the_slow_version(left, right, held, seed):
    rng = np.random.default_rng(seed)
    b, i = rows(left, rng), rows(right, rng)
    before, similarity.MAXSIM_ROWS = similarity.MAXSIM_ROWS, held
    try:
        met, meets = maxsim(b, i)
    finally:
        similarity.MAXSIM_ROWS = before
    ends_b, ends_i = np.cumsum([0, *left]), np.cumsum([0, *right])
    for m in range(len(left)):
        for n in range(len(right)):
            x, y = b.values[ends_b[m] : ends_b[m + 1]], i.values[ends_i[n] : ends_i[n + 1]]
            if not len(x) or not len(y):
                assert np.isnan(met[m, n])
                assert np.isnan(meets[m, n])
            else:
                product = x.astype(float) @ y.astype(float).T
                assert abs(met[m, n] - product.max(axis=0).mean()) < 1e-5
                assert abs(meets[m, n] - product.max(axis=1).mean()) < 1e-5
