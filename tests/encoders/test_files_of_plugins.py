"""An encoder of another package that reads a file: another content of the file is another key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
from msgspec import Meta

from brandfit import registry
from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder, EncoderConfig, Units


class FileConfig(EncoderConfig, frozen=True, kw_only=True):
    path: Annotated[str, Meta(description="a file of numbers")] = ""
    language: str = "en"


class FromFile(Encoder):
    """Its author has not thought of the file."""

    Config = FileConfig
    dim = 1
    name = "own.numbers"

    def units(self, dataset: Dataset) -> Units:
        return Units(dataset.posts["id"].to_pylist(), dataset.posts["caption"].to_pylist())

    def encode_batch(self, batch):
        factor = float(Path(self.config.path).read_text())
        return np.array([[len(text) * factor] for text in batch], np.float32)


class Neutral(FromFile):
    """The path may change, the content may not."""

    neutral = file_settings = ("path",)


@pytest.mark.parametrize("cls", [FromFile, Neutral])
def test_the_content_of_a_file_is_part_of_the_key(cls, tmp_path):
    file, copy = tmp_path / "a.txt", tmp_path / "b.txt"
    file.write_text("2")
    first = cls(FileConfig(path=str(file))).maker
    assert cls(FileConfig(path=str(file))).maker == first
    copy.write_text("2")
    assert (cls(FileConfig(path=str(copy))).maker == first) == (cls is Neutral)
    file.write_text("3")
    assert cls(FileConfig(path=str(file))).maker != first
    about = cls(FileConfig(path=str(file))).about
    assert list(about["files"]) == [str(file)]
    file.unlink()
    assert cls(FileConfig(path=str(file))).maker != first


def test_a_word_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = FromFile(FileConfig()).maker
    Path("en").write_text("2")
    assert FromFile(FileConfig()).maker == before
    assert FromFile(FileConfig()).files == ()


@pytest.mark.parametrize("name", registry.names("encoder"))
def test_the_weights_of_our_encoders_cover_their_files(name):
    cls = registry.load("encoder", name)
    assert bool(cls.file_settings) <= cls.weights_cover_files
