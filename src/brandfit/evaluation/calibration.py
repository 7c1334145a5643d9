"""Calibration of probabilities: of pairs with a predicted 0.1, one in ten should work together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

BINS = 15


class Reliability(NamedTuple):
    """Bins of equally many pairs, (m,) each: mean predicted probability, share that is true, number of pairs;
    and over all pairs:

    error  expected calibration error
    base   share that is true
    skill  1 - Brier score / Brier score of always predicting ``base`` (Murphy 1973); NaN if all or none are
           true
    """

    predicted: np.ndarray
    true: np.ndarray
    pairs: np.ndarray
    error: float
    base: float
    skill: float


def reliability(probability: np.ndarray, positive: np.ndarray, bins: int = BINS) -> Reliability:
    """Expected calibration error of predicted probabilities (n,) with labels (n,) bool.

    The error is the sum over bins of n_k / n |true_k - predicted_k|. Bins hold equally many pairs (adaptive
    ECE, Nguyen and O'Connor 2015): with one true pair in fifty, bins of equal width would leave all but one
    nearly empty. Pairs without a probability (NaN) are left out; if none is left, the error is NaN.
    """
    is_known = ~np.isnan(probability)
    probability, positive = probability[is_known], positive[is_known]
    if not len(probability):
        nan = float("nan")
        return Reliability(np.zeros(0), np.zeros(0), np.zeros(0, np.int64), error=nan, base=nan, skill=nan)
    # (m,) arrays of row numbers: bins of the sorted pairs; fewer pairs than bins leave some bins empty.
    order = np.argsort(probability, kind="stable")
    rows_of_bins = [rows for rows in np.array_split(order, bins) if len(rows)]
    predicted = np.array([probability[rows].mean() for rows in rows_of_bins])
    true = np.array([positive[rows].mean() for rows in rows_of_bins])
    pairs = np.array(list(map(len, rows_of_bins)))
    # Bins weigh by their number of pairs.
    error = float((pairs * np.abs(predicted - true)).sum() / pairs.sum())
    # Predicting the base rate for every pair has the Brier score base (1 - base).
    base = float(positive.mean())
    base_score = base * (1 - base)
    score = float(np.square(probability - positive).mean())
    skill = 1 - score / base_score if base_score else float("nan")
    return Reliability(predicted=predicted, true=true, pairs=pairs, error=error, base=base, skill=skill)
