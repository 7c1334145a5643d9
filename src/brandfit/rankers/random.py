"""Random: chance level, the lower bound in every table (W-11).

    score = uniform in [0, 1), derived from the seed and the two ids

The same pair has the same score in any order of candidates and in any batch. It reads no features, so it
scores everyone.

Elwood et al. 2021, Table I: AUC .493, Recall@10 .007, Recall@50 .041 over 5 folds; on released features of
286 brands, 5 folds of about 670 candidates: AUC .495, Recall@10 .016.
"""

from __future__ import annotations

import numpy as np

from brandfit import seeds
from brandfit.data.dataset import Dataset
from brandfit.rankers.base import Ranker


class Random(Ranker):
    """Uniform scores; see the module."""

    keeps_rows = False

    def parts(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        rows = _mixed(_hashed(self.seed, "brand", brands))
        bits = _mixed(rows[:, None] ^ _hashed(self.seed, "candidate", candidates)[None, :])
        return {self.name: (bits >> np.uint64(11)) * 2.0**-53}


def _hashed(seed: int, side: str, ids: np.ndarray) -> np.ndarray:
    """(n,) uint64, one hash per id."""
    return np.array([seeds.derive(seed, "random", side, id) for id in ids], np.uint64)


def _mixed(bits: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser: each input bit changes half the output bits (Steele et al., OOPSLA 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
