"""The example on the page on rankers runs."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "rankers.md").read_text()


def test_the_example_is_a_ranker(monkeypatch):
    module = types.ModuleType("loud_example")
    monkeypatch.setitem(sys.modules, "loud_example", module)
    exec(re.search(r"```python\n(.*?)```", PAGE, re.S).group(1), module.__dict__)
    posts = [Post(id=f"p{n}", account=account) for n, account in enumerate(["bo", "ana", "bo"])]
    dataset = Dataset.from_rows(
        [Account(id=i) for i in ("ana", "bo", "cy")] + [Account(id="shop", role="brand")], posts
    )
    ranking = module.Loud().rank(dataset, "shop")
    assert ranking.candidates.tolist() == ["bo", "ana", "cy"]
    assert ranking.scores.tolist() == [2, 1, 0]
    assert np.array(list(ranking.parts.values())).tolist() == [[2, 1, 0]]
