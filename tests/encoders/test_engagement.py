"""Engagement, by hand."""

from __future__ import annotations

import math

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.encoders.engagement import Engagement
from brandfit.learning.engagement import rate_of


def test_worked_by_hand():
    accounts = [
        Account(id="a", followers=1_000),
        Account(id="b", followers=None),
        Account(id="c", followers=0),
    ]
    posts = [
        Post(id="both", account="a", likes=30, comments=20),
        Post(id="no-comments-known", account="a", likes=40),
        Post(id="hidden-likes", account="a", comments=20),
        Post(id="unknown-crowd", account="b", likes=30, comments=20),
        Post(id="no-crowd", account="c", likes=30, comments=20),
        Post(id="of-nobody", account="x", likes=30, comments=20),
        Post(id="quiet", account="a", likes=0, comments=0),
    ]
    features = Engagement().encode(Dataset.from_rows(accounts, posts))
    assert features.columns == ("engagement_rate", "log1p_likes", "log1p_comments", "log1p_followers")
    values, present = features.values_of([post.id for post in posts])
    assert present.tolist() == [True, False, False, False, False, False, True]
    log = math.log1p
    np.testing.assert_allclose(values[0], [0.05, log(30), log(20), log(1_000)], rtol=1e-6)
    np.testing.assert_allclose(values[6], [0, 0, 0, log(1_000)], rtol=1e-6)


def test_the_rate_of_an_account_is_the_mean_over_its_posts():
    """E(p) = (likes + comments) / followers, and its mean over posts (CAMERA, Eq. 10; C-08)."""
    accounts = [Account(id="a", followers=1_000), Account(id="silent", followers=10)]
    likes = (30, 0, 120)
    posts = [Post(id=f"p{n}", account="a", likes=count, comments=n) for n, count in enumerate(likes)]
    dataset = Dataset.from_rows(accounts, posts)
    dataset = dataset.with_slots({"engagement": Engagement().encode(dataset)})
    rates = rate_of(dataset, np.array(["a", "silent"], dtype=object))
    assert rates.present.tolist() == [True, False]
    np.testing.assert_allclose(rates.values[0, 0], (30 + 0 + 0 + 1 + 120 + 2) / 3 / 1_000, rtol=1e-6)
