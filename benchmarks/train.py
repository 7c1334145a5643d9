"""What a training step of a network ranker costs beside a bare PyTorch step of the same network, in one run.

    python benchmarks/train.py WORKSPACE [RANKER ...] [--steps 200] [--protocol cv5]

bare: one forward and backward pass over as many accounts as are in a step on average, and a step of the same
optimiser. ours: an epoch as the trainer runs it, with drawing, looking up vectors, scores, losses and the
penalty of the weights; both on one thread.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from brandfit import pipeline, registry
from brandfit.evaluation import protocol
from brandfit.learning import trainer
from brandfit.learning.pooling import Side
from brandfit.rankers._neural import Embedder, NetworkRanker
from brandfit.workspace import Workspace


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("rankers", nargs="*", default=["mir", "bamir", "morning"])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--protocol", default="cv5")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with Workspace(asked.workspace) as workspace:
        fold = protocol.get(asked.protocol).folds(pipeline.load(workspace))[0]
    print(f"{'':12}{'weights':>12}{'accounts':>10}{'bare, ms':>10}{'ours, ms':>10}{'ratio':>8}")
    for name in asked.rankers:
        cls = registry.load("ranker", name)
        ranker = cls(cls.Config.from_settings({"epochs": 1, "validation": 0.0, "device": "cpu"}))
        ours, bare, accounts = _measured(ranker, fold.train, asked.steps)
        print(
            f"{name:12}{ranker.n_parameters:12,}{accounts:10.0f}"
            f"{bare * 1e3:10.2f}{ours * 1e3:10.2f}{ours / bare:8.2f}"
        )


def _measured(ranker: NetworkRanker, dataset: Any, steps: int) -> tuple[float, float, float]:
    """Seconds a step of ours, of the bare one, and the accounts of a step."""
    seen: list[tuple[dict[str, Any], dict[str, Any]]] = []
    given, draw, times = Embedder.inputs, ranker.sample, []

    def noted(embedder: Embedder, side: Side, *rest: Any) -> Any:
        found = given(embedder, side, *rest)
        seen.append(found[:2])
        return found

    def some(*drawn: Any) -> Any:
        columns = draw(*drawn)
        return type(columns)(*(column[: steps * ranker.config.batch_size] for column in columns))

    def timed(*told: Any, **options: Any) -> Any:
        started = time.perf_counter()
        loss = epoch(*told, **options)
        times.append(time.perf_counter() - started)
        return loss

    epoch = trainer._epoch
    ranker.sample = some  # type: ignore[method-assign]
    trainer._epoch, Embedder.inputs = timed, noted  # type: ignore[assignment, method-assign]
    try:
        ranker.fit(dataset)
    finally:
        trainer._epoch, Embedder.inputs = epoch, given  # type: ignore[method-assign]
    pairs = list(zip(seen[::2], seen[1::2], strict=True))
    network: Any = ranker.network
    optimiser = ranker.optimiser(network.train())
    stacked = [
        tuple({slot: torch.cat([a[slot], b[slot]]) for slot in a} for a, b in zip(*pair, strict=True))
        for pair in pairs
    ]
    started = time.perf_counter()
    for values, has in stacked:
        optimiser.zero_grad()
        sum(e.sum() for e in network("brand", values, has).values()).backward()  # type: ignore[union-attr]
        optimiser.step()
    bare = time.perf_counter() - started
    rows = [len(next(iter(values.values()))) for values, _ in stacked]
    return times[0] / len(pairs), bare / len(pairs), float(np.mean(rows))


if __name__ == "__main__":
    main()
