"""The real data beside the checkout, where it is: counts as stated, imports that survive being killed, known
figures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.workspace import Workspace

KILLS = int(os.environ.get("BRANDFIT_KILLS", "1"))
"""How many times the import is killed; set it higher to be surer."""

IMPORT = """
import re, sys
from brandfit import pipeline
from brandfit.workspace import Workspace
with Workspace(sys.argv[1], create=True) as workspace:
    print("started", flush=True)
    pipeline.import_source(workspace, "instagram-jsonl", sys.argv[2])
# Of this program alone: what getrusage says includes the process that started it.
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read()).group(1), flush=True)
"""


def start(place: Path, data: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", IMPORT, place, data], stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def instagram(shared, tmp_path_factory):
    """(folder of the data, imported workspace, seconds, peak memory in bytes)."""
    data, place = shared / "data" / "instagram", tmp_path_factory.mktemp("real") / "whole"
    began = time.monotonic()
    out, _ = start(place, data).communicate()
    return data, place, time.monotonic() - began, int(out.split()[-1]) * 1024


def test_the_instagram_sample_imports_whole(instagram):
    _, place, _, memory = instagram
    with Workspace(place) as workspace:
        dataset = workspace.dataset()
        counts = (
            len(dataset.influencers),
            len(dataset.posts),
            len(dataset.images),
            dataset.links_of_kinds("comments").num_rows,
        )
        assert counts == (27_233, 31_839, 36_501, 412_923)
        assert not workspace.rejects()
        assert not workspace.damage()
    assert memory < 2e9


def test_importing_it_again_changes_nothing(instagram):
    data, place, *_ = instagram
    with Workspace(place) as workspace:
        before = workspace.fingerprint
        again = pipeline.import_source(workspace, "instagram-jsonl", path=data)
        assert all(change["added"] == change["changed"] == 0 for change in again.changes.values())
        assert workspace.fingerprint == before


def test_killed_at_random_moments_and_imported_again_it_is_the_same(instagram, tmp_path):
    data, whole, seconds, _ = instagram
    with Workspace(whole) as workspace:
        expected = workspace.fingerprint
    random = np.random.default_rng(0)
    for n in range(KILLS):
        place = tmp_path / f"killed-{n}"
        process = start(place, data)
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        time.sleep(random.uniform(0, seconds))
        process.send_signal(signal.SIGKILL)
        process.wait()
        with Workspace(place) as workspace:
            assert workspace.fingerprint in ("", expected)
        start(place, data).communicate()
        with Workspace(place) as workspace:
            assert workspace.fingerprint == expected


def test_released_features_give_the_known_figures(shared, tmp_path):
    with Workspace(tmp_path / "released", create=True) as workspace:
        pipeline.import_source(
            workspace, "released-features", path=shared / "data" / "brand_micro_influencer"
        )
        dataset = workspace.dataset()
        assert (len(dataset.brands), len(dataset.influencers), len(dataset.endorsements)) == (
            286,
            3_075,
            3_385,
        )
        results = pipeline.evaluate(workspace, ["random", "simcos"], protocol="cv5").to_dict()["results"]
        vectors = {"slots.concept": "released.graph"}
        raw = pipeline.evaluate(workspace, ["simcos"], protocol="cv5", data=vectors).to_dict()["results"][
            "simcos"
        ]
    # Bounds: two standard errors over 286 brands around the raw cosine and chance.
    assert results["random"]["AUC"]["mean"] == pytest.approx(0.5, abs=0.02)
    assert raw["AUC"]["mean"] == pytest.approx(0.84, abs=0.015)
    assert raw["Recall@10"]["mean"] == pytest.approx(0.185, abs=0.02)
    assert results["simcos"]["Recall@10"]["mean"] == pytest.approx(
        0.21, abs=0.02
    )  # counts of concepts tell more than mean vectors
