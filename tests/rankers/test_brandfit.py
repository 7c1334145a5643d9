"""brandfit's own promises beyond the conformance suite."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post
from brandfit.rankers import _prior as prior
from brandfit.rankers.brandfit import Brandfit, BrandfitConfig
from brandfit.rankers.simcos import SimCos
from brandfit.workspace import Workspace


def planted(posts_each: int, partners: int = 96, silent: int = 0) -> Dataset:
    """Influencers post on a topic of their own and, but for one post, on everything; brands on their topic.

    Only the first ``partners`` work with brands; others are ``silent``: one half of them works with the first
    brand.
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
    links += [
        Link(id=f"b00-s{n:03}", kind="endorses", source=f"s{n:03}", target="b00") for n in range(silent // 2)
    ]
    text = Features("t", np.array([row.id for row in rows], dtype=object), np.array(values, np.float32))
    return Dataset.from_rows(accounts, rows, links=links).with_slots({"text": text})


@pytest.mark.parametrize(("posts", "expected"), [(1, False), (2, False), (6, True)])
def test_single_posts_are_looked_at_where_there_are_several(posts, expected):
    ranker = Brandfit().fit(planted(posts))
    assert ("late.text" in ranker.logit.names) == expected


def test_single_posts_say_more_than_their_mean():
    dataset = planted(6)
    ranker = Brandfit(BrandfitConfig(prior="none")).fit(dataset)
    weights = dict(zip(ranker.logit.names, ranker.logit.weights, strict=True))
    assert max(weights["late.text"], weights["back.text"]) > abs(weights["cos.text"])
    parts = ranker.parts(dataset, dataset.brands[:3], dataset.influencers)
    assert set(parts) <= {*Brandfit.slots, *Brandfit.part_names}


def test_influencers_that_show_nothing_are_not_learned_from():
    dataset, crowd = planted(1, partners=48), planted(1, partners=48, silent=300)
    alone, among = Brandfit().fit(dataset), Brandfit().fit(crowd)
    assert among.logit.names == alone.logit.names
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
    dataset = dataset.with_slots(
        {**dataset.slots, "engagement": Features("e", ids, comments, columns=("log1p_comments",))}
    )
    ranker = Brandfit().fit(dataset)
    assert "engagement" in ranker.reads
    weights = dict(zip(ranker.logit.names, ranker.logit.weights, strict=True))
    assert weights["engagement.log1p_comments"] > 0
    parts = ranker.parts(dataset, dataset.brands[:2], dataset.influencers)
    assert {"text", "engagement", "history"} <= set(parts) <= {*Brandfit.slots, *Brandfit.part_names}
    assert parts["engagement"][0] == pytest.approx(parts["engagement"][1])
    assert sum(parts.values()) == pytest.approx(
        ranker.score(dataset, dataset.brands[:2], dataset.influencers)
    )


def own(brands: int, partners: int, shown: int) -> Dataset:
    """Brands with partners of their own alone, who show the topic of the brand; of the brands only the first
    ones show anything."""
    rng, topics = np.random.default_rng(1), np.eye(brands, 12, dtype=np.float32)
    accounts, rows, values, links = [], [], [], []
    for b in range(brands):
        accounts.append(Account(id=f"b{b}", role="brand"))
        accounts += [Account(id=f"b{b}i{n}", followers=9_000) for n in range(partners)]
        links += [
            Link(id=f"b{b}i{n}", kind="endorses", source=f"b{b}i{n}", target=f"b{b}") for n in range(partners)
        ]
        for id in (f"b{b}", *(f"b{b}i{n}" for n in range(partners))):
            rows.append(Post(id=f"{id}-0", account=id, time=1))
            values.append(topics[b] + rng.uniform(0.05, 0.15, 12).astype(np.float32))
    text = Features("t", np.array([row.id for row in rows], dtype=object), np.array(values, np.float32))
    hidden = np.isin(text.ids.astype(str), [f"b{b}-0" for b in range(shown, brands)])
    text = Features("t", text.ids[~hidden], text.values[~hidden])
    return Dataset.from_rows(accounts, rows, links=links).with_slots({"text": text})


@pytest.mark.parametrize("brands", range(1, 12))
@pytest.mark.parametrize("shown", [1, 2, 11])
def test_few_brands_and_brands_that_show_nothing_do_not_stop_it(brands, shown):
    dataset = own(brands, 6, min(shown, brands))
    ranker = Brandfit().fit(dataset)
    assert ranker.logit.is_fitted == (min(shown, brands) >= 5)
    score = ranker.score(dataset, np.array(["b0"], dtype=object), dataset.influencers)[0]
    assert np.isfinite(score).all()
    own_partners = np.array([id.startswith("b0i") for id in dataset.influencers])
    assert brands == 1 or score[own_partners].mean() > score[~own_partners].max()
    assert all("likeness alone" in note for note in ranker.notes(dataset) if "nothing was learned" in note)


def test_where_all_work_with_all_there_is_nothing_to_learn():
    dataset = own(6, 4, 6)
    pairs = [(b, i) for b in dataset.brands for i in dataset.influencers]
    dataset = dataset.with_links(
        [Link(id=f"{b}{i}", kind="endorses", source=i, target=b) for b, i in pairs], replacing=["endorses"]
    )
    ranker = Brandfit().fit(dataset)
    assert not ranker.logit.is_fitted
    assert np.isfinite(ranker.score(dataset, dataset.brands, dataset.influencers)).all()


def test_brands_without_partners_do_not_stop_it_where_there_is_nothing_to_learn():
    dataset = own(9, 4, 9)
    pairs = [(b, i) for b in dataset.brands[:5] for i in dataset.influencers]
    dataset = dataset.with_links(
        [Link(id=f"{b}{i}", kind="endorses", source=i, target=b) for b, i in pairs], replacing=["endorses"]
    )
    ranker = Brandfit().fit(dataset)
    assert not ranker.logit.is_fitted
    assert np.isfinite(ranker.score(dataset, dataset.brands, dataset.influencers)).all()


def with_category(dataset: Dataset, sure: float) -> Dataset:
    """Every influencer is of the category of its topic with this probability; brands state theirs."""
    ids = np.concatenate([dataset.brands, dataset.influencers])
    values = np.full((len(ids), 8), (1 - sure) / 7, np.float32)
    own = np.array([int(id[1:]) % 8 for id in ids.tolist()])
    values[np.arange(len(ids)), own] = sure
    brands = np.arange(len(dataset.brands))
    values[brands] = np.eye(8, dtype=np.float32)[own[brands]]
    columns = tuple(f"c{n}" for n in range(8))
    category = Features(
        name="category",
        ids=ids,
        values=values,
        level="account",
        columns=columns,
        key=f"c{sure}",
        slot="category",
    )
    return dataset.with_slots({**dataset.slots, "category": category})


@pytest.mark.parametrize("sure", [0.3, 0.9])
def test_agreement_is_the_probability_of_one_category(sure):
    dataset = with_category(planted(1), sure)
    ranker = Brandfit().fit(dataset)
    found = ranker.evidence_of(dataset, dataset.brands, dataset.influencers)["agreement"]
    brand = np.array([int(id[1:]) % 8 for id in dataset.brands.tolist()])
    influencer = np.array([int(id[1:]) % 8 for id in dataset.influencers.tolist()])
    same = brand[:, None] == influencer
    np.testing.assert_allclose(found, np.where(same, sure, (1 - sure) / 7), atol=1e-6)
    assert "agreement" in ranker.parts(dataset, dataset.brands, dataset.influencers)


def test_an_unsure_prediction_says_less_than_a_stated_category():
    """Without endorsements, so that nothing can make up for it: one influencer states what the other is
    predicted to be."""
    dataset = planted(1).with_links([], replacing=["endorses"])
    dataset = with_category(dataset, 0.3)
    category = dataset.slots["category"]
    values = np.array(category.values)
    stated = category.ids.tolist().index("i008")
    values[stated] = np.eye(8, dtype=np.float32)[0]
    mixed = Features(
        name="category",
        ids=category.ids,
        values=values,
        level="account",
        columns=category.columns,
        key="mixed",
        slot="category",
    )
    dataset = dataset.with_slots({**dataset.slots, "category": mixed})
    ranker = Brandfit().fit(dataset)
    parts = ranker.parts(
        dataset, np.array(["b00"], dtype=object), np.array(["i008", "i016", "i001"], dtype=object)
    )
    stated_part, predicted_part, other_part = parts["agreement"][0]
    assert stated_part > predicted_part > other_part
    assert stated_part - other_part > 3 * (predicted_part - other_part)


def test_a_category_alone_is_no_evidence_of_what_an_account_posts():
    dataset = with_category(planted(1), 0.9)
    text = dataset.slots["text"]
    shown = ~np.char.startswith(text.ids.astype(str), "i001")
    hidden = Features("t", text.ids[shown], text.values[shown])
    dataset = dataset.with_slots({**dataset.slots, "text": hidden})
    score = (
        Brandfit().fit(dataset).score(dataset, dataset.brands[:2], np.array(["i001", "i002"], dtype=object))
    )
    assert np.isnan(score[:, 0]).all()
    assert np.isfinite(score[:, 1]).all()


def test_the_prior_stays_where_there_is_no_evidence_against_it():
    """Learned weights of a few brands lie nearer to the prior mean than those without a prior do."""
    dataset = planted(6).restricted(brands=np.array([f"b{n:02}" for n in range(6)], dtype=object))
    informed, plain = (
        Brandfit(BrandfitConfig(prior=source)).fit(dataset).logit for source in ("both", "none")
    )
    mean = prior.weights(informed.names, 6, "both")
    assert np.linalg.norm(informed.weights - mean) < np.linalg.norm(plain.weights - mean)


def test_a_brief_of_a_brand_with_posts_changes_no_score(sample, tmp_path):
    """Two workspaces that differ in one brief give equal scores and parts."""
    folders = tmp_path / "without", tmp_path / "with"
    scores = []
    for folder in folders:
        shutil.copytree(sample, folder)
        workspace = Workspace(folder)
        if folder.name == "with":
            brief = Post(
                id="brief-9", account="northpeak.outdoor", kind="brief", caption="Lipstick and perfume wanted"
            )
            workspace.write("one brief", [brief])
        for encoder in ("text.hashing", "concept.bag", "engagement"):
            pipeline.encode(workspace, encoder)
        dataset = pipeline.load(workspace)
        assert dataset.representation["northpeak.outdoor"] == "posts"
        ranker = Brandfit(seed=0).fit(dataset)
        simcos = SimCos().fit(dataset)
        asked = dataset.brands, dataset.influencers
        scores.append((len(dataset.posts), ranker.score(dataset, *asked), simcos.score(dataset, *asked)))
    without, with_brief = scores
    assert with_brief[0] == without[0] + 1
    np.testing.assert_array_equal(with_brief[1], without[1])
    np.testing.assert_array_equal(with_brief[2], without[2])
