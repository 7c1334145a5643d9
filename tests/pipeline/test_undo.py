"""Importing a list again: what is new, changed and gone; removing what is gone; undoing the last import."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brandfit import pipeline
from brandfit.data import schema
from brandfit.erasure import forget
from brandfit.errors import WorkspaceError
from brandfit.workspace import Workspace

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
    assert result.merging.gone["accounts"].to_dict() == {"count": 1, "examples": ["otto.peaks"], "removed": 0}
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
    assert result.merging.gone["accounts"].to_dict() == {"count": 1, "examples": ["cara"], "removed": 0}
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


ROWS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.integers(1, 9), st.sampled_from(["", "x", "y"])), max_size=8
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
