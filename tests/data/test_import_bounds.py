"""Bounds of an import (D-12)."""

from __future__ import annotations

import json

import pytest

from brandfit.cli import main
from brandfit.data.import_bounds import ImportBounds, out_of_bounds, within_bounds
from brandfit.data.schema import Account, Link, Partial, Picture, Post, Reject, link_id
from brandfit.errors import ConfigError
from brandfit.pipeline.imports import split_bounds
from brandfit.workspace import Workspace

RECORDS = [
    Post(id="s1", account="small"),  # posts may precede their account
    Account(id="small", followers=900, posts=400),
    Account(id="large", followers=50_000, posts=400),
    Account(id="few", followers=5_000, posts=299),
    Account(id="unknown", posts=301),
    Account(id="counted", followers=5_000),  # one post in the source, none stated
    Account(id="shop", role="brand", followers=3),
    Partial(Account(id="stored"), defaults=("role",)),
    Post(id="c1", account="counted"),
    Post(id="l1", account="large"),
    Picture(post="s1", position=0, data=b"", source="", file="x", line=1),
    Picture(post="l1", position=0, data=b"", source="", file="x", line=2),
    Link(id=link_id("comments", "small", target="large"), kind="comments", source="small", target="large"),
    Link(id=link_id("endorses", "large", target="shop"), kind="endorses", source="large", target="shop"),
    Reject("x", 3, "bad"),
]
PAPER = ImportBounds(min_followers=1000, min_posts=300)


def test_small_accounts_are_left_out_with_all_that_is_theirs():
    left_out = out_of_bounds(RECORDS, PAPER, {"stored": "brand"})
    assert dict(left_out.accounts) == {
        "small": "900 followers, at least 1,000 are needed",
        "few": "299 posts, at least 300 are needed",
        "counted": "1 posts, at least 300 are needed",
    }
    assert (left_out.posts, left_out.unknown, left_out.counted) == ({"s1", "c1"}, 1, 5)
    kept = [record for n, record in enumerate(RECORDS) if n not in {0, 1, 3, 5, 8, 10, 12}]
    assert list(within_bounds(RECORDS, left_out)) == kept
    first, second = left_out.sentences()
    assert first.startswith("3 of 5 influencers are out of bounds and left out, with 2 posts, for example")
    assert "counted (1 posts, at least 300 are needed)" in first
    assert second == "1 influencers are kept although a count with a bound is not known."


def test_an_upper_bound():
    left_out = out_of_bounds(RECORDS, ImportBounds(max_followers=10_000), {})
    assert dict(left_out.accounts) == {"large": "50,000 followers, at most 10,000 are wanted"}


def test_bounds_that_exclude_each_other_are_refused():
    with pytest.raises(ConfigError, match="nothing lies between"):
        split_bounds({"keep.min_followers": 10, "keep.max_followers": 5})


def test_an_import_reports_what_it_left_out(tmp_path, capsys):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "accounts.csv").write_text("id,role,followers\nann,influencer,900\nbob,influencer,2000\n")
    (folder / "posts.csv").write_text("id,account,caption\np1,ann,one\np2,bob,two\n")
    place = tmp_path / "work"
    main(["import", "folder", str(folder), "--set", "keep.min_followers=1000", "-w", str(place), "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed["out_of_bounds"] == {
        "influencers": 2,
        "left_out": 1,
        "posts": 1,
        "unknown": 0,
        "examples": {"ann": "900 followers, at least 1,000 are needed"},
    }
    assert any("1 of 2 influencers are out of bounds" in warning for warning in printed["warnings"])
    with Workspace(place) as opened:
        assert opened.dataset().influencers.tolist() == ["bob"]
        assert opened.dataset().posts["id"].to_pylist() == ["p2"]


def test_without_bounds_nothing_is_left_out():
    assert not ImportBounds().is_set
    assert not out_of_bounds(RECORDS, ImportBounds(), {}).accounts
