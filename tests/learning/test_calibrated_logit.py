from __future__ import annotations

import numpy as np
import pytest

from brandfit.learning.calibrated_logit import CalibratedLogit


def drawn(n=6000, groups=300, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2)) * [1.0, 10.0] + [0.0, 50.0]
    group = rng.integers(0, groups, n)
    logit = 1.5 * x[:, 0] - 2 + 0.3 * rng.normal(size=groups)[group]
    return x, rng.random(n) < 1 / (1 + np.exp(-logit)), group


def test_it_finds_the_weights_and_tells_honest_probabilities():
    x, positive, group = drawn()
    found = CalibratedLogit.fit(["a", "b"], x, is_positive=positive, group=group, strength=1.0)
    assert found.weights[0] / found.deviation[0] == pytest.approx(1.5, abs=0.15)
    assert abs(found.weights[1]) < 0.1
    told = found.probability({"a": x[None, :, 0], "b": x[None, :, 1]})
    assert told.value.mean() == pytest.approx(positive.mean(), abs=1e-3)
    assert ((told.low <= told.value) & (told.value <= told.high)).all()


def test_terms_add_up_to_the_logit():
    x, positive, group = drawn()
    found = CalibratedLogit.fit(["a", "b"], x, is_positive=positive, group=group)
    features = {"a": x[None, :5, 0], "b": x[None, :5, 1]}
    logit = sum(found.terms(features).values()) + found.intercept
    np.testing.assert_allclose(1 / (1 + np.exp(-logit)), found.probability(features).value)


def test_the_interval_covers_and_widens_with_fewer_groups():
    covered = []
    for seed in range(40):
        x, positive, group = drawn(1500, 60, seed)
        found = CalibratedLogit.fit(["a", "b"], x, is_positive=positive, group=group, strength=1e-3)
        raw = found.weights[0] / found.deviation[0]
        error = np.sqrt(found.covariance[0, 0]) / found.deviation[0]
        covered.append(abs(raw - 1.5) < 2.6 * error)
    assert np.mean(covered) > 0.9
    found = {}
    for n in (600, 6000):
        x, positive, group = drawn(n, n // 20)
        found[n] = CalibratedLogit.fit(["a", "b"], x, is_positive=positive, group=group)
    few, many = found[600], found[6000]
    assert few.covariance[0, 0] > 3 * many.covariance[0, 0]


def test_missing_evidence_says_nothing_and_weights_of_rows_are_rows():
    x, positive, group = drawn()
    x[::3, 1] = np.nan
    found = CalibratedLogit.fit(["a", "b"], x, is_positive=positive, group=group)
    terms = found.terms({"a": np.array([[0.0]]), "b": np.array([[np.nan]])})
    assert terms["b"].item() == 0
    assert found.terms({"a": np.array([[0.0]])}).keys() == {"a"}
    twice = CalibratedLogit.fit(
        ["a", "b"], np.repeat(x, 2, axis=0), is_positive=np.repeat(positive, 2), group=np.repeat(group, 2)
    )
    weighed = CalibratedLogit.fit(
        ["a", "b"], x, is_positive=positive, group=group, row_weight=np.full(len(x), 2.0)
    )
    np.testing.assert_allclose(twice.weights, weighed.weights, atol=1e-3)


def test_it_comes_back_from_its_arrays():
    x, positive, group = drawn()
    found = CalibratedLogit.fit(["a", "b"], x, is_positive=positive, group=group)
    again = CalibratedLogit.from_arrays(found.names, found.arrays())
    features = {"a": np.array([[0.3, -1.0]]), "b": np.array([[50.0, 60.0]])}
    np.testing.assert_array_equal(
        np.array(again.probability(features)), np.array(found.probability(features))
    )


def test_without_a_prior_it_is_ridge_regression():
    """Beside scikit-learn's, on the same standardised features."""
    from sklearn.linear_model import LogisticRegression

    x, positive, group = drawn(2000, 50)
    weight = np.random.default_rng(1).uniform(0.5, 2, len(x))
    found = CalibratedLogit.fit(
        ["a", "b"], x, is_positive=positive, group=group, row_weight=weight, strength=30.0
    )
    standardised = (x - found.mean) / found.deviation
    other = LogisticRegression(C=1 / 30, tol=1e-10, max_iter=1000).fit(
        standardised, positive, sample_weight=weight
    )
    np.testing.assert_allclose(found.weights, other.coef_[0], atol=1e-4)
    assert found.intercept == pytest.approx(float(other.intercept_[0]), abs=1e-4)


def test_the_posterior_moves_from_the_prior_to_the_data():
    x, positive, group = drawn()
    prior = np.array([0.2, 0.7])
    data = CalibratedLogit.fit(["a", "b"], x, is_positive=positive, group=group, strength=1e-6)
    certain = CalibratedLogit.fit(
        ["a", "b"], x, is_positive=positive, group=group, strength=1e9, prior_mean=prior
    )
    np.testing.assert_allclose(certain.weights, prior, atol=1e-4)
    weights = [
        CalibratedLogit.fit(
            ["a", "b"], x, is_positive=positive, group=group, strength=s, prior_mean=prior
        ).weights
        for s in (1e5, 1e3, 1e1)
    ]
    distances = [float(np.linalg.norm(w - data.weights)) for w in weights]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.1 * distances[0]


def test_given_weights_score_and_state_no_probability():
    x = np.random.default_rng(0).normal(size=(500, 2)) * [1, 5]
    found = CalibratedLogit.from_weights(["a", "b"], x, np.array([1.0, 2.0]))
    assert not found.is_fitted
    terms = found.terms({"a": x[None, :, 0], "b": x[None, :, 1]})
    assert terms["a"].std() == pytest.approx(1.0)
    assert terms["b"].std() == pytest.approx(2.0)
    assert CalibratedLogit.from_arrays(found.names, found.arrays()).is_fitted is False


def test_a_feature_that_hardly_varied_does_not_outweigh_the_others():
    x, positive, group = drawn()
    x[:, 1] = 1e-6 * np.random.default_rng(0).normal(size=len(x))
    found = CalibratedLogit.fit(
        ["a", "b"], x, is_positive=positive, group=group, prior_mean=np.array([0.5, 0.1])
    )
    terms = found.terms({"a": np.array([[3.0]]), "b": np.array([[-50.0]])})
    assert abs(terms["b"].item()) <= 10 * abs(found.weights[1])
    assert terms["a"].item() + terms["b"].item() > 0
