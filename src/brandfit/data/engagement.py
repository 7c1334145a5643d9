"""The engagement rate of posts, defined once for conditions, exports, hints, prices, forecasts and encoders.

    interactions = likes + comments                    engagement rate = interactions / followers

Both counts must be known: a post with hidden likes, or without imported comments, has no
interactions and no rate. It is not counted as 0.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data.dataset import Dataset


def interactions(posts: pa.Table) -> np.ndarray:
    """(p,) likes + comments of each row, NaN if one of them is unknown."""
    likes, comments = posts["likes"].cast("float64"), posts["comments"].cast("float64")
    return np.asarray(pc.add(likes, comments).to_numpy(), np.float64)


def rates(dataset: Dataset, posts: pa.Table) -> np.ndarray:
    """(p,) interactions over followers of the account of each of these posts, NaN if unknown. A brief has no
    rate, and a post of an account with 0 followers has none."""
    # (p,) followers of the account of each post, NaN if unknown
    followers = dataset.account_values("followers", posts["account"].combine_chunks()).astype(np.float64)
    is_post = pc.equal(posts["kind"], "post").to_numpy()
    # A comparison with NaN is False, so unknown followers give no rate either.
    has_rate = is_post & (followers > 0)
    return np.divide(interactions(posts), followers, out=np.full(len(posts), np.nan), where=has_rate)
