"""Hashtags that are used together: an unknown hashtag is interpreted by related ones (B-03, B-05)."""

from __future__ import annotations

from collections import Counter

import numpy as np
from scipy import sparse

from brandfit.data.dataset import Dataset
from brandfit.mappings import position_by_item


def related_hashtags(
    dataset: Dataset, at_least: int = 3, most: int = 30
) -> dict[str, list[tuple[str, float]]]:
    """Hashtag to at most ``most`` related ones that posts use with it more often than by chance.

    The closest come first.

    Only hashtags, and pairs of hashtags, of ``at_least`` posts count. Closeness is normalised pointwise
    mutual information (Bouma 2009), log(p(a, b) / p(a) p(b)) / -log p(a, b): 0 at chance, 1 if one never
    occurs without the other.
    """
    posts = [list(dict.fromkeys(tags)) for tags in dataset.posts["hashtags"].to_pylist() if tags]
    counts = Counter(tag for tags in posts for tag in tags)
    names = sorted(tag for tag, count in counts.items() if count >= at_least)
    number_by_tag = position_by_item(names)
    rows: list[int] = []
    columns: list[int] = []
    for post, tags in enumerate(posts):
        numbers = [number_by_tag[tag] for tag in tags if tag in number_by_tag]
        rows.extend([post] * len(numbers))
        columns.extend(numbers)
    if not rows:
        return {}
    row, column = np.array(rows), np.array(columns)
    # (posts, hashtags) of 0 and 1; its Gram matrix counts the posts of each pair.
    used = sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=(len(posts), len(names)))
    together = (used.T @ used).tocoo()
    is_pair = (together.row != together.col) & (together.data >= at_least)
    one, other, count = together.row[is_pair], together.col[is_pair], together.data[is_pair]
    share = np.asarray(used.sum(axis=0)).ravel() / len(posts)
    both = count / len(posts)
    with np.errstate(divide="ignore", invalid="ignore"):
        closeness = np.where(both < 1, np.log(both / (share[one] * share[other])) / -np.log(both), 1.0)
    related_by_tag: dict[str, list[tuple[str, float]]] = {}
    for pair in np.lexsort((other, -closeness, one)).tolist():
        related = related_by_tag.setdefault(names[one[pair]], [])
        if closeness[pair] > 0 and len(related) < most:
            related.append((names[other[pair]], float(closeness[pair])))
    return {tag: related for tag, related in related_by_tag.items() if related}
