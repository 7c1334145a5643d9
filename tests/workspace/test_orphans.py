"""What nothing refers to is found and removed, and what may be of use stays."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from brandfit import pipeline
from brandfit.cli import cli
from brandfit.data.schema import Account, Post
from brandfit.workspace import Workspace, orphans

FAULTY = "0123456789abcdef" * 2


@pytest.fixture
def workspace(tmp_path):
    with Workspace(tmp_path / "w", create=True) as opened:
        people = [Account(id=f"fan.{n}", biography="runner and cook") for n in range(6)]
        opened.write(
            "a",
            [
                *people,
                *(
                    Post(id=f"p{n}", account=f"fan.{n}", caption="Up the hill #hike", hashtags=["hike"])
                    for n in range(6)
                ),
            ],
        )
        pipeline.encode(opened, "concept.bag")
        yield opened


def faulty(workspace: Workspace, name: str, maker: str = FAULTY) -> list[Path]:
    """What the same encoder left behind under another maker, of a day ago: its contents and its Features."""
    current = workspace.feature_info(name)["key"]
    units = shutil.copytree(
        workspace.path / "units" / current.partition("-")[0], workspace.path / "units" / maker
    )
    features = workspace.path / "features" / name
    left = [units, shutil.copytree(features / current, features / f"{maker}-1")]
    aged(workspace, maker)
    return left


def aged(workspace: Workspace, maker: str) -> None:
    past = time.time() - 24 * 3600
    for home in workspace.path.glob(f"*/**/{maker}*"):
        for path in (*home.rglob("*"), home):
            os.utime(path, (past, past))


def test_what_an_encoder_left_under_a_key_that_it_has_no_more_is_removed_when_it_encodes(workspace):
    before = workspace.features("concept.bag")
    left = faulty(workspace, "concept.bag")
    result = CliRunner().invoke(cli, ["encode", "concept.bag", "-w", str(workspace.path)])
    assert "Removed, because nothing refers to it: 2 folders" in result.output
    assert not any(folder.exists() for folder in left)
    assert len(list((workspace.path / "units").iterdir())) == 1
    assert workspace.features("concept.bag").key == before.key
    assert not workspace.damage()


def test_doctor_counts_them_and_removes_them_only_when_it_is_told_to(workspace):
    left = faulty(workspace, "concept.bag")
    size = sum(file.stat().st_size for folder in left for file in folder.iterdir())

    def told(*more: str) -> dict:
        result = CliRunner().invoke(cli, ["doctor", "-w", str(workspace.path), "--json", *more])
        assert result.exit_code == 0
        return next(check for check in json.loads(result.output) if check["name"] == "orphans")

    check = told()
    assert (check["folders"], check["bytes"]) == (2, size)
    assert "--repair" in check["detail"]
    assert all(folder.exists() for folder in left)
    assert told("--repair")["detail"].startswith("removed: 2 folders")
    assert not any(folder.exists() for folder in left)
    assert told()["folders"] == 0
    assert CliRunner().invoke(cli, ["doctor", "--repair"]).exit_code == 2


def test_other_settings_stay_and_so_does_what_is_being_encoded(workspace):
    pipeline.encode(workspace, "concept.bag", settings={"caption": 0.9})
    pipeline.encode(workspace, "text.hashing")
    for home in (workspace.path / "units").iterdir():
        aged(workspace, home.name)
    assert orphans.find(workspace) == []
    units, _ = faulty(workspace, "text.hashing")
    (units / "now").write_bytes(b"")
    assert orphans.find(workspace) == []


def test_an_encoder_that_learned_anew_leaves_nothing_and_one_that_is_not_installed_keeps_its_contents(
    workspace,
):
    settings = {"min_accounts": 1, "max_share": 1.0}
    first = pipeline.encode(workspace, "text.hashtags", settings=settings).key.partition("-")[0]
    aged(workspace, first)
    assert orphans.find(workspace) == []
    workspace.write(
        "b", [Post(id="new", account="fan.1", caption="#tea", hashtags=["tea"]), Account(id="fan.1")]
    )
    pipeline.encode(workspace, "text.hashtags", settings=settings)
    assert [(orphan.name, len(orphan.folders)) for orphan in orphans.find(workspace)] == [
        ("text.hashtags", 2)
    ]
    note = workspace.path / "units" / first / "maker.json"
    note.write_bytes(msgspec.json.encode({"encoder": "text.elsewhere", "config": {}}))
    aged(workspace, first)
    assert orphans.find(workspace) == []


def test_contents_of_which_nothing_is_noted_stay_while_features_are_made_of_them(workspace):
    left = faulty(workspace, "concept.bag")
    (left[0] / "maker.json").unlink()
    aged(workspace, FAULTY)
    assert orphans.find(workspace) == []
    shutil.rmtree(left[1])
    (found,) = orphans.find(workspace)
    assert found.folders == (f"units/{FAULTY}",)
