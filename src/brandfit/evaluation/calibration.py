"""Whether a probability means what it says: of pairs told .1, one in ten should work together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

BINS = 15


class Reliability(NamedTuple):
    """Bins of equal numbers of pairs, (m,) each: mean probability told, share that is true, pairs; and of all
    pairs:

    error  expected calibration error
    base   share that is true
    skill  1 - Brier score / Brier score of always telling ``base`` (Murphy 1973); NaN where all or none are
           true
    """

    predicted: np.ndarray
    true: np.ndarray
    pairs: np.ndarray
    error: float
    base: float
    skill: float


def reliability(probability: np.ndarray, positive: np.ndarray, bins: int = BINS) -> Reliability:
    """Expected calibration error of probabilities (n,) of what is so (n,): sum over bins of n_k / n |true_k -
    told_k|.

    Bins hold equally many pairs (adaptive ECE, Nguyen and O'Connor 2015): where one pair in fifty is true,
    bins of equal width would leave all but one nearly empty. Pairs without a probability (NaN) are left out;
    without any the error is NaN.
    """
    known = ~np.isnan(probability)
    probability, positive = probability[known], positive[known]
    if not len(probability):
        return Reliability(np.zeros(0), np.zeros(0), np.zeros(0, np.int64), *[float("nan")] * 3)
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    told = np.array([probability[part].mean() for part in parts])
    true = np.array([positive[part].mean() for part in parts])
    pairs = np.array([len(part) for part in parts])
    error = float((pairs * np.abs(told - true)).sum() / pairs.sum())
    base = float(positive.mean())
    always = base * (1 - base)
    skill = 1 - float(np.square(probability - positive).mean()) / always if always else float("nan")
    return Reliability(predicted=told, true=true, pairs=pairs, error=error, base=base, skill=skill)
