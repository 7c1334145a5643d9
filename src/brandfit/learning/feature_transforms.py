"""Proper features: what is done to the numbers of an encoder before they are compared.

    shares   values that are never negative (topics, concepts, words): Hellinger's square root, length one; of
             concepts and words each column times (log 1 / share of accounts that have it) ^ 1/2, which one
             that all have leaves small
    dense    all others: whitened, C ^ -1/2 with a tenth of the largest eigenvalue added

Both are then centred, each side by its own mean, and set to length one: brands talk of other things than
people do. (Fewer than ten brands have no mean to speak of: that of the influencers stands in for those that
lack.) Columns, covariance and means are those of what is learned from. Measured on released topics and
concepts in 5 folds over brands: AUC .840 raw, .868 so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from brandfit.learning.pooling import Vectors
from brandfit.learning.similarity import inner, unit

WIDEST = 2048
"""Columns beyond which values are projected on their first principal axes."""
AXES = 256
SHRINKAGE = 0.1
MEAN_OF = 10
"""Brands that tell what brands have in common."""
RAREST = 1e-3
SMALLEST = 0.1
POWER = 0.5


@dataclass(frozen=True)
class View:
    """How the vectors of a slot are looked at; made by ``view``.

    kind    "shares" or "dense"
    scale   (d,) weight of each column, for shares
    centre  (2, d) what is taken off first, of brands and of influencers
    axes    (d, k) projection, or None
    """

    kind: str
    scale: np.ndarray
    centre: np.ndarray
    axes: np.ndarray | None

    def transform(self, vectors: Vectors, side: int) -> Vectors:
        """Rows of length one, of brands (side 0) or influencers (side 1); zeros where there is nothing."""
        values = self._raw(vectors.values) - self.centre[side]
        if self.axes is not None:
            values = inner(values.astype(np.float32), self.axes.T.astype(np.float32))
        values = np.where(vectors.present[:, None], values, 0).astype(np.float32)
        return unit(Vectors(values, vectors.present))

    def _raw(self, values: np.ndarray) -> np.ndarray:
        if self.kind == "dense":
            return values.astype(np.float64)
        return _spread(values) * self.scale

    def arrays(self) -> dict[str, np.ndarray]:
        found = {"scale": self.scale, "centre": self.centre} | (
            {} if self.axes is None else {"axes": self.axes}
        )
        return found | {"shares": np.array([self.kind == "shares"])}

    @classmethod
    def restored(cls, arrays: Mapping[str, np.ndarray]) -> View:
        return cls(
            "shares" if arrays["shares"][0] else "dense",
            arrays["scale"],
            arrays["centre"],
            arrays.get("axes"),
        )


def view(left: Vectors, right: Vectors, rarity: bool = True) -> View:
    """The View of a slot, from the vectors of the brands and of the influencers that are learned from.

    ``rarity``: whether a column of shares weighs by how few accounts have it.

    Where a side has none, what the other side says is taken for both.
    """
    sides = [side.values[side.present] for side in (left, right)]
    told = sides[1] if len(sides[1]) else sides[0]
    dim = left.values.shape[1]
    if not len(told):
        return View("dense", np.ones(dim), np.zeros((2, dim)), None)
    shares = all((values >= 0).all() for values in sides)
    scale = np.ones(dim)
    if shares:
        if rarity:
            frequency = np.maximum((told > 0).mean(axis=0), RAREST)
            scale = (-np.log(frequency) + SMALLEST) ** POWER
        sides = [_spread(values) * scale for values in sides]
    told = (sides[1] if len(sides[1]) else sides[0]).astype(np.float64)
    # A brand alone is not taken off from itself: where there are few, the mean of influencers stands for the
    # rest.
    lacking = max(MEAN_OF - len(sides[0]), 0) if len(sides[1]) else 0
    brands = (sides[0].sum(axis=0, dtype=np.float64) + lacking * told.mean(axis=0)) / max(
        len(sides[0]) + lacking, 1
    )
    centre = np.stack([brands, told.mean(axis=0)])
    axes = None
    if not shares or dim > WIDEST:
        axes = _axes(told - told.mean(axis=0), whiten=not shares)
    return View("shares" if shares else "dense", scale, centre, axes)


def _spread(values: np.ndarray) -> np.ndarray:
    """Square roots of shares, each row of length one."""
    root = np.sqrt(np.maximum(values, 0).astype(np.float64))
    length = np.sqrt(np.einsum("nd,nd->n", root, root))
    return root / np.where(length > 0, length, 1.0)[:, None]


def _axes(centred: np.ndarray, whiten: bool) -> np.ndarray:
    """(d, k): principal axes, scaled to whiten."""
    n, dim = centred.shape
    if dim <= WIDEST:
        values, vectors = np.linalg.eigh(centred.T @ centred / max(n - 1, 1))
    else:
        from sklearn.utils.extmath import randomized_svd

        k = min(AXES, n, dim)
        _, singular, rows = randomized_svd(centred, k, random_state=0)
        values, vectors = singular**2 / max(n - 1, 1), rows.T
    values = np.maximum(values, 0)
    largest = float(values.max()) or 1.0
    # The sign of an eigenvector is nobody's to rely on: the heaviest entry is made positive.
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    return vectors / np.sqrt(values + SHRINKAGE * largest) if whiten else vectors
