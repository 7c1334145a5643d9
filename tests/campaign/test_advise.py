"""Pictures and captions that fit, and engagement whose law is planted."""

from __future__ import annotations

import json

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.campaign.engagement import Engagement, _Past
from brandfit.campaign.interval import Errors, intervals
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
                Post(
                    id=f"i{n:02}-{p}",
                    account=f"i{n:02}",
                    caption="a post",
                    likes=max(round(rate * followers), 1),
                    comments=0,
                )
            )
            rows.append([float(shows), *rng.normal(size=3)])
    ids = np.array([p.id for p in posts], dtype=object)
    return Dataset.from_rows(accounts, posts).with_slots(
        {"picture": Features("p", ids, np.array(rows, np.float32), slot="picture")}
    )


def test_what_works_is_learned_and_the_interval_holds():
    dataset = planted(1.0)
    model = Engagement(dataset)
    assert model.gain > 0.4
    shown, not_shown = (
        model.expected("i07", "a post", rows={"picture": np.array([s, 0, 0, 0], np.float32)})
        for s in (1.0, 0.0)
    )
    assert np.log(shown.rate / not_shown.rate) == pytest.approx(1.0, abs=0.2)
    assert shown.low < shown.rate < shown.high
    fresh = planted(1.0, seed=1)  # others, of the same law
    inside = []
    size = fresh.account_values("followers", fresh.posts["account"].to_pylist())
    values, _ = fresh.slots["picture"].values_of(fresh.posts["id"].to_numpy().astype(object))
    other = Engagement(fresh)
    for n in range(0, len(fresh.posts), 4):
        told = other.expected(fresh.posts["account"][n].as_py(), "a post", rows={"picture": values[n]})
        inside.append(told.low <= fresh.posts["likes"][n].as_py() / size[n] <= told.high)
    assert 0.7 <= np.mean(inside) <= 0.97


HISTORIES = {0: 0, 1: 1, 2: 1, 6: 2}
"""Known posts to the number of their group."""


def of_unlike_histories(seed: int, accounts: int = 1_200):
    """Accounts whose habits lie far apart (standard deviation 1) and whose posts do not (.2), with 0, 1, 2 or
    6 posts that are known and one that is to come. A Dataset of the known ones and, of all, the log rate of
    the next."""
    rng = np.random.default_rng(seed)
    members, posts, coming = [], [], {}
    for n in range(accounts):
        known, followers = int(rng.choice(list(HISTORIES))), int(rng.integers(50_000, 90_000))
        id, habit = f"i{n:04}", np.log(0.03) + rng.normal(0, 1)
        members.append(Account(id=id, followers=followers))
        for p in range(known + 1):
            rate = np.exp(habit + rng.normal(0, 0.2))
            if p == known:
                coming[id] = known, np.log(rate)
            else:
                posts.append(
                    Post(
                        id=f"{id}-{p}",
                        account=id,
                        caption="a post",
                        likes=max(round(rate * followers), 1),
                        comments=0,
                    )
                )
    return Dataset.from_rows(members, posts), coming


def test_the_interval_holds_for_accounts_with_few_and_with_many_known_posts():
    dataset, coming = of_unlike_histories(5)
    model = Engagement(dataset)
    error, covered, group = [], [], []
    for id, (known, rate) in coming.items():
        told = model.expected(id, "a post")
        assert told.posts == known
        error.append(abs(rate - np.log(told.rate)))
        covered.append(np.log(told.low) <= rate <= np.log(told.high))
        group.append(HISTORIES[known])
    error, covered, group = np.array(error), np.array(covered), np.array(group)
    for number, interval in enumerate(model.intervals):
        mine = group == number
        slack = 3.5 * np.sqrt(0.16 / mine.sum()) + 0.02
        assert abs(covered[mine].mean() - 0.8) < slack
        assert abs(interval.coverage - 0.8) < 0.06
        assert abs(interval.coverage - covered[mine].mean()) < 2 * slack
    # One width for all, right in all, is wrong for each: what was done before.
    one = np.quantile(error, 0.8)
    assert np.mean(error[group == 0] <= one) < 0.65
    assert np.mean(error[group == 2] <= one) > 0.95
    widths = [interval.width for interval in model.intervals]
    assert widths[0] > 2 * widths[1] > 2 * widths[2]
    assert widths[0] == pytest.approx(1.2816 * np.hypot(1, 0.2), rel=0.15)  # the law that is planted


