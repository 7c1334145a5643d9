from __future__ import annotations

import numpy as np
import pytest

from brandfit.learning import similarity
from brandfit.learning.pooling import Vectors


def test_rows_longer_than_one_are_brought_to_length_one_and_shares_are_left_alone():
    found = similarity.bounded(
        Vectors(np.array([[3, 4], [0, 0], [0.3, 0.7]], np.float32), np.array([True, False, True]))
    )
    np.testing.assert_allclose(found.values, [[0.6, 0.8], [0, 0], [0.3, 0.7]], rtol=1e-6)
    assert found.values[2].tolist() == np.array([0.3, 0.7], np.float32).tolist()
    assert found.present.tolist() == [True, False, True]


def test_unit_rows_and_a_row_of_zeros_is_absent():
    found = similarity.unit(
        Vectors(np.array([[3, 4], [0, 0], [0, 2]], np.float32), np.array([True, True, False]))
    )
    assert found.values.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 0], [0, 2]]
    assert found.present.tolist() == [True, False, False]


def test_inner_does_not_depend_on_what_else_is_computed(monkeypatch):
    rng = np.random.default_rng(0)
    left, right = (
        rng.normal(size=(31, 147)).astype(np.float32),
        rng.normal(size=(203, 147)).astype(np.float32),
    )
    whole = similarity.inner(left, right)
    assert np.allclose(whole, left.astype(float) @ right.astype(float).T, rtol=1e-6, atol=1e-5)
    assert (similarity.inner(left[7:8], right)[0] == whole[7]).all()
    order = rng.permutation(203)
    assert (similarity.inner(left, right[order]) == whole[:, order]).all()
    monkeypatch.setattr(similarity, "BLOCK_BYTES", 147 * 8 * 5)
    assert (similarity.inner(left, right) == whole).all()


def test_weighted_mean_gives_the_share_of_a_missing_factor_to_the_others():
    nan = np.nan
    parts = similarity.weighted_mean(
        {"text": np.array([[1.0, 1.0, 9.0, 9.0]]), "picture": np.array([[3.0, 9.0, 3.0, 9.0]])},
        {"text": np.array([[0.25, 0.25, 0.0, 0.0]]), "picture": np.array([[0.75, 0.0, 0.75, 0.0]])},
    )
    np.testing.assert_array_equal(parts["text"], [[0.25, 1.0, 0.0, nan]])
    np.testing.assert_array_equal(parts["picture"], [[2.25, 0.0, 3.0, nan]])


@pytest.mark.parametrize("b", [1, 3, similarity.STREAMED_MAX_ROWS])
def test_few_rows_against_very_many_are_the_same_numbers(b, monkeypatch):
    pytest.importorskip("numba")
    rng = np.random.default_rng(b)
    left, right = (rng.normal(size=(n, 70)).astype(np.float32) for n in (b, 60_000))
    assert right.size >= similarity.STREAMED_MIN_SIZE
    streamed = similarity.inner(left, right)
    monkeypatch.setattr(similarity, "STREAMED_MAX_ROWS", 0)
    widened = similarity.inner(left, right)
    np.testing.assert_array_max_ulp(streamed.astype(np.float32), widened.astype(np.float32), 1)
    assert (streamed == widened).mean() > 0.9999  # but for sums that lie between two float32 values
