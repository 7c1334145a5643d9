"""What is shown while something is written: the workspace as it was, until what is new can be shown as
quickly."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the service comes with the extra service")

from brandfit import pipeline
from brandfit.data.features import Features
from brandfit.data.schema import Account
from brandfit.errors import BrandfitError, UnknownName
from brandfit.service import snapshot
from brandfit.service.snapshot import Snapshot, SnapshotHolder
from brandfit.workspace import Workspace

BRAND = "northpeak.outdoor"


@pytest.fixture
def folder(sample, tmp_path) -> Path:
    return shutil.copytree(sample, tmp_path / "work")


@pytest.fixture
def live(folder):
    with Workspace(folder) as workspace:
        yield workspace


def newcomer(live: Workspace, id: str = "new.one") -> None:
    live.write("by hand", [Account(id=id, role="influencer", followers=9000)])


def test_a_snapshot_stays_as_it_was(live):
    before = Snapshot(live)
    ranking = pipeline.rank(before, BRAND)
    newcomer(live)
    rows = Features(
        "text.other", np.array([BRAND], dtype=object), np.ones((1, 3), np.float32), "account", slot="text"
    )
    live.save(rows)
    pipeline.train(live, "brandfit", seed=7)
    after = Snapshot(live)
    assert before.stamp != after.stamp == live.stamp
    assert before.fingerprint != after.fingerprint == live.fingerprint
    assert (
        "new.one" in pipeline.load(before).influencers,
        "new.one" in pipeline.load(after).influencers,
    ) == (False, True)
    assert set(after.feature_names()) - set(before.feature_names()) == {"text.other"}
    assert before.model_info("brandfit")["seed"] != after.model_info("brandfit")["seed"] == 7
    again = pipeline.rank(before, BRAND)
    assert again.candidates.tolist() == ranking.candidates.tolist()
    assert np.array_equal(again.scores, ranking.scores)
    with pytest.raises(UnknownName, match=r"text\.other"):
        before.load_model("text.other")


def test_of_nothing_there_is_nothing_to_show(tmp_path):
    with Workspace(tmp_path / "empty", create=True) as live:
        empty = Snapshot(live)
        assert (empty.fingerprint, empty.feature_names(), empty.model_names()) == ("", [], [])
        with pytest.raises(BrandfitError, match="is empty"):
            empty.dataset()


def test_a_model_that_cannot_be_read_keeps_nothing_else_from_being_shown(live, folder):
    (file,) = (folder / "models" / "brandfit").glob("*/model.safetensors")
    file.write_bytes(file.read_bytes()[:-1])
    found = Snapshot(live)
    assert len(pipeline.rank(found, BRAND, ranker="simcos"))
    with pytest.raises(BrandfitError, match=r"model\.safetensors"):
        found.load_model("brandfit")


@pytest.fixture
def slow(monkeypatch):
    """Getting warm takes as long as it is told to."""
    gate = threading.Event()
    gate.set()
    monkeypatch.setattr(snapshot, "warm", lambda *_: gate.wait(30))
    monkeypatch.setattr(snapshot, "EVERY", 0.02)
    yield gate
    gate.set()


def test_what_another_process_wrote_is_shown_once_it_is_warm(folder, live, slow, until):
    place = SnapshotHolder(folder)
    place.begin(lambda: False)
    try:
        until(lambda: isinstance(place.current, Snapshot))
        slow.clear()
        old = place.current
        newcomer(live)
        assert not slow.wait(0.3)
        assert place.current is old
        slow.set()
        until(lambda: place.current.stamp == live.stamp)
        assert "new.one" in place.current.dataset().influencers
    finally:
        place.end()


def test_the_brands_that_were_looked_at_are_warm_before(folder, live, monkeypatch, until):
    warmed = []
    monkeypatch.setattr(snapshot, "warm", lambda workspace, brands: warmed.append(brands))
    place = SnapshotHolder(folder)
    place.renew()
    others = [b for b in pipeline.load(place.current).brands.tolist() if b != BRAND][:1]
    for brand in (*others, BRAND):
        pipeline.rank(place.current, brand)
    newcomer(live)
    place.renew()
    assert warmed == [[], [BRAND, *others]]
    monkeypatch.undo()
    fresh = Snapshot(live)
    snapshot.warm(fresh, [BRAND, "gone.brand"])
    assert pipeline.lately_ranked(fresh) == [BRAND]
    place.end()


def test_while_a_job_writes_nothing_is_shown_of_it(folder, live, slow, until):
    busy = threading.Event()
    busy.set()
    place = SnapshotHolder(folder)
    place.begin(busy.is_set)
    try:
        until(lambda: isinstance(place.current, Snapshot))
        newcomer(live)
        time.sleep(0.3)
        assert "new.one" not in place.current.dataset().influencers
        place.renew()  # as the job does at its end
        assert "new.one" in place.current.dataset().influencers
    finally:
        place.end()


def test_who_is_forgotten_is_not_shown_for_a_moment_longer(folder, live, slow, until):
    place = SnapshotHolder(folder)
    place.begin(lambda: False)
    try:
        newcomer(live)
        until(lambda: isinstance(place.current, Snapshot) and place.current.stamp == live.stamp)
        slow.clear()
        pipeline.forget(live, ["new.one"])
        until(lambda: "new.one" not in place.current.dataset().influencers)
        assert not slow.is_set()
    finally:
        slow.set()
        place.end()


def test_the_first_rows_are_shown_at_once(tmp_path, slow, until):
    with Workspace(tmp_path / "work", create=True) as live:
        place = SnapshotHolder(live.path)
        place.begin(lambda: False)
        try:
            until(lambda: isinstance(place.current, Snapshot))
            slow.clear()
            newcomer(live)
            until(lambda: place.current.fingerprint == live.fingerprint)
        finally:
            slow.set()
            place.end()
