"""Importing a list again: what is new, changed and gone; removing what is gone; undoing the last import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brandfit import pipeline
from brandfit.data import schema
from brandfit.data.schema import Account, Link, Post
from brandfit.erasure import forget
from brandfit.errors import UnknownName, WorkspaceError
from brandfit.workspace import Workspace
from brandfit.workspace import tables as stored_tables

FIELD = Path(__file__).resolve().parents[1] / "field"


@pytest.fixture
def place(tmp_path):
    return tmp_path / "work"


@pytest.fixture
def bring(tmp_path, place):
    """Import a list under one path."""

    def run(text: str, name: str = "list.csv", **options):
        file = tmp_path / name
        file.write_text(text, "utf-8")
        return pipeline.import_source(place, "folder", path=file, **options)

    return run


def tables(place) -> dict[str, list]:
    with Workspace(place) as workspace:
        dataset = workspace.dataset()
        return {name: getattr(dataset, name).to_pylist() for name in ("accounts", "posts", "links", "images")}


def ids(place) -> set[str]:
    return {row["id"] for row in tables(place)["accounts"]}


def test_what_a_list_does_not_state_any_more_is_named_and_removed_if_asked(bring, place):
    bring((FIELD / "57-reimport-1" / "accounts.csv").read_text())
    second = (FIELD / "57-reimport-2" / "accounts.csv").read_text()
    result = bring(second)
    assert result.merging.gone["accounts"].to_dict() == {
        "count": 1,
        "examples": ["otto.peaks"],
        "removed": 0,
        "unrecorded": "",
    }
    assert any(
        "Gone: 1 account" in note and "otto.peaks" in note and "--prune" in note for note in result.warnings
    )
    assert ids(place) == {"mila.tastes", "otto.peaks"}
    # Asked for later: it is still known what is gone.
    result = bring(second, prune=True)
    assert result.merging.gone["accounts"].removed == 1
    assert ids(place) == {"mila.tastes"}
    assert not bring(second).merging.gone


def test_what_another_source_states_or_names_stays(bring, place):
    bring("handle,followers\nana,1\nbo,2\ncara,3\n")
    bring("handle,followers\nbo,2\n", "other.csv")
    bring("id,account,caption\np1,cara,hello\n", "posts.csv")
    result = bring("handle,followers\nana,1\n", prune=True)
    assert result.merging.gone["accounts"].to_dict() == {
        "count": 1,
        "examples": ["cara"],
        "removed": 0,
        "unrecorded": "",
    }
    assert any("because posts or links name them" in note or "--prune" in note for note in result.warnings)
    assert ids(place) == {"ana", "bo", "cara"}


def test_changes_are_named_with_examples(bring):
    bring("handle,followers,bio\nana,1,a\nbo,2,b\n")
    result = bring("handle,followers,bio\nana,5,a\nbo,2,c\n")
    assert result.changes["accounts"]["changed"] == 2
    (note,) = [note for note in result.warnings if note.startswith("Accounts changed")]
    assert "followers of ana (1 to 5)" in note
    assert "biography of bo" in note
    assert "biography of bo (" not in note


def test_the_last_import_can_be_undone_once(bring, place):
    bring("handle,followers,status\nana,1,x\nbo,2,y\n")
    before = tables(place)
    with Workspace(place) as workspace:
        fingerprint, imports = workspace.fingerprint, workspace.imports()
    bring("handle,followers,status\nana,9,z\ncara,3,\nnot a handle,4,\n", prune=True)
    assert ids(place) == {"ana", "cara"}
    undone = pipeline.undo(place)
    assert (undone.removed["accounts"], undone.restored["accounts"], undone.returned["accounts"]) == (1, 1, 1)
    assert tables(place) == before
    with Workspace(place) as workspace:
        assert (workspace.fingerprint, workspace.imports()) == (fingerprint, imports)
        assert workspace.rejects(earlier=True) == []
        assert not workspace.damage()
    with pytest.raises(WorkspaceError, match="no import to undo"):
        pipeline.undo(place)


def test_the_first_import_can_be_undone(bring, place):
    bring("handle,followers\nana,1\n")
    pipeline.undo(place)
    with Workspace(place) as workspace:
        assert workspace.fingerprint == ""
    bring("handle,followers\nbo,1\n")
    assert ids(place) == {"bo"}


def test_forgotten_accounts_do_not_come_back(bring, place):
    bring("handle,followers\nana,1\nbo,2\n")
    bring("handle,followers\nana,5\nbo,6\n")
    with Workspace(place) as workspace:
        forget(workspace, ["ana"])
        with workspace.engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM undo_rows").scalar_one() == 0
            stored = connection.exec_driver_sql(
                "SELECT keys FROM import_keys WHERE \"table\" = 'accounts'"
            ).scalars()
            assert sorted(len(keys) // 8 for keys in stored) == [1]
    with pytest.raises(WorkspaceError, match="not after an account was forgotten"):
        pipeline.undo(place)


def test_forgetting_clears_the_columns_of_other_accounts(bring, place):
    bring(
        "handle,followers,city,Note,bio\n"
        "ana,1,,,\n"
        'bo,2,near @ana,"Ask\n@ana, not @anna",\n'
        "cara,3,,friend of ana,\n"
        "dan,4,,,with @ana\n"
    )
    with Workspace(place) as workspace:
        result = forget(workspace, ["ana"])
        assert result.rows["redacted"] == 3
        accounts = {row["id"]: row for row in workspace.dataset().accounts.to_pylist()}
        assert dict(accounts["bo"]["attributes"]) == {"Note": "Ask\n@…, not @anna"}
        assert accounts["bo"]["city"] == "near @…"
        assert dict(accounts["cara"]["attributes"]) == {"Note": "friend of …"}
        assert not workspace.damage()
    assert "ana" not in ids(place)


def test_a_removed_account_can_be_forgotten(bring, place):
    bring("handle,followers,bio\nana,1,Knits hats from purple wool\nbo,2,\n")
    bring("handle,followers\nbo,2\n", prune=True)
    assert ids(place) == {"bo"}
    with Workspace(place) as workspace:
        forget(workspace, ["ana"])
    assert b"purple wool" not in b"".join(file.read_bytes() for file in place.rglob("*") if file.is_file())
    with pytest.raises(WorkspaceError, match="no import to undo"):
        pipeline.undo(place)
    bring("handle,followers\nana,1\nbo,2\n", "other.csv")
    assert ids(place) == {"bo"}
    with Workspace(place) as workspace, pytest.raises(UnknownName):
        forget(workspace, ["nobody.here"])


def test_nothing_is_removed_that_an_unrecorded_import_may_state(bring, place):
    bring("handle,followers\nana,1\nbo,2\n")
    bring("handle,followers\nbo,2\n", "other.csv")
    with Workspace(place) as workspace, workspace.engine.begin() as connection:
        other = "SELECT id FROM imports WHERE source LIKE '%other.csv'"
        connection.exec_driver_sql(f"DELETE FROM import_keys WHERE import_id IN ({other})")
    result = bring("handle,followers\nana,1\n", prune=True)
    gone = result.merging.gone["accounts"]
    assert (gone.count, gone.removed) == (1, 0)
    assert gone.unrecorded.endswith("other.csv")
    assert any(
        "They stay, because" in note and "other.csv may state them" in note for note in result.warnings
    )
    assert ids(place) == {"ana", "bo"}
    # The list that was imported by an earlier version: what is gone from it is not known.
    result = bring("handle,followers\nbo,2\n", "other.csv")
    assert any("did not record its rows" in note for note in result.warnings)
    result = bring("handle,followers\nana,1\n", prune=True)
    assert ids(place) == {"ana", "bo"}
    assert not result.merging.gone


def test_undoing_a_correction_brings_back_the_rejects(bring, place, tmp_path):
    bring("handle,followers\nana,1\nnot a handle,2\n")
    with Workspace(place) as workspace:
        (reject,) = workspace.rejects()
    corrected = f"handle,followers,why rejected,rejected row\nbo,2,x,{reject['import']}-{reject['number']}\n"
    bring(corrected, "corrected.csv")
    with Workspace(place) as workspace:
        assert workspace.rejects(earlier=True) == []
        workspace.undo()
        assert workspace.rejects(earlier=True) == [reject]
    assert ids(place) == {"ana"}
    # The same file again: the reject has its old number.
    bring(corrected, "corrected.csv")
    with Workspace(place) as workspace:
        assert workspace.rejects(earlier=True) == []


def test_a_corrected_row_never_removes_the_reject_of_another_import(bring, place):
    bring("handle,followers\nana,1\nnot a handle,2\n")
    with Workspace(place) as workspace:
        (reject,) = workspace.rejects()
    # The list again: the reject is a new one, under the number of the old one.
    bring("handle,followers\nana,1\nanother bad row,2\n")
    number = f"{reject['import']}-{reject['number']}"
    bring(f"handle,followers,why rejected,rejected row\nbo,2,x,{number}\n", "corrected.csv")
    with Workspace(place) as workspace:
        assert len(workspace.rejects(earlier=True)) == 1


def test_pictures_of_removed_posts_stay_until_the_next_import(tmp_path, place, make_jpeg):
    folder = tmp_path / "list"
    folder.mkdir()
    (folder / "p1.jpg").write_bytes(make_jpeg())
    (folder / "posts.csv").write_text("id,account,image\np1,ana,p1.jpg\np2,ana,\n", "utf-8")
    pipeline.import_source(place, "folder", path=folder)
    before = tables(place)
    (folder / "posts.csv").write_text("id,account,image\np2,ana,\n", "utf-8")
    pipeline.import_source(place, "folder", path=folder, prune=True)
    assert not tables(place)["images"]
    with Workspace(place) as workspace:
        workspace.undo()
        assert workspace.picture(before["images"][0]["hash"])
        assert tables(place) == before
    for _ in range(2):
        pipeline.import_source(place, "folder", path=folder, prune=True)
    with Workspace(place) as workspace, pytest.raises(KeyError):
        workspace.picture(before["images"][0]["hash"])


def test_another_import_is_not_taken_back_in_place_of_the_one_that_is_meant(bring, place):
    first = bring("handle,followers\nana,1\n").to_dict()["import"]
    bring("handle,followers\nbo,1\n", "other.csv")
    with pytest.raises(WorkspaceError, match=r"is not the last one: .*other.csv"):
        pipeline.undo(place, first)
    assert ids(place) == {"ana", "bo"}


def test_reading_does_not_wait_for_an_import_and_undo_says_why_it_cannot(bring, place, monkeypatch):
    monkeypatch.setattr(stored_tables, "PATIENCE", 0.2)
    bring("handle,followers\nana,1\n")
    with Workspace(place) as writing, stored_tables.writing(writing.engine) as connection:
        connection.exec_driver_sql("DELETE FROM accounts")
        # Another process would open the workspace like this.
        assert ids(place) == {"ana"}
        with pytest.raises(WorkspaceError, match="Another process is writing"):
            pipeline.undo(place)
        connection.rollback()


def test_undo_in_another_process(bring, place):
    bring("handle,followers\nana,1\n")
    before = tables(place)
    bring("handle,followers\nana,2\nbo,1\n", prune=True)
    code = f"from brandfit import pipeline; print(pipeline.undo({str(place)!r}).removed['accounts'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
    assert tables(place) == before


def test_rows_of_the_first_version_have_the_same_hashes(bring, place):
    """Hashes that version 1 wrote: a workspace that is migrated is not damaged and not out of date."""
    account = Account(
        id="mila.tastes",
        name="Mila",
        biography="Bread, cakes",
        category="food",
        followers=9000,
        seen=16 * 10**8,
    )
    rows = {
        "87c59eca5300a759beead6cb0bf082ed": account,
        "19eb96560bbb521ab8490f49561b8c50": Account(id="otto.peaks"),
        "1e3365bdfeb09a91fd97eaa6742b929d": Post(
            id="p1", account="mila.tastes", caption="Up #x", hashtags=["x"], likes=3
        ),
        "762ca29296056664e6b15736c9547f4c": Link(
            id="e", kind="endorses", source="m", target="n", time=5, weight=0.5
        ),
    }
    for digest, row in rows.items():
        assert schema.row_hash(row).hex() == digest
    # The database as version 1 made it: without the new columns and tables.
    with Workspace(place, create=True) as workspace:
        workspace.write("a", rows.values())
        fingerprint = workspace.fingerprint
        with workspace.engine.begin() as connection:
            for name in ("price", "currency", "country", "city", "engagement_rate", "attributes"):
                connection.exec_driver_sql(f"ALTER TABLE accounts DROP COLUMN {name}")
            connection.exec_driver_sql('ALTER TABLE rejects DROP COLUMN "row"')
            connection.exec_driver_sql("DROP TABLE import_keys")
            connection.exec_driver_sql("DROP TABLE undo_rows")
            connection.exec_driver_sql("DELETE FROM meta WHERE key = 'undo'")
            connection.exec_driver_sql("UPDATE meta SET value = '1' WHERE key = 'schema_version'")
    with Workspace(place) as workspace:
        assert workspace.fingerprint == fingerprint
        assert not workspace.damage()
        assert workspace.dataset().account("mila.tastes")["attributes"] == {}
        workspace.write("a", rows.values())
        assert workspace.fingerprint == fingerprint


ROWS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.integers(1, 9), st.sampled_from(["", "x", "y"])), max_size=8
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(ROWS, st.booleans(), st.sampled_from(["one.csv", "two.csv"])), min_size=2, max_size=4)
)
def test_undo_brings_back_every_row(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("undo")
    place = folder / "work"
    pipeline.import_source(place, "folder", path=_list(folder, "zero.csv", [("a", 1, "x")]))
    for rows, prune, name in steps:
        before = tables(place)
        with Workspace(place) as workspace:
            fingerprint = workspace.fingerprint
        pipeline.import_source(place, "folder", path=_list(folder, name, rows), prune=prune)
        after = tables(place)
        pipeline.undo(place)
        assert tables(place) == before
        with Workspace(place) as workspace:
            assert workspace.fingerprint == fingerprint
        pipeline.import_source(place, "folder", path=_list(folder, name, rows), prune=prune)
        assert tables(place) == after
    assert set(before) <= {*schema.TABLES}


def _list(folder: Path, name: str, rows) -> Path:
    file = folder / name
    lines = [f"user.{who},{n},{status}" for who, n, status in rows]
    file.write_text("\n".join(["handle,followers,status", *lines]) + "\n", "utf-8")
    return file
