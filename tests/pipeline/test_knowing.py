"""What is told of one account, against slow and obvious ways to the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.errors import UnknownName
from brandfit.workspace import Workspace

BRAND = "northpeak.outdoor"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with Workspace(tmp_path_factory.mktemp("knowing") / "demo", create=True) as opened:
        pipeline.import_source(opened, "sample", settings={"influencers": 30})
        for name in ("text.hashing", "concept.bag"):
            pipeline.encode(opened, name)
        pipeline.profile(opened, "sponsored")
        yield opened


def posts_of(workspace, account):
    return [post for post in pipeline.load(workspace).posts.to_pylist() if post["account"] == account]


@pytest.mark.parametrize("account", [BRAND, "senna.peaks"])
def test_topics_are_shares_of_the_mean_over_posts(workspace, account):
    features = pipeline.load(workspace).slots["concept"]
    values, there = features.values_of([post["id"] for post in posts_of(workspace, account)])
    mean = values[there].mean(axis=0)
    told = pipeline.topics(workspace, account, 5)
    assert len(told) == 5
    assert list(told.values()) == sorted(told.values(), reverse=True)
    for name, share in told.items():
        assert share == pytest.approx(mean[features.columns.index(name)] / mean.sum(), rel=1e-4)
    assert min(told.values()) >= np.sort(mean / mean.sum())[-5] - 1e-6


def test_a_stated_category_stands_beside_what_a_profiler_tells(workspace):
    assert pipeline.category(workspace, "senna.peaks").to_dict() == {
        "stated": "travel",
        "predicted": {},
        "by": "",
    }
    with pytest.raises(UnknownName, match="senna"):
        pipeline.category(workspace, "senna.nobody")


def test_marks_of_posts_are_those_of_the_table_and_of_the_profiler(workspace):
    mine = posts_of(workspace, "senna.peaks")
    features = workspace.features("sponsored")
    told = pipeline.post_topics(workspace, [post["id"] for post in mine])
    assert [one["disclosed"] for one in told] == [post["disclosed"] for post in mine]
    at = features.columns.index("sponsored")
    for post, one in zip(mine, told, strict=True):
        values, there = features.values_of([post["id"]])
        assert one["sponsored"] == (pytest.approx(float(values[0, at])) if there[0] else None)
        assert one["topics"] == {}
    assert any(one["sponsored"] is not None for one in told)


def test_how_much_each_post_counts_is_kept_and_read_by_nobody_else(tmp_path):
    with Workspace(tmp_path / "work", create=True) as workspace:
        pipeline.import_source(workspace, "sample", settings={"influencers": 12})
        pipeline.encode(workspace, "text.hashing")
        model, _ = pipeline.profile(workspace, "attentive", settings={"epochs": "2", "folds": "2"})
        one = str(pipeline.load(workspace).influencers[0])
        mine = posts_of(workspace, one)
        looked = model.post_attention(pipeline.with_features(workspace), np.array([one], dtype=object))
        told = [row["attention"] for row in pipeline.post_topics(workspace, [post["id"] for post in mine])]
        assert sum(told) == pytest.approx(1, abs=1e-4)
        at = dict(zip(looked.posts.tolist(), looked.attention.tolist(), strict=True))
        assert told == pytest.approx([at[post["id"]] for post in mine], abs=1e-4)
        assert "attention" not in pipeline.load(workspace).slots
        again, _ = pipeline.profile(workspace, "combined", settings={"folds": "2"})
        assert set(again.reads) == {"text.hashing"}


def test_facts_are_as_a_search_prints_them(workspace):
    found = pipeline.search(workspace, (), where="followers:1.. and engagement:0..", sort="last_post", k=100)
    names = [row["influencer"] for row in found.rows]
    for name in names[:3]:
        told = pipeline.facts_of(workspace, name, ["engagement", "last_post"])
        assert told == {fact: found.columns[fact][names.index(name)] for fact in ("engagement", "last_post")}


def test_prices_are_those_of_a_shortlist(workspace):
    chosen = {pick.influencer: pick for pick in pipeline.shortlist(workspace, BRAND, count=12).picks}
    told = pipeline.asking_prices(workspace, BRAND, influencers=list(chosen))
    known = {id: pick for id, pick in chosen.items() if pick.followers is not None}
    assert set(told) == set(known)
    assert len(told) > 5
    for id, pick in known.items():
        assert told[id] == pytest.approx((pick.price, pick.price_low, pick.price_high))


def test_one_whose_followers_are_not_known_has_no_price(workspace):
    dataset = pipeline.load(workspace)
    followers = dict(
        zip(
            dataset.influencers.tolist(),
            dataset.account_values("followers", dataset.influencers),
            strict=True,
        )
    )
    unknown = [id for id, size in followers.items() if size is None or np.isnan(size)]
    assert unknown
    assert pipeline.asking_prices(workspace, BRAND, influencers=unknown) == {}


def test_shared_audiences_are_those_of_the_views(workspace):
    commenters = {}
    for link in pipeline.load(workspace).stored_links.to_pylist():
        if link["kind"] in ("comments", "follows"):
            commenters.setdefault(link["target"], set()).add(link["source"])
    ids = ["senna.peaks", "mila.trails", "tavi.outthere"]
    told = pipeline.shared_audiences(workspace, ids)
    assert [(one, other) for one, other, _ in told] == [(ids[0], ids[1]), (ids[0], ids[2]), (ids[1], ids[2])]
    for one, other, both in told:
        left, right = (commenters[id] - {id} for id in (one, other))
        assert both.common == len(left & right)
        assert both.share == pytest.approx(len(left & right) / len(left))
        assert both == pipeline.audience(workspace, one, other=other).view.comparison.shared


def test_an_explanation_is_made_once_as_long_as_nothing_changes(workspace):
    first = pipeline.explain(workspace, BRAND, influencer="senna.peaks", kinds=("posts",))[0]
    again = pipeline.explain(workspace, BRAND, influencer="senna.peaks", kinds=("posts",))[0]
    assert again.attributions is first.attributions  # its place alone is looked up anew
    others = [
        pipeline.explain(workspace, BRAND, influencer="senna.peaks", kinds=("columns",))[0],
        pipeline.explain(workspace, BRAND, influencer="senna.peaks", kinds=("posts",), sides=("brand",))[0],
        pipeline.explain(workspace, BRAND, influencer="mila.trails", kinds=("posts",))[0],
        pipeline.explain(workspace, BRAND, influencer="senna.peaks", kinds=("posts",), seed=1)[0],
        pipeline.explain(
            workspace, BRAND, influencer="senna.peaks", kinds=("posts",), data={"slots.concept": "none"}
        )[0],
    ]
    assert len({id(one.attributions) for one in [first, *others]}) == 6
    assert others[-1].score != first.score
