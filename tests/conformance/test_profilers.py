"""What every registered profiler must do. A new file in profilers/ is tested here without a line being
added."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from brandfit import registry
from brandfit.config import describe
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Image, Link, Post, link_id
from brandfit.errors import UsageError
from brandfit.profilers.base import UNSURE
from brandfit.workspace import Workspace

PROFILERS = [
    name for name in registry.names("profiler") if "level" in describe(registry.load("profiler", name).Config)
]
"""Those of posts alone have tests of their own."""
TOPICS = ("food", "pet", "travel")
WORDS = {
    "food": "lemon bread pasta soup",
    "pet": "puppy kitten leash paws",
    "travel": "beach flight hotel passport",
}
FAST = {"width": 0.1, "epochs": 40, "learning_rate": 0.01}
"""Settings of those that have them."""
MARGIN = 0.2
"""Accuracy above that of the most frequent class that a profiler must reach on the planted data; chance
reaches none."""


@pytest.fixture(scope="module")
def planted() -> Dataset:
    """Accounts write, tag, show and are answered about their topic; two in five are not labelled; one says
    nothing."""
    rng = np.random.default_rng(5)
    accounts, posts, images, links, values = [], [], [], [], {}
    for number in range(90):
        topic = TOPICS[number % 3]
        id = f"{topic}.{number:02d}"
        bigger = int(rng.integers(6_000, 20_000)) * (1 + 3 * TOPICS.index(topic))
        accounts.append(
            Account(
                id=id, category=None if number % 5 < 2 else topic, followers=bigger, followees=300, posts=50
            )
        )
        for n in range(int(rng.integers(1, 4))):
            said = rng.choice(WORDS[topic].split(), 3)
            likes = int(50 * (1 + 3 * TOPICS.index(topic)) * rng.uniform(0.8, 1.2))
            post = Post(
                id=f"{id}-{n}",
                account=id,
                caption=f"My {said[0]} and {said[1]}!",
                hashtags=[str(said[2]), topic],
                likes=likes,
                comments=3,
            )
            posts.append(post)
            images.append(Image(post=post.id, alt_text=f"Image may contain: {said[0]}"))
            comment = link_id("comments", "fan", target=id, post=post.id)
            links.append(
                Link(id=comment, kind="comments", source="fan", target=id, post=post.id, text=str(said[1]))
            )
            values[post.id] = np.eye(3)[TOPICS.index(topic)] + rng.normal(0, 0.3, 3)
    accounts += [
        Account(id="fan"),
        Account(id="silent", category="food"),
        Account(id="lost", category="other"),
    ]
    posts.append(Post(id="silent-0", account="silent"))
    ids = np.array(list(values), dtype=object)
    rows = np.array(list(values.values()), np.float32)
    slots = {
        "w": Features("w", ids, rows, slot="text"),
        "p": Features("p", ids, rows[:, ::-1].copy(), slot="picture"),
    }
    return Dataset.from_rows(accounts, posts, images=images, links=links).with_slots(slots)


def make(name, seed=0, **settings):
    cls = registry.load("profiler", name)
    fast = {k: v for k, v in FAST.items() if k in describe(cls.Config)}
    return cls(cls.Config.from_settings({**fast, **settings}), seed)


@pytest.fixture(scope="module")
def fitted(planted):
    return functools.cache(lambda name: make(name).fit(planted, cross=True))


def unlabelled(planted):
    ids = planted.accounts["id"].to_numpy().astype(object)
    category = planted.account_values("category", ids)
    return np.array(
        [id for id, c in zip(ids, category, strict=True) if c is None and "." in id], dtype=object
    )


@pytest.mark.parametrize("name", PROFILERS)
def test_it_tells_accounts_that_it_was_not_fitted_on(name, fitted, planted):
    ids = unlabelled(planted)
    told = fitted(name).probabilities(planted, ids)
    assert fitted(name).classes == TOPICS  # "other" is not learned
    assert told.shape == (len(ids), 3)
    np.testing.assert_allclose(told.sum(axis=1), 1)
    right = np.mean(
        [id.startswith(fitted(name).classes[row.argmax()]) for id, row in zip(ids, told, strict=True)]
    )
    assert right > (1 / 3 + MARGIN if name != "majority" else 0)


@pytest.mark.parametrize("name", PROFILERS)
def test_an_account_is_told_the_same_alone_and_among_others(name, fitted, planted):
    ids = unlabelled(planted)[:6]
    together = fitted(name).probabilities(planted, ids)
    for n, id in enumerate(ids):
        np.testing.assert_allclose(
            fitted(name).probabilities(planted, np.array([id], dtype=object))[0],
            together[n],
            rtol=1e-5,
            atol=1e-7,
        )


@pytest.mark.parametrize("name", PROFILERS)
def test_where_nothing_is_known_nothing_is_told(name, fitted, planted):
    told = fitted(name).probabilities(planted, np.array(["silent", "fan", "nobody"], dtype=object))
    assert np.isnan(told).all()
    assert fitted(name).answers(told) == ["", "", ""]


@pytest.mark.parametrize("name", PROFILERS)
def test_the_seed_decides(name, fitted, planted):
    ids = unlabelled(planted)
    again = make(name).fit(planted, cross=True)
    np.testing.assert_array_equal(again.probabilities(planted, ids), fitted(name).probabilities(planted, ids))
    assert again.maker == fitted(name).maker


@pytest.mark.parametrize("name", PROFILERS)
def test_as_an_encoder_it_keeps_what_it_told(name, fitted, planted, tmp_path, monkeypatch):
    with Workspace(tmp_path / "work", create=True) as workspace:
        found = fitted(name).encode(planted, workspace)
        assert found.columns == TOPICS
        assert found.slot == "category"
        assert found.level == "account"
        assert set(found.ids.tolist()) == {id for id in planted.accounts["id"].to_pylist() if "." in id}
        np.testing.assert_allclose(np.asarray(found.values).sum(axis=1), 1, rtol=1e-5)
        monkeypatch.setattr(type(fitted(name)), "encode_batch", lambda *_: pytest.fail("told before"))
        again = fitted(name).encode(planted, workspace)
        np.testing.assert_array_equal(np.asarray(again.values), np.asarray(found.values))


@pytest.mark.parametrize("name", PROFILERS)
def test_after_a_kill_only_the_rest_is_told(name, fitted, planted, tmp_path, monkeypatch):
    profiler = fitted(name)
    monkeypatch.setattr(type(profiler), "batch_size", 10)
    monkeypatch.setattr(type(profiler), "chunk_size", 20)
    real, seen = type(profiler).encode_batch, []

    def counted(self, batch):
        if len(seen) == 4:
            raise KeyboardInterrupt
        seen.append(len(batch))
        return real(self, batch)

    with Workspace(tmp_path / "work", create=True) as workspace:
        monkeypatch.setattr(type(profiler), "encode_batch", counted)
        with pytest.raises(KeyboardInterrupt):
            profiler.encode(planted, workspace)
        monkeypatch.setattr(
            type(profiler),
            "encode_batch",
            lambda self, batch: (seen.append(len(batch)), real(self, batch))[1],
        )
        found = profiler.encode(planted, workspace)
        assert sum(seen) == 90
        monkeypatch.undo()
        np.testing.assert_allclose(
            np.asarray(profiler.encode(planted).values), np.asarray(found.values), rtol=1e-5, atol=1e-7
        )


@pytest.mark.parametrize("name", [n for n in PROFILERS if n != "majority"])
def test_a_labelled_account_is_told_by_those_that_did_not_see_it(name, fitted, planted):
    """Labels without sense: whoever has seen them tells them, whoever has not cannot."""
    rng = np.random.default_rng(1)
    rows = planted.accounts.to_pylist()
    shuffled = [
        {**row, "category": str(rng.choice(TOPICS)) if row["category"] in TOPICS else row["category"]}
        for row in rows
    ]
    accounts = [Account(**{k: v for k, v in row.items() if v is not None}) for row in shuffled]
    mixed = planted.with_accounts(accounts)
    profiler = make(name).fit(mixed, cross=True)
    found = profiler.encode(mixed)
    stated = dict(zip(mixed.accounts["id"].to_pylist(), mixed.accounts["category"].to_pylist(), strict=True))
    values = dict(zip(found.ids.tolist(), np.asarray(found.values), strict=True))
    right = [TOPICS[values[id].argmax()] == c for id, c in stated.items() if c in TOPICS and id in values]
    assert np.mean(right) < 0.6


@pytest.mark.parametrize("name", PROFILERS)
def test_answers_are_unsure_below_the_confidence(name):
    profiler = make(name, confidence=0.6)
    profiler.classes = TOPICS
    assert profiler.answers(np.array([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2]])) == ["food", UNSURE]


@pytest.mark.parametrize("name", PROFILERS)
def test_without_categories_it_says_what_to_do(name, planted):
    bare = planted.hide_categories(planted.accounts["id"].to_pylist())
    with pytest.raises(UsageError, match="learns categories"):
        make(name).fit(bare)
    with pytest.raises(UsageError, match="has not been fitted"):
        make(name).probabilities(planted, np.array(["fan"], dtype=object))


@pytest.mark.parametrize("name", [n for n in PROFILERS if registry.load("profiler", n).kinds != ()])
def test_other_features_than_those_that_it_was_fitted_on_are_refused(name, fitted, planted):
    slot = next(iter(fitted(name).reads))
    features = planted.slots[slot]
    other = Features("other", features.ids, np.zeros((len(features), 7), np.float32), slot=features.slot)
    with pytest.raises(UsageError, match="was fitted on"):
        fitted(name).probabilities(planted.with_slots({**planted.slots, slot: other}), unlabelled(planted))


def posts_of(planted, topics):
    ids = [id for id in planted.posts["id"].to_pylist() if not id.startswith("silent")]
    return np.array([id for id in ids if id.split(".")[0] in topics], dtype=object)


@pytest.mark.parametrize("name", PROFILERS)
def test_it_tells_posts_too(name, planted, tmp_path):
    """Posts of two accounts of three are labelled, the others are told; Features of accounts are not read."""
    ids = posts_of(planted, TOPICS)
    known = {id: id.split(".")[0] for id in ids.tolist() if int(id[-4:-2]) // 3 % 3}
    rows = np.ones((1, 2), np.float32)
    whole = Features("whole", np.array(["food.00"], dtype=object), rows, level="account", slot="text")
    dataset = planted.with_slots({**planted.slots, "whole": whole}).with_post_categories(known)
    profiler = make(name, level="post").fit(dataset, cross=True)
    assert (profiler.level, profiler.slot, profiler.name) == ("post", "topic", f"{name}.posts")
    assert "whole" not in profiler.reads
    assert profiler.stated == known
    asked = np.array([id for id in ids.tolist() if id not in known], dtype=object)
    told = profiler.probabilities(dataset, asked)
    right = np.mean([id.startswith(TOPICS[row.argmax()]) for id, row in zip(asked, told, strict=True)])
    assert right > (1 / 3 + MARGIN if name != "majority" else 0)
    with Workspace(tmp_path / "work", create=True) as workspace:
        found = profiler.encode(dataset, workspace)
        assert (found.level, found.columns, len(found)) == ("post", TOPICS, len(ids))


@pytest.mark.parametrize("name", PROFILERS)
def test_without_labelled_posts_it_says_what_to_do(name, planted):
    with pytest.raises(UsageError, match=r"learns categories of posts[^$]*mark --posts"):
        make(name, level="post").fit(planted)


@pytest.mark.parametrize("name", PROFILERS)
def test_two_labels_of_each_of_two_kinds_are_enough(name, planted):
    ids = [id for id in planted.influencers.tolist() if id.startswith(("food.", "pet."))]
    few = {
        id: id.split(".")[0]
        for id in [i for i in ids if i.startswith("food")][:2] + [i for i in ids if i.startswith("pet")][:2]
    }
    profiler = make(name).fit(planted.with_categories(few), cross=True)
    told = profiler.probabilities(planted, unlabelled(planted))
    assert profiler.classes == ("food", "pet")
    np.testing.assert_allclose(told.sum(axis=1), 1)
    assert len(profiler.encode(planted.with_categories(few))) > 50
