"""Reference scores that show what a figure is worth: each knows nothing of a match, or one thing about it.

    random       chance: all candidates have equal scores
    popularity   number of brands that an influencer is known to work with, then its followers
    engagement   its mean engagement rate
    category     an oracle: knows which candidates are of the brand's category (the labels that cAUC uses)
                 and nothing else

They rank the same candidates as the rankers. They are not rankers: the oracle reads labels that are hidden
from those. Equal scores of ``DRAWN`` mean that nothing is known, so they are judged by the mean over all
orders under every tie rule.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from brandfit.data.split import Fold
from brandfit.learning.engagement import RATE, rate_of

DRAWN = ("random", "category")
"""References in which ties are random draws."""


def references(fold: Fold, same_category: np.ndarray | None) -> dict[str, np.ndarray]:
    """Name to (b, n) scores of the candidates of a fold; a reference without data is left out.

    same_category (b, n) bool: candidates of the brand's own category, None if no account has one.
    """
    shape = fold.relevant.shape
    scores = {"random": np.zeros(shape)}

    # (n,) brands that each candidate works with, plus less than one half for its followers.
    n_brands: Counter[str] = Counter()
    for influencers in fold.train.partners.values():
        n_brands.update(influencers)
    followers = np.nan_to_num(fold.test.account_values("followers", fold.candidates).astype(np.float64))
    counts = np.array([n_brands[id] for id in fold.candidates.tolist()], np.float64)
    popularity = counts + followers / (1 + followers.max(initial=0)) / 2
    if popularity.any():
        scores["popularity"] = np.broadcast_to(popularity, shape)

    features = fold.test.slots.get("engagement")
    if features is not None and RATE in features.columns:
        rate = rate_of(fold.test, fold.candidates)
        if rate.present.any():
            values = np.where(rate.present, rate.values[:, 0], np.nan)  # (n,)
            scores["engagement"] = np.broadcast_to(values.astype(np.float64), shape)
    if same_category is not None:
        scores["category"] = same_category.astype(np.float64)
    return scores
