"""Keys, fingerprints, judged pairs and scores are the same in every process, whatever its hash seed and
number of threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from brandfit import registry
from brandfit.data.dataset import Dataset
from brandfit.evaluation.protocol import PROTOCOLS
from brandfit.rankers import _cross_fitting

SCRIPT = Path(__file__).with_name("identity.py")
OF_FILES = {
    *("image.clip", "image.upernet", "image.vgg16", "image.inception_v3", "image.resnet", "image.mobilenet"),
    *("image.objects_scenes", "audience.objects_scenes", "text.bert", "text.spacy"),
}
"""Encoders that are left out, for their networks take seconds to load: their keys are hashes of files, like
that of image.onnx."""


@pytest.fixture(scope="module")
def processes(tiny_onnx) -> list[dict]:
    """What two fresh interpreters compute, at the same time."""
    settings = {
        "image.onnx": {"path": str(tiny_onnx)},
        "audience.onnx": {"path": str(tiny_onnx)},
    }
    command = [sys.executable, str(SCRIPT), json.dumps({"settings": settings, "left_out": sorted(OF_FILES)})]
    running = [
        subprocess.Popen(
            command,
            env={**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": threads},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed, threads in (("1", "1"), ("2", "2"))
    ]
    found = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    return [json.loads(text) for text in found]


def test_everything_is_computed(processes):
    expected = {
        f"{kind} {name}" for kind in ("encoder", "profiler", "ranker") for name in registry.names(kind)
    }
    expected |= {"import", *(f"protocol {name}" for name in PROTOCOLS)}
    assert expected == processes[0].keys() | {f"encoder {name}" for name in OF_FILES}
    missing = [name for name, value in processes[0].items() if "Error" in str(value)]
    assert not missing


def test_keys_fingerprints_and_judged_pairs_are_the_same_in_every_process(processes):
    one, other = processes
    assert [name for name in one if not name.startswith("ranker") and one[name] != other[name]] == []


def test_the_same_training_gives_the_same_scores_in_every_process(processes):
    one, other = processes
    for name in registry.names("ranker"):
        left, right = one[f"ranker {name}"], other[f"ranker {name}"]
        assert left["state"] == right["state"]
        np.testing.assert_allclose(left["scores"], right["scores"], rtol=1e-3, atol=1e-3, err_msg=name)


def test_moments_are_numbered_alike_by_any_number_of_threads():
    """brandfit deals pairs into parts by these numbers. A table of many chunks is grouped by several threads
    at once."""
    rng = np.random.default_rng(0)
    n = 9_000
    brands, influencers = (
        pa.array([f"{who}{i}" for i in rng.integers(0, most, n)]) for who, most in (("b", 900), ("i", 9_000))
    )
    columns = {
        "id": pa.array(map(str, range(n))),
        "kind": pa.array(["endorses"] * n),
        "source": influencers,
        "target": brands,
    }
    links = Dataset.from_rows().stored_links.schema.empty_table()
    nulls = {field.name: pa.nulls(n, field.type) for field in links.schema if field.name not in columns}
    table = pa.table(
        {field.name: {**columns, **nulls}[field.name] for field in links.schema}, schema=links.schema
    )
    chunked = pa.concat_tables([table.slice(start, 300) for start in range(0, n, 300)])
    before = pa.cpu_count()
    try:
        pa.set_cpu_count(8)
        found = {
            tuple(_cross_fitting._statement_groups(Dataset.from_rows().with_links(chunked))) for _ in range(5)
        }
    finally:
        pa.set_cpu_count(before)
    assert len(found) == 1
