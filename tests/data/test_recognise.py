"""Which source a folder is, told by what it holds."""

from __future__ import annotations

import pytest

from brandfit import names
from brandfit.cli import main
from brandfit.errors import DataError
from brandfit.pipeline import recognise
from brandfit.workspace import Workspace

WITH_PATH = [name for name in names.names("importer") if names.load("importer", name).needs_path]


@pytest.mark.parametrize("name", WITH_PATH)
def test_every_source_is_recognised_and_imported_without_its_name(name, sources, tmp_path, capsys):
    source = sources.write(tmp_path / "source", sources.all[name]())
    assert recognise(source) == name
    main(["import", str(source), "-w", str(tmp_path / "work")])
    assert f"looks like {name}" in capsys.readouterr().out
    with Workspace(tmp_path / "work") as workspace:
        assert workspace.dataset().accounts.num_rows


def test_no_source_several_sources_and_files_are_told_apart(sources, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="looks like none of"):
        recognise(tmp_path / "empty")
    with pytest.raises(DataError, match="neither a source nor a folder"):
        recognise(tmp_path / "nowhere")
    both = sources.write(tmp_path / "both", {**sources.all["folder"](), **sources.all["released-features"]()})
    with pytest.raises(DataError, match="both folder and released-features") as error:
        recognise(both)
    assert "brandfit import folder" in str(error.value.hint)
    with pytest.raises(DataError, match="looks like none of"):
        recognise(next(both.glob("*.npz")))


def test_a_damaged_file_is_no_source(tmp_path):
    (tmp_path / "x.json").write_bytes(b"\xfd7zXZ\x00 and then nothing")
    (tmp_path / "y.json").write_text('{"node": 1}')
    with pytest.raises(DataError, match="looks like none of"):
        recognise(tmp_path)


@pytest.mark.parametrize(("folder", "name"), [("instagram", "instagram-jsonl"), ("brand_micro_influencer", "released-features")])
def test_the_real_data_is_recognised(shared, folder, name):
    assert recognise(shared / "data" / folder) == name
    assert recognise(shared / "data" / "instagram" / "raw_info") == "instagram-info"
