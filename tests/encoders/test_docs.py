"""The page on encoders names them all."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest

from brandfit import registry
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "encoders.md").read_text()


@pytest.mark.parametrize("name", registry.names("encoder"))
def test_every_encoder_has_its_row(name):
    cls = registry.load("encoder", name)
    row = re.search(rf"^\| `{name}` \| (\w+) \| .* \|$", PAGE, re.M)
    assert row.group(1) == cls.slot


def test_no_row_without_an_encoder():
    assert set(re.findall(r"^\| `([\w.]+)` \|", PAGE, re.M)) == set(registry.names("encoder"))


def test_the_example_is_an_encoder(monkeypatch):
    module = types.ModuleType("length_example")
    monkeypatch.setitem(sys.modules, "length_example", module)
    exec(re.search(r"```python\n(\"\"\"text.length.*?)```", PAGE, re.S).group(1), module.__dict__)
    dataset = Dataset.from_rows(
        [Account(id="a")], [Post(id="p", account="a", caption="tea"), Post(id="q", account="a", caption="")]
    )
    features = module.Length().encode(dataset)
    assert features.ids.tolist() == ["p"]
    assert features.values.tolist() == [[3]]
