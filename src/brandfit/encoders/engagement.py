"""engagement: the engagement rate of a post, and the counts that it is computed from.

    engagement_rate = (likes + comments) / followers       CAMERA, Eq. 10 (C-08)
    log1p_likes, log1p_comments, log1p_followers           natural logarithms of 1 + the counts, because
                                                           counts span orders of magnitude

A post is a unit if its likes, its comments and the followers of its account are known
(``data.engagement``). The followers are those of the last import, not those of the day of the post.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data.dataset import Dataset
from brandfit.data.engagement import interactions
from brandfit.encoders.base import Encoder, Units


class Engagement(Encoder):
    """Engagement rate, likes, comments and followers of posts; see the module."""

    slot = "engagement"
    columns = ("engagement_rate", "log1p_likes", "log1p_comments", "log1p_followers")
    dim = len(columns)
    batch_size = 4096

    def units(self, dataset: Dataset) -> Units:
        # Followers of each post's account; a post is kept if all three counts are known.
        followers = pa.array(
            dataset.account_values("followers", dataset.posts["account"].combine_chunks()),
            pa.float64(),
            from_pandas=True,
        )
        posts = dataset.posts.select(["id", "likes", "comments"]).append_column("followers", followers)
        is_known = pa.array(~np.isnan(interactions(posts)))
        posts = posts.filter(pc.and_(is_known, pc.greater(posts["followers"], 0)))
        counts = [posts[name].cast(pa.int64()).to_pylist() for name in ("likes", "comments", "followers")]
        return Units(posts["id"].to_pylist(), list(zip(*counts, strict=True)))

    def encode_batch(self, batch: Sequence[tuple[int, int, int]]) -> np.ndarray:
        # (n,) each, in float64: the sum of two large counts must not overflow or round
        likes, comments, followers = np.array(batch, np.float64).T
        return np.stack(
            [(likes + comments) / followers, np.log1p(likes), np.log1p(comments), np.log1p(followers)], axis=1
        )
