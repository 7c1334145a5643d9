"""MIV: activity and engagement of an influencer, the same for every brand (C-14).

    score = mean over the known factors of (log(1 + f) - mean) / deviation

The factors are those of the activeness module of Li, Lai and Chen, "Discovering Influencers for Marketing in
the Blogosphere" (Information Sciences 2011), as far as a platform shows them: posts a week, likes a post,
comments a post, followers. Means and deviations are those of the fitted influencers. CAMERA compares
with it: it is near chance, because it ignores the brand (Table II: AUC .499).

Differences from the paper:

* The factors of blogs that a platform for pictures does not show, such as links, are left out. All known
  factors have the same weight.
* An influencer without any known factor gets NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

import numpy as np

from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.learning.engagement import unrounded
from brandfit.mappings import position_by_item
from brandfit.progress import Progress
from brandfit.rankers.base import Ranker

WEEK = 7 * 86_400
FACTORS = ("posts a week", "likes", "comments", "followers")


class Miv(Ranker):
    """Influence without a brand; see the module."""

    brand_dependent = False
    keeps_rows = False
    part_names = FACTORS

    def __init__(self, config: object = None, seed: int = 0) -> None:
        super().__init__(None, seed)
        self.scale = np.zeros((0, 2))

    def fit(self, dataset: Dataset, progress: Progress | None = None, folder: Path | None = None) -> Self:
        values = _factors(dataset, dataset.influencers)
        is_known = ~np.isnan(values)  # (n, 4)
        count = np.maximum(is_known.sum(axis=0), 1)
        mean = np.where(is_known, values, 0).sum(axis=0) / count
        deviation = np.sqrt((np.where(is_known, values - mean, 0) ** 2).sum(axis=0) / count)
        self.scale = np.stack([mean, unrounded(mean, deviation)], axis=1)
        return super().fit(dataset)

    def parts(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        if not len(self.scale):
            raise UsageError(
                f"{self.name} has not been fitted.", "Fit it on a Dataset first; it needs no endorsements."
            )
        values = (_factors(dataset, candidates) - self.scale[:, 0]) / self.scale[:, 1]
        is_known = ~np.isnan(values)  # (n, 4)
        # The mean over known factors: each part is its factor over the number of known ones.
        count = is_known.sum(axis=1)
        shares = np.where(is_known, values, 0) / np.maximum(count, 1)[:, None]
        shares[count == 0] = np.nan
        return {name: np.tile(shares[:, n], (len(brands), 1)) for n, name in enumerate(FACTORS)}

    def arrays(self) -> dict[str, np.ndarray]:
        return {"scale": self.scale}

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.scale = arrays["scale"]


def _factors(dataset: Dataset, accounts: np.ndarray) -> np.ndarray:
    """(n, 4) logarithms of 1 + each factor, NaN if unknown."""
    row = position_by_item(accounts.tolist())
    columns = column_lists(dataset.posts, ("account", "time", "likes", "comments"))
    # Row of an account to (time, likes, comments) of its posts.
    posts_by_row: dict[int, list[tuple[float | None, float | None, float | None]]] = {}
    for account, time, likes, comments in zip(*columns, strict=True):
        if account in row:
            posts_by_row.setdefault(row[account], []).append((time, likes, comments))
    factors = np.full((len(accounts), len(FACTORS)), np.nan)
    for n, posts in posts_by_row.items():
        # Posts per week over the observed time span.
        times = sorted(time for time, _, _ in posts if time is not None)
        if len(times) > 1 and times[-1] > times[0]:
            factors[n, 0] = (len(times) - 1) / (times[-1] - times[0]) * WEEK
        for column in (1, 2):
            known = np.array([post[column] for post in posts if post[column] is not None], np.float64)
            if len(known):
                factors[n, column] = known.mean()
    factors[:, 3] = dataset.account_values("followers", accounts)
    return np.log1p(np.maximum(factors, 0))
