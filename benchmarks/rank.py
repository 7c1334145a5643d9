"""How long brandfit takes beside bamir, on one fold of cv5, in one run.

    python benchmarks/rank.py WORKSPACE [--epochs 2]

brandfit: fitting on the training brands of the fold and ranking all candidates for all judged brands. bamir:
its epochs alone, without scoring; EPOCHS of them are measured, and the paper trains 100.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from brandfit import pipeline
from brandfit.evaluation import protocol
from brandfit.rankers.bamir import Bamir
from brandfit.rankers.brandfit import Brandfit
from brandfit.workspace import Workspace

PAPER = 100
"""Epochs of the paper."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--epochs", type=int, default=2)
    asked = parser.parse_args()
    with Workspace(asked.workspace) as workspace:
        dataset = pipeline.load(workspace)
    fold = protocol.get("cv5").folds(dataset)[0]
    Brandfit().fit(fold.train)  # what is imported on the way is not counted
    started = time.perf_counter()
    Brandfit().fit(fold.train).score(fold.test, fold.brands, fold.candidates)
    ours = time.perf_counter() - started
    empty, some = (_seconds(fold, epochs) for epochs in (0, asked.epochs))
    epoch = (some - empty) / asked.epochs
    print(f"{len(fold.brands)} brands judged, {len(fold.candidates)} candidates")
    print(f"brandfit, fit and rank   {ours:8.2f} s")
    print(f"bamir, one epoch         {epoch:8.2f} s")
    print(
        f"bamir, {PAPER} epochs        {PAPER * epoch:8.0f} s, {PAPER * epoch / ours:.0f} times as long as "
        "brandfit"
    )


def _seconds(fold: object, epochs: int) -> float:
    started = time.perf_counter()
    Bamir(Bamir.Config.from_settings({"epochs": epochs, "patience": 1000})).fit(fold.train)  # type: ignore[attr-defined]
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
