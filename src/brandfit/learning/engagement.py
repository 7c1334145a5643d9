"""The engagement rate of accounts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset
from brandfit.data.engagement import rates
from brandfit.learning.pooling import Vectors, account_vectors

RATE = "engagement_rate"
"""The column of the engagement slot: likes and comments over followers."""

MIN_RATE = 1e-3
"""Lower rates are replaced by this one: a few likes decide about them."""
ROUNDING = 1e-9
"""Relative difference of equal numbers due to rounding."""


def rate_of(dataset: Dataset, accounts: np.ndarray) -> Vectors:
    """(n, 1) mean engagement rate of the posts of each account."""
    column = dataset.slots["engagement"].columns.index(RATE)
    vectors = account_vectors(dataset, "engagement", accounts=accounts)
    return Vectors(vectors.values[:, column : column + 1], vectors.present)


def levels(dataset: Dataset, accounts: np.ndarray) -> dict[str, np.ndarray]:
    """Column of the engagement slot to (n,) values, rates as logarithms; NaN if an account has none."""
    vectors = account_vectors(dataset, "engagement", accounts=accounts)
    values = np.where(vectors.present[:, None], vectors.values, np.nan).astype(np.float64)
    columns = dataset.slots["engagement"].columns or tuple(map(str, range(values.shape[1])))
    return {
        name: np.log(np.maximum(values[:, n], MIN_RATE)) if name == RATE else values[:, n]
        for n, name in enumerate(columns)
    }


def campaign_rates(dataset: Dataset) -> dict[tuple[str, str], float]:
    """(brand, influencer) to the mean engagement of their campaign posts: the ``weight`` of an endorsement,
    or the engagement rate of the post of the influencer that states it.

    Pairs with neither are left out. It exists only for pairs that work together, so a score that reads it
    reads the label.
    """
    links = dataset.links_of_kinds("endorses").select(["target", "source", "post", "weight"])
    rate_by_post = _rates_of_posts(dataset, links)
    rates_by_pair: dict[tuple[str, str], list[float]] = {}
    columns = column_lists(links, ("target", "source", "post", "weight"))
    for brand, influencer, post, weight in zip(*columns, strict=True):
        # A brand's own post that names an influencer is no campaign post of the influencer.
        rate = weight if weight is not None else rate_by_post.get((influencer, post))
        if rate is not None:
            rates_by_pair.setdefault((brand, influencer), []).append(rate)
    return {pair: float(np.mean(of_pair)) for pair, of_pair in rates_by_pair.items()}


def _rates_of_posts(dataset: Dataset, links: pa.Table) -> dict[tuple[str, str], float]:
    """(account, post) to the engagement rate of the posts of links without a weight, if it is known."""
    unweighted = links["post"].filter(pc.is_null(links["weight"])).drop_null().combine_chunks()
    posts = dataset.posts.filter(pc.is_in(dataset.posts["id"], value_set=unweighted))
    columns = column_lists(posts, ("account", "id"))
    of_posts = rates(dataset, posts)  # (p,)
    known = {}
    for account, post, rate in zip(*columns, of_posts.tolist(), strict=True):
        if not np.isnan(rate):
            known[account, post] = rate
    return known


def scale(known: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of numbers (n,); (0, 1) without numbers; see ``unrounded``."""
    if not len(known):
        return 0.0, 1.0
    mean, deviation = float(known.mean()), float(known.std())
    return mean, float(unrounded(mean, deviation))


def unrounded(mean: np.ndarray | float, deviation: np.ndarray | float) -> np.ndarray:
    """Standard deviations that may be divided by: 1 if the numbers differ by rounding only."""
    return np.where(deviation > ROUNDING * np.maximum(np.abs(mean), 1e-300), deviation, 1.0)


def standardised(rate: Vectors, mean: float, deviation: float) -> Vectors:
    """Rates minus the mean, over the standard deviation; 0 if absent."""
    return Vectors(
        np.where(rate.present[:, None], (rate.values - mean) / deviation, 0).astype(np.float32), rate.present
    )
