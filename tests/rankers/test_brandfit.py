"""brandfit's own promises beyond the conformance suite."""

from __future__ import annotations

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post
from brandfit.rankers.brandfit import Brandfit


def planted(posts_each: int) -> Dataset:
    """Influencers post on a topic of their own and, but for one post, on everything; brands on their topic."""
    rng = np.random.default_rng(0)
    topics = np.eye(8, dtype=np.float32)
    accounts = [Account(id=f"b{n:02}", role="brand") for n in range(24)]
    accounts += [Account(id=f"i{n:03}", followers=9_000) for n in range(96)]
    rows, values = [], []
    for account in accounts:
        own = int(account.id[1:]) % 8
        for n in range(posts_each):
            topic = own if account.role == "brand" or n == 0 else int(rng.integers(8))
            rows.append(Post(id=f"{account.id}-{n}", account=account.id, time=n))
            values.append(topics[topic] + rng.normal(0, 0.05, 8).astype(np.float32))
    links = [
        Link(id=f"{b}-{i}", kind="endorses", source=f"i{i:03}", target=f"b{b:02}")
        for b in range(24)
        for i in range(96)
        if b % 8 == i % 8 and (b + i) % 3
    ]
    text = Features("t", np.array([row.id for row in rows], dtype=object), np.array(values, np.float32))
    return Dataset.of(accounts, rows, links=links).with_slots({"text": text})


@pytest.mark.parametrize(("posts", "expected"), [(1, False), (2, False), (6, True)])
def test_single_posts_are_looked_at_where_there_are_several(posts, expected):
    ranker = Brandfit().fit(planted(posts))
    assert ("late.text" in ranker.stack.names) == expected


def test_single_posts_say_more_than_their_mean():
    dataset = planted(6)
    ranker = Brandfit().fit(dataset)
    weights = dict(zip(ranker.stack.names, ranker.stack.weights, strict=True))
    assert max(weights["late.text"], weights["back.text"]) > abs(weights["cos.text"])
    parts = ranker.parts(dataset, dataset.brands[:3], dataset.influencers)
    assert set(parts) <= {*Brandfit.slots, *Brandfit.sums}
