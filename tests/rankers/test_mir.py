"""MIR's grades: the engagement of the campaign post of a pair."""

from __future__ import annotations

import numpy as np
import pytest

from brandfit.data import endorsements
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post, link_id
from brandfit.learning.engagement import campaign_rates
from brandfit.rankers.mir import Mir

LIKES = {"i0": 3_000, "i1": 500, "i2": None}
"""Likes of the post of each influencer that mentions the brand; followers are 10,000, comments 100."""


@pytest.fixture
def derived() -> Dataset:
    """Endorsements that posts state by mentions; nobody states an engagement."""
    accounts = [Account(id="b", role="brand", followers=5_000)]
    accounts += [Account(id=id, followers=10_000) for id in (*LIKES, "i3", "i4")]
    posts = [Post(id=f"p-{id}", account=id, likes=likes, comments=100) for id, likes in LIKES.items()]
    # The brand's own post about an influencer is no campaign post of the influencer.
    posts.append(Post(id="p-b", account="b", likes=4_000, comments=0))
    namings = [(id, "b", f"p-{id}") for id in LIKES] + [("b", "i3", "p-b")]
    links = []
    for source, target, post in namings:
        id = link_id("mentions", source, target=target, post=post)
        links.append(Link(id=id, kind="mentions", source=source, target=target, post=post))
    ids = np.array([account.id for account in accounts], dtype=object)
    values = np.random.default_rng(0).normal(size=(len(ids), 4)).astype(np.float32)
    dataset = endorsements.derive(
        Dataset.from_rows(accounts, posts, links=links), endorsements.Config(min_endorsers=1)
    )
    return dataset.with_slots({"text": Features("words", ids, values, "account")})


def test_the_rate_of_the_post_that_states_a_pair_is_its_engagement(derived):
    assert {tuple(pair) for pair in derived.endorsements.tolist()} == {
        ("b", "i0"), ("b", "i1"), ("b", "i2"), ("b", "i3"),
    }  # fmt: skip
    assert campaign_rates(derived) == {
        ("b", "i0"): pytest.approx(0.31),
        ("b", "i1"): pytest.approx(0.06),
    }


def test_pairs_of_unknown_engagement_have_the_median_grade_and_are_counted(derived):
    mir = Mir(Mir.Config.from_settings({"epochs": 0, "k": 2})).fit(derived)
    assert mir._median_grade == pytest.approx((0.31 + 0.06) / 2)
    assert [note for note in mir.notes(derived) if "unknown for 2 of 4 training pairs" in note]


def test_a_stated_weight_counts_before_the_post(derived):
    weighted = Link(id="x", kind="endorses", source="i0", target="b", post="p-i0", weight=0.5)
    dataset = Dataset.from_rows(
        [Account(id="b", role="brand"), Account(id="i0", followers=1_000)],
        [Post(id="p-i0", account="i0", likes=300, comments=10)],
        links=[weighted],
    )
    assert campaign_rates(dataset) == {("b", "i0"): 0.5}
