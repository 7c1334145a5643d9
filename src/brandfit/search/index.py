"""The nearest rows of a matrix: exact, in one pass over what may be larger than memory; approximate beyond that.

exact    every row, block by block of a memory-mapped matrix
usearch  a graph (HNSW; Malkov and Yashunin, TPAMI 2020), for tens of millions of rows; some of the nearest may be missed
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from brandfit.errors import MissingExtra
from brandfit.ranking import order

BLOCK = 2**24
"""Numbers that are read at once (64 MiB)."""
MANY = 5_000_000
"""Rows from which on ``auto`` takes the approximate index."""


class Near(NamedTuple):
    """rows (k,) and scores (k,), best first; of equal scores the order of a hash of their ids."""

    rows: np.ndarray
    scores: np.ndarray


class Index:
    """Inner products of a query with rows (n, d) of float32, memory-mapped or not, with an id each.

    kind  "exact", "usearch", or "auto": exact below five million rows
    """

    def __init__(self, ids: np.ndarray, values: np.ndarray, kind: Literal["auto", "exact", "usearch"] = "auto") -> None:
        self.ids, self.values = ids, values
        self.kind = kind if kind != "auto" else "exact" if len(values) < MANY else "usearch"
        self._graph = _graph(values) if self.kind == "usearch" else None

    def nearest(self, query: np.ndarray, k: int, allowed: np.ndarray | None = None) -> Near:
        """The k rows with the largest inner product with the query (d,). ``allowed`` (n,) bool: others are passed over (exact)."""
        if self._graph is not None and allowed is None:
            rows = np.sort(np.asarray(self._graph.search(query.astype(np.float32), min(2 * k, len(self.values))).keys, np.int64))
        else:
            rows = self._head(query, k, allowed)
        scores = np.asarray(self.values[rows], np.float64) @ query.astype(np.float64)
        best = order(scores, self.ids[rows], k)
        return Near(rows[best], scores[best])

    def _head(self, query: np.ndarray, k: int, allowed: np.ndarray | None) -> np.ndarray:
        """Rows among which the k best are: in float32, with what ties or nearly ties with the last of them."""
        step = max(BLOCK // max(self.values.shape[1], 1), 1)
        asked, scores = query.astype(np.float32), np.empty(len(self.values), np.float32)
        for start in range(0, len(self.values), step):
            scores[start : start + step] = self.values[start : start + step] @ asked
        if allowed is not None:
            scores[~allowed] = -np.inf
        possible = np.flatnonzero(scores > -np.inf)
        if len(possible) <= k:
            return possible
        least = np.partition(scores[possible], len(possible) - k)[len(possible) - k]
        return possible[scores[possible] >= least - 1e-5 * max(abs(float(least)), 1.0)]


def _graph(values: np.ndarray) -> Any:
    try:
        from usearch.index import Index as Graph
    except ImportError:
        raise MissingExtra("an approximate index", "search") from None
    graph = Graph(ndim=values.shape[1], metric="ip", dtype="f32", connectivity=32, expansion_add=128, expansion_search=256)
    step = max(BLOCK // max(values.shape[1], 1), 1)
    for start in range(0, len(values), step):
        block = np.asarray(values[start : start + step], np.float32)
        graph.add(np.arange(start, start + len(block)), block)
    return graph
