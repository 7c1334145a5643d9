"""The attribute co-occurrence graph of brands and influencers (MORNING, Wang 2022, IV-C; M-07, B-05)."""

from __future__ import annotations

import numpy as np
from scipy import sparse

Edges = tuple[np.ndarray, np.ndarray, np.ndarray]
"""source (m,), target (m,) and weight (m,) for ``learning.node2vec``; every edge once, source < target."""

ETA = 2.0


def lists(values: np.ndarray, top: int) -> sparse.csr_matrix:
    """(n, c) of 0 and 1: the ``top`` heaviest attributes of each account; the first of equal ones."""
    rank = np.argsort(np.argsort(-values, axis=1, kind="stable"), axis=1, kind="stable")
    return sparse.csr_matrix(((rank < top) & (values > 0)).astype(np.float64))


def meetings(
    brands: sparse.csr_matrix, influencers: sparse.csr_matrix, within: bool = True
) -> sparse.csr_matrix:
    """(c, c) coocf = sum over pairs of q_b + q_m + q_bm (Eq. 13-16), zero on the diagonal, symmetric.

    Row n of both are the attribute lists of the n-th pair that works together. q_b counts two attributes of
    the brand, q_m two of the influencer, q_bm one of each. BAMIR counts only those of different accounts:
    ``within=False``.
    """
    across = brands.T @ influencers
    counts = across + across.T
    if within:
        counts = counts + brands.T @ brands + influencers.T @ influencers
    counts = sparse.csr_matrix(counts)
    counts.setdiag(0)
    counts.eliminate_zeros()
    return counts


def together(lists: sparse.csr_matrix, at_least: int) -> sparse.csr_matrix:
    """(c, c) number of rows with both attributes; counts below ``at_least`` are 0 (B-05: 8 for hashtags)."""
    counts = sparse.csr_matrix(lists.T @ lists)
    counts.setdiag(0)
    counts.data[counts.data < at_least] = 0
    counts.eliminate_zeros()
    return counts


def edges(counts: sparse.csr_matrix) -> Edges:
    """Edges of weight sqrt(coocf / 2) (Eq. 17)."""
    upper = sparse.triu(counts, 1).tocoo()
    return upper.row.astype(np.int64), upper.col.astype(np.int64), np.sqrt(upper.data / ETA)
