"""The setting ``last_posts`` of every encoder and profiler (D-04)."""

from __future__ import annotations

import hashlib
import shutil

import msgspec
import numpy as np
import pytest

from brandfit import pipeline, registry
from brandfit.cli import main
from brandfit.data.dataset import Dataset
from brandfit.data.newest_posts import older_posts, with_newest_posts
from brandfit.data.schema import Account, Post
from brandfit.encoders.text.hashing import Hashing

TIMES = {"a": [5, 3, 9, None, 3], "b": [1], "c": [2, 2, 2]}


@pytest.fixture
def demo_copy(sample, tmp_path):
    return shutil.copytree(sample, tmp_path / "demo")


def dataset() -> Dataset:
    posts = []
    for account, times in TIMES.items():
        for n, time in enumerate(times):
            posts.append(Post(id=f"{account}{n}", account=account, time=time, caption=f"word{n} {account}"))
    posts.append(Post(id="brief", account="c", kind="brief", caption="wishes"))
    return Dataset.from_rows([Account(id=id) for id in TIMES], posts)


def newest_by_hand(most: int) -> set[str]:
    """The slow oracle: sort the posts of each account by hand."""
    kept = {"brief"}
    for account, times in TIMES.items():
        order = sorted(range(len(times)), key=lambda n: (-(times[n] if times[n] is not None else -1), n))
        kept |= {f"{account}{n}" for n in order[:most]}
    return kept


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5])
def test_the_newest_posts_of_each_account_are_kept(most):
    data = dataset()
    kept = set(with_newest_posts(data, most).posts["id"].to_pylist())
    assert kept == newest_by_hand(most)
    assert older_posts(data, most).posts == len(data.posts) - len(kept)


def test_zero_and_a_large_number_keep_the_same_dataset():
    data = dataset()
    assert with_newest_posts(data, 0) is data
    assert with_newest_posts(data, 50) is data


def test_the_counts_name_an_account_and_posts_without_a_time():
    older = older_posts(dataset(), 2)
    assert (older.posts, older.accounts, older.undated, older.example) == (4, 2, 1, "a")
    assert "4 older posts of 2 accounts" in older.sentence


@pytest.mark.parametrize("kind", ["encoder", "profiler"])
def test_every_encoder_and_profiler_has_the_setting(kind):
    for name in registry.names(kind):
        fields = {field.name for field in msgspec.structs.fields(registry.load(kind, name).Config)}
        assert "last_posts" in fields, name


def test_the_default_changes_no_stored_key():
    encoder = Hashing()
    config = encoder.config.to_dict()
    del config["last_posts"]
    identity = [encoder.name, encoder.version, config, encoder.weights]
    expected = hashlib.sha256(msgspec.json.encode(identity, order="sorted")).hexdigest()[:32]
    assert encoder.maker == expected
    assert "last_posts" not in encoder.about["config"]
    assert Hashing(Hashing.Config(last_posts=2)).maker != expected


def test_an_encoder_reads_only_the_newest_posts():
    data = dataset()
    features = Hashing(Hashing.Config(last_posts=2)).encode(data)
    assert set(features.ids.tolist()) == newest_by_hand(2)
    whole = Hashing().encode(data)
    rows = whole.rows_of(features.ids)
    np.testing.assert_array_equal(whole.values[rows], features.values)


def test_a_newer_post_makes_features_of_the_newest_out_of_date():
    data = dataset()
    encoder = Hashing(Hashing.Config(last_posts=2))
    features = encoder.encode(data)
    assert encoder.gap(data, features) == ([], [])
    rows = [Post(**row) for row in data.posts.to_pylist()]
    later = Dataset.from_rows(
        [Account(id=id) for id in TIMES], [*rows, Post(id="a9", account="a", time=99, caption="news")]
    )
    # a9 is new, and the second newest post of before drops out.
    assert encoder.gap(later, features) == (["a9"], ["a0"])


def test_a_profiler_reads_the_newest_posts_and_says_so(demo_copy):
    settings = {"last_posts": 1}
    model, features = pipeline.profile(demo_copy, "tags", settings=settings)
    note = next(note for note in model.notes if "older posts" in note)
    data = pipeline.with_features(demo_copy)
    assert f"{older_posts(data, 1).posts:,} older posts" in note
    # The oracle: the same profiler without the setting, on a Dataset that has no older posts.
    cls = registry.load("profiler", "tags")
    plain = cls(cls.Config(), 0).fit(with_newest_posts(data, 1), cross=True)
    expected = plain.encode(with_newest_posts(data, 1))
    np.testing.assert_allclose(features.values_of(expected.ids)[0], expected.values, atol=1e-6)


def test_encode_prints_how_many_posts_are_left_out(demo_copy, capsys):
    main(["encode", "text.hashing", "--set", "last_posts=1", "-w", str(demo_copy)])
    assert "Only the newest 1 posts of each account are read" in capsys.readouterr().out