def test_short_histories_are_made_where_every_account_has_a_long_one():
    dataset = planted(0.0)  # 60 accounts of 8 posts
    none, few, many = Engagement(dataset).intervals
    assert (none.accounts, none.hidden) == (few.accounts, few.hidden) == (60, 60)
    assert (many.accounts, many.hidden) == (60, 0)
    assert none.width > few.width > many.width
    assert "no known posts" in str(none)
    assert "with other posts hidden" in str(none)
    assert "hidden" not in str(many)


def test_too_few_accounts_lend_their_width_and_say_so():
    rng = np.random.default_rng(0)
    made = lambda accounts, error: Errors(error, accounts, accounts % 5, np.zeros(len(accounts), bool))  # noqa: E731
    wide, narrow = made(np.arange(200), rng.normal(0, 2, 200)), made(np.arange(10), rng.normal(0, 0.1, 10))
    found = intervals([wide, narrow, narrow])
    assert found[1] == found[2] == found[0]
    alone = intervals([narrow, narrow, narrow])[0]
    assert alone.coverage is None
    assert alone.width == pytest.approx(np.sort(np.abs(narrow.error))[8])  # the ninth of ten: 8.8 of eleven
    assert "not measured: only 10 accounts" in str(alone)


def test_an_account_weighs_one_however_many_posts_it_has():
    # 100 accounts of one post with an error of 1 .. 100, and one of 1,000 posts that are all wrong by 1,000
    account = np.concatenate([np.arange(100), np.full(1_000, 100)])
    error = np.concatenate([np.arange(1.0, 101), np.full(1_000, 1_000.0)])
    told = intervals([Errors(error, account, account % 5, np.zeros(1_100, bool))] * 3)[0]
    assert told.accounts == 101
    assert told.width == 82  # of 102 accounts, the one of whom nothing is known among them, .8 are 81.6


def test_a_history_that_is_made_is_of_other_posts_of_the_same_account():
    owner = np.array([0, 0, 0, 1, 1, 2])
    past = _Past(owner, np.array([1.0, 10, 100, 1_000, 10_000, 5]), np.zeros(6))
    total, count = past.leave_one_out_sampled(np.full(6, 2), 0)
    assert total.tolist() == [110, 101, 11, 10_000, 1_000, 0]
    assert count.tolist() == [2, 2, 2, 1, 1, 0]
    total, count = past.leave_one_out_sampled(np.full(6, 1), 0)
    assert count.tolist() == [1, 1, 1, 1, 1, 0]
    assert all(t in {1.0, 10, 100} - {y} for t, y in zip(total[:3], past.y[:3], strict=True))
    assert past.leave_one_out_sampled(np.zeros(6, int), 0)[0].tolist() == [0] * 6


def test_where_nothing_helps_it_says_the_habit():
    dataset = planted(0.0)
    model = Engagement(dataset)
    assert abs(model.gain) < 0.1
    told = model.expected("i07", "a post")
    assert np.log(told.rate / told.habit) == pytest.approx(0, abs=0.2)
    if not model.useful:
        assert told.rate == told.habit


