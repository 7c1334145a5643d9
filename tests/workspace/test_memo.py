"""What a workspace keeps in memory: the same objects while nothing changes, new ones as soon as something
does."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.data.features import Features
from brandfit.workspace import Workspace
from brandfit.workspace.cache import Cache


def test_the_latest_few_are_kept():
    memo, made = Cache(x=2), []

    def get(key):
        return memo.get("x", key, lambda: made.append(key) or key.upper())

    assert [get(k) for k in "abaca"] == ["A", "B", "A", "C", "A"]
    assert made == ["a", "b", "c"]  # b went, not a, which had been asked for since
    assert memo.keys("x") == ["a", "c"]
    get("b")
    assert made == ["a", "b", "c", "b"]


def test_what_could_not_be_made_is_tried_again():
    memo, tries = Cache(x=1), []

    def fails():
        tries.append(1)
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            memo.get("x", "a", fails)
    assert len(tries) == 2


def test_one_thread_makes_it_and_the_others_wait():
    memo, made, gate = Cache(x=1), [], threading.Event()

    def make():
        gate.wait(5)
        made.append(1)
        return object()

    found = []
    threads = [threading.Thread(target=lambda: found.append(memo.get("x", "a", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len({id(one) for one in found}) == 1


def test_who_asks_for_something_else_does_not_wait():
    memo, gate, told = Cache(x=2), threading.Event(), []
    slow = threading.Thread(target=lambda: memo.get("x", "slow", lambda: gate.wait(30)))
    slow.start()
    quick = threading.Thread(target=lambda: told.append(memo.get("x", "quick", lambda: "made")))
    quick.start()
    quick.join(10)
    assert told == ["made"]
    assert memo.keys("x") == ["quick"]
    gate.set()
    slow.join()
    assert memo.keys("x") == ["slow", "quick"]
    assert not memo._gates


def test_more_threads_than_connections_read_pictures_at_once(tmp_path):
    with Workspace(tmp_path / "w", create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        hashes = workspace.dataset().images["hash"].to_pylist()[:40]
        wanted = [workspace.picture(hash) for hash in hashes]
        together = threading.Barrier(40)

        def read(hash):
            together.wait(60)
            return workspace.picture(hash), together.wait(60)

        with ThreadPoolExecutor(40) as threads:
            found = [data for data, _ in threads.map(read, hashes)]
        assert found == wanted


def test_first_readers_at_once_find_what_they_look_for(tmp_path):
    """Each takes the rows out anew; neither is in the way of the other."""
    with Workspace(tmp_path / "w", create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        wanted = workspace.dataset().fingerprint
    for _ in range(12):
        shutil.rmtree(tmp_path / "w" / "tables")
        with (
            Workspace(tmp_path / "w") as one,
            Workspace(tmp_path / "w") as other,
            ThreadPoolExecutor(2) as threads,
        ):
            assert {d.fingerprint for d in threads.map(lambda w: w.dataset(), (one, other))} == {wanted}


def test_a_dataset_is_the_same_object_until_rows_or_features_change(tmp_path):
    with Workspace(tmp_path / "w", create=True) as workspace, Workspace(tmp_path / "w") as other:
        pipeline.import_source(workspace, "sample")
        pipeline.encode(workspace, "text.hashing")
        first = pipeline.load(workspace)
        assert pipeline.load(workspace) is first
        assert pipeline.load(workspace, {"endorsements.min_endorsers": 2}) is not first
        assert pipeline.rank(workspace, first.brands[0], ranker="simcos").fingerprint == first.fingerprint

        features = workspace.features("text.hashing")
        other.save(
            Features(
                name="text.hashing",
                ids=features.ids,
                values=features.values * 2,
                level="post",
                columns=features.columns,
                key="",
                slot="text",
            )
        )
        second = pipeline.load(workspace)  # another process wrote Features
        assert second is not first
        np.testing.assert_array_equal(second.slots["text"].values, features.values * 2)
        other.save(
            Features(
                name="text.hashing",
                ids=features.ids,
                values=features.values * 3,
                level="post",
                columns=features.columns,
                key="",
                slot="text",
            )
        )
        np.testing.assert_array_equal(
            pipeline.load(workspace).slots["text"].values, features.values * 3
        )  # under the same key

        folder = tmp_path / "more"
        folder.mkdir()
        (folder / "accounts.csv").write_text("id,role,followers\nnew.face,influencer,9000\n")
        pipeline.import_source(other, "folder", path=folder)
        assert "new.face" in pipeline.load(workspace).influencers


def test_a_model_is_read_again_when_it_was_trained_again(tmp_path):
    with Workspace(tmp_path / "w", create=True) as workspace, Workspace(tmp_path / "w") as other:
        pipeline.import_source(workspace, "sample")
        pipeline.encode(workspace, "text.hashing")
        pipeline.train(workspace, "brandfit")
        first, _ = pipeline.fitted(workspace, "brandfit")
        assert pipeline.fitted(workspace, "brandfit")[0] is first
        pipeline.train(other, "brandfit", settings={"strength": "5"})
        second, _ = pipeline.fitted(workspace, "brandfit")
        assert second is not first
        assert second.config.strength == 5
