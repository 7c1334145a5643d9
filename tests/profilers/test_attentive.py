"""The Influencer Profiler: its network by hand, and attention where it should help."""

from __future__ import annotations

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Post
from brandfit.encoders.concept._taxonomy import built_in
from brandfit.profilers._account_inputs import account_inputs
from brandfit.profilers._weak import weak_labels
from brandfit.profilers.attentive import Attentive

torch = pytest.importorskip("torch")

TOPICS = ("food", "pet", "travel")


def planted(accounts: int, posts_each: int, telling: int, seed: int = 0) -> tuple[Dataset, dict[str, str]]:
    """Of the posts of each account ``telling`` are about its topic, marked so in one column; the others are
    about anything."""
    rng = np.random.default_rng(seed)
    rows, posts, values, topic = [], [], [], {}
    for n in range(accounts):
        own = n % 3
        id = f"{n:03}"
        topic[id] = TOPICS[own]
        rows.append(Account(id=id, category=TOPICS[own] if n % 4 else None))
        for p in range(posts_each):
            about = own if p < telling else int(rng.integers(3))
            posts.append(Post(id=f"{id}-{p}", account=id, caption="words", time=int(rng.integers(1000))))
            values.append([*np.eye(3)[about], float(p < telling), *rng.normal(0, 0.1, 2)])
    text = Features(
        "t", np.array([post.id for post in posts], dtype=object), np.array(values, np.float32), slot="text"
    )
    return Dataset.from_rows(rows, posts).with_slots({"t": text}), topic


def accuracy(profiler: Attentive, dataset: Dataset, topic: dict[str, str]) -> float:
    ids = np.array([id for id in topic if dataset.account_values("category", [id])[0] is None], dtype=object)
    told = profiler.probabilities(dataset, ids).argmax(axis=1)
    return float(np.mean([TOPICS[t] == topic[id] for t, id in zip(told, ids.tolist(), strict=True)]))


def test_attention_finds_the_posts_that_tell_where_there_are_many():
    dataset, topic = planted(90, 20, 1)
    settings = {
        "width": 0.2,
        "epochs": 60,
        "learning_rate": 0.005,
        "dropout": 0.1,
        "posts": 0.0,
        "patience": 30,
    }
    with_it = Attentive(Attentive.Config.from_settings(settings)).fit(dataset)
    without = Attentive(Attentive.Config.from_settings({**settings, "attention": False})).fit(dataset)
    assert accuracy(with_it, dataset, topic) > accuracy(without, dataset, topic) + 0.2
    looked = with_it.post_attention(dataset, np.array(list(topic)[:40], dtype=object))
    telling = np.array([id.split("-")[1] == "0" for id in looked.posts])
    np.testing.assert_allclose(np.bincount(looked.owner, looked.attention), 1, rtol=1e-5)
    assert looked.attention[telling].sum() / 40 > 0.4  # one post in twenty
    assert looked.post_probabilities.shape == (800, 3)


def test_the_network_worked_by_hand():
    from brandfit.profilers._attentive_net import AttentiveNet

    network = AttentiveNet(
        {"text:t": 2}, 2, post_classes=2, dropout=0.0, width=4 / 256, attention=True
    ).eval()
    values, has = {"text:t": torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])}, {"text:t": torch.ones(3, 1)}
    owner = torch.tensor([0, 0, 1])
    accounts, posts, weight = network(values, has, owner=owner, n_accounts=2)
    told = torch.cat([values["text:t"], has["text:t"]], 1)
    v = (told @ network.enter[1].weight.T + network.enter[1].bias).relu()
    score = (v @ network.attend.weight.T + network.attend.bias).tanh() @ network.context
    alpha = score[:2].softmax(0)
    torch.testing.assert_close(weight, torch.cat([alpha, torch.ones(1)]))
    h = torch.stack([alpha @ v[:2], v[2]])
    torch.testing.assert_close(accounts, network.account(h))
    torch.testing.assert_close(posts, network.post(v))


def test_a_post_without_a_picture_is_told_by_its_words_and_an_account_without_posts_by_what_is_frequent():
    dataset, _ = planted(60, 3, 3)
    posts = dataset.posts["id"].to_pylist()
    some = np.array(posts[::2], dtype=object)
    picture = Features("p", some, np.ones((len(some), 5), np.float32), slot="picture")
    dataset = dataset.with_slots({**dataset.slots, "p": picture})
    profiler = Attentive(Attentive.Config.from_settings({"width": 0.1, "epochs": 5})).fit(dataset)
    looked = profiler.post_attention(dataset, np.array(["000", "nobody"], dtype=object))
    assert len(looked.posts) == 3
    assert np.isfinite(looked.attention).all()
    np.testing.assert_allclose(looked.accounts.sum(axis=1), 1)


def test_the_newest_posts_are_looked_at(monkeypatch):
    dataset, _ = planted(9, 6, 1)
    found = account_inputs(dataset, np.array(["004", "001"], dtype=object), slots=["t"], single=4)
    assert found.single.counts.tolist() == [4, 4]
    times = dict(zip(dataset.posts["id"].to_pylist(), dataset.posts["time"].to_pylist(), strict=True))
    assert all(id.startswith("004") for id in found.single.ids[:4])
    for start in (0, 4):
        here = [times[id] for id in found.single.ids[start : start + 4]]
        assert here == sorted(here, reverse=True)
        account = found.single.ids[start].split("-")[0]
        assert min(here) >= sorted((t for id, t in times.items() if id.startswith(account)), reverse=True)[3]
    again = found.subset(np.array([1]))
    assert again.single.ids.tolist() == found.single.ids[4:].tolist()


def test_weak_labels_say_what_concepts_say_clearly():
    taxonomy = built_in()
    only = {
        topic: next(n for n, c in enumerate(taxonomy.concepts) if c.categories & set(TOPICS) == {topic})
        for topic in TOPICS
    }
    concepts = np.zeros((4, len(taxonomy)), np.float32)
    concepts[0, only["food"]] = 1
    concepts[1, only["travel"]] = 3
    concepts[1, only["food"]] = 1
    concepts[2, list(only.values())] = 1  # a third each: not clear
    assert weak_labels(concepts, taxonomy.names, TOPICS).tolist() == [0, 2, -1, -1]
    # Names of another list: those that the built-in one has count.
    own = ("knitting circle", taxonomy.names[only["pet"]])
    assert weak_labels(np.eye(2), own, ("food", "pet")).tolist() == [-1, 1]
