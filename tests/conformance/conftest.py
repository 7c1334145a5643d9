"""Planted data whose right answer every ranker must find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post, link_id

TOPICS = ("food", "sport", "pets", "travel")
BRANDS_EACH, INFLUENCERS_EACH = 7, 20


@dataclass(frozen=True)
class Planted:
    """Accounts post about their topic; brands work with influencers of theirs.

    One brand has only a brief, one is represented by its partners. Among the influencers: 'single' with a
    single post, 'texts' with text alone, 'bare' with posts but without any feature, all about food; 'empty'
    without posts.
    """

    dataset: Dataset
    topic: dict[str, str]
    learned: tuple[str, ...]
    """Brands to fit on."""
    new: tuple[str, ...]
    """Brands to judge by: never fitted on."""

    def to_fit(self) -> Dataset:
        return self.dataset.restricted(brands=self.learned)

    def own_topic(self, brands: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """(b, n) bool: candidates about the same as the brand."""
        topics = np.array([self.topic[c] for c in candidates])
        return np.array([self.topic[b] for b in brands])[:, None] == topics[None, :]


@pytest.fixture(scope="session")
def planted() -> Planted:
    rng = np.random.default_rng(7)
    accounts, posts, links, topic = [], [], [], {}

    def add(id, role, about, n_posts, kind="post"):
        accounts.append(Account(id=id, role=role, category=about))
        posts.extend(Post(id=f"{id}.{n}", account=id, kind=kind) for n in range(n_posts))
        topic[id] = about

    for about in TOPICS:
        for n in range(INFLUENCERS_EACH):
            add(f"{about}.fan.{n:02d}", "influencer", about, rng.integers(1, 5))
        for n in range(BRANDS_EACH):
            brand = f"{about}.brand.{n}"
            quiet = brand == "pets.brand.0"
            brief = brand == "sport.brand.0"
            add(brand, "brand", about, 0 if quiet else 1 if brief else 4, "brief" if brief else "post")
            chosen = [f"{about}.fan.{i:02d}" for i in rng.choice(INFLUENCERS_EACH, 6, replace=False)]
            links += [
                Link(id=link_id("endorses", i, target=brand), kind="endorses", source=i, target=brand)
                for i in chosen
            ]
            if quiet:
                links += [
                    Link(id=link_id("represents", i, target=brand), kind="represents", source=i, target=brand)
                    for i in chosen[:3]
                ]
    for id, n_posts in (("single", 1), ("texts", 2), ("bare", 2), ("empty", 0)):
        add(id, "influencer", "food", n_posts)

    centres = {
        slot: rng.normal(size=(len(TOPICS), dim))
        for slot, dim in (
            ("text", 12),
            ("picture", 9),
            ("concept", 6),
            ("audience", 5),
            ("graph", 8),
            ("profile", 7),
        )
    }
    featured = [p.account for p in posts if p.account != "bare"]
    post_ids = [p.id for p in posts if p.account != "bare"]
    account_ids = [a.id for a in accounts if a.id not in ("texts", "bare", "empty", "pets.brand.0")]

    def about(slot, ids, owners, level):
        centre = centres[slot][[TOPICS.index(topic[owner]) for owner in owners]]
        return Features(
            slot,
            np.array(ids, dtype=object),
            (centre + 0.7 * rng.normal(size=centre.shape)).astype(np.float32),
            level,
        )

    seen = [n for n, owner in enumerate(featured) if owner != "texts"]
    engaged = [n for n in seen if ".brand." not in featured[n]]
    slots = {
        "text": about("text", post_ids, featured, "post"),
        "picture": about("picture", [post_ids[n] for n in seen], [featured[n] for n in seen], "post"),
        "concept": about("concept", account_ids, account_ids, "account"),
        "audience": about("audience", account_ids, account_ids, "account"),
        "graph": about("graph", account_ids, account_ids, "account"),
        "profile": about("profile", account_ids, account_ids, "account"),
        "engagement": Features(
            name="engagement",
            ids=np.array([post_ids[n] for n in engaged], dtype=object),
            values=np.stack(
                [rng.integers(5, 500, len(engaged)), rng.gamma(2, 0.02, len(engaged))], axis=1
            ).astype(np.float32),
            level="post",
            columns=("likes", "engagement_rate"),
        ),
    }
    told = np.exp(1.5 * np.eye(len(TOPICS))[[TOPICS.index(topic[id]) for id in account_ids]])
    told = told * np.random.default_rng(8).gamma(2, size=told.shape)
    shares = (told / told.sum(axis=1, keepdims=True)).astype(np.float32)
    slots["category"] = Features(
        name="category",
        ids=np.array(account_ids, dtype=object),
        values=shares,
        level="account",
        columns=TOPICS,
    )
    # A generator apart, so that the other slots are those of earlier versions.
    rng = np.random.default_rng(9)
    centres["audience_picture"] = rng.normal(size=(len(TOPICS), 5))
    slots["audience_picture"] = about("audience_picture", account_ids, account_ids, "account")
    new = tuple(f"{about}.brand.{n}" for about in TOPICS for n in (BRANDS_EACH - 2, BRANDS_EACH - 1))
    learned = tuple(a.id for a in accounts if a.role == "brand" and a.id not in new)
    return Planted(Dataset.from_rows(accounts, posts, links=links).with_slots(slots), topic, learned, new)
