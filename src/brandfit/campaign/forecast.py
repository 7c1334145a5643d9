"""Expected likes and comments on a post of an influencer, from its own past posts, and on one post of each
influencer of a set.

    expected_i = mean over past posts of likes + comments        expected of a set = sum over its members

An influencer without a past post with known likes and comments has no expected engagement.

The 80 % interval is for new posts: for the sum over the set if each posts once. With y = log(1 + likes +
comments), mean m_i over the n_i past posts and s2 the variance of posts around their own mean, pooled over
all influencers, a new post is drawn as

    y = m_i + N(0, s2 / n_i) + deviation        deviation: of a random past post of an influencer with several

``DRAWS`` times for each member independently. The interval contains the middle 80 % of the sums. It assumes
that new posts are like past ones, that posts of all influencers have the same variance around their mean, and
that posts of different influencers are independent.

Measured by benchmarks/forecast.py on 31,837 Instagram posts, with the newest post of 9,006 influencers held
out and 1.5 past posts each: the interval contained the sum for 80 % of random sets and for 74 % of sets with
the highest expected engagement, whose few past posts were partly lucky. Means shrunk to the usual value for
the number of followers (empirical Bayes) had the same coverage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit import seeds
from brandfit.campaign.interval import LEVEL
from brandfit.data.dataset import Dataset
from brandfit.data.engagement import interactions

DRAWS = 4_000
ENDS = (1 - LEVEL) / 2, (1 + LEVEL) / 2
"""Quantiles of the ends of the interval."""
FEWEST_REPEATED = 10
"""Posts beyond the first of their influencer, below which there is no interval."""


class PastPosts(NamedTuple):
    """Posts of influencers with known likes and comments, (p,) each.

    owner       row of the influencer
    engagement  likes + comments
    time        s since 1970 UTC, 0 if unknown
    """

    owner: np.ndarray
    engagement: np.ndarray
    time: np.ndarray


@dataclass(frozen=True)
class Forecast:
    """Forecasts of n influencers.

    posts      (n,) past posts with known likes and comments
    expected   (n,) likes and comments on a post, NaN without a past post
    mean       (n,) of log(1 + likes + comments) over past posts, NaN without a past post
    doubt      (n,) variance of ``mean``
    deviation  (r,) deviations of past posts of influencers with several, in logarithms; empty if they are too
               few for an interval
    """

    posts: np.ndarray
    expected: np.ndarray
    mean: np.ndarray
    doubt: np.ndarray
    deviation: np.ndarray

    def subset(self, rows: np.ndarray) -> Forecast:
        """The forecasts of these influencers (m,) alone."""
        return replace(
            self,
            posts=self.posts[rows],
            expected=self.expected[rows],
            mean=self.mean[rows],
            doubt=self.doubt[rows],
        )

    def each(self, rows: Sequence[int], seed: int = 0) -> np.ndarray:
        """(k, 2) interval of a new post of each of these influencers; NaN without an interval."""
        if not len(self.deviation):
            return np.full((len(rows), 2), np.nan)
        # All influencers have the same draws, so that an interval does not depend on the others of the call.
        return np.quantile(self._draws(rows, columns=1, seed=seed), ENDS, axis=0).T

    def total(self, rows: Sequence[int], seed: int = 0) -> tuple[float, float]:
        """Interval of the sum over these influencers, all with a known past, if each posts once; NaN without
        an interval."""
        if not len(rows):
            return 0.0, 0.0
        if not len(self.deviation):
            return np.nan, np.nan
        # Independent draws: sums are narrower, relatively, than single posts.
        sums = self._draws(rows, columns=len(rows), seed=seed).sum(axis=1)  # (DRAWS,)
        low, high = np.quantile(sums, ENDS)
        return float(low), float(high)

    def _draws(self, rows: Sequence[int], *, columns: int, seed: int) -> np.ndarray:
        """(DRAWS, k) engagement of a new post of each of these influencers.

        columns  k for independent draws, or 1 for the same draws for all
        """
        chosen = np.asarray(rows, np.int64)
        random = seeds.generator(seed, "engagement of new posts")
        mean = self.mean[chosen] + np.sqrt(self.doubt[chosen]) * random.standard_normal((DRAWS, columns))
        return np.maximum(np.expm1(mean + random.choice(self.deviation, (DRAWS, columns))), 0)


def forecast(owner: np.ndarray, engagement: np.ndarray, n: int) -> Forecast:
    """Forecasts of n influencers from their past posts: owner (p,) as rows, engagement (p,) likes +
    comments."""
    engagement = engagement.astype(np.float64)
    # Logarithms, because engagement is multiplicative: deviations then have one scale.
    y = np.log1p(engagement)
    posts = np.bincount(owner, minlength=n)
    n_posts = np.where(posts > 0, posts, np.nan)
    expected = np.bincount(owner, engagement, n) / n_posts
    mean = np.bincount(owner, y, n) / n_posts
    # Degrees of freedom of the pooled variance.
    freedom = len(y) - int((posts > 0).sum())
    if freedom < FEWEST_REPEATED:
        unknown = np.full(n, np.nan)
        return Forecast(posts=posts, expected=expected, mean=mean, doubt=unknown, deviation=np.zeros(0))
    residual = y - mean[owner]
    is_repeated = posts[owner] > 1
    # A post is part of the mean that it is compared with, which makes residuals too small: the factor
    # corrects this.
    n_own = posts[owner][is_repeated]
    deviation = residual[is_repeated] * np.sqrt(n_own / (n_own - 1))
    doubt = float((residual**2).sum() / freedom) / n_posts
    return Forecast(posts=posts, expected=expected, mean=mean, doubt=doubt, deviation=deviation)


def forecast_all(dataset: Dataset) -> Forecast:
    """Forecasts of all influencers, in the order of ``dataset.influencers``."""
    past = past_posts(dataset)
    return forecast(past.owner, past.engagement, len(dataset.influencers))


def past_posts(dataset: Dataset) -> PastPosts:
    """The posts of influencers with known likes and comments."""
    ids = pa.array(dataset.influencers, pa.string())
    posts = dataset.posts
    is_used = pc.and_(pc.is_in(posts["account"], value_set=ids), pc.equal(posts["kind"], "post"))
    past = posts.filter(is_used)
    engagement = interactions(past)
    is_known = ~np.isnan(engagement)
    owner = pc.index_in(past["account"], value_set=ids).to_numpy().astype(np.int64)
    time = pc.fill_null(past["time"], 0).to_numpy()
    return PastPosts(owner[is_known], engagement[is_known], time[is_known])
