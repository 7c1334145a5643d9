"""The prior mean of the weights of ``brandfit`` (``rankers/prior.json``), measured on one data set.

    python studies/prior.py WORKSPACE --name released --protocol cv5 [--counts 5,10,20,40,80,160]
        [--draws 2]

For each number of brands n and each draw, ``brandfit`` is fitted on n brands (drawn from the training side of
a fold whose seed is not that of the tables), with a prior of zeros. Then a logistic regression with a small
ridge penalty finds the weights that its evidence should have had for the brands of the other side. Likeness
may not count against a pair: these weights are not negative, because weights of both signs, which compensate
for one another, do not transfer to other data (Breiman, "Stacked regressions", 1996, requires the same).
Level and slope are the least-squares line of these weights over log2(n / 40). The result replaces the entry
of this name in ``rankers/prior.json``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from brandfit import pipeline, seeds
from brandfit.data import split
from brandfit.data.dataset import Dataset
from brandfit.data.split import Fold
from brandfit.learning.calibrated_logit import standardised
from brandfit.rankers import _prior
from brandfit.rankers.brandfit import Brandfit, BrandfitConfig
from brandfit.workspace import Workspace

PRIOR = Path(__file__).resolve().parents[1] / "src" / "brandfit" / "rankers" / "prior.json"
SEED = 21
"""Of folds and draws: the tables use folds of seed 0."""
FOLDS = 3
PENALTY = 30.0
"""Ridge penalty of the weights: small compared with the number of pairs."""
PAIRS = 200_000
"""Pairs at most that they are fitted on, all partners among them."""
KINDS = ("cos", "plain", "agreement", "partner", "match", "within", "via")
"""Kinds of evidence that get a prior: how well both sides suit each other. The engagement of a candidate says
nothing of that, and the kernel regressions of single slots change sign from draw to draw."""
FREE = "engagement"
"""Evidence whose weight may be negative."""


@dataclass(frozen=True)
class Measured:
    """The weights (by name of the evidence) that a model fitted on so many brands should have had."""

    brands: int
    weights: dict[str, float]


def folds_of(dataset: Dataset, protocol: str) -> list[Fold]:
    return (
        split.brand_folds(dataset, FOLDS, SEED) if protocol == "cv5" else split.expansion(dataset, seed=SEED)
    )


def drawn_brands(fold: Fold, count: int, draw: int) -> np.ndarray | None:
    """``count`` brands of the training side that have partners; None if there are not so many."""
    brands = np.unique(fold.train.endorsements[:, 0].astype(str)).astype(object)
    if count > len(brands):
        return None
    return np.sort(seeds.generator(SEED, "drawn", draw, count).permutation(brands)[:count])


def best_weights(
    ranker: Brandfit, fold: Fold, rng: np.random.Generator, most_brands: int
) -> dict[str, float]:
    """The weights of standardised evidence that fit the judged pairs of the fold best."""
    assert ranker.logit is not None
    rows = np.sort(rng.permutation(len(fold.brands))[:most_brands])
    features = ranker.evidence_of(fold.test, fold.brands[rows], fold.candidates)
    relevant, eligible = fold.relevant[rows], fold.eligible[rows]
    positive = np.flatnonzero(relevant & eligible)
    others = np.flatnonzero(~relevant & eligible)
    sampled = np.sort(rng.permutation(others)[: max(PAIRS - len(positive), 1)])
    chosen = np.concatenate([positive, sampled])  # (p,) indices into the flattened (brands, candidates)
    weight = np.repeat([1.0, len(others) / len(sampled)], [len(positive), len(sampled)])
    names = [name for name in ranker.logit.names if name in features]
    columns = []
    for name in names:
        n = ranker.logit.names.index(name)
        columns.append(
            standardised(features[name].ravel()[chosen], ranker.logit.mean[n], ranker.logit.deviation[n])
        )
    x = np.stack(columns, axis=1)  # (p, k), standardised as the model does it
    found = non_negative(
        x, relevant.ravel()[chosen].astype(float), weight, [not name.startswith(FREE) for name in names]
    )
    return dict(zip(names, found.tolist(), strict=True))


def non_negative(x: np.ndarray, y: np.ndarray, weight: np.ndarray, bounded: list[bool]) -> np.ndarray:
    """(k,) ridge logistic regression of y (p,) on x (p, k) with an intercept; weights that are ``bounded``
    are 0 or more."""

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        z = x @ w[:-1] + w[-1]
        residual = weight * (expit(z) - y)
        value = weight @ (np.logaddexp(0, z) - y * z) + 0.5 * PENALTY * (w[:-1] ** 2).sum()
        return float(value), np.append(x.T @ residual + PENALTY * w[:-1], residual.sum())

    start = np.append(np.zeros(x.shape[1]), np.log(weight @ y / (weight @ (1 - y))))
    bounds = [(0.0 if one else None, None) for one in [*bounded, False]]
    return np.asarray(
        minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500}).x[:-1]
    )


def measured(
    dataset: Dataset, protocol: str, counts: list[int], draws: int, most_brands: int
) -> Iterator[Measured]:
    for number, fold in enumerate(folds_of(dataset, protocol)):
        for count in counts:
            for draw in range(draws):
                brands = drawn_brands(fold, count, draw)
                if brands is None:
                    continue
                ranker = Brandfit(BrandfitConfig(prior="none")).fit(fold.train.restricted(brands=brands))
                if ranker.logit is None or not ranker.logit.is_fitted:
                    continue
                rng = np.random.default_rng([SEED, number, count, draw])
                yield Measured(count, best_weights(ranker, fold, rng, most_brands))


def line(found: list[Measured], name: str) -> list[float]:
    """[level, slope] of a weight over log2(brands / 40), over the models that have this evidence."""
    having = [one for one in found if name in one.weights]
    x = np.array([[1.0, np.log2(one.brands / _prior.REFERENCE)] for one in having])
    y = np.array([one.weights[name] for one in having])
    solved, *_ = np.linalg.lstsq(x, y, rcond=None)
    return [round(float(value), 2) for value in solved]


def entry(found: list[Measured], about: str) -> dict[str, object]:
    """What ``prior.json`` holds of a data set."""
    names = sorted({name for one in found for name in one.weights if name.partition(".")[0] in KINDS})
    weights = {name: line(found, name) for name in names}
    counts = sorted({one.brands for one in found})
    return {"about": about, "brands": [counts[0], counts[-1]], "weights": weights}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--name", required=True, choices=("released", "instagram"))
    parser.add_argument("--protocol", required=True, choices=("cv5", "expansion"))
    parser.add_argument("--counts", default="5,10,20,40,80,160")
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--most-brands", type=int, default=250, help="judged brands of a fold at most")
    parser.add_argument("--out", type=Path, default=PRIOR)
    given = parser.parse_args()
    counts = [int(count) for count in given.counts.split(",")]
    found = []
    with Workspace(given.workspace) as workspace:
        for one in measured(pipeline.load(workspace), given.protocol, counts, given.draws, given.most_brands):
            found.append(one)
            print(f"{one.brands:>4} brands: {len(one.weights)} weights", flush=True)
    slots = sorted(
        {name.partition(".")[2] for one in found for name in one.weights if name.startswith("cos.")}
    )
    about = (
        f"python studies/prior.py WORKSPACE --name {given.name} --protocol {given.protocol} --counts "
        f"{given.counts} "
        f"--draws {given.draws}; slots: {', '.join(slots)}; {len(found)} models"
    )
    kept = json.loads(given.out.read_text(encoding="utf-8")) if given.out.exists() else {"sources": {}}
    kept["sources"][given.name] = entry(found, about)
    text = json.dumps(kept, indent=1)
    given.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
