"""Pictures and captions that fit, and engagement whose law is planted."""

from __future__ import annotations

import json

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.campaign.engagement import Engagement
from brandfit.cli import main
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Post
from brandfit.errors import UsageError
from brandfit.workspace import Workspace


def planted(effect: float, seed: int = 0) -> Dataset:
    """Each account has a habit; a post that shows the first column has exp(effect) times its engagement."""
    rng = np.random.default_rng(seed)
    accounts, posts, rows = [], [], []
    for n in range(60):
        followers = int(rng.integers(5_000, 50_000))
        accounts.append(Account(id=f"i{n:02}", followers=followers))
        habit = np.log(0.03) + rng.normal(0, 0.3)
        for p in range(8):
            shows = rng.random() < 0.5
            rate = np.exp(habit + effect * shows + rng.normal(0, 0.1))
            posts.append(
                Post(id=f"i{n:02}-{p}", account=f"i{n:02}", caption="a post", likes=max(round(rate * followers), 1), comments=0)
            )
            rows.append([float(shows), *rng.normal(size=3)])
    ids = np.array([p.id for p in posts], dtype=object)
    return Dataset.of(accounts, posts).with_slots({"picture": Features("p", ids, np.array(rows, np.float32), slot="picture")})


def test_what_works_is_learned_and_the_interval_holds():
    dataset = planted(1.0)
    model = Engagement(dataset)
    assert model.gain > 0.4
    shown, not_shown = (model.expected("i07", "a post", {"picture": np.array([s, 0, 0, 0], np.float32)}) for s in (1.0, 0.0))
    assert np.log(shown.rate / not_shown.rate) == pytest.approx(1.0, abs=0.2)
    assert shown.low < shown.rate < shown.high
    fresh = planted(1.0, seed=1)  # others, of the same law
    inside = []
    size = fresh.of_accounts("followers", fresh.posts["account"].to_pylist())
    values, _ = fresh.slots["picture"].of(fresh.posts["id"].to_numpy().astype(object))
    other = Engagement(fresh)
    for n in range(0, len(fresh.posts), 4):
        told = other.expected(fresh.posts["account"][n].as_py(), "a post", {"picture": values[n]})
        inside.append(told.low <= fresh.posts["likes"][n].as_py() / size[n] <= told.high)
    assert 0.7 <= np.mean(inside) <= 0.97


def test_where_nothing_helps_it_says_the_habit():
    dataset = planted(0.0)
    model = Engagement(dataset)
    assert abs(model.gain) < 0.1
    told = model.expected("i07", "a post", None)
    assert np.log(told.rate / told.habit) == pytest.approx(0, abs=0.2)
    if not model.useful:
        assert told.rate == told.habit


def test_what_is_missing_is_said():
    with pytest.raises(UsageError, match="There are 0 posts with likes"):
        Engagement(Dataset.of([Account(id="a", followers=10)], [Post(id="p", account="a")]))
    model = Engagement(planted(0.5).with_accounts([Account(id="new")]))
    with pytest.raises(UsageError, match="followers of new are not known"):
        model.expected("new", None)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("advise") / "demo"
    with Workspace(place, create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        for name in ("text.hashing", "image.classical"):
            pipeline.encode(workspace, name)
    return place


def test_the_command(place, tmp_path, capsys):
    with Workspace(place) as workspace:
        dataset = workspace.dataset()
        category = dict(zip(*(dataset.accounts[c].to_pylist() for c in ("id", "category")), strict=True))
        brand = next(b for b in dataset.brands.tolist() if category[b] == "pet" and dataset.representation[b] == "posts")
        influencer = dataset.influencers[0]
        hashes = dict(zip(dataset.images["post"].to_pylist(), dataset.images["hash"].to_pylist(), strict=True))
        post = next(
            p for p, a in zip(dataset.posts["id"].to_pylist(), dataset.posts["account"].to_pylist(), strict=True) if a == brand
        )
        (tmp_path / "own.jpg").write_bytes(dataset.picture(hashes[post]))
    captions = [
        "--caption",
        "The puppy found a new leash and a ball to fetch",
        "--caption",
        "Sourdough, lentil soup and a lemon cake",
    ]
    main(["advise", brand, *captions, "--picture", str(tmp_path / "own.jpg"), "--by", influencer, "-w", str(place), "--json"])
    ideas = json.loads(capsys.readouterr().out)["ideas"]
    assert [idea["kind"] for idea in ideas] == ["picture", "caption", "caption"]
    assert "puppy" in ideas[1]["what"]
    assert ideas[1]["fit"] > ideas[2]["fit"] + 0.05
    assert all(0 < idea["expected"]["low"] < idea["expected"]["rate"] < idea["expected"]["high"] for idea in ideas)
    main(["advise", f"@{brand}", *captions, "-w", str(place)])
    assert "better than" in capsys.readouterr().out
    for args, told in (([brand], "Advise on what"), (["nobody.here", *captions], "no account named 'nobody.here'")):
        with pytest.raises(SystemExit):
            main(["advise", *args, "-w", str(place)])
        assert told in capsys.readouterr().err
