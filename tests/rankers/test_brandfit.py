"""brandfit's own promises beyond the conformance suite."""

from __future__ import annotations

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post
from brandfit.rankers.brandfit import Brandfit


def planted(posts_each: int, partners: int = 96, silent: int = 0) -> Dataset:
    """Influencers post on a topic of their own and, but for one post, on everything; brands on their topic.

    Only the first ``partners`` work with brands; others are ``silent``: one half of them works with the first brand.
    """
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
        for i in range(partners)
        if b % 8 == i % 8 and (b + i) % 3
    ]
    accounts += [Account(id=f"s{n:03}", followers=9_000) for n in range(silent)]
    links += [Link(id=f"b00-s{n:03}", kind="endorses", source=f"s{n:03}", target="b00") for n in range(silent // 2)]
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


def test_influencers_that_show_nothing_are_not_learned_from():
    dataset, crowd = planted(1, partners=48), planted(1, partners=48, silent=300)
    alone, among = Brandfit().fit(dataset), Brandfit().fit(crowd)
    assert among.stack.names == alone.stack.names
    asked = dataset.brands, dataset.influencers
    assert among.score(crowd, *asked) == pytest.approx(alone.score(dataset, *asked), abs=1e-6)
    silent = crowd.influencers[np.char.startswith(crowd.influencers.astype(str), "s")]
    assert len(silent) == 300
    assert np.isnan(among.score(crowd, dataset.brands, silent)).all()


def test_engagement_and_the_brands_one_has_worked_with_are_parts():
    """Those that work with brands have more comments."""
    dataset = planted(1, partners=48)
    works = {i for _, i in dataset.endorsements.tolist()}
    posts = dataset.posts.select(["id", "account"]).to_pylist()
    rng = np.random.default_rng(1)
    comments = np.array([[3 + (post["account"] in works) + rng.normal(0, 0.5)] for post in posts], np.float32)
    ids = np.array([post["id"] for post in posts], dtype=object)
    dataset = dataset.with_slots({**dataset.slots, "engagement": Features("e", ids, comments, columns=("log1p_comments",))})
    ranker = Brandfit().fit(dataset)
    assert "engagement" in ranker.reads
    weights = dict(zip(ranker.stack.names, ranker.stack.weights, strict=True))
    assert weights["engagement.log1p_comments"] > 0
    parts = ranker.parts(dataset, dataset.brands[:2], dataset.influencers)
    assert {"text", "engagement", "history"} <= set(parts) <= {*Brandfit.slots, *Brandfit.sums}
    assert parts["engagement"][0] == pytest.approx(parts["engagement"][1])
    assert sum(parts.values()) == pytest.approx(ranker.score(dataset, dataset.brands[:2], dataset.influencers))
