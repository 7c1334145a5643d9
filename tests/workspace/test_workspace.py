"""Rows, Features and models on disk: whole or not at all, the same however often, and damage is named."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
import warnings
from contextlib import closing
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import sqlalchemy as sa

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.pictures import imported
from brandfit.data.schema import SCHEMA_VERSION, Account, Link, Picture, Post, Reject
from brandfit.errors import UnknownName, WorkspaceError
from brandfit.workspace import Workspace, migrations, tables
from brandfit.workspace.workspace import DATABASE


def rows(followers: int = 9000) -> list:
    return [
        Account(id="northpeak", role="brand", biography="Boots"),
        Account(id="mila.trails", followers=followers, category="travel"),
        Post(
            id="p1",
            account="mila.trails",
            caption="Up! ⛰",
            hashtags=["hike"],
            mentions=["northpeak"],
            disclosed=True,
            likes=3,
        ),
        Post(id="p2", account="mila.trails", caption=None, disclosed=False),
        Link(id="e1", kind="endorses", source="mila.trails", target="northpeak", post="p1", weight=0.03),
    ]


def picture(make_jpeg, post: str = "p1", position: int = 0, colour: str = "red") -> tuple:
    return imported(
        Picture(
            post=post, position=position, data=make_jpeg(colour), source="a.jpg", file="posts.csv", line=2
        )
    )


@pytest.fixture
def workspace(tmp_path):
    with Workspace(tmp_path / "w", create=True) as opened:
        yield opened


def test_rows_come_back_as_they_were_written(workspace, make_jpeg):
    image, data = picture(make_jpeg)
    workspace.write("a", [*rows(), (image, data)])
    dataset = workspace.dataset()
    expected = Dataset.from_rows(
        rows()[:2], rows()[2:4], images=[image], links=rows()[4:], pictures={image.hash: data}
    )
    assert dataset.fingerprint == expected.fingerprint == workspace.fingerprint
    for name in ("accounts", "posts", "images", "stored_links"):
        assert getattr(dataset, name).to_pylist() == getattr(expected, name).to_pylist()
        assert getattr(dataset, name).schema.equals(getattr(expected, name).schema)
    assert dataset.picture(image.hash) == data


def test_importing_twice_changes_nothing_and_a_changed_row_is_updated(workspace):
    first = workspace.write("a", rows())
    assert first["accounts"] == {"seen": 2, "added": 2, "changed": 0, "unchanged": 0}
    before = workspace.fingerprint
    assert workspace.write("a", rows())["accounts"] == {"seen": 2, "added": 0, "changed": 0, "unchanged": 2}
    assert workspace.fingerprint == before
    assert workspace.write("a", rows(followers=9001))["accounts"] == {
        "seen": 2,
        "added": 0,
        "changed": 1,
        "unchanged": 1,
    }
    assert workspace.fingerprint != before
    assert workspace.dataset().account("mila.trails")["followers"] == 9001


def test_the_order_of_rows_does_not_change_the_fingerprint(tmp_path):
    with Workspace(tmp_path / "a", create=True) as a, Workspace(tmp_path / "b", create=True) as b:
        a.write("x", rows())
        b.write("x", rows()[::-1])
        assert a.fingerprint == b.fingerprint


def test_an_error_in_the_middle_leaves_the_workspace_as_it_was(workspace, monkeypatch):
    monkeypatch.setattr(tables, "BATCH", 1)
    workspace.write("a", rows()[:1])
    before = workspace.fingerprint

    def broken():
        yield from rows()
        raise RuntimeError("the source broke off")

    with pytest.raises(RuntimeError, match="broke off"):
        workspace.write("a", broken())
    assert workspace.fingerprint == before
    assert len(workspace.dataset().accounts) == 1


def told(found: list[dict]) -> list[tuple]:
    return [(r["source"], r["file"], r["line"], r["reason"]) for r in found]


def test_rejects_belong_to_their_import_and_are_replaced_by_the_next_of_the_same_source(workspace):
    before = time.time()
    workspace.write("a", [*rows(), Reject("a.csv", 3, "no handle", ",,,"), Reject("a.csv", 9, "no handle")])
    of_a = [("a", "a.csv", 3, "no handle"), ("a", "a.csv", 9, "no handle")]
    assert told(workspace.rejects()) == of_a
    workspace.write("b", rows())
    assert workspace.rejects() == []  # the last import left nothing out
    assert told(workspace.rejects(earlier=True)) == of_a
    last, first = workspace.imports()
    assert [(one["source"], one["rejects"]) for one in (last, first)] == [("b", 0), ("a", 2)]
    assert before <= first["time"] <= last["time"] <= time.time()
    assert told(workspace.rejects(of=first["id"])) == of_a
    workspace.write("a", [*rows(), Reject("a.csv", 9, "no handle")])
    assert told(workspace.rejects()) == told(workspace.rejects(earlier=True)) == of_a[1:]


def test_an_import_that_fails_leaves_the_rejects_of_others_to_them(workspace):
    workspace.write("a", [*rows(), Reject("a.csv", 3, "no handle")])

    def broken():
        yield Reject("b.csv", 1, "not text")
        raise RuntimeError("the source broke off")

    with pytest.raises(RuntimeError, match="broke off"):
        workspace.write("b", broken())
    assert [one["source"] for one in workspace.imports()] == ["a"]
    assert told(workspace.rejects()) == [("a", "a.csv", 3, "no handle")]


def test_rejects_of_an_older_workspace_are_kept_as_earlier_ones(tmp_path):
    with Workspace(tmp_path / "w", create=True) as opened:
        opened.write("a", rows())
        before = opened.fingerprint
    old = [
        ("a", "a.csv", 3, "no handle", ",,,"),
        ("b", "b.csv", 1, "not text", ""),
        ("a", "a.csv", 9, "no handle", ""),
    ]
    with closing(sqlite3.connect(tmp_path / "w" / DATABASE)) as connection:
        connection.execute("DROP TABLE rejects")
        connection.execute("DROP TABLE imports")
        fields = ", ".join(f"{name} TEXT NOT NULL" for name in ("source", "file", "reason", "excerpt"))
        connection.execute(f"CREATE TABLE rejects ({fields}, line INTEGER NOT NULL)")
        connection.execute("CREATE INDEX ix_rejects_source ON rejects (source)")
        connection.executemany(
            "INSERT INTO rejects (source, file, line, reason, excerpt) VALUES (?, ?, ?, ?, ?)", old
        )
        connection.commit()
    for _ in range(2):
        with Workspace(tmp_path / "w") as opened:
            assert opened.fingerprint == before
            assert opened.rejects() == []  # nobody knows which import was the last
            found = told(opened.rejects(earlier=True))
            assert found == [
                ("b", "b.csv", 1, "not text"),
                ("a", "a.csv", 3, "no handle"),
                ("a", "a.csv", 9, "no handle"),
            ]
            assert {one["time"] for one in opened.imports()} == {None}
            assert not opened.damage()


KILLED = textwrap.dedent("""
    import sys
    from brandfit.data.schema import Account, Link, link_id
    from brandfit.workspace import Workspace
    def records():
        for n in range(60_000):
            yield Account(id=f"a{n}", followers=n)
            yield Link(id=link_id("follows", f"a{n}", target="b"), kind="follows", source=f"a{n}", target="b")
    with Workspace(sys.argv[1], create=True) as workspace:
        print("started", flush=True)
        workspace.write("big", records())
        print("done", flush=True)
