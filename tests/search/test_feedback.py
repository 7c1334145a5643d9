"""Likes and dislikes: the formula by hand, near-duplicates, the topic of a brand, and what the command line
says."""

from __future__ import annotations

import json

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.cli import main
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account
from brandfit.errors import UnknownName, UsageError
from brandfit.ranking import Ranking, rank
from brandfit.search.feedback import Weights, adjusted_note, effects_of_marks, reason, refined, top_weights
from brandfit.search.lookalike import Lookalikes
from brandfit.workspace import Workspace

BRAND = "northpeak.outdoor"


def test_the_formula_by_hand():
    """Scores of deviation 1; likeness of two likes and one dislike with three candidates."""
    scores = np.array([1.0, -1.0, np.nan])
    likeness = np.array([[0.5, -0.5, 0.0], [0.5, 0.5, 1.0], [0.5, -0.5, 1.0]])
    found = effects_of_marks(likeness, scores, likes=2, weights=Weights(strength=3.0, prior=4.0))
    like, dislike = 3.0 / 6, 3.0 / 5
    np.testing.assert_allclose(
        found, [[0.5 * like, -0.5 * like, 0], [0.5 * like, 0.5 * like, like], [-0.125 * dislike, 0, -dislike]]
    )


def test_the_weight_grows_with_marks_and_is_bounded():
    scores = np.random.default_rng(0).normal(size=50)
    moved = [effects_of_marks(np.ones((n, 50)), scores, likes=n).sum(axis=0)[0] for n in (1, 2, 5, 10, 1000)]
    bound = Weights().strength * scores.std()
    assert moved == sorted(moved)
    assert moved[0] == pytest.approx(bound / (Weights().prior + 1))
    assert 0.99 * bound < moved[-1] < bound
    lowered = [effects_of_marks(np.ones((n, 50)), scores, likes=0).sum(axis=0)[0] for n in (1, 1000)]
    np.testing.assert_allclose(lowered, [-moved[0], -moved[-1]])


def test_weights_of_the_centre():
    np.testing.assert_allclose(
        top_weights(np.array([1.0, -1.0, np.nan]), 0.5), [np.e / (np.e + 1), 1 / (np.e + 1), 0]
    )
    np.testing.assert_array_equal(top_weights(np.array([np.nan, np.nan])), [0, 0])


@pytest.fixture(scope="module")
def planted() -> tuple[Lookalikes, Ranking]:
    """30 influencers of the brand's topic (t), the best of whom has a twin, and 30 of another topic (o), who
    rank lower."""
    rng = np.random.default_rng(3)
    topics = np.repeat(np.eye(2), 30, axis=0) @ (6 * np.linalg.qr(rng.normal(size=(40, 2)))[0].T)
    values = topics + rng.normal(size=(60, 40))
    values[4] = values[0] + 0.05 * rng.normal(size=40)
    ids = np.array([f"{topic}{n:02}" for topic in "to" for n in range(30)], dtype=object)
    dataset = Dataset.from_rows([Account(id=id) for id in [*ids, "silent"]])
    features = Features("text.planted", ids, values.astype(np.float32), "account", slot="text")
    scores = np.concatenate([np.linspace(4, 2, 30), np.linspace(0, -2, 30)])
    return Lookalikes(dataset.with_slots({"text": features})), rank(
        "shop", ids, scores=scores, ranker="planted"
    )


def test_a_dislike_lowers_a_twin_and_not_the_topic(planted):
    alike, ranking = planted
    found = refined(ranking, alike, like=[], dislike=["t00"])
    rows = found.rows()
    assert "t00" not in found.candidates
    assert {row["influencer"][0] for row in rows[:29]} == {"t"}
    twin = next(row for row in rows if row["influencer"] == "t04")
    assert twin["moved"] <= -3
    assert twin["because"] == {"mark": "dislike", "influencer": "t00", "similar": True}
    assert reason(twin) == f"down {-twin['moved']}: similar to t00, which is disliked"
    assert [str(group) for group in found.excluded] == ["1 marked “Not this” (t00)"]
    assert "0 likes and 1 dislike" in adjusted_note(found, [], ["t00"])


def test_many_dislikes_of_the_topic_leave_the_topic(planted):
    alike, ranking = planted
    found = refined(ranking, alike, like=[], dislike=[f"t{n:02}" for n in range(10)])
    assert {id[0] for id in found.candidates[:20]} == {"t"}


def test_a_like_raises_its_twin(planted):
    alike, ranking = planted
    rows = {row["influencer"]: row for row in refined(ranking, alike, like=["t00"], dislike=[]).rows()}
    assert rows["t04"]["moved"] > 0
    assert (
        reason(rows["t04"], "which you like") == f"up {rows['t04']['moved']}: similar to t00, which you like"
    )


