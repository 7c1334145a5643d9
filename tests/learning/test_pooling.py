from __future__ import annotations

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post, link_id
from brandfit.learning.pooling import (
    account_has,
    account_rows,
    account_vectors,
    brand_has,
    brand_rows,
    brand_vectors,
    represents_account,
)


def ids(*names):
    return np.array(names, dtype=object)


def link(kind, source, target):
    return Link(id=link_id(kind, source, target=target), kind=kind, source=source, target=target)


@pytest.fixture
def dataset():
    posts = {"ana": 2, "bo": 1, "cy": 1, "shop": 2, "briefed": 1}
    rows = [
        Post(id=f"{account}{n}", account=account, kind="brief" if account == "briefed" else "post")
        for account, count in posts.items()
        for n in range(count)
    ]
    values = {
        "ana0": [1, 0],
        "ana1": [3, 2],
        "bo0": [5, 6],
        "shop1": [7, 7],
        "briefed0": [2, 1],
    }  # cy0 and shop0 have none
    text = Features("t", np.array(list(values), dtype=object), np.array(list(values.values()), np.float32))
    concept = Features("c", ids("ana", "own"), np.array([[4], [8]], np.float32), "account")
    accounts = [Account(id=id) for id in ("ana", "bo", "cy", "dee")]
    accounts += [Account(id=id, role="brand") for id in ("shop", "briefed", "own", "quiet", "unseen")]
    links = [
        link("endorses", i, b)
        for i, b in (("ana", "quiet"), ("bo", "quiet"), ("cy", "quiet"), ("ana", "shop"))
    ]
    return Dataset.from_rows(accounts, rows, links=links).with_slots({"text": text, "concept": concept})


def test_accounts_are_the_mean_of_their_posts_that_have_the_feature(dataset):
    found = account_vectors(dataset, "text", accounts=ids("bo", "ana", "cy", "dee", "shop", "nobody"))
    assert found.values.tolist() == [[5, 6], [2, 1], [0, 0], [0, 0], [7, 7], [0, 0]]
    assert found.present.tolist() == [True, True, False, False, True, False]
    assert found.values.dtype == np.float32


def test_account_level_features_are_as_they_are(dataset):
    found = account_vectors(dataset, "concept", accounts=ids("ana", "bo", "own"))
    assert found.values.tolist() == [[4], [0], [8]]
    assert found.present.tolist() == [True, False, True]


def test_a_hidden_post_is_not_seen(dataset):
    view = dataset.restricted(posts=np.setdiff1d(dataset.posts["id"].to_numpy().astype(object), ["ana1"]))
    assert account_vectors(view, "text", accounts=ids("ana")).values.tolist() == [[1, 0]]


def test_brands_as_they_are_represented(dataset):
    found = brand_vectors(dataset, "text", brands=ids("quiet", "shop", "briefed", "own", "unseen"))
    # quiet: the mean of ana (2, 1) and bo (5, 6); cy has no such feature. own has features of its own, but no
    # text.
    assert found.values.tolist() == [[3.5, 3.5], [7, 7], [2, 1], [0, 0], [0, 0]]
    assert found.present.tolist() == [True, True, True, False, False]


def test_features_of_its_own_come_before_those_of_partners_slot_by_slot(dataset):
    said = Features("s", ids("ana", "bo", "quiet"), np.array([[1], [2], [9]], np.float32), "account")
    view = dataset.with_slots({**dataset.slots, "profile": said})
    assert view.representation["quiet"] == "partners"
    assert brand_vectors(view, "profile", brands=ids("quiet")).values.tolist() == [[9]]
    assert brand_vectors(view, "text", brands=ids("quiet")).values.tolist() == [
        [3.5, 3.5]
    ]  # as without the profile
    assert brand_vectors(view, "concept", brands=ids("quiet")).values.tolist() == [[4]]  # of ana, who has one
    for slot in view.slots:
        assert (
            brand_has(view, slot, view.brands).tolist()
            == brand_vectors(view, slot, brands=view.brands).present.tolist()
        )


