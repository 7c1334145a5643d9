"""Transforms that make the features of a slot comparable by cosine.

    shares   values that are never negative (topics, concepts, words): Hellinger's square root, then length
             one. Columns of concepts and words are multiplied by sqrt(log(1 / share of accounts that have
             it) + 0.1), so that a column that all accounts have counts little
    dense    all others: whitened, C^-1/2 with a tenth of the largest eigenvalue added

Both kinds are then centred, each side by its own mean, and set to length one, because brands write about
other things than people. Fewer than ten brands give no reliable mean: the mean of the influencers replaces
the missing ones. Columns, covariance and means are those of the training accounts. Measured on released
topics and concepts in 5 folds over brands: AUC .840 raw, .868 transformed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from brandfit.learning.pooling import Side, Vectors
from brandfit.learning.similarity import inner, unit

MAX_COLUMNS = 2048
"""Features with more columns are projected on their first principal axes."""
AXES = 256
SHRINKAGE = 0.1
MIN_BRANDS = 10
"""Brands that are enough to estimate the mean of all brands."""
MIN_FREQUENCY = 1e-3
RARITY_OFFSET = 0.1
RARITY_POWER = 0.5


@dataclass(frozen=True)
class FeatureTransform:
    """The transform of one slot.

    kind           "shares" or "dense"
    column_weight  (d,) weight of each column, for shares
    centre         (2, d) mean of brands (row 0) and of influencers (row 1)
    axes           (d, k) projection, or None
    """

    kind: str
    column_weight: np.ndarray
    centre: np.ndarray
    axes: np.ndarray | None

    @classmethod
    def fit(cls, brands: Vectors, influencers: Vectors, *, weigh_by_rarity: bool = True) -> FeatureTransform:
        """The transform for the vectors of the training brands and influencers.

        If one side has no vectors, the other side supplies its statistics.

        weigh_by_rarity  whether a column of shares has more weight if fewer accounts have it
        """
        brand_rows = brands.values[brands.present]  # (b, d)
        influencer_rows = influencers.values[influencers.present]  # (i, d)
        dim = brands.values.shape[1]
        if not len(brand_rows) and not len(influencer_rows):
            return cls("dense", np.ones(dim), np.zeros((2, dim)), None)
        is_shares = bool((brand_rows >= 0).all() and (influencer_rows >= 0).all())
        column_weight = np.ones(dim)
        if is_shares:
            if weigh_by_rarity:
                column_weight = _rarity(influencer_rows if len(influencer_rows) else brand_rows)
            brand_rows = _hellinger(brand_rows) * column_weight
            influencer_rows = _hellinger(influencer_rows) * column_weight
        reference = (influencer_rows if len(influencer_rows) else brand_rows).astype(np.float64)
        mean = reference.mean(axis=0)
        # The mean of a single brand is this brand itself: with few brands, the mean of the influencers
        # fills up to MIN_BRANDS.
        n_missing = max(MIN_BRANDS - len(brand_rows), 0) if len(influencer_rows) else 0
        brand_total = brand_rows.sum(axis=0, dtype=np.float64) + n_missing * mean
        centre = np.stack([brand_total / max(len(brand_rows) + n_missing, 1), mean])
        axes = None
        if not is_shares or dim > MAX_COLUMNS:
            axes = _principal_axes(reference - mean, whiten=not is_shares)
        return cls("shares" if is_shares else "dense", column_weight, centre, axes)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> FeatureTransform:
        """The transform that ``arrays`` stored."""
        kind = "shares" if arrays["shares"][0] else "dense"
        return cls(kind, arrays["scale"], arrays["centre"], arrays.get("axes"))

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays to store: scale, centre, axes if any, shares."""
        arrays = {"scale": self.column_weight, "centre": self.centre}
        if self.axes is not None:
            arrays["axes"] = self.axes
        return arrays | {"shares": np.array([self.kind == "shares"])}

    def transform(self, vectors: Vectors, side: Side) -> Vectors:
        """(n, k) rows of length one; zeros if absent."""
        values = self._before_centring(vectors.values) - self.centre[0 if side == "brand" else 1]
        if self.axes is not None:
            values = inner(values.astype(np.float32), self.axes.T.astype(np.float32))
        values = np.where(vectors.present[:, None], values, 0).astype(np.float32)
        return unit(Vectors(values, vectors.present))

    def _before_centring(self, values: np.ndarray) -> np.ndarray:
        if self.kind == "dense":
            return values.astype(np.float64)
        return _hellinger(values) * self.column_weight


def _rarity(shares: np.ndarray) -> np.ndarray:
    """(d,) weight of each column of shares (n, d): more if fewer accounts have it."""
    frequency = np.maximum((shares > 0).mean(axis=0), MIN_FREQUENCY)
    weight: np.ndarray = (-np.log(frequency) + RARITY_OFFSET) ** RARITY_POWER
    return weight


def _hellinger(values: np.ndarray) -> np.ndarray:
    """Square roots of shares (n, d), each row of length one."""
    root = np.sqrt(np.maximum(values, 0).astype(np.float64))
    length = np.sqrt(np.einsum("nd,nd->n", root, root))
    return root / np.where(length > 0, length, 1.0)[:, None]


def _principal_axes(centred: np.ndarray, *, whiten: bool) -> np.ndarray:
    """(d, k) principal axes of centred rows (n, d), scaled to whiten if ``whiten`` is true."""
    n, dim = centred.shape
    if dim <= MAX_COLUMNS:
        values, vectors = np.linalg.eigh(centred.T @ centred / max(n - 1, 1))
    else:
        from sklearn.utils.extmath import randomized_svd

        k = min(AXES, n, dim)
        _, singular, rows = randomized_svd(centred, k, random_state=0)
        values, vectors = singular**2 / max(n - 1, 1), rows.T
    values = np.maximum(values, 0)
    largest = float(values.max()) or 1.0
    # The sign of an eigenvector is arbitrary: make its entry of largest magnitude positive.
    heaviest = np.abs(vectors).argmax(axis=0)
    vectors = vectors * np.sign(vectors[heaviest, np.arange(vectors.shape[1])])
    return vectors / np.sqrt(values + SHRINKAGE * largest) if whiten else vectors
