"""A logistic regression over a few named features: what it says is a probability, its terms add up, its doubt is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Z95 = 1.959963984540054


class Probability(NamedTuple):
    """(b, n) each: the probability, and its 95 % interval."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Stack:
    """weights (k,) of features standardised by mean (k,) and deviation (k,); covariance (k + 1, k + 1), the intercept last."""

    names: tuple[str, ...]
    mean: np.ndarray
    deviation: np.ndarray
    weights: np.ndarray
    intercept: float
    covariance: np.ndarray

    def terms(self, features: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Feature name to its (b, n) term of the logit; 0 where the feature is missing."""
        return {
            name: self.weights[n] * self._standardised(n, features[name]) for n, name in enumerate(self.names) if name in features
        }

    def probability(self, features: Mapping[str, np.ndarray]) -> Probability:
        """What the terms and the intercept say, with the doubt that is in them."""
        shape = next(iter(features.values())).shape
        x = np.stack(
            [self._standardised(n, features[name]) if name in features else np.zeros(shape) for n, name in enumerate(self.names)]
            + [np.ones(shape)],
            axis=-1,
        )
        logit = x @ np.append(self.weights, self.intercept)
        doubt = Z95 * np.sqrt(np.maximum(np.einsum("bnk,kl,bnl->bn", x, self.covariance, x), 0))
        return Probability(*(1 / (1 + np.exp(-np.clip(z, -500, 500))) for z in (logit, logit - doubt, logit + doubt)))

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
        return cls(tuple(names), mean, deviation, weights, float(arrays["intercept"][0]), arrays["covariance"])

    def _standardised(self, n: int, values: np.ndarray) -> np.ndarray:
        return np.nan_to_num((values - self.mean[n]) / self.deviation[n])


def stack(
    names: Sequence[str],
    features: np.ndarray,
    positive: np.ndarray,
    group: np.ndarray,
    weight: np.ndarray | None = None,
    strength: float = 100.0,
) -> Stack:
    """Fit on features (n, k), NaN where missing; positive (n,) bool; group (n,) whose rows belong together (a brand); weight (n,).

    ``strength`` is the ridge penalty (1 / C). The covariance is the sandwich over groups (Liang and Zeger 1986): the pairs of one
    brand are not independent.
    """
    from sklearn.linear_model import LogisticRegression

    weight = np.ones(len(features)) if weight is None else weight
    with np.errstate(invalid="ignore"):
        known = ~np.isnan(features)
        total = np.maximum((known * weight[:, None]).sum(axis=0), 1e-12)
        mean = (np.nan_to_num(features) * weight[:, None]).sum(axis=0) / total
        deviation = np.sqrt((np.where(known, features - mean, 0) ** 2 * weight[:, None]).sum(axis=0) / total)
    deviation = np.where(deviation > 1e-9, deviation, 1.0)
    x = np.nan_to_num((features - mean) / deviation)
    model = LogisticRegression(C=1 / strength, max_iter=1000, tol=1e-6).fit(x, positive, sample_weight=weight)
    x1 = np.column_stack([x, np.ones(len(x))])
    p = model.predict_proba(x)[:, 1]
    penalty = np.diag([strength] * x.shape[1] + [0.0])
    bread = np.linalg.pinv((x1 * (weight * p * (1 - p))[:, None]).T @ x1 + penalty)
    _, owner = np.unique(group, return_inverse=True)
    gradients = np.zeros((owner.max() + 1, x1.shape[1]))
    np.add.at(gradients, owner, x1 * (weight * (positive - p))[:, None])
    covariance = bread @ (gradients.T @ gradients) @ bread
    return Stack(tuple(names), mean, deviation, model.coef_[0].astype(np.float64), float(model.intercept_[0]), covariance)
