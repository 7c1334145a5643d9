"""Everything that must be the same in every process, as JSON: run by tests/test_identity.py in fresh
interpreters.

    python tests/identity.py '{"settings": {"image.onnx": {"path": "tiny.onnx"}}, "left_out": ["image.clip"]}'

settings: of the encoders that need some; left_out: names of encoders that are left out.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from brandfit import pipeline, registry
from brandfit.data import endorsements
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account
from brandfit.errors import BrandfitError
from brandfit.evaluation.protocol import PROTOCOLS, get
from brandfit.workspace import Workspace

SMALL = {"rounds": 2, "epochs": 1, "folds": 2, "walks": 2}
"""Settings that make training short; of each encoder, profiler and ranker those that it has."""
ENCODED = ("text.hashing", "image.onnx", "concept.bag", "text.profile", "audience.hashing", "engagement")


def main(settings: dict[str, dict[str, str]], left_out: list[str]) -> dict[str, object]:
    """What is computed, by name."""
    with tempfile.TemporaryDirectory() as folder, Workspace(Path(folder) / "w", create=True) as workspace:
        pipeline.import_source(workspace, "sample", settings={"influencers": 16})
        rows = workspace.dataset()
        found: dict[str, object] = {"import": workspace.fingerprint}
        slots = {}
        for name in sorted({*registry.names("encoder")} - {*left_out}):
            found[f"encoder {name}"], features = encoded(name, rows, settings.get(name, {}))
            if features is not None:
                slots[features.slot] = features
        dataset = endorsements.derive(halved(rows)).with_slots(slots)
    for name in registry.names("profiler"):
        found[f"profiler {name}"] = profiled(name, dataset)
    for name in PROTOCOLS:
        found[f"protocol {name}"] = judged(name, dataset)
    for name in registry.names("ranker"):
        found[f"ranker {name}"] = ranked(name, dataset)
    return found


def made(kind: str, name: str, settings: dict[str, str]) -> object:
    cls = registry.load(kind, name)
    fields = cls.Config.__struct_fields__
    return cls(cls.Config.from_settings({**{n: v for n, v in SMALL.items() if n in fields}, **settings}))


def encoded(name: str, dataset: Dataset, settings: dict[str, str]) -> tuple[str, object]:
    """The maker, or the whole key of the Features where encoding is cheap."""
    try:
        encoder = made("encoder", name, settings)
        if name in ENCODED:
            features = encoder.encode(dataset)
            return features.key, features
        encoder.learn(dataset)
        return encoder.maker, None
    except BrandfitError as error:
        return f"{type(error).__name__}: {error}", None


def halved(dataset: Dataset) -> Dataset:
    """Every third brand is the official test part."""
    rows = [Account(**row) for row in dataset.accounts.to_pylist() if row["role"] == "brand"]
    return dataset.with_accounts(
        [replace(row, split="test" if n % 3 == 0 else "train") for n, row in enumerate(rows)]
    )


def profiled(name: str, dataset: Dataset) -> str:
    return made("profiler", name, {}).fit(dataset).maker


def judged(name: str, dataset: Dataset) -> str:
    rules = {"temporal": {"date": "2025-08-01"}, "cv5": {"k": 2}, "expansion": {"min_partners": 2}}
    digest = hashlib.sha256()
    for fold in get(name, rules.get(name)).folds(dataset):
        parts = [
            fold.brands.tolist(),
            fold.candidates.tolist(),
            fold.train.fingerprint,
            fold.test.fingerprint,
            list(fold.notes),
        ]
        digest.update(json.dumps(parts).encode() + fold.relevant.tobytes() + fold.eligible.tobytes())
    return digest.hexdigest()


def ranked(name: str, dataset: Dataset) -> dict[str, object]:
    """What is stored of a trained ranker, and its scores: sums depend on the number of threads in the last
    digits."""
    ranker = made("ranker", name, {}).fit(dataset)
    scores = ranker.score(dataset, dataset.brands[:4], dataset.influencers)
    state = {**ranker.state(), "training": sorted(ranker.training)}
    return {
        "state": json.dumps(state, sort_keys=True, default=str),
        "scores": np.asarray(scores, float).round(4).tolist(),
    }


if __name__ == "__main__":
    print(json.dumps(main(**json.loads(sys.argv[1]))))