""")


def test_killed_at_any_moment_the_workspace_is_as_before_or_complete(tmp_path):
    script = tmp_path / "import.py"
    script.write_text(KILLED)
    subprocess.run([sys.executable, script, tmp_path / "whole"], check=True, capture_output=True)
    with Workspace(tmp_path / "whole") as whole:
        expected = whole.fingerprint
    place = tmp_path / "killed"
    random = np.random.default_rng(0)
    for _ in range(4):
        process = subprocess.Popen([sys.executable, script, place], stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"started\n"
        time.sleep(random.uniform(0.0, 1.0))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with Workspace(place) as left:
            assert left.fingerprint in ("", expected)
            assert not left.damage()
    subprocess.run([sys.executable, script, place], check=True, capture_output=True)
    with Workspace(place) as again:
        assert again.fingerprint == expected
        assert not again.damage()


def test_a_second_writer_is_told_to_wait(workspace, monkeypatch):
    workspace.write("a", rows()[:1])
    other = sqlite3.connect(workspace.path / DATABASE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    @sa.event.listens_for(workspace.engine, "checkout")
    def hurry(connection, _record, _proxy):
        connection.execute("PRAGMA busy_timeout=50")

    with pytest.raises(WorkspaceError, match="Another process is writing"):
        workspace.write("a", rows())
    other.execute("ROLLBACK")
    other.close()
    workspace.write("a", rows())


def features(n: int = 3, key: str = "m-1", name: str = "text.test") -> Features:
    values = np.arange(n * 2, dtype=np.float32).reshape(n, 2)
    return Features(
        name=name,
        ids=np.array([f"p{i}" for i in range(n)], dtype=object),
        values=values,
        level="post",
        columns=("a", "b"),
        key=key,
        slot="text",
    )


def test_features_come_back_memory_mapped_and_equal(workspace):
    saved = workspace.save(features())
    assert isinstance(saved.values, np.memmap)
    for found in (saved, workspace.features("text.test"), workspace.load("text.test", "m-1")):
        assert found.ids.tolist() == ["p0", "p1", "p2"]
        np.testing.assert_array_equal(found.values, features().values)
        assert (found.level, found.columns, found.key, found.slot) == ("post", ("a", "b"), "m-1", "text")
    assert workspace.load("text.test", "m-2") is None
    with pytest.raises(UnknownName, match=r"text\.tset"):
        workspace.features("text.tset")


def test_what_features_have_learned_from_is_kept(workspace):
    workspace.save(replace(features(), learned_from=("accounts", "endorsements")))
    assert workspace.features("text.test").learned_from == ("accounts", "endorsements")


def test_features_of_the_same_maker_replace_the_old_ones(workspace):
    workspace.save(features(3, "m-1"))
    workspace.save(features(4, "m-2"))
    workspace.save(features(2, "other-2"))
    assert len(workspace.features("text.test")) == 2
    assert workspace.load("text.test", "m-1") is None
    assert len(workspace.load("text.test", "m-2")) == 4


@pytest.mark.parametrize("file", ["values.npy", "ids.msgpack", "manifest.json"])
def test_a_damaged_file_is_detected_and_named(workspace, file):
    workspace.write("a", rows())
    workspace.save(features())
    path = workspace.path / "features" / "text.test" / "m-1" / file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(WorkspaceError, match=file):
        workspace.features("text.test")
    assert any(file in sentence for sentence in workspace.damage())
    workspace.save(features())
    assert not workspace.damage()


def test_a_damaged_chunk_of_units_is_dropped_and_the_others_kept(workspace):
    for n in range(2):
        workspace.add_units("m", np.full((2, 16), n, np.uint8), np.full((2, 3), n, np.float32))
    chunks = sorted((workspace.path / "units" / "m").iterdir())
    chunks[0].write_bytes(chunks[0].read_bytes()[:-1] + b"\x77")
    assert any(str(chunks[0]) in sentence for sentence in workspace.damage())
    assert len(list(workspace.units("m"))) == 1
    assert not workspace.damage()


def test_a_row_changed_from_outside_is_detected_and_named(workspace):
    workspace.write("a", rows())
    with sqlite3.connect(workspace.path / DATABASE) as outside:
        outside.execute("UPDATE accounts SET followers = 1 WHERE id = 'mila.trails'")
    outside.close()
    assert any("mila.trails" in sentence for sentence in workspace.damage())


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path):
    (tmp_path / DATABASE).write_bytes(b"this is no database" * 100)
    with pytest.raises(WorkspaceError, match="cannot be read as a workspace"):
        Workspace(tmp_path)


def test_a_workspace_that_may_not_be_written_to_is_not_called_broken(workspace, monkeypatch):
    def refuse(connection):
        raise sa.exc.OperationalError(
            "x", {}, sqlite3.OperationalError("attempt to write a readonly database")
        )

    message = "cannot be written to: attempt to write a readonly database"
    with monkeypatch.context() as patch:
        # When it is opened, if there is something to write, and when it is written to.
        patch.setattr("brandfit.workspace.migrations.is_current", lambda *_: False)
        patch.setattr("brandfit.workspace.migrations.migrate", refuse)
        with pytest.raises(WorkspaceError, match=message) as raised:
            Workspace(workspace.path)
    assert "right to write" in raised.value.hint

    @sa.event.listens_for(workspace.engine, "checkout")
    def protect(connection, _record, _proxy):
        connection.execute("PRAGMA query_only=1")

    with pytest.raises(WorkspaceError, match=message):
        workspace.write("a", rows())


def test_no_workspace_says_how_to_make_one(tmp_path):
    with pytest.raises(WorkspaceError, match="brandfit import sample"):
        Workspace(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_an_older_schema_is_migrated_by_named_functions_and_a_newer_one_refused(workspace, monkeypatch):
    workspace.write("a", rows())
    path = workspace.path
    workspace.close()
    steps = []

    def add_language(connection):
        connection.exec_driver_sql("ALTER TABLE accounts ADD COLUMN language TEXT")
        steps.append("add_language")

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
        patch.setattr(migrations.migrate, "__defaults__", (SCHEMA_VERSION + 1,))
        with pytest.raises(WorkspaceError, match="cannot bring"):
            Workspace(path)
        patch.setitem(migrations.MIGRATIONS, SCHEMA_VERSION, add_language)
        Workspace(path).close()
        Workspace(path).close()
    assert steps == ["add_language"]
    with pytest.raises(WorkspaceError, match="newer Brandfit"):
        Workspace(path)


def own(values: np.ndarray, **fields) -> Features:
    ids = np.array([row.id for row in rows() if isinstance(row, Account)], dtype=object)
    return Features("mine", ids, np.full((len(ids), 2), values, np.float32), **{"level": "account", **fields})


def test_other_vectors_under_the_same_name_have_another_key(workspace):
    workspace.write("a", rows())
    first = workspace.save(own(1))
    assert first.key.startswith("imported-")
    assert workspace.save(own(1)).key == first.key
    dataset = workspace.dataset()
    fingerprint = dataset.with_slots({"text": first}).fingerprint
    others = [
        own(2),
        own(1, slot="text"),
        own(1, columns=("a", "b")),
        replace(own(1), ids=own(1).ids[::-1].copy()),
    ]
    for other in others:
        saved = workspace.save(other)
        assert saved.key != first.key
        assert dataset.with_slots({"text": saved}).fingerprint != fingerprint
        assert dataset.with_slots({"text": other}).fingerprint != fingerprint  # before it is saved
    assert len(list((workspace.path / "features" / "mine").iterdir())) == 2  # the version, and its name


def test_features_that_were_saved_without_a_key_still_open(workspace, monkeypatch):
    workspace.write("a", rows())
    with monkeypatch.context() as patch:
        patch.setattr(Features, "with_key", lambda self: self)
        workspace._features.put(
            "mine",
            "imported",
            files={
                "ids.msgpack": lambda p: p.write_bytes(msgspec.msgpack.encode(own(1).ids.tolist())),
                "values.npy": lambda p: np.save(p, own(1).values),
            },
            info={
                "name": "mine",
                "level": "account",
                "slot": "",
                "rows": 2,
                "dim": 2,
                "columns": [],
                "key": "",
            },
        )
    assert workspace.features("mine").key == ""
    saved = workspace.save(own(2))
    assert workspace.features("mine").key == saved.key != ""
    assert workspace._features.versions("mine") == [saved.key]


def test_a_slot_or_level_that_does_not_exist_is_refused_with_those_that_do(workspace):
    workspace.write("a", rows())
    with pytest.raises(UnknownName, match="picture"):
        workspace.save(own(1, slot="pictures"))
    with pytest.raises(UnknownName, match="account"):
        own(1, level="accounts")
    assert workspace.feature_names() == []


def test_ids_without_a_row_and_rows_of_zeros_are_named(workspace):
    workspace.write("a", rows())
    features = own(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        workspace.save(features)
    strange = replace(features, ids=np.array(["no.such", *features.ids[1:]], dtype=object))
    with pytest.warns(
        UserWarning, match=f"1 of {len(strange)} ids are no account of the workspace.*'no.such'"
    ):
        workspace.save(strange)
    with pytest.warns(UserWarning, match="ids are no post of the workspace"):
        workspace.save(own(1, level="post"))
    features.values[1] = 0
    with pytest.warns(UserWarning, match=f"1 of {len(features)} rows hold only zeros.*{features.ids[1]!r}"):
        workspace.save(features)
