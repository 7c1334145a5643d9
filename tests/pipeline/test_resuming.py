"""What an evaluation left off with: whose it is, and when it goes."""

from __future__ import annotations

import os
import time

import pytest
from filelock import FileLock

from brandfit import pipeline
from brandfit.evaluation.evaluate import SECONDS, Clock
from brandfit.learning.trainer import CHECKPOINT
from brandfit.pipeline.resuming import LOCK, MAX_AGE
from brandfit.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    with Workspace(tmp_path / "demo", create=True) as opened:
        yield opened


def broken_off(workspace, *asked):
    """An evaluation that was broken off, with a checkpoint."""
    folders = []

    def evaluate():
        with pipeline.resumable(workspace, *asked) as folder:
            (folder / "wsim-0-0").mkdir(exist_ok=True)
            (folder / "wsim-0-0" / CHECKPOINT).write_bytes(b"so far")
            folders.append(folder)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate()
    return folders[0]


def test_it_is_there_for_whoever_asks_the_same_and_gone_once_done(workspace):
    left = broken_off(workspace, "rows", ["wsim"])
    for other in (("rows", ["simcos"]), ("other rows", ["wsim"])):
        with pipeline.resumable(workspace, *other) as folder:
            assert folder != left
            assert not list(folder.rglob(CHECKPOINT))
    assert (left / "wsim-0-0" / CHECKPOINT).exists()
    with pipeline.resumable(workspace, "rows", ["wsim"]) as folder:
        assert (folder / "wsim-0-0" / CHECKPOINT).read_bytes() == b"so far"
    assert not list((workspace.path / "training").glob("evaluate-*"))


def test_the_same_at_the_same_time_goes_without(workspace):
    with pipeline.resumable(workspace, "rows") as first:
        with pipeline.resumable(workspace, "rows") as second:
            assert second is None
        assert first.is_dir()
    with pipeline.resumable(workspace, "rows") as third:
        assert third == first


def test_where_nothing_can_be_written_it_goes_without(workspace):
    (workspace.path / "training").write_text("a file, where a folder would be made")
    with pipeline.resumable(workspace, "rows") as folder:
        assert folder is None


def test_nothing_stays_of_who_was_forgotten_meanwhile_or_where_there_is_nothing_to_go_on_from(
    workspace, monkeypatch
):
    with pytest.raises(ValueError, match="wrong"), pipeline.resumable(workspace, "rows") as folder:
        raise ValueError("wrong")
    assert not folder.exists()
    told = iter(("before", "after"))
    monkeypatch.setattr(workspace, "forgotten", lambda: next(told))
    assert not broken_off(workspace, "rows").exists()


def test_what_nobody_goes_on_from_is_swept(workspace):
    left = broken_off(workspace, "rows")
    with pipeline.resumable(workspace, "others"):
        assert left.exists()
    long_ago = time.time() - MAX_AGE - 60
    for file in (left, *left.rglob("*")):
        os.utime(file, (long_ago, long_ago))
    with FileLock(left / LOCK), pipeline.resumable(workspace, "others"):
        pass
    assert left.exists(), "somebody goes on from there"
    for file in (left, *left.rglob("*")):
        os.utime(file, (long_ago, long_ago))
    with pipeline.resumable(workspace, "others"):
        assert not left.exists()


def test_seconds_count_where_a_training_goes_on_and_not_where_it_begins_anew(tmp_path):
    (tmp_path / SECONDS).write_text("1000")
    assert Clock(tmp_path).read() < 1000
    (tmp_path / CHECKPOINT).write_bytes(b"so far")
    assert Clock(tmp_path).read() > 1000
