"""A logistic regression over a few named features, with calibrated probabilities and their intervals.

The logit is a sum with one term for each feature, so each feature has a part of the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Z95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution: half the width of a 95 % interval."""
MAX_DEVIATIONS = 10.0
"""Standardised values are clipped here: a feature with little variance in training would otherwise outweigh
all others."""


class Probability(NamedTuple):
    """Probabilities (b, n) with the ends (b, n) of their 95 % intervals."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class CalibratedLogit:
    """Weights of standardised features.

    names       names of the k features
    mean        (k,) mean of each feature, for standardisation
    deviation   (k,) standard deviation of each feature
    weights     (k,) of the standardised features
    intercept   NaN if the weights were not fitted (``from_weights``): there are scores but no probabilities
    covariance  (k + 1, k + 1) of the weights, followed by the intercept
    """

    names: tuple[str, ...]
    mean: np.ndarray
    deviation: np.ndarray
    weights: np.ndarray
    intercept: float
    covariance: np.ndarray

    @classmethod
    def fit(
        cls,
        names: Sequence[str],
        features: np.ndarray,
        *,
        is_positive: np.ndarray,
        group: np.ndarray,
        row_weight: np.ndarray | None = None,
        strength: float = 100.0,
        prior_mean: np.ndarray | None = None,
    ) -> CalibratedLogit:
        """The most probable weights under a Gaussian prior (a ridge penalty towards the prior mean).

        features     (n, k), NaN if missing
        is_positive  (n,) whether each row is a pair that works together
        group        (n,) number of the brand of each row: rows of one brand are not independent
        row_weight   (n,), ones by default
        strength     prior precision of the weights; the intercept has a flat prior
        prior_mean   (k,) prior mean of the weights of standardised features, zeros by default

        The covariance is the sandwich estimate over groups (Liang and Zeger 1986).
        """
        n, k = features.shape
        row_weight = np.ones(n) if row_weight is None else row_weight
        prior_mean = np.zeros(k) if prior_mean is None else prior_mean
        mean, deviation = weighted_moments(features, row_weight)
        # (n, k + 1) standardised features and a column of ones for the intercept
        design = np.column_stack([standardised(features, mean, deviation), np.ones(n)])
        precision = np.append(np.full(k, strength), 0.0)
        coefficients = _most_probable(
            design,
            is_positive.astype(np.float64),
            row_weight=row_weight,
            prior_mean=np.append(prior_mean, 0.0),
            precision=precision,
        )
        # Sandwich: inverse Hessian times the covariance of the gradients of the groups times inverse Hessian.
        p = _sigmoid(design @ coefficients)  # (n,)
        curvature = row_weight * p * (1 - p)  # (n,)
        hessian = (design * curvature[:, None]).T @ design + np.diag(precision)  # (k + 1, k + 1)
        inverse_hessian = np.linalg.pinv(hessian)
        residual = row_weight * (is_positive - p)  # (n,)
        _, group_row = np.unique(group, return_inverse=True)  # (n,) the groups numbered from 0
        gradients = np.zeros((group_row.max() + 1, k + 1))  # (n_groups, k + 1)
        np.add.at(gradients, group_row, design * residual[:, None])
        return cls(
            names=tuple(names),
            mean=mean,
            deviation=deviation,
            weights=coefficients[:-1],
            intercept=float(coefficients[-1]),
            covariance=inverse_hessian @ (gradients.T @ gradients) @ inverse_hessian,
        )

    @classmethod
    def from_weights(cls, names: Sequence[str], features: np.ndarray, weights: np.ndarray) -> CalibratedLogit:
        """Given weights (k,), where there are no known pairs to fit them. Features (n, k) are read for their
        means and standard deviations. There are scores but no probabilities."""
        mean, deviation = weighted_moments(features, np.ones(len(features)))
        return cls(
            names=tuple(names),
            mean=mean,
            deviation=deviation,
            weights=weights,
            intercept=float("nan"),
            covariance=np.zeros((len(names) + 1, len(names) + 1)),
        )

    @classmethod
    def from_arrays(cls, names: Sequence[str], arrays: Mapping[str, np.ndarray]) -> CalibratedLogit:
        """The model whose ``arrays`` were stored. The names of its features are stored apart."""
        return cls(
            names=tuple(names),
            mean=arrays["mean"],
            deviation=arrays["deviation"],
            weights=arrays["weights"],
            intercept=float(arrays["intercept"][0]),
            covariance=arrays["covariance"],
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays to store."""
        return {
            "mean": self.mean,
            "deviation": self.deviation,
            "weights": self.weights,
            "intercept": np.array([self.intercept]),
            "covariance": self.covariance,
        }

    @property
    def is_fitted(self) -> bool:
        """Whether the weights were fitted on known pairs, so that there are probabilities."""
        return not np.isnan(self.intercept)

    def terms(self, features: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Feature name to its term (b, n) of the logit, from feature name to values (b, n). A missing value
        (NaN) has the term 0."""
        return {
            name: self.weights[column] * self._standardised(column, features[name])
            for column, name in enumerate(self.names)
            if name in features
        }

    def probability(self, features: Mapping[str, np.ndarray]) -> Probability:
        """The probability of each pair, with a 95 % interval from the covariance of the weights.

        features  feature name to values (b, n); a feature that is not in it counts as missing for all pairs
        """
        shape = next(iter(features.values())).shape  # (b, n)
        columns = []
        for column, name in enumerate(self.names):
            if name in features:
                columns.append(self._standardised(column, features[name]))
            else:
                columns.append(np.zeros(shape))
        # The last column is that of the intercept.
        x = np.stack([*columns, np.ones(shape)], axis=-1)  # (b, n, k + 1)
        logit = x @ np.append(self.weights, self.intercept)  # (b, n), NaN without an intercept
        # The variance of a logit is x' covariance x.
        variance = np.einsum("bnk,kl,bnl->bn", x, self.covariance, x)  # (b, n)
        half_width = Z95 * np.sqrt(np.maximum(variance, 0))
        return Probability(
            value=_sigmoid(logit), low=_sigmoid(logit - half_width), high=_sigmoid(logit + half_width)
        )

    def _standardised(self, column: int, values: np.ndarray) -> np.ndarray:
        return standardised(values, self.mean[column], self.deviation[column])


def standardised(values: np.ndarray, mean: np.ndarray | float, deviation: np.ndarray | float) -> np.ndarray:
    """Deviations from the mean in standard deviations, clipped at ``MAX_DEVIATIONS``; 0 if missing."""
    return np.clip(np.nan_to_num((values - mean) / deviation), -MAX_DEVIATIONS, MAX_DEVIATIONS)


def weighted_moments(features: np.ndarray, row_weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean (k,) and standard deviation (k,) of the known values of features (n, k).

    A standard deviation of 0 becomes 1, so that values can be divided by it.
    """
    is_known = ~np.isnan(features)  # (n, k)
    weight = row_weight[:, None]  # (n, 1)
    # (k,) sum of the weights of known values; not 0, so that a feature without any gets the mean 0
    total = np.maximum((is_known * weight).sum(axis=0), 1e-12)
    mean = (np.nan_to_num(features) * weight).sum(axis=0) / total
    # Missing values are subtracted too before they are replaced: no warning for that.
    with np.errstate(invalid="ignore"):
        squared = np.where(is_known, features - mean, 0) ** 2  # (n, k)
    deviation = np.sqrt((squared * weight).sum(axis=0) / total)
    return mean, np.where(deviation > 1e-9, deviation, 1.0)


def _most_probable(
    x: np.ndarray, y: np.ndarray, *, row_weight: np.ndarray, prior_mean: np.ndarray, precision: np.ndarray
) -> np.ndarray:
    """(k,) coefficients of x (n, k) that maximise the posterior, for labels y (n,) of 0 or 1. The last column
    of x is that of the intercept.

    A trust-region method with exact second derivatives minimises the negative log posterior.
    """
    from scipy.optimize import minimize

    def loss(w: np.ndarray) -> float:
        logit = x @ w  # (n,)
        negative_log_likelihood = row_weight @ (np.logaddexp(0, logit) - y * logit)
        penalty = 0.5 * (precision * (w - prior_mean) ** 2).sum()
        return float(negative_log_likelihood + penalty)

    def gradient(w: np.ndarray) -> np.ndarray:
        residual = row_weight * (_sigmoid(x @ w) - y)  # (n,)
        return np.asarray(x.T @ residual + precision * (w - prior_mean))

    def hessian(w: np.ndarray) -> np.ndarray:
        p = _sigmoid(x @ w)
        curvature = row_weight * p * (1 - p)  # (n,)
        return np.asarray((x * curvature[:, None]).T @ x + np.diag(precision))

    # Start at the prior mean, with the intercept that gives the observed share of positives.
    weight_of_positives = float(row_weight @ y)
    share = float(np.clip(row_weight @ y / row_weight.sum(), 1e-9, 1 - 1e-9))
    start = prior_mean.copy()
    start[-1] = np.log(share / (1 - share))
    # The gradient is a sum over rows, so its tolerance grows with their weight.
    options = {"gtol": 1e-6 * max(1.0, weight_of_positives), "maxiter": 200}
    optimum = minimize(loss, start, method="trust-exact", jac=gradient, hess=hessian, options=options)
    return np.asarray(optimum.x)


def _sigmoid(z: np.ndarray) -> np.ndarray:
    # exp overflows above 709.
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -500, 500))))
