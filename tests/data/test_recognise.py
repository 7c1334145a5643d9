"""Which source a folder is, told by what it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from brandfit import registry
from brandfit.cli import main
from brandfit.data.importers.base import Importer
from brandfit.errors import DataError
from brandfit.pipeline import recognise
from brandfit.pipeline.imports import looks_like
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


@pytest.mark.parametrize(
    ("case", "name"),
    [
        ("20-instaloader416", "instaloader"),
        ("21-instaloader-more", "instaloader"),
        ("27-images", "folder"),
        ("37-hidden-likes", "folder"),
        ("40-ig-download", "instagram-download"),
        ("41-gallery-dl", "gallery-dl"),
    ],
)
def test_files_of_the_field_are_recognised_by_one_source(case, name):
    assert looks_like(Path(__file__).resolve().parents[1] / "field" / case) == [name]


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
        ("list.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ):
        (tmp_path / file).write_bytes(content)
        assert recognise(tmp_path) == recognise(tmp_path / file) == "folder"
    with pytest.raises(SystemExit):
        main(["import", str(tmp_path / "list.xls"), "-w", str(tmp_path / "work")])
    said = capsys.readouterr()
    assert "list.xls" in said.out + said.err
    assert "No row of" in said.err


@pytest.mark.parametrize(
    ("folder", "name"), [("instagram", "instagram-jsonl"), ("brand_micro_influencer", "released-features")]
)
def test_the_real_data_is_recognised(shared, folder, name):
    assert recognise(shared / "data" / folder) == name
    assert recognise(shared / "data" / "instagram" / "raw_info") == "instagram-info"
