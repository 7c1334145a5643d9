"""Which source a folder is, told by what it holds."""

from __future__ import annotations

import pytest

from brandfit import registry
from brandfit.cli import main
from brandfit.data.importers.base import Importer
from brandfit.errors import DataError
from brandfit.pipeline import recognise
from brandfit.workspace import Workspace

WITH_PATH = [
    name
    for name in registry.names("importer")
    if registry.load("importer", name).recognises is not Importer.recognises
]


@pytest.mark.parametrize("name", WITH_PATH)
def test_every_source_is_recognised_and_imported_without_its_name(name, sources, tmp_path, capsys):
    source = sources.write(tmp_path / "source", sources.all[name]())
    assert recognise(source) == name
    main(["import", str(source), "-w", str(tmp_path / "work")])
    assert (f"is read as {name}" in capsys.readouterr().out) == (name != "folder")
    with Workspace(tmp_path / "work") as workspace:
        assert workspace.dataset().accounts.num_rows


def test_posts_with_thumbnails_need_no_list(sources, tmp_path):
    files = {
        name: data
        for name, data in sources.all["instagram-jsonl"]().items()
        if not name.startswith("influencers")
    }
    assert recognise(sources.write(tmp_path / "source", files)) == "instagram-jsonl"


def test_nothing_and_several_sources_are_told(sources, tmp_path):
    with pytest.raises(DataError, match="neither a source nor a folder"):
        recognise(tmp_path / "nowhere")
    both = sources.write(tmp_path / "both", {**sources.all["folder"](), **sources.all["released-features"]()})
    with pytest.raises(DataError, match="folder and released-features") as error:
        recognise(both)
    assert "brandfit import folder" in error.value.hint


def test_what_is_no_source_is_told_by_the_one_of_peoples_own_tables(tmp_path, capsys):
    for file, content in (
        ("x.json", b"\xfd7zXZ\x00 and then nothing"),
        ("y.json", b'{"node": 1}'),
        ("list.xls", b"PK"),
    ):
        (tmp_path / file).write_bytes(content)
        assert recognise(tmp_path) == recognise(tmp_path / file) == "folder"
    with pytest.raises(SystemExit):
        main(["import", str(tmp_path / "list.xls"), "-w", str(tmp_path / "work")])
    assert "Save list.xls as .xlsx" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("folder", "name"), [("instagram", "instagram-jsonl"), ("brand_micro_influencer", "released-features")]
)
def test_the_real_data_is_recognised(shared, folder, name):
    assert recognise(shared / "data" / folder) == name
    assert recognise(shared / "data" / "instagram" / "raw_info") == "instagram-info"
