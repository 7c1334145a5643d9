"""Do likes and dislikes improve a ranking (``brandfit.search.feedback``)? Simulated on partners that a fold
holds out.

    python studies/feedback.py WORKSPACE [--protocol cv5] [--ranker brandfit] [--most 10] [--draws 3]
    [--seed 0]
        [--brands report] [--limit 0] [--try STRENGTH,PRIOR,SHARPNESS ...]

Of each judged brand ``most`` held-out partners are drawn as likes, and ``most`` dislikes from the first 20
candidates that are no partners. All of them leave the candidates and the judged partners, so that every row
of a brand is judged on the same ones: without feedback, and with the first k likes, dislikes, or both. A
brand needs more than ``most`` held-out partners. Values are means over draws, then over brands; the interval
is a 95 % bootstrap over brands of the difference to the ranking without feedback.

``--brands choose`` takes one half of the brands (by a hash of the name), ``report`` the other, ``all`` both.
Constants are chosen with ``choose`` and ``--try``; without ``--try`` the constants of the product are judged.
``--limit`` draws so many brands.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brandfit import pipeline, registry, seeds
from brandfit.data.dataset import Dataset
from brandfit.data.split import Fold
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.metrics import AUC, MAP, MRR, Metric, Recall, blocks
from brandfit.evaluation.significance import interval
from brandfit.search.feedback import WEIGHTS, Weights, effects_of_marks, top_weights
from brandfit.search.lookalike import Lookalikes
from brandfit.workspace import Workspace

METRICS: tuple[Metric, ...] = (AUC(), Recall(10), MRR(), MAP())
COUNTS = (1, 2, 5, 10)
"""Marks of a kind that are given."""
SHOWN = 20
"""Candidates that the first page shows: dislikes are drawn from those of them that are no partners."""
KINDS = ("both", "likes", "dislikes")


@dataclass(frozen=True)
class Case:
    """One brand of a fold: ids of its candidates (n,), their scores (n,) and whether they are partners
    (n,)."""

    brand: str
    candidates: np.ndarray
    scores: np.ndarray
    relevant: np.ndarray
    alike: Lookalikes


def cases(
    dataset: Dataset, protocol: str, ranker: str, most: int, part: str, limit: int, seed: int
) -> Iterator[Case]:
    """The brands with more than ``most`` partners to find."""
    folds = protocols.get(protocol, {"seed": seed}).folds(dataset)
    judged_rows = [
        (n, row)
        for n, fold in enumerate(folds)
        for row in range(len(fold.brands))
        if _wanted(fold, row, most, part)
    ]
    if limit and len(judged_rows) > limit:
        drawn = seeds.generator(seed, "brands").permutation(len(judged_rows))[:limit]
        judged_rows = [judged_rows[n] for n in sorted(drawn.tolist())]
    for n, fold in enumerate(folds):
        rows = [row for fold_number, row in judged_rows if fold_number == n]
        if not rows:
            continue
        fitted = registry.load("ranker", ranker)(seed=seed).fit(fold.train)
        alike = Lookalikes(fold.test)
        for row in rows:
            scores = fitted.score(fold.test, fold.brands[row : row + 1], fold.candidates)[0]
            at = fold.eligible[row] & ~np.isnan(scores)
            if fold.relevant[row][at].sum() > most:
                yield Case(
                    str(fold.brands[row]), fold.candidates[at], scores[at], fold.relevant[row][at], alike
                )


def _wanted(fold: Fold, row: int, most: int, part: str) -> bool:
    half = hashlib.blake2b(str(fold.brands[row]).encode()).digest()[0] % 2
    enough = (fold.relevant[row] & fold.eligible[row]).sum() > most
    return bool(enough) and part in ("all", ("choose", "report")[half])


def judged(
    case: Case, most: int, draw: int, seed: int, tried: list[Weights]
) -> dict[tuple[Weights | None, str, int], np.ndarray]:
    """Constants, kind of marks and their number to the metrics; without feedback under (None, "", 0)."""
    rng = seeds.generator(seed, "marks", case.brand, draw)
    likes = rng.permutation(np.flatnonzero(case.relevant))[:most]
    others = np.argsort(-case.scores, kind="stable")
    others = others[~case.relevant[others]][: max(SHOWN, most)]
    dislikes = rng.permutation(others)[:most]
    marks = np.concatenate([likes, dislikes])
    kept = np.ones(len(case.candidates), bool)
    kept[marks] = False

    def metrics(scores: np.ndarray) -> np.ndarray:
        found = blocks(scores[kept], case.relevant[kept])
        return np.array([metric.value(found, "expected") for metric in METRICS])

    values = {(None, "", 0): metrics(case.scores)}
    for sharpness in dict.fromkeys(weights.sharpness for weights in tried):
        # (2 most, n), likes first
        likeness, _ = case.alike.centred(
            case.candidates[marks], case.candidates, weights=top_weights(case.scores, sharpness)
        )
        for weights in tried:
            if weights.sharpness != sharpness:
                continue
            for kind in KINDS:
                for k in COUNTS:
                    if k > most:
                        continue
                    n_likes, n_dislikes = k * (kind != "dislikes"), k * (kind != "likes")
                    given = np.concatenate([likeness[:n_likes], likeness[most : most + n_dislikes]])
                    effect = effects_of_marks(given, case.scores, likes=n_likes, weights=weights).sum(axis=0)
                    values[weights, kind, k] = metrics(case.scores + effect)
    return values


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path, nargs="+")
    parser.add_argument("--protocol", default="cv5")
    parser.add_argument("--ranker", default="brandfit")
    parser.add_argument("--most", type=int, default=10)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--brands", choices=("choose", "report", "all"), default="report")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--try", dest="tried", action="append", metavar="STRENGTH,PRIOR,SHARPNESS")
    given = parser.parse_args()
    tried = [Weights(*map(float, one.split(","))) for one in given.tried or ()] or [WEIGHTS]
    found: dict[tuple[Weights | None, str, int], list[np.ndarray]] = {}
    for place in given.workspace:
        with Workspace(place) as workspace:
            dataset = pipeline.load(workspace)
        for case in cases(
            dataset, given.protocol, given.ranker, given.most, given.brands, given.limit, given.seed
        ):
            draws = [judged(case, given.most, draw, given.seed, tried) for draw in range(given.draws)]
            for key in draws[0]:
                found.setdefault(key, []).append(np.mean([values[key] for values in draws], axis=0))
    without = np.array(found.pop((None, "", 0)))  # (brands, metrics)
    print(f"{given.protocol}, {given.ranker}, {len(without)} brands, {given.draws} draws, seed {given.seed}")
    print(
        "without feedback",
        *(f"{metric} {value:.4f}" for metric, value in zip(METRICS, without.mean(axis=0), strict=True)),
    )
    for (weights, kind, k), rows in found.items():
        difference = np.array(rows) - without
        cells = []
        for n, metric in enumerate(METRICS):
            low, high = interval(METRICS[0], difference[:, n])
            cells.append(f"{metric} {difference[:, n].mean():+.4f} [{low:+.4f}, {high:+.4f}]")
        constants = "" if len(tried) == 1 or weights is None else f"{weights} "
        print(f"{constants}{kind:8} k {k:2}  {'  '.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