def with_brief_of_shop(dataset):
    """The same with a brief of ``shop``, which has posts, and one of ``ana``, who is no brand."""
    briefs = [Post(id=f"{account}9", account=account, kind="brief") for account in ("shop", "ana")]
    text = dataset.slots["text"]
    more = Features(
        "t",
        np.append(text.ids, [p.id for p in briefs]),
        np.vstack([text.values, np.full((2, 2), 90, np.float32)]),
    )
    return dataset.with_more(Dataset.from_rows([], briefs)).with_slots({**dataset.slots, "text": more})


def test_a_brief_represents_a_brand_without_posts_alone(dataset):
    briefed = with_brief_of_shop(dataset)
    assert briefed.representation == dataset.representation
    for brands in (dataset.brands, ids("shop"), ids("briefed")):
        for values, expected in zip(
            brand_vectors(briefed, "text", brands=brands),
            brand_vectors(dataset, "text", brands=brands),
            strict=True,
        ):
            assert values.tolist() == expected.tolist()
        rows, expected_rows = (brand_rows(d, "text", brands=brands, newest=9) for d in (briefed, dataset))
        assert rows.values.tolist() == expected_rows.values.tolist()
        assert rows.counts.tolist() == expected_rows.counts.tolist()
    assert account_rows(briefed, "text", accounts=ids("ana"), newest=9).counts.tolist() == [2]
    assert represents_account(briefed).sum() == len(dataset.posts)


def test_a_brief_counts_where_all_posts_of_its_brand_are_hidden(dataset):
    briefed = with_brief_of_shop(dataset)
    posts = np.setdiff1d(briefed.posts["id"].to_numpy().astype(object), ["shop0", "shop1"])
    view = briefed.restricted(posts=posts)
    assert view.representation["shop"] == "brief"
    assert brand_vectors(view, "text", brands=ids("shop")).values.tolist() == [[90, 90]]


def test_stated_representatives_stand_alone(dataset):
    view = dataset.with_links([link("represents", "bo", "quiet")])
    assert brand_vectors(view, "text", brands=ids("quiet")).values.tolist() == [[5, 6]]


def test_has_is_present_without_the_values(dataset):
    accounts, brands = ids("bo", "ana", "cy", "dee", "nobody"), dataset.brands
    for slot in dataset.slots:
        assert (
            account_has(dataset, slot, accounts).tolist()
            == account_vectors(dataset, slot, accounts=accounts).present.tolist()
        )
        assert (
            brand_has(dataset, slot, brands).tolist()
            == brand_vectors(dataset, slot, brands=brands).present.tolist()
        )


def test_alone_and_among_others_to_the_last_bit():
    rng = np.random.default_rng(0)
    posts = [Post(id=f"p{n}", account=f"a{rng.integers(9)}") for n in range(200)]
    text = Features(
        "t", np.array([p.id for p in posts], dtype=object), rng.normal(size=(200, 33)).astype(np.float32)
    )
    dataset = Dataset.from_rows([Account(id=f"a{n}") for n in range(9)], posts).with_slots({"text": text})
    together = account_vectors(dataset, "text", accounts=dataset.influencers).values
    for n, account in enumerate(dataset.influencers):
        assert (account_vectors(dataset, "text", accounts=ids(account)).values[0] == together[n]).all()
        slow = np.mean([text.values[i] for i, p in enumerate(posts) if p.account == account], axis=0)
        assert np.allclose(together[n], slow, atol=1e-6)


def test_repeated_accounts_are_refused(dataset):
    with pytest.raises(ValueError, match="distinct"):
        account_vectors(dataset, "text", accounts=ids("ana", "ana"))


def test_weighted_posts_weigh_by_their_answers():
    posts = [
        Post(id="a0", account="a", likes=0),
        Post(id="a1", account="a", likes=90, comments=9),
        Post(id="b0", account="b"),
    ]
    text = Features("t", ids("a0", "a1", "b0"), np.array([[0], [1], [5]], np.float32))
    dataset = Dataset.from_rows([Account(id="a"), Account(id="b")], posts).with_slots({"text": text})
    weight = 1 + np.log(100)
    found = account_vectors(dataset, "text", accounts=ids("a", "b"), weighted=True)
    np.testing.assert_allclose(found.values, [[weight / (weight + 1)], [5]], rtol=1e-6)
    assert account_vectors(dataset, "text", accounts=ids("a", "b")).values.tolist() == [[0.5], [5]]
