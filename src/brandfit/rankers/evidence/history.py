"""Past partners: whether a candidate has worked with brands, and how similar these brands are.

Evidence if all influencers are candidates, with and without partners.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from brandfit.data.dataset import Dataset
from brandfit.mappings import position_by_item
from brandfit.rankers.evidence._idea import PairRecords, PartnerHistory, RecordIdea


class History(RecordIdea):
    """``known``: 1 if the candidate has worked with another brand; ``history``: how similar those are."""

    prefixes = ("known", "history")
    part = "history"

    def features(self, records: PairRecords) -> dict[str, np.ndarray]:
        if records.history is None:
            return {}
        shape = len(records.brands), len(records.candidates)
        return {
            "known": np.broadcast_to(records.history.has_worked, shape),
            "history": similarity_of_past_brands(records.history),
        }


def similarity_of_past_brands(history: PartnerHistory) -> np.ndarray:
    """(b, n) mean similarity of a brand with the training brands of a candidate; NaN if it has none.

    A brand does not count as a past brand of its own candidates.
    """
    worked = history.worked
    similarity = history.brand_similarity.copy()  # (b, t)
    count = np.asarray(worked.sum(axis=1), np.float64).reshape(1, -1)
    count = np.repeat(count, len(similarity), axis=0)  # (b, n)
    # Remove each training brand from its own row.
    rows = np.flatnonzero(history.own_row >= 0)
    own = history.own_row[rows]
    similarity[rows, own] = 0
    count[rows] -= worked[:, own].T.toarray()
    # (n, t) @ (t, b): sums over the past brands of each candidate.
    total = (worked @ similarity.T).T
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


def partner_history(
    dataset: Dataset,
    brands: np.ndarray,
    *,
    candidates: np.ndarray,
    training_brands: list[str],
    brand_similarity: np.ndarray,
) -> PartnerHistory:
    """The history of these brands (b,) and candidates (n,), ids; brand_similarity is (b, t)."""
    training_row = position_by_item(training_brands)
    return PartnerHistory(
        has_worked=_has_other_brand(dataset, brands, candidates),
        worked=_worked_with(dataset, candidates, training_row),
        brand_similarity=brand_similarity,
        own_row=np.array([training_row.get(id, -1) for id in brands.tolist()], np.int64),
    )


def _brands_by_influencer(dataset: Dataset) -> dict[str, list[str]]:
    """Influencer to the brands that it has worked with."""

    def collect() -> dict[str, list[str]]:
        brands_by_influencer: dict[str, list[str]] = {}
        for brand, partners in dataset.partners.items():
            for influencer in partners:
                brands_by_influencer.setdefault(influencer, []).append(brand)
        return brands_by_influencer

    return dataset.cached("brands by influencer", collect)


def _has_other_brand(dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """(b, n) 1 for a candidate that has worked with another brand, else 0.

    The number of brands adds no information.
    """
    brands_by_influencer = _brands_by_influencer(dataset)
    ids = candidates.tolist()
    n_brands = np.array([len(brands_by_influencer.get(id, ())) for id in ids])  # (n,)
    is_partner = np.zeros((len(brands), len(ids)), bool)
    for row, brand in enumerate(brands.tolist()):
        if partners := dataset.partners.get(brand):
            is_partner[row] = [id in partners for id in ids]
    return (n_brands > is_partner).astype(np.float64)


def _worked_with(dataset: Dataset, candidates: np.ndarray, training_row: dict[str, int]) -> sparse.csr_matrix:
    """(n, t) of 0 and 1: the training brands that each candidate has worked with."""
    brands_by_influencer = _brands_by_influencer(dataset)
    columns: list[int] = []
    ends = [0]
    for id in candidates.tolist():
        brands = brands_by_influencer.get(id, ())
        columns.extend(training_row[brand] for brand in brands if brand in training_row)
        ends.append(len(columns))
    # Compressed rows: ``ends`` are the row pointers.
    column = np.array(columns, np.int64)
    shape = len(candidates), len(training_row)
    return sparse.csr_matrix((np.ones(len(column)), column, np.array(ends)), shape=shape)
