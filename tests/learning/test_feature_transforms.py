from __future__ import annotations

import numpy as np
import pytest

from brandfit.learning.feature_transforms import FeatureTransform
from brandfit.learning.pooling import Vectors


def vectors(values, present=None):
    values = np.asarray(values, np.float32)
    return Vectors(values, np.ones(len(values), bool) if present is None else np.asarray(present))


def test_shares_are_rooted_weighed_by_rarity_centred_and_of_length_one():
    left, right = vectors([[0.64, 0.36, 0]]), vectors([[1, 0, 0], [0.5, 0, 0.5], [0.36, 0.64, 0], [1, 0, 0]])
    found = FeatureTransform.fit(left, right)
    assert found.kind == "shares"
    # shares of influencers that have each column: 1, 1/4, 1/4
    weights = np.sqrt(-np.log([1, 0.25, 0.25]) + 0.1)
    rows = np.sqrt(np.array([[1, 0, 0], [0.5, 0, 0.5], [0.36, 0.64, 0], [1, 0, 0]])) * weights
    expected = rows - rows.mean(axis=0)
    np.testing.assert_allclose(
        found.transform(right, "influencer").values,
        expected / np.linalg.norm(expected, axis=1, keepdims=True),
        atol=1e-6,
    )
    alone = np.sqrt([0.64, 0.36, 0]) * weights - rows.mean(axis=0)  # a brand alone is no mean of brands
    np.testing.assert_allclose(
        found.transform(left, "brand").values[0], alone / np.linalg.norm(alone), atol=1e-6
    )
    counts = vectors([[64, 36, 0], [8, 0, 8]])  # counts say what shares say
    np.testing.assert_allclose(
        found.transform(counts, "influencer").values,
        found.transform(vectors([[0.64, 0.36, 0], [0.5, 0, 0.5]]), "influencer").values,
        atol=1e-6,
    )


def test_dense_values_are_whitened():
    rng = np.random.default_rng(0)
    mixed = rng.normal(size=(4000, 3)) @ np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0.5]]) + 5
    found = FeatureTransform.fit(vectors(rng.normal(size=(50, 3))), vectors(mixed))
    assert found.kind == "dense"
    told = (mixed - found.centre[1]) @ found.axes
    covariance = np.cov(told.T)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-6
    assert np.diag(covariance).max() == pytest.approx(
        1 / 1.1, rel=1e-3
    )  # a tenth of the largest eigenvalue is added


def test_what_is_absent_stays_absent_and_a_view_comes_back_from_its_arrays():
    rng = np.random.default_rng(1)
    left, right = vectors(rng.normal(size=(6, 4))), vectors(rng.normal(size=(9, 4)), [True] * 8 + [False])
    found = FeatureTransform.fit(left, right)
    assert found.transform(right, "influencer").present.tolist() == [True] * 8 + [False]
    again = FeatureTransform.from_arrays(found.arrays())
    np.testing.assert_array_equal(
        again.transform(right, "influencer").values, found.transform(right, "influencer").values
    )


def test_a_row_is_the_same_alone():
    rng = np.random.default_rng(2)
    left, right = vectors(rng.normal(size=(20, 24))), vectors(rng.normal(size=(90, 24)))
    found = FeatureTransform.fit(left, right)
    whole = found.transform(right, "influencer").values
    for n in range(90):
        np.testing.assert_array_equal(
            found.transform(vectors(right.values[n : n + 1]), "influencer").values[0], whole[n]
        )


def test_very_wide_values_are_projected():
    rng = np.random.default_rng(3)
    base = rng.random((40, 3))
    wide = vectors(base @ rng.random((3, 3000)))
    found = FeatureTransform.fit(wide, wide)
    assert found.transform(wide, "influencer").values.shape[1] <= 40
    near = found.transform(wide, "influencer").values @ found.transform(wide, "influencer").values.T
    assert (np.diag(near) > 0.999).all()


@pytest.mark.parametrize("brands", [1, 2, 4, 30])
def test_few_brands_are_not_taken_off_from_themselves(brands):
    """Brands and influencers of eight topics: a brand is nearer to those of its own, however few brands there
    are."""
    rng = np.random.default_rng(3)
    topic, own = np.eye(8), np.arange(brands) % 8
    rows = [
        topic[own] + rng.uniform(0, 0.1, (brands, 8)),
        topic[np.arange(80) % 8] + rng.uniform(0, 0.1, (80, 8)),
    ]
    for shift in (0, -0.5):  # shares, and values below zero
        left, right = (Vectors((side + shift).astype(np.float32), np.ones(len(side), bool)) for side in rows)
        made = FeatureTransform.fit(left, right)
        assert made.kind == ("dense" if shift else "shares")
        cosine = made.transform(left, "brand").values @ made.transform(right, "influencer").values.T
        same = own[:, None] == np.arange(80) % 8
        assert cosine[same].min() > cosine[~same].max()
