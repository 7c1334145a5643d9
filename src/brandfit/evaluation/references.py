"""What a number is worth: scores that know nothing of a match, or everything of one thing, for the same
candidates.

    random       chance: everybody alike
    popularity   with how many brands an influencer is known to have worked, then its followers
    engagement   its mean engagement rate
    category     an oracle: knows which candidates are of the brand's category (the truth that cAUC is judged
                 by), and nothing else

Scores that are equal because nothing is known (``DRAWN``) are judged by the mean over all their orders,
whatever the tie rule: a draw would be one of them. They are no rankers: the oracle reads what is hidden from
them.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from brandfit.data.split import Fold
from brandfit.learning.engagement import RATE, rate_of

DRAWN = ("random", "category")
"""References whose ties stand for a draw."""


def references(fold: Fold, same_category: np.ndarray | None) -> dict[str, np.ndarray]:
    """Name to (b, n) scores of the candidates of a fold; what there is no data for is left out.

    same_category (b, n) bool: candidates of the brand's own category, None where no account has one.
    """
    shape = fold.relevant.shape
    found = {"random": np.zeros(shape)}
    counts = Counter(influencer for found in fold.train.partners.values() for influencer in found)
    followers = np.nan_to_num(fold.test.account_values("followers", fold.candidates).astype(np.float64))
    popularity = (
        np.array([counts[id] for id in fold.candidates.tolist()], np.float64)
        + followers / (1 + followers.max(initial=0)) / 2
    )
    if popularity.any():
        found["popularity"] = np.broadcast_to(popularity, shape)
    features = fold.test.slots.get("engagement")
    if features is not None and RATE in features.columns:
        rate = rate_of(fold.test, fold.candidates)
        values = np.where(rate.present, rate.values[:, 0], np.nan)
        if rate.present.any():
            found["engagement"] = np.broadcast_to(values.astype(np.float64), shape)
    if same_category is not None:
        found["category"] = same_category.astype(np.float64)
    return found
