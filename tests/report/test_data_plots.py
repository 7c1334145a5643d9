"""Distributions and pictures of the data: plots, command and page (D-15)."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image as Picture

from brandfit import pipeline
from brandfit.cli import main
from brandfit.data.category_pictures import category_pictures
from brandfit.data.dataset import Dataset
from brandfit.data.distributions import distribution
from brandfit.data.schema import Account, Image, Post
from brandfit.report.data_plots import draw_distributions, draw_pictures, histogram


@pytest.fixture
def planted(make_jpeg) -> Dataset:
    """Two food accounts, one with three pictures; a pet account without pictures; one without a category."""
    accounts = [Account(id=id, category="food") for id in ("a", "b")]
    accounts += [
        Account(id="c", category="pet"),
        Account(id="d"),
        Account(id="e", role="brand", category="food"),
    ]
    posts, images = [], []
    for n, account in enumerate("aaabde"):
        posts.append(Post(id=f"p{n}", account=account))
        images.append(Image(post=f"p{n}", hash=f"h{n}"))
    pictures = {f"h{n}": make_jpeg("red") for n in range(6)}
    return Dataset.from_rows(accounts, posts, images=images, pictures=pictures)


def test_pictures_are_of_different_influencers_of_the_category(planted):
    two = category_pictures(planted, each=2)
    assert {example.account for example in two["food"]} == {"a", "b"}
    assert two["pet"] == []
    assert list(two) == ["food", "pet"]
    four = category_pictures(planted, each=4)
    assert sorted(example.hash for example in four["food"]) == ["h0", "h1", "h2", "h3"]
    assert category_pictures(planted, each=2) == two


def test_plots_are_written_only_of_what_is_there(planted, tmp_path):
    nothing = distribution(np.array([np.nan]))
    known = distribution(np.array([10.0, 100.0, 1000.0]))
    empty = {"followers": nothing, "followees": nothing, "posts": nothing}
    assert not draw_distributions(empty, tmp_path / "none.png")
    assert not draw_pictures(planted, {"pet": []}, tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
    assert draw_distributions({**empty, "posts": known}, tmp_path / "one.png")
    assert draw_pictures(planted, category_pictures(planted), tmp_path / "pictures.png")
    with Picture.open(tmp_path / "pictures.png") as image:
        red = np.asarray(image.convert("RGB")).reshape(-1, 3)
    # The planted red pictures are in the plot.
    assert ((red[:, 0] > 200) & (red[:, 1] < 60)).sum() > 10_000


def test_bars_of_the_page_are_as_tall_as_the_counts():
    values = distribution(np.array([10.0] * 4 + [1000.0] * 2))
    heights = [
        float(height) for height in re.findall(r'<rect [^>]*height="([0-9.]+)"', histogram(values, "x"))
    ]
    counts = values["histogram"]["counts"]
    np.testing.assert_allclose(heights, np.array(counts) * max(heights) / max(counts), atol=0.1)


def test_the_command_writes_both_plots(sample, tmp_path, capsys):
    main(["check", "--plots", str(tmp_path / "plots"), "-w", str(sample), "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed["plots"] == [
        str(tmp_path / "plots" / name) for name in ("distributions.png", "pictures.png")
    ]
    assert "followers" in printed["distributions"]


def test_the_page_shows_what_the_pipeline_tells(sample, tmp_path):
    pytest.importorskip("fastapi", reason="FastAPI comes with the extra service")
    from starlette.testclient import TestClient

    from brandfit.service.app import create_app
    from brandfit.service.config import ServiceConfig
    from brandfit.workspace import Workspace

    with Workspace(sample) as workspace:
        overview = pipeline.data_overview(workspace)
    folder = shutil.copytree(sample, tmp_path / "demo")
    with TestClient(create_app(folder, ServiceConfig(rate=0), False), "http://localhost") as client:
        text = client.get("/data").text
    assert text.count("<svg") == 3
    hashes = re.findall(r"/api/v1/pictures/([0-9a-f]+)", text)
    expected = [example.hash for examples in overview.pictures.values() for example in examples]
    assert hashes == expected
    assert hashes