def test_what_is_missing_is_said():
    with pytest.raises(UsageError, match="There are 0 posts with known likes"):
        Engagement(Dataset.from_rows([Account(id="a", followers=10)], [Post(id="p", account="a")]))
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
        brand = next(
            b
            for b in dataset.brands.tolist()
            if category[b] == "pet" and dataset.representation[b] == "posts"
        )
        influencer = dataset.influencers[0]
        hashes = dict(
            zip(dataset.images["post"].to_pylist(), dataset.images["hash"].to_pylist(), strict=True)
        )
        post = next(
            p
            for p, a in zip(
                dataset.posts["id"].to_pylist(), dataset.posts["account"].to_pylist(), strict=True
            )
            if a == brand
        )
        (tmp_path / "own.jpg").write_bytes(dataset.picture(hashes[post]))
    captions = [
        "--caption",
        "The puppy found a new leash and a ball to fetch",
        "--caption",
        "Sourdough, lentil soup and a lemon cake",
    ]
    main(
        [
            "advise",
            brand,
            *captions,
            "--picture",
            str(tmp_path / "own.jpg"),
            "--by",
            influencer,
            "-w",
            str(place),
            "--json",
        ]
    )
    ideas = json.loads(capsys.readouterr().out)["ideas"]
    assert [idea["kind"] for idea in ideas] == ["picture", "caption", "caption"]
    assert "puppy" in ideas[1]["label"]
    assert ideas[1]["fit"] > ideas[2]["fit"] + 0.05
    assert all(
        0 < idea["expected"]["low"] < idea["expected"]["rate"] < idea["expected"]["high"] for idea in ideas
    )
    coverage = ideas[0]["expected"]["interval"]
    assert coverage["level"] == 0.8
    assert 0.6 < coverage["coverage"] < 0.95
    main(["advise", f"@{brand}", *captions, "--by", influencer, "-w", str(place)])
    said = capsys.readouterr().out
    assert "better than" in said
    assert (
        f"measured coverage of accounts with {coverage['history']}: {100 * coverage['coverage']:.0f} % of"
        in said
    )
    for args, told in (
        ([brand], "Advise on what"),
        (["nobody.here", *captions], "no account named 'nobody.here'"),
    ):
        with pytest.raises(SystemExit):
            main(["advise", *args, "-w", str(place)])
        assert told in capsys.readouterr().err


def test_a_picture_that_cannot_be_read_is_told_and_the_others_are_ranked(place, tmp_path, capsys):
    with Workspace(place) as workspace:
        dataset = workspace.dataset()
        brand = next(b for b in dataset.brands.tolist() if dataset.representation[b] == "posts")
        (tmp_path / "good.jpg").write_bytes(
            dataset.picture(next(h for h in dataset.images["hash"].to_pylist() if h))
        )
    good, bad, none = (str(tmp_path / name) for name in ("good.jpg", "bad.jpg", "none.jpg"))
    (tmp_path / "bad.jpg").write_bytes((tmp_path / "good.jpg").read_bytes()[:300])
    given = ["--picture", bad, "--picture", good, "--picture", none]
    main(["advise", brand, *given, "-w", str(place), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert [idea["label"] for idea in told["ideas"]] == [good]
    assert {row["label"]: "No such file" in row["reason"] for row in told["unread"]} == {
        bad: False,
        none: True,
    }
    main(["advise", brand, *given, "-w", str(place)])
    assert len([line for line in capsys.readouterr().out.splitlines() if line.startswith("Left out: ")]) == 2
    with pytest.raises(SystemExit) as ended:
        main(["advise", brand, "--picture", bad, "--picture", none, "-w", str(place)])
    assert ended.value.code == 3
    assert "No picture or caption can be read" in capsys.readouterr().err


def test_the_parts_of_an_expected_rate_multiply_to_it_and_name_what_was_planted():
    model = Engagement(planted(1.0))
    shown, not_shown = (
        model.expected("i07", "a post", rows={"picture": np.array([s, 0, 0, 0], np.float32)})
        for s in (1.0, 0.0)
    )
    for one in (shown, not_shown):
        assert one.usual * np.prod(list(one.factors.values())) == pytest.approx(one.rate)
    # Only the picture differs, and one unit of its first column is planted to add 1 to the log rate.
    changes = {name: np.log(shown.factors[name] / not_shown.factors[name]) for name in shown.factors}
    assert changes.pop("picture") == pytest.approx(1.0, abs=0.2)
    assert all(change == pytest.approx(0) for change in changes.values())
    assert json.loads(json.dumps(shown.to_dict()))["factors"] == shown.factors
