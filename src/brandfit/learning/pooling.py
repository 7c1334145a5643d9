"""From rows of posts to one vector an account: fixed pooling. (Learned pooling lives in the ranker that learns it.)"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from brandfit.data.dataset import Dataset


class Vectors(NamedTuple):
    """values (n, dim) float32, zeros where absent; present (n,) bool."""

    values: np.ndarray
    present: np.ndarray


def account_vectors(dataset: Dataset, slot: str, accounts: np.ndarray) -> Vectors:
    """Mean over the posts of each account that have the feature (W-03, R-01 "ap"); account-level Features as they are.

    Only posts of this view count: a post that a split hides is not seen.
    """
    features = dataset.slots[slot]
    if features.level == "account":
        return Vectors(*features.of(accounts))
    posts = dataset.posts
    account = pc.index_in(posts["account"], value_set=pa.array(accounts, pa.string())).fill_null(-1).to_numpy()
    row = features.rows_of(posts["id"].combine_chunks())
    used = (account >= 0) & (row >= 0)
    account, row = account[used], row[used]
    counts = np.bincount(account, minlength=len(accounts))
    mean = sparse.csr_matrix(
        ((1.0 / counts[account]).astype(np.float32), (account, np.arange(len(row)))), shape=(len(accounts), len(row))
    )
    return Vectors(np.asarray(mean @ features.values[row], np.float32), counts > 0)


def brand_vectors(dataset: Dataset, slot: str, brands: np.ndarray) -> Vectors:
    """Vectors of brands as they are represented: their own posts, brief or profile, or the mean of their partners'."""
    values, present = account_vectors(dataset, slot, brands)
    by_partners = np.array([dataset.representation.get(b) == "partners" for b in brands], bool)
    if by_partners.any():
        pairs = dataset.representing
        values, present = values.copy(), present.copy()
        partners = np.unique(pairs[:, 1])
        vectors = account_vectors(dataset, slot, partners)
        row = {b: n for n, b in enumerate(brands) if by_partners[n]}
        mine = [(row[b], p) for b, p in pairs.tolist() if b in row]
        at = np.array([r for r, _ in mine], np.int64)
        col = np.searchsorted(partners, np.array([p for _, p in mine], dtype=object))
        at, col = at[vectors.present[col]], col[vectors.present[col]]
        counts = np.bincount(at, minlength=len(brands))
        mean = sparse.csr_matrix(((1.0 / counts[at]).astype(np.float32), (at, col)), shape=(len(brands), len(partners)))
        values[by_partners] = np.asarray(mean @ vectors.values)[by_partners]
        present[by_partners] = counts[by_partners] > 0
    return Vectors(values, present)
