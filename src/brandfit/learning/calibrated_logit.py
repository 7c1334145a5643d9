"""A logistic regression over a few named features: what it says is a probability, its terms add up, its doubt
is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Z95 = 1.959963984540054
FARTHEST = 10.0
"""Standard deviations from the mean beyond which a value counts as this far: a feature that hardly varied
where the weights were fitted would outweigh all others."""


class Probability(NamedTuple):
    """(b, n) each: the probability, and its 95 % interval."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Stack:
    """weights (k,) of features standardised by mean (k,) and deviation (k,); covariance (k + 1, k + 1), the
    intercept last.

    The intercept is NaN where no truth was known to fit it (``unfitted``): then there are scores and no
    probabilities.
    """

    names: tuple[str, ...]
    mean: np.ndarray
    deviation: np.ndarray
    weights: np.ndarray
    intercept: float
    covariance: np.ndarray

    @property
    def fitted(self) -> bool:
        """Whether it was fitted on known pairs, so that it can state probabilities."""
        return not np.isnan(self.intercept)

    def terms(self, features: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Feature name to its (b, n) term of the logit; 0 where the feature is missing."""
        return {
            name: self.weights[n] * self._standardised(n, features[name])
            for n, name in enumerate(self.names)
            if name in features
        }

    def probability(self, features: Mapping[str, np.ndarray]) -> Probability:
        """What the terms and the intercept say, with the doubt that is in them."""
        shape = next(iter(features.values())).shape
        x = np.stack(
            [
                self._standardised(n, features[name]) if name in features else np.zeros(shape)
                for n, name in enumerate(self.names)
            ]
            + [np.ones(shape)],
            axis=-1,
        )
        logit = x @ np.append(self.weights, self.intercept)  # NaN without an intercept
        doubt = Z95 * np.sqrt(np.maximum(np.einsum("bnk,kl,bnl->bn", x, self.covariance, x), 0))
        return Probability(*(_sigmoid(z) for z in (logit, logit - doubt, logit + doubt)))

    def arrays(self) -> dict[str, np.ndarray]:
        return {
            "mean": self.mean,
            "deviation": self.deviation,
            "weights": self.weights,
            "intercept": np.array([self.intercept]),
            "covariance": self.covariance,
        }

    @classmethod
    def restored(cls, names: Sequence[str], arrays: Mapping[str, np.ndarray]) -> Stack:
        mean, deviation, weights = (arrays[name] for name in ("mean", "deviation", "weights"))
        return cls(
            tuple(names), mean, deviation, weights, float(arrays["intercept"][0]), arrays["covariance"]
        )

    def _standardised(self, n: int, values: np.ndarray) -> np.ndarray:
        return standardised(values, self.mean[n], self.deviation[n])


def stack(
    names: Sequence[str],
    features: np.ndarray,
    *,
    positive: np.ndarray,
    group: np.ndarray,
    weight: np.ndarray | None = None,
    strength: float = 100.0,
    prior: np.ndarray | None = None,
) -> Stack:
    """The most probable weights under a Gaussian prior (a ridge penalty towards the prior mean).

    features (n, k), NaN where missing; positive (n,) bool; group (n,) of rows that belong together (a brand);
    weight (n,). prior (k,) is the prior mean of the weights of standardised features, zeros by default;
    ``strength`` is the prior precision. The intercept has a flat prior. The covariance is the sandwich over
    groups (Liang and Zeger 1986), because the pairs of one brand are not independent.
    """
    weight = np.ones(len(features)) if weight is None else weight
    mean, deviation = weighted_moments(features, weight)
    x1 = np.column_stack([standardised(features, mean, deviation), np.ones(len(features))])
    prior = np.zeros(features.shape[1]) if prior is None else prior
    precision = np.append(np.full(features.shape[1], strength), 0.0)
    found = _most_probable(
        x1, positive.astype(np.float64), weight=weight, mean=np.append(prior, 0.0), precision=precision
    )
    p = _sigmoid(x1 @ found)
    bread = np.linalg.pinv((x1 * (weight * p * (1 - p))[:, None]).T @ x1 + np.diag(precision))
    _, owner = np.unique(group, return_inverse=True)
    gradients = np.zeros((owner.max() + 1, x1.shape[1]))
    np.add.at(gradients, owner, x1 * (weight * (positive - p))[:, None])
    covariance = bread @ (gradients.T @ gradients) @ bread
    return Stack(
        names=tuple(names),
        mean=mean,
        deviation=deviation,
        weights=found[:-1],
        intercept=float(found[-1]),
        covariance=covariance,
    )


def unfitted(names: Sequence[str], features: np.ndarray, weights: np.ndarray) -> Stack:
    """A Stack of given weights (k,), for features (n, k) whose truth is not known: scores, no probability."""
    mean, deviation = weighted_moments(features, np.ones(len(features)))
    k = len(names)
    return Stack(
        names=tuple(names),
        mean=mean,
        deviation=deviation,
        weights=weights,
        intercept=float("nan"),
        covariance=np.zeros((k + 1, k + 1)),
    )


def standardised(values: np.ndarray, mean: np.ndarray | float, deviation: np.ndarray | float) -> np.ndarray:
    """Values less their mean in standard deviations, ``FARTHEST`` at most; 0, the mean, where missing."""
    return np.clip(np.nan_to_num((values - mean) / deviation), -FARTHEST, FARTHEST)


def weighted_moments(features: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean (k,) and standard deviation (k,) of the known values of features (n, k); a deviation of 0
    counts as 1."""
    known = ~np.isnan(features)
    total = np.maximum((known * weight[:, None]).sum(axis=0), 1e-12)
    mean = (np.nan_to_num(features) * weight[:, None]).sum(axis=0) / total
    with np.errstate(invalid="ignore"):
        squared = np.where(known, features - mean, 0) ** 2
    deviation = np.sqrt((squared * weight[:, None]).sum(axis=0) / total)
    return mean, np.where(deviation > 1e-9, deviation, 1.0)


def _most_probable(
    x: np.ndarray, y: np.ndarray, *, weight: np.ndarray, mean: np.ndarray, precision: np.ndarray
) -> np.ndarray:
    """(k,) coefficients of x (n, k) that maximise the posterior; by a trust region with exact second
    derivatives."""
    from scipy.optimize import minimize

    def loss(w: np.ndarray) -> float:
        z = x @ w
        return float(weight @ (np.logaddexp(0, z) - y * z) + 0.5 * (precision * (w - mean) ** 2).sum())

    def gradient(w: np.ndarray) -> np.ndarray:
        return np.asarray(x.T @ (weight * (_sigmoid(x @ w) - y)) + precision * (w - mean))

    def hessian(w: np.ndarray) -> np.ndarray:
        p = _sigmoid(x @ w)
        return np.asarray((x * (weight * p * (1 - p))[:, None]).T @ x + np.diag(precision))

    share = float(np.clip(weight @ y / weight.sum(), 1e-9, 1 - 1e-9))
    start = mean.copy()
    start[-1] = np.log(share / (1 - share))
    options = {"gtol": 1e-6 * max(1.0, float(weight @ y)), "maxiter": 200}
    return np.asarray(
        minimize(loss, start, method="trust-exact", jac=gradient, hess=hessian, options=options).x
    )


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -500, 500))))
