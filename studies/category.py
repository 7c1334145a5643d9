"""What a profiler's categories add to ``brandfit`` when partners are to be found (the slot ``category``).

    python studies/category.py WORKSPACE [--profiler combined] [--protocol expansion] [--seed 0]

``brandfit profile`` reads whole accounts, so that in an evaluation its categories would have seen the very
posts that are hidden. Here the profiler is fitted anew on what a fold shows, once for the view that is
learned from and once for the one that is judged; accounts whose category is known are told by a model that
did not see them. Means over brands without and with the slot, the difference, and p by sign flips over
brands, adjusted after Holm.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from brandfit import pipeline, registry
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.split import Fold
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.evaluate import evaluate
from brandfit.evaluation.report import RankerResult
from brandfit.evaluation.significance import holm, paired_test
from brandfit.rankers.brandfit import Brandfit
from brandfit.workspace import Workspace


def categories(profiler: str, whole: Dataset, view: Dataset, seed: int) -> Features:
    """What the profiler tells of every account from the posts of a view."""
    seen = whole.restricted(posts=view.posts["id"].combine_chunks())
    cls = registry.load("profiler", profiler)
    return cls(cls.Config.from_settings({}), seed).fit(seen, cross=True).encode(seen)


def told(profiler: str, whole: Dataset, fold: Fold, seed: int) -> Fold:
    """The fold with the slot ``category`` in both views."""
    train, test = (
        view.with_slots({**view.slots, "category": categories(profiler, whole, view, seed)})
        for view in (fold.train, fold.test)
    )
    return fold._replace(train=train, test=test)


def judged(dataset: Dataset, folds: list[Fold], name: str, seed: int) -> RankerResult:
    protocol = protocols.get(name).replace(split=lambda dataset, **settings: folds)
    return evaluate(
        {"brandfit": lambda seed: Brandfit(seed=seed)}, dataset, protocol=protocol, seeds=(seed,)
    ).results["brandfit"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--profiler", default="combined")
    parser.add_argument("--protocol", default="expansion")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with Workspace(asked.workspace) as workspace:
        dataset, whole = pipeline.load(workspace), pipeline.with_features(workspace)
        folds = protocols.get(asked.protocol).folds(_without(dataset))
        without = judged(dataset, folds, asked.protocol, asked.seed)
        slotted = [told(asked.profiler, whole, fold, asked.seed) for fold in folds]
        with_it = judged(dataset, slotted, asked.protocol, asked.seed)
    metrics = list(without.values)
    left, right = ({m: np.asarray(found.values[m][0]) for m in metrics} for found in (without, with_it))
    p = holm([paired_test(right[m], left[m]) for m in metrics])
    print(
        f"{asked.protocol}, {len(left[metrics[0]]):,} brands, seed {asked.seed}, category from "
        f"{asked.profiler}"
    )
    for metric, chance in zip(metrics, p, strict=True):
        values = np.nanmean(left[metric]), np.nanmean(right[metric])
        print(
            f"{metric:10} without {values[0]:.4f}  with {values[1]:.4f}  difference "
            f"{values[1] - values[0]:+.4f}  p {chance:.3f}"
        )


def _without(dataset: Dataset) -> Dataset:
    """Not the categories that were told of whole accounts."""
    return dataset.with_slots(
        {slot: features for slot, features in dataset.slots.items() if slot != "category"}
    )


if __name__ == "__main__":
    main()
