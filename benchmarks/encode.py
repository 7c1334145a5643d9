"""How fast encoding is beside the bare models: the whole of ``Encoder.encode`` against a forward pass over
ready input, in one run.

text.minilm   captions cleaned, encoded, kept   against  sentence-transformers over the cleaned captions,
              shortest first
image.onnx    pictures decoded, encoded, kept   against  ONNX Runtime over decoded and scaled batches, held in
              memory

Both sides use the same batch sizes and take turns; the ratio is that of their fastest runs.

    python benchmarks/encode.py WORKSPACE --onnx mobilenet.onnx
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from brandfit.compute.local import thread_map
from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder
from brandfit.encoders.image.onnx import Onnx, OnnxConfig
from brandfit.encoders.text.minilm import MiniLM
from brandfit.workspace import Workspace

LIMIT = 0.8
"""Encoding runs at no less than this share of the bare model's rate."""


def whole(encoder: Encoder, dataset: Dataset) -> float:
    """Seconds of encoding into an empty workspace."""
    with tempfile.TemporaryDirectory() as place, Workspace(Path(place) / "work", create=True) as workspace:
        started = time.perf_counter()
        encoder.encode(dataset, workspace, map=thread_map)
        return time.perf_counter() - started


def bare(forward: Callable[[Any], Any], batches: Sequence[Any]) -> float:
    """Seconds of the model's own forward passes."""
    started = time.perf_counter()
    for batch in batches:
        forward(batch)
    return time.perf_counter() - started


def distinct(encoder: Encoder, dataset: Dataset, n: int) -> Dataset:
    """Posts with the first n distinct contents, in a random order of posts."""
    posts = dataset.posts["id"].to_numpy(zero_copy_only=False)
    order = np.random.default_rng(0).permutation(posts)
    some = dataset.restricted(posts=order[: 2 * n])
    units = encoder.units(some)
    seen: dict[Any, str] = {}
    for id, content in zip(units.ids, units.contents, strict=True):
        seen.setdefault(content, id)
    return some.restricted(posts=pa.array(sorted(set(list(seen.values())[:n])), pa.string()))


def texts(dataset: Dataset, n: int) -> tuple[Encoder, Dataset, Callable[[Any], Any], list[Any]]:
    encoder = MiniLM()
    some = distinct(encoder, dataset, n)
    captions = sorted(set(encoder.units(some).contents), key=len)
    batches = [captions[i : i + encoder.batch_size] for i in range(0, len(captions), encoder.batch_size)]
    model = encoder._model

    def forward(batch: list[str]) -> Any:
        return model.encode(batch, batch_size=len(batch), normalize_embeddings=True, show_progress_bar=False)

    return encoder, some, forward, batches


def pictures(dataset: Dataset, n: int, path: str) -> tuple[Encoder, Dataset, Callable[[Any], Any], list[Any]]:
    encoder = Onnx(OnnxConfig(path=path))
    some = distinct(encoder, dataset, n)
    ready = [encoder.prepare(some, content) for content in sorted(set(encoder.units(some).contents))]
    squares = np.stack([picture for picture in ready if picture is not None])
    batches = [
        encoder._scaled(squares[i : i + encoder.batch_size])
        for i in range(0, len(squares), encoder.batch_size)
    ]

    def forward(batch: np.ndarray) -> Any:
        return encoder._session.run([encoder._output], {encoder._input.name: batch})

    return encoder, some, forward, batches


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "workspace", type=Path, help="where captions and pictures come from; nothing is written to it"
    )
    parser.add_argument("--onnx", help="path of a picture model; without it pictures are left out")
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    slow = False
    with Workspace(options.workspace) as workspace:
        dataset = workspace.dataset()
        jobs = [texts(dataset, options.texts)] + (
            [pictures(dataset, options.pictures, options.onnx)] if options.onnx else []
        )
        for encoder, some, forward, batches in jobs:
            n = sum(map(len, batches))
            forward(batches[0])
            ours, theirs = [], []
            for _ in range(options.repeats):
                theirs.append(bare(forward, batches))
                ours.append(whole(encoder, some))
            ratio = min(theirs) / min(ours)
            slow |= ratio < LIMIT
            rates = f"whole {n / min(ours):7.1f} a second  bare {n / min(theirs):7.1f}"
            print(f"{encoder.name:<12} {n:6,} contents  {rates}  ratio {ratio:.2f} (at least {LIMIT})")
    raise SystemExit(slow)


if __name__ == "__main__":
    main()
