"""Maps of accounts and concepts (B-13)."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from brandfit import pipeline
from brandfit.cli import cli
from brandfit.errors import UnknownName, UsageError
from brandfit.report.embedding_map import PALETTE, EmbeddingMap, Point, Vectors, embedding_map, png, svg
from brandfit.workspace import Workspace


def three_groups(n=45):
    """Vectors of three directions with little noise."""
    rng = np.random.default_rng(0)
    group = np.arange(n) % 3
    values = np.eye(3)[group] * 5 + rng.normal(0, 0.2, (n, 3))
    ids = [f"a{row}" for row in range(n)]
    category = {id: f"group {group[row]}" for row, id in enumerate(ids) if row != 0}
    return Vectors(ids, values, category, np.arange(n, dtype=float))


def neighbours_of_own_category(drawn):
    """Share of points whose nearest other point has their category."""
    xy = np.array([[point.x, point.y] for point in drawn.points])
    distance = np.linalg.norm(xy[:, None] - xy[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    categories = np.array([point.category for point in drawn.points])
    return float((categories[distance.argmin(axis=1)] == categories).mean())


def test_planted_groups_are_neighbours_and_the_seed_decides():
    made = [embedding_map(three_groups(), subject="accounts", source="x", most=100, seed=0) for _ in "ab"]
    assert made[0] == made[1]
    assert neighbours_of_own_category(made[0]) > 0.9
    assert made[0].points[0].category == "unknown"
    assert list(made[0].colour_by_category) == ["group 0", "group 1", "group 2"]
    assert "category unknown" in made[0].legend


def test_a_large_set_is_sampled_and_says_so():
    drawn = embedding_map(three_groups(), subject="accounts", source="x", most=20, seed=1)
    assert len(drawn.points) == 20
    assert drawn.total == 45
    assert "20 of 45 accounts are drawn at random (seed 1)" in drawn.notes[0]


def test_vectors_without_a_direction_are_left_out_and_counted():
    vectors = three_groups(12)
    vectors.values[3] = 0
    drawn = embedding_map(vectors, subject="concepts", source="x", most=100, seed=0)
    assert "a3" not in {point.id for point in drawn.points}
    assert drawn.notes[0] == "1 concepts without any value are left out, for example a3"
    with pytest.raises(UsageError, match="5 concepts or more, found 3"):
        embedding_map(three_groups(3), subject="concepts", source="x", most=100, seed=0)


def test_drawings_escape_names_and_print_no_two_over_each_other():
    points = [Point("<b>", "x", 0, 0, 3), Point("under", "x", 0.1, 0, 2), Point("far", "y", 100, 100, 1)]
    drawn = EmbeddingMap("concepts", "x", points, 3, 0)
    picture = svg(drawn)
    assert "<b>" not in picture
    assert ">far</text>" in picture
    assert ">under</text>" not in picture  # its place is taken by the heavier name
    assert "under" in picture  # under the pointer
    assert picture.count("<circle") == 3
    pytest.importorskip("matplotlib", reason="matplotlib comes with the extra plots")
    assert png(drawn)[:4] == b"\x89PNG"


def test_categories_beyond_the_palette_are_grey():
    points = [Point(str(n), f"c{n:02}", n, n) for n in range(len(PALETTE) + 2)]
    points += [Point("more", "c00", 0, 1)]
    drawn = EmbeddingMap("accounts", "x", points, len(points), 0)
    assert len(drawn.colour_by_category) == len(PALETTE)
    assert "c00" in drawn.colour_by_category
    assert drawn.legend["other categories"]


@pytest.mark.parametrize("subject", ["accounts", "concepts"])
def test_the_command_draws_the_planted_categories(sample, tmp_path, subject):
    file = tmp_path / "map.json"
    arguments = ["map", subject, "--features", "concept.bag", "--out", str(file), "--json"]
    done = CliRunner().invoke(cli, [*arguments, "-w", str(sample)], catch_exceptions=False)
    assert json.loads(file.read_text()) == json.loads(done.stdout)
    with Workspace(sample) as workspace:
        drawn = pipeline.make_map(workspace, subject, features="concept.bag")
        assert drawn.to_dict() == json.loads(done.stdout)
    # The sample has eight categories, whose accounts post about different concepts.
    assert neighbours_of_own_category(drawn) > 0.6


def test_wrong_features_are_refused(sample):
    with Workspace(sample) as workspace:
        assert "text.hashing" in pipeline.mappable(workspace, "accounts")
        assert "text.hashing" not in pipeline.mappable(workspace, "concepts")
        with pytest.raises(UsageError, match="no named columns"):
            pipeline.make_map(workspace, "concepts", features="text.hashing")
        with pytest.raises(UnknownName):
            pipeline.make_map(workspace, "accounts", features="text.nothing")
        with pytest.raises(UnknownName):
            pipeline.make_map(workspace, "brands")


def test_an_influencer_without_a_category_has_that_of_its_brands(tmp_path):
    from brandfit.data.dataset import Dataset
    from brandfit.data.schema import Account, Link
    from brandfit.pipeline.maps import _categories

    brands = [Account(id=f"b{n}", role="brand", category=category) for n, category in enumerate("xxy")]
    influencers = [Account(id="one"), Account(id="both"), Account(id="own", category="z"), Account(id="none")]
    pairs = [("one", "b0"), ("one", "b1"), ("both", "b0"), ("both", "b2"), ("own", "b0")]
    links = [Link(id=f"{i}{b}", kind="endorses", source=i, target=b) for i, b in pairs]
    dataset = Dataset.from_rows([*brands, *influencers], links=links)
    found = _categories(dataset, [account.id for account in [*brands, *influencers]])
    assert found.by_id == {"b0": "x", "b1": "x", "b2": "y", "one": "x", "own": "z"}
    assert found.notes[0].startswith("1 influencers have no category")
