"""How are brands best put in order for an influencer (S-02)? By score, by its place among the candidates, or
by a probability.

    python studies/brands.py WORKSPACE [--protocol expansion] [--ranker simcos --ranker brandfit]
        [--seed 0]

Every brand of a fold is scored against every candidate, as in ``brandfit evaluate``; then each influencer
that has a partner to be found among these brands ranks the brands. Mean over influencers of the AUC, of one
over the rank of the first partner, and of the share of partners among the first five, with p of the
difference to the order by score (sign flips over influencers, AUC).

    score         as the ranker gives it
    place         the influencer's rank among the candidates of the brand, over how many they are
    standardised  score less the median of the brand's candidates, over the median distance from it
    probability   where the ranker tells one
"""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from brandfit import pipeline, registry
from brandfit.errors import UsageError
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.significance import paired_test
from brandfit.workspace import Workspace

FIRST = 5


def orders(scores: np.ndarray, eligible: np.ndarray) -> dict[str, np.ndarray]:
    """(b, n) of every way, higher is better."""
    asked = np.where(eligible, scores, np.nan)
    middle = np.nanmedian(asked, axis=1, keepdims=True)
    distance = np.nanmedian(np.abs(asked - middle), axis=1, keepdims=True)
    place = np.full(scores.shape, np.nan)
    for row, known in enumerate(~np.isnan(asked)):
        place[row, known] = (rankdata(asked[row, known]) - 0.5) / max(known.sum(), 1)
    return {"score": scores, "place": place, "standardised": (scores - middle) / np.maximum(distance, 1e-12)}


def judged(values: np.ndarray, relevant: np.ndarray) -> tuple[float, float, float]:
    """AUC, MRR and recall of the first five brands for one influencer; equal ones count half, or come in the
    order of the brands."""
    rank = rankdata(-values)
    n, r = len(values), int(relevant.sum())
    auc = 1 - (rank[relevant].sum() - r * (r + 1) / 2) / (r * (n - r))
    return auc, 1 / rank[relevant].min(), float((rank[relevant] <= FIRST).mean())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--protocol", default="expansion")
    parser.add_argument("--ranker", action="append")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with Workspace(asked.workspace) as workspace:
        dataset = pipeline.load(workspace)
    for name in asked.ranker or ["simcos", "brandfit"]:
        found: dict[str, list[tuple[float, float, float]]] = {}
        for fold in protocols.get(asked.protocol).folds(dataset):
            ranker = registry.load("ranker", name)(seed=asked.seed).fit(fold.train)
            ways = orders(ranker.score(fold.test, fold.brands, fold.candidates), fold.eligible)
            with contextlib.suppress(AttributeError, UsageError):  # it tells none
                ways["probability"] = ranker.probability(fold.test, fold.brands, fold.candidates).value
            for n in range(len(fold.candidates)):
                at = fold.eligible[:, n] & np.all(
                    [~np.isnan(values[:, n]) for values in ways.values()], axis=0
                )
                relevant = fold.relevant[at, n]
                if relevant.any() and not relevant.all():
                    for way, values in ways.items():
                        found.setdefault(way, []).append(judged(values[at, n], relevant))
        for way, rows in found.items():
            auc, mrr, recall = np.array(rows).T
            p = paired_test(auc, np.array(found["score"])[:, 0])
            print(
                f"{name:10} {way:13} AUC {auc.mean():.3f}  MRR {mrr.mean():.3f}  R@5 {recall.mean():.3f}  n "
                f"{len(auc)}  p {p:.4f}"
            )


if __name__ == "__main__":
    main()
