"""The built-in sample is what it says: planted, reproducible, gappy like real data, and solvable by whoever
knows the truth."""

from __future__ import annotations

import io
from collections import Counter

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

from brandfit.data import endorsements
from brandfit.data.sample import FOLLOWERS, ONLY_A_BRIEF, ONLY_PARTNERS, sample


@pytest.fixture(scope="module")
def planted():
    return sample()


@pytest.fixture(scope="module")
def dataset(planted):
    return endorsements.derive(planted.dataset())


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(planted):
    again = sample.__wrapped__()
    assert list(again.records()) == list(planted.records())
    assert sample(1).posts != planted.posts


def test_what_is_derived_from_the_posts_is_what_was_planted(planted, dataset):
    assert set(map(tuple, dataset.endorsements.tolist())) == planted.endorsements
    assert min(Counter(brand for brand, _ in planted.endorsements).values()) >= 5


def test_every_brand_can_be_represented_and_each_way_occurs(dataset):
    assert dataset.representation[ONLY_A_BRIEF] == "brief"
    assert dataset.representation[ONLY_PARTNERS] == "partners"
    assert dataset.representation["northpeak.outdoor"] == "posts"
    assert Counter(dataset.representation.values())["posts"] == 22


def test_it_has_the_gaps_of_real_data(planted):
    pictured = Counter(picture.post for picture in planted.pictures)
    assert {pictured[post.id] for post in planted.posts} == {0, 1, 2}
    assert any(post.likes is None for post in planted.posts)
    assert any(post.caption == "" for post in planted.posts)
    assert any(picture.alt_text is None for picture in planted.pictures)
    sizes = [a.followers for a in planted.accounts if a.role == "influencer"]
    assert sizes[: len(FOLLOWERS)] == list(FOLLOWERS.values())
    assert all(5_000 <= size <= 100_000 for size in sizes[len(FOLLOWERS) :])


def test_ads_are_disclosed_and_name_the_brand(planted):
    brands = {brand for brand, _ in planted.endorsements}
    ads = [
        post
        for post in planted.posts
        if post.account not in brands and brands & {*post.mentions, *post.tags, *post.sponsors}
    ]
    assert len(ads) == len(planted.endorsements)
    assert all(post.disclosed for post in ads)


def test_pictures_are_small_photographs_of_different_content(planted):
    sizes = [Image.open(io.BytesIO(picture.data)).size for picture in planted.pictures]
    assert all(min(size) >= 100 and max(size) <= 160 for size in sizes)
    assert len({picture.data for picture in planted.pictures}) == len(planted.pictures)


def test_who_knows_the_truth_ranks_partners_first_but_not_without_mistakes(planted, dataset):
    values = []
    for brand in dataset.brands.tolist():
        scores = np.array([planted.fit(brand, id) for id in dataset.influencers.tolist()])
        relevant = np.array([(brand, id) in planted.endorsements for id in dataset.influencers.tolist()])
        values.append(roc_auc_score(relevant, scores))
    assert 0.85 < np.mean(values) < 0.99


def test_rows_survive_the_way_through_arrow(planted, dataset):
    rows = [type(planted.posts[0])(**row) for row in dataset.posts.to_pylist()]
    assert sorted(rows, key=lambda row: row.id) == sorted(planted.posts, key=lambda row: row.id)
