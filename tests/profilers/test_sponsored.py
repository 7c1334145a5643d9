"""Sponsored posts: told without looking at what discloses them."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from brandfit.data.captions import disclosed
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.errors import UsageError
from brandfit.evaluation.profiles import judge
from brandfit.profilers import sponsored
from brandfit.profilers.sponsored import Sponsored, without_marks


def planted(selling: str) -> Dataset:
    """A third of the posts are marked; those say ``selling``, as do a few that are not marked."""
    rng = np.random.default_rng(0)
    accounts, posts = [], []
    for n in range(60):
        accounts.append(Account(id=f"{n:02}", followers=9000))
        for p in range(6):
            marked, hidden = p < 2, p == 2 and n % 6 == 0
            words = " ".join(
                rng.choice(["sun", "day", "walk", "home", "tea", "friends", "morning", "light"], 4)
            )
            caption = f"{words} {selling if marked or hidden else ''} {'#ad' if marked else ''}"
            tags = ["ad"] if marked else []
            posts.append(
                Post(
                    id=f"{n:02}-{p}",
                    account=f"{n:02}",
                    caption=caption,
                    hashtags=tags,
                    disclosed=disclosed(caption, tags),
                )
            )
    return Dataset.from_rows(accounts, posts)


def test_the_examples_of_the_docs():
    assert doctest.testmod(sponsored).failed == 0
    assert without_marks("#Werbung #Sonne") == " #Sonne"


def test_undisclosed_posts_that_read_like_disclosed_ones_are_told():
    dataset = planted("discount code link in bio")
    profiler = Sponsored().fit(dataset, cross=True)
    found = profiler.encode(dataset)
    assert found.level == "post"
    told = dict(zip(found.ids.tolist(), np.asarray(found.values)[:, 1], strict=True))
    hidden = [p for id, p in told.items() if id.endswith("-2") and int(id[:2]) % 6 == 0]
    organic = [p for id, p in told.items() if id[-1] in "345"]
    assert min(hidden) > max(organic)
    assert np.mean(hidden) > 0.5


def test_where_only_the_mark_tells_them_apart_nothing_is_told():
    dataset = planted("")
    report = judge({"sponsored": lambda seed: Sponsored(None, seed)}, dataset)
    result = report.to_dict()["results"]["sponsored"]
    assert 0.35 < result["per_class"]["sponsored"]["auc"] < 0.65
    assert report.quantity == "posts"
    assert "360 posts" in report.to_text()


def test_folds_are_over_accounts_and_the_mark_is_hidden(monkeypatch):
    dataset = planted("discount")
    seen = []
    real = Sponsored.fit

    def watched(self, data, progress=None, cross=False):
        known = data.posts.filter(data.posts["disclosed"].is_valid())
        seen.append(set(known["account"].to_pylist()))
        return real(self, data, progress, cross=cross)

    monkeypatch.setattr(Sponsored, "fit", watched)
    judge({"sponsored": lambda seed: Sponsored(None, seed)}, dataset, folds=4)
    assert [len(accounts) for accounts in seen] == [45, 45, 45, 45]


def test_without_marked_posts_it_says_what_to_do():
    dataset = planted("x").hide_disclosures([f"{n:02}-{p}" for n in range(60) for p in range(2)])
    with pytest.raises(UsageError, match="learns sponsored posts"):
        Sponsored().fit(dataset)
