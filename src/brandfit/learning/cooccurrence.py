"""Which hashtags are used together, so that one that nobody knows is known by its company (B-03, B-05)."""

from __future__ import annotations

from collections import Counter

import numpy as np
from scipy import sparse

from brandfit.data.dataset import Dataset


def related_hashtags(
    dataset: Dataset, at_least: int = 3, most: int = 30
) -> dict[str, list[tuple[str, float]]]:
    """Hashtag to at most ``most`` others that posts use with it more often than by chance, the closest first.

    Only hashtags of ``at_least`` posts count, and pairs that occur together in as many. Closeness is
    normalised pointwise mutual information (Bouma 2009), log(p(a, b) / p(a) p(b)) / -log p(a, b): 0 by
    chance, 1 where one never comes without the other.
    """
    posts = [list(dict.fromkeys(tags)) for tags in dataset.posts["hashtags"].to_pylist() if tags]
    counts = Counter(tag for tags in posts for tag in tags)
    names = sorted(tag for tag, count in counts.items() if count >= at_least)
    number = {tag: n for n, tag in enumerate(names)}
    pairs = [(row, number[tag]) for row, tags in enumerate(posts) for tag in tags if tag in number]
    if not pairs:
        return {}
    row, column = np.array(pairs).T
    used = sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=(len(posts), len(names)))
    together = (used.T @ used).tocoo()
    kept = (together.row != together.col) & (together.data >= at_least)
    one, other, count = together.row[kept], together.col[kept], together.data[kept]
    share = np.asarray(used.sum(axis=0)).ravel() / len(posts)
    both = count / len(posts)
    with np.errstate(divide="ignore", invalid="ignore"):
        closeness = np.where(both < 1, np.log(both / (share[one] * share[other])) / -np.log(both), 1.0)
    result: dict[str, list[tuple[str, float]]] = {}
    for at in np.lexsort((other, -closeness, one)).tolist():
        found = result.setdefault(names[one[at]], [])
        if closeness[at] > 0 and len(found) < most:
            found.append((names[other[at]], float(closeness[at])))
    return {tag: found for tag, found in result.items() if found}