def test_moves_are_counted_anew_in_a_part_of_the_list(planted):
    """A condition that keeps two: who stood second and now stands first has moved by one place."""
    alike, ranking = planted
    found = refined(ranking, alike, like=[], dislike=["t00"])
    kept = np.isin(
        found.candidates.astype(str),
        ["t04", found.candidates[int(np.flatnonzero(found.candidates == "t04")[0]) - 1]],
    )
    assert [row["moved"] for row in found.subset(kept).rows()] == [1, -1]
    page = found.subset(slice(5, 9))
    assert [row["moved"] for row in page.rows()] == found.moves.moved[5:9].tolist()


def test_marks_that_cannot_be_used(planted):
    alike, ranking = planted
    found = refined(ranking, alike, like=["silent"], dislike=[])
    assert found.candidates.tolist() == ranking.candidates.tolist()
    assert found.notes[0] == "nothing is encoded for silent: that like or dislike has no effect"
    with pytest.raises(UsageError, match="both liked and disliked"):
        refined(ranking, alike, like=["t01"], dislike=["t01"])
    with pytest.raises(UnknownName):
        refined(ranking, alike, like=["nobody"], dislike=[])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("feedback") / "demo"
    with Workspace(place, create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        for name in ("text.hashing", "concept.bag"):
            pipeline.encode(workspace, name)
    return place


def test_one_dislike_of_the_best_keeps_the_topic_of_a_brand(place):
    with Workspace(place) as workspace:
        before = pipeline.rank(workspace, BRAND, k=11).candidates.tolist()
        after = pipeline.rank(workspace, BRAND, k=10, dislike=[f"@{before[0]}"]).candidates.tolist()
        assert before[0] not in after
        assert len(set(before) & set(after)) >= 8
        without = pipeline.rank(workspace, BRAND, exclude=[before[0]])
        assert without.top(10).candidates.tolist() == before[1:]
        left_out = f"1 excluded by name ({before[0]})"
        assert left_out in [str(group) for group in without.excluded]
        with pytest.raises(UnknownName, match="nobody"):
            pipeline.rank(workspace, BRAND, exclude=["nobody"])
        chosen = pipeline.shortlist(workspace, BRAND, count=3, exclude=[before[0]])
        assert before[0] not in {pick.influencer for pick in chosen.picks}
        assert left_out in [str(group) for group in chosen.excluded]
        both = pipeline.rank(workspace, BRAND, exclude=before[:2], not_this=before[1:3])
        assert both.top(8).candidates.tolist() == before[3:]
        groups = [str(group) for group in both.excluded]
        assert groups[-2:] == [f"2 marked “Not this” ({', '.join(sorted(before[1:3]))})", left_out]
        with pytest.raises(UnknownName, match="nobody"):
            pipeline.rank(workspace, BRAND, not_this=["nobody"])


def test_a_report_leaves_out_whom_it_excludes(place, tmp_path):
    with Workspace(place) as workspace:
        everybody = pipeline.rank(workspace, BRAND)
        first, second = everybody.candidates[:2].tolist()
        said = pipeline.report(workspace, BRAND, file=tmp_path / "report.html", k=1, exclude=[first])
        assert [card.profile.id for card in said.cards] == [second]
        assert said.candidates == len(everybody) - 1
        with pytest.raises(UnknownName, match="nobody"):
            pipeline.report(workspace, BRAND, file=tmp_path / "report.html", k=1, exclude=["nobody"])


def test_the_command_line_says_who_is_left_out_and_who_moved(place, capsys):
    def ranked(*args: str) -> dict:
        main(["rank", BRAND, "-k", "200", "-w", str(place), "--json", *args])
        return json.loads(capsys.readouterr().out)

    first, second, third = [row["influencer"] for row in ranked()["ranking"][:3]]
    found = ranked("--like", third, "--dislike", first)
    assert first not in {row["influencer"] for row in found["ranking"]}
    assert "1 like and 1 dislike" in found["notes"][0]
    assert {"reason": "disliked", "count": 1, "text": "marked “Not this”", "examples": [first]} in found[
        "excluded"
    ]
    rows = {row["influencer"]: row for row in found["ranking"]}
    assert rows[third]["moved"] == 1
    assert rows[third]["because"]["mark"] == "like"
    main(["rank", BRAND, "-k", "5", "-w", str(place), "--like", third])
    out = capsys.readouterr().out
    assert "moved" in out.splitlines()[0]
    assert "up 2: it is liked" in out
    assert "down 1: " in next(line for line in out.splitlines() if f" {first} " in line)
    assert second in out
