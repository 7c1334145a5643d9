"""Two-covariance model (PLDA) of brands and their partners.

A brand and its partners are draws around a common mean: covariance S_b between means, S_w around them. The
log likelihood ratio of "the same mean" is x'Py + (x'Qx + y'Qy) / 2, with P and Q of Ioffe, "Probabilistic
Linear Discriminant Analysis", ECCV 2006.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from brandfit.learning.similarity import inner
from brandfit.rankers.evidence._idea import PairIdea, Pairs
from brandfit.rankers.evidence._numerics import second_moment, shrunk
from brandfit.rankers.evidence._training import FittingContext

if TYPE_CHECKING:
    from brandfit.rankers.evidence._accounts import Accounts
    from brandfit.rankers.evidence._model import Evidence

SHRINKAGE = 0.6


class TwoCovariance(PairIdea):
    """``match``: the log likelihood ratio."""

    prefixes = ("match",)
    part = "match"

    def fit(self, training: FittingContext) -> dict[str, np.ndarray]:
        brands, influencers = training.projected  # (t, k), (i, k)
        brand, influencer = np.nonzero(training.works)
        n_partners = training.works.sum(axis=1, keepdims=True)
        # Mean of each brand and its partners, (t, k).
        means = (training.works @ influencers + brands) / (n_partners + 1)
        # S_w around the means, S_b between them (the overall mean is zero by centring).
        within = shrunk(second_moment(influencers[influencer] - means[brand]), SHRINKAGE)
        between = shrunk(second_moment(means), SHRINKAGE)
        # Covariance of one side, and of one side given the other.
        total_inverse = np.linalg.inv(between + within)
        conditional_inverse = np.linalg.inv(between + within - between @ total_inverse @ between)
        return {
            "match.cross": total_inverse @ between @ conditional_inverse,  # P
            "match.own": total_inverse - conditional_inverse,  # Q
        }

    def influencer_columns(self, evidence: Evidence, influencers: Accounts) -> dict[str, np.ndarray]:
        rows = influencers.projected
        return {"match": rows, "match.own": _own_term(evidence, rows)}

    def features(self, pairs: Pairs) -> dict[str, np.ndarray]:
        brands, columns = pairs.brands.projected, pairs.influencers.columns
        cross = pairs.evidence.arrays["match.cross"].astype(np.float32)
        crossed = inner(brands, cross.T).astype(np.float32)  # (b, k) x'P
        own_terms = _own_term(pairs.evidence, brands)[:, None] + columns["match.own"]  # (b, n)
        return {"match": inner(crossed, columns["match"]) + 0.5 * own_terms}


def _own_term(evidence: Evidence, rows: np.ndarray) -> np.ndarray:
    """(n,) x'Qx of rows (n, k)."""
    own = evidence.arrays["match.own"].astype(np.float32)
    return np.asarray(np.einsum("nd,nd->n", inner(rows, own.T), rows.astype(np.float64)))
