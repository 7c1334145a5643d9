"""Probabilities that an influencer works with a brand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from brandfit.arguments import Account, Accounts, checked
from brandfit.data.dataset import Dataset
from brandfit.pipeline.lookup import find_brand, find_influencers, influencer_rows
from brandfit.pipeline.training import default_ranker, fitted
from brandfit.rankers.base import Ranker
from brandfit.workspace import Place, as_workspace


@checked
def chances(
    workspace: Place,
    brand: Account,
    *,
    influencers: Accounts,
    ranker: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> list[dict[str, float] | None] | None:
    """The probability that each influencer works with the brand, with its 95 % interval (value, low, high);
    None in place of one without evidence. None if the ranker gives no probabilities. Raises UnknownName."""
    workspace = as_workspace(workspace)
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data, brand=brand)
    brand, influencers = find_brand(dataset, brand), find_influencers(dataset, influencers)
    # Computed for all influencers at once, because the next page, filter or like needs others of them. The
    # entry holds the model and the Dataset, so that no other object can get the same id.
    probability = workspace.memo.get(
        "chances",
        (id(model), id(dataset), brand),
        lambda: (_probability(model, dataset, brand=brand, influencers=dataset.influencers), model, dataset),
    )[0]
    if probability is None:
        return None
    # (n,) rows of the influencers among all influencers.
    row_of = influencer_rows(dataset)
    rows = [row_of[id] for id in influencers]
    intervals = zip(*(values[0, rows].tolist() for values in probability), strict=True)
    return [
        None if np.isnan(value) else {"value": value, "low": low, "high": high}
        for value, low, high in intervals
    ]


def pair_chances(
    model: Ranker, dataset: Dataset, *, brand: str, influencers: np.ndarray
) -> list[list[float | None]] | None:
    """(n,) lists [value, low, high]: the probability that each influencer works with the brand, and its 95 %
    interval; None in place of values without evidence. None if the ranker gives no probabilities.

    Only these influencers are scored.
    """
    probability = _probability(model, dataset, brand=brand, influencers=influencers)
    if probability is None:
        return None
    intervals = np.stack([values[0] for values in probability], axis=1)  # (n, 3)
    return [[None if np.isnan(value) else float(value) for value in interval] for interval in intervals]


def _probability(model: Ranker, dataset: Dataset, *, brand: str, influencers: np.ndarray) -> Any:
    """Value, low and high, each (1, n); None if the ranker gives no probabilities."""
    return model.probability(dataset, np.array([brand], dtype=object), influencers)
