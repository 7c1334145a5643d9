"""Posts with content that an encoder recognises nothing in: counted with an example, in all answers."""

from __future__ import annotations

import json

import pytest

from brandfit import pipeline
from brandfit.cli import main
from brandfit.service.jobs import kinds
from brandfit.workspace import Workspace

POSTS = "id,account,caption\np1,a,#tea\np2,b,#tea\np3,c,#rare\n"
NEVER = "no features, for example 'p3'"


@pytest.fixture
def folder(tmp_path):
    """A workspace whose third post has only a hashtag that no second account uses."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "accounts.csv").write_text("id,role\na,influencer\nb,influencer\nc,influencer\n")
    (source / "posts.csv").write_text(POSTS)
    with Workspace(tmp_path / "w", create=True) as workspace:
        pipeline.import_source(workspace, "folder", path=source)
    return tmp_path / "w"


OPTIONS = {"min_accounts": "2", "max_share": "1"}


def encode_command(folder, capsys, *more):
    settings = [word for name, value in OPTIONS.items() for word in ("--set", f"{name}={value}")]
    assert main(["encode", "text.hashtags", *settings, *more, "-w", str(folder)]) in (0, None)
    return capsys.readouterr().out


def test_the_command_counts_what_is_left_out_also_when_it_is_read_from_the_store(folder, capsys):
    for _ in range(2):
        assert f"text.hashtags: 1 of 3 posts with content have {NEVER}" in encode_command(folder, capsys)
    result = json.loads(encode_command(folder, capsys, "--json"))[0]
    assert result["left_out"] == {"posts": 1, "of": 3, "example": "p3"}
    assert main(["encode", "text.hashing", "-w", str(folder)]) in (0, None)
    assert "no features" not in capsys.readouterr().out


def test_a_job_counts_what_is_left_out(folder):
    scoped = {f"text.hashtags.{name}": value for name, value in OPTIONS.items()}
    with Workspace(folder) as workspace:
        result = kinds.encode(workspace, lambda *_: None, encoders=["text.hashtags"], settings=scoped)
    assert result["features"][0]["left_out"] == {"posts": 1, "of": 3, "example": "p3"}
    assert NEVER in result["notes"][0]
