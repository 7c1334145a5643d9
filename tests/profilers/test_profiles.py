"""Judging profilers: metrics against scikit-learn, folds that hide what they judge, and another workspace."""

from __future__ import annotations

import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from brandfit import pipeline, registry
from brandfit.cli import main
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.errors import UsageError
from brandfit.evaluation.profiles import accuracy, answered, calibration_error, f1_scores, judge, macro_f1
from brandfit.profilers._account_inputs import account_inputs
from brandfit.profilers._examples import labelled
from brandfit.profilers._inputs import FIELDS
from brandfit.profilers._matrix import _fit_standard_numbers
from brandfit.profilers._temperature import apply_temperature, fit_temperature
from brandfit.profilers.base import Profiler
from brandfit.workspace import Workspace


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("profiles") / "demo"
    with Workspace(place, create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        pipeline.encode(workspace, "text.hashing")
    return place


@settings(deadline=None, max_examples=100)
@given(st.integers(2, 6), st.integers(1, 60), st.integers(0, 999))
def test_f1_is_scikit_learns(classes, n, seed):
    rng = np.random.default_rng(seed)
    truth, guesses = rng.integers(classes, size=n), rng.integers(classes, size=n)
    found = f1_scores(guesses, truth, classes)
    expected = precision_recall_fscore_support(truth, guesses, labels=np.arange(classes), zero_division=0)[:3]
    np.testing.assert_allclose(found, np.transpose(expected), atol=1e-9)
    there = np.unique(truth)
    assert macro_f1(guesses, truth, classes) == pytest.approx(expected[2][there].mean())


def test_calibration_worked_by_hand():
    told = np.array([[0.8, 0.2]] * 10)
    truth = np.array([0] * 8 + [1] * 2)
    right = np.split(np.arange(10), 10)
    assert len(right) == 10
    # Ten bins of one account each: two are wrong by .8, eight by .2.
    assert calibration_error(told, truth) == pytest.approx((8 * 0.2 + 2 * 0.8) / 10)
    assert calibration_error(np.eye(2)[[0, 1, 1]], np.array([0, 1, 1])) == 0


def test_who_is_told_nothing_is_told_wrongly_whatever_the_truth():
    told = np.array([[0.0, 0.0], [0.0, 0.0], [0.9, 0.1], [0.2, 0.8]])
    truth = np.array([0, 1, 0, 1])
    assert answered(told).tolist() == [2, 2, 0, 1]
    assert accuracy(answered(told), truth) == 0.5
    assert f1_scores(answered(told), truth, 2) == pytest.approx(np.array([[1, 0.5, 2 / 3]] * 2))
    assert calibration_error(told, truth) == pytest.approx((0 + 0 + 0.1 + 0.2) / 4)


def test_the_temperature_makes_probabilities_as_sure_as_they_may_be():
    rng = np.random.default_rng(0)
    sure = rng.dirichlet(np.ones(4), 4000)
    y = np.array([rng.choice(4, p=row) for row in sure])
    assert fit_temperature(sure, y) == pytest.approx(1, abs=0.1)
    assert fit_temperature(apply_temperature(sure, 0.5), y) == pytest.approx(2, abs=0.2)
    np.testing.assert_allclose(apply_temperature(apply_temperature(sure, 0.5), 2.0), sure, atol=1e-9)


def test_what_is_judged_is_hidden(place, monkeypatch):
    seen = []
    real = Profiler.fit

    def watched(self, dataset, progress=None, cross=False):
        ids = dataset.influencers
        seen.append(
            {id for id, c in zip(ids, dataset.account_values("category", ids), strict=True) if c is not None}
        )
        return real(self, dataset, progress, cross=cross)

    monkeypatch.setattr(Profiler, "fit", watched)
    with Workspace(place) as workspace:
        report = pipeline.judge_profilers(workspace, ["majority"], folds=4)
    everyone = set(report.ids.tolist())
    assert len(seen) == 4
    assert all(0.7 * len(everyone) < len(known & everyone) < 0.8 * len(everyone) for known in seen)
    assert set.intersection(*seen) & everyone == set()


def test_the_command_prints_the_stated_json(place, capsys):
    main(["profile", "evaluate", "tags", "majority", "-w", str(place), "--seeds", "2", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert set(told["results"]) == {"tags", "majority"}
    for result in told["results"].values():
        assert set(result) >= {"accuracy", "macro_f1", "per_class", "ece"}
        for key in ("accuracy", "macro_f1"):
            assert result[key]["low"] <= result[key]["mean"] <= result[key]["high"]
        assert set(result["per_class"]) == set(told["classes"])
    assert told["results"]["tags"]["accuracy"]["mean"] > told["results"]["majority"]["accuracy"]["mean"] + 0.3
    main(["profile", "evaluate", "tags", "-w", str(place)])
    assert "folds over influencers" in capsys.readouterr().out


def test_another_workspace_is_judged_with_what_both_hold(place, tmp_path, capsys):
    other = tmp_path / "other"
    with Workspace(other, create=True) as workspace:
        pipeline.import_source(workspace, "sample", settings={"seed": 9, "influencers": 320})
    main(["profile", "evaluate", "tags", "-w", str(place), "--test", str(other), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert "judged on another" in told["how"]
    assert "160 that are in both are not judged" in told["how"]
    assert told["influencers"] == 160
    assert told["results"]["tags"]["accuracy"]["mean"] > 0.5


def test_what_was_learned_from_is_not_judged_in_another_workspace(place, tmp_path, capsys):
    with Workspace(place) as workspace:
        dataset = pipeline.with_features(workspace)
    ids, _ = labelled(dataset)
    left, right = dataset.restricted(influencers=ids[::2]), dataset
    make = {"tags": lambda seed: registry.load("profiler", "tags")(None, seed)}
    report = judge(make, left, other=right)
    assert set(report.ids.tolist()) == set(ids[1::2].tolist())
    assert "80 that are in both are not judged" in report.sentence
    alone = judge(make, left, other=dataset.restricted(influencers=ids[1::2]))
    assert report.results["tags"].probabilities[0] == pytest.approx(alone.results["tags"].probabilities[0])
    with pytest.raises(SystemExit):
        main(["profile", "evaluate", "tags", "-w", str(place), "--test", str(place)])
    assert "were learned from" in capsys.readouterr().err


def test_labels_are_written_and_kept_as_features(place, tmp_path, capsys):
    main(["profile", "tags", "--out", str(tmp_path / "labels.csv"), "-w", str(place)])
    assert "accounts labelled by tags" in capsys.readouterr().out
    with (tmp_path / "labels.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    with Workspace(place) as workspace:
        features = workspace.features("tags")
        assert features.slot == "category"
        assert pipeline.fill_slots(workspace)["category"] == "tags"
        assert len(rows) == len(features)
        assert {row["answer"] for row in rows} <= {*features.columns, "unsure"}
        assert set(rows[0]) >= {"account", "stated", "answer", "probability", *features.columns}
        ranker = pipeline.train(workspace, "brandfit")
        assert "category" in ranker.reads


def test_categories_without_posts_are_told_as_such():
    dataset = Dataset.from_rows([Account(id=f"a{n}", category=("food", "pet")[n % 2]) for n in range(6)], [])
    with pytest.raises(UsageError) as error:
        registry.load("profiler", "tags")(None, 0).fit(dataset)
    assert "posts.csv" in error.value.hint
    with pytest.raises(UsageError, match="with posts") as error:
        judge({"tags": lambda seed: registry.load("profiler", "tags")(None, seed)}, dataset)
    assert "posts.csv" in error.value.hint


def test_the_best_profiler_that_told_is_read(place):
    with Workspace(place) as workspace:
        for name in ("combined", "tags", "majority"):
            pipeline.profile(workspace, name)
        assert pipeline.fill_slots(workspace)["category"] == "combined"
        assert pipeline.fill_slots(workspace, {"category": "tags"})["category"] == "tags"


def test_a_setting_of_nobody_is_told(place):
    with Workspace(place) as workspace, pytest.raises(UsageError):
        pipeline.judge_profilers(workspace, ["tags"], settings={"image.folds": 3})


def test_what_is_known_of_an_account(place):
    with Workspace(place) as workspace:
        dataset = pipeline.with_features(workspace)
        ids = dataset.influencers[:5]
        found = account_inputs(dataset, ids, slots=["text.hashing"])
    assert set(found.words) == set(FIELDS)
    assert found.numbers.shape == (5, 8)
    assert len(set(found.digests())) == 5
    again = found.subset(np.array([3, 1]))
    assert again.ids.tolist() == [ids[3], ids[1]]
    assert again.digests() == [found.digests()[3], found.digests()[1]]


def test_likes_that_are_hidden_are_no_likes_of_nought():
    posts = [
        Post(id="a1", account="a", likes=100, comments=4, hashtags=["x"]),
        Post(id="a2", account="a", likes=None, comments=8),
        Post(id="a3", account="a", likes=300, comments=None),
        Post(id="b1", account="b", likes=None, comments=None),
        Post(id="c1", account="c", likes=0, comments=0),
    ]
    dataset = Dataset.from_rows([Account(id=id) for id in "abcd"], posts)
    numbers = account_inputs(dataset, np.array(list("abcd"), dtype=object), slots=[]).numbers
    assert numbers[:, 3].tolist() == [3, 1, 1, 0]
    assert numbers[0, 4:] == pytest.approx([np.log1p(200), np.log1p(6), 1 / 3, 0])
    assert numbers[1:, 4] == pytest.approx([np.nan, 0, np.nan], nan_ok=True)
    assert numbers[1:, 5] == pytest.approx([np.nan, 0, np.nan], nan_ok=True)
    assert numbers[1, 6:].tolist() == [0, 0]


@pytest.mark.parametrize("name", ["social", "combined"])
def test_profilers_take_numbers_that_are_not_known(name):
    words = {"food": "soup bread cake kitchen", "pet": "puppy leash kitten vet"}
    accounts = [Account(id=f"{kind}{n:02}", category=kind) for kind in words for n in range(15)]
    posts = [
        Post(
            id=f"{a.id}-{p}",
            account=a.id,
            caption=words[a.category],
            likes=None if n % 2 else 10 * n,
            comments=None,
        )
        for n, a in enumerate(accounts)
        for p in range(2)
    ]
    dataset = Dataset.from_rows(
        [*accounts, Account(id="new")],
        [*posts, Post(id="new", account="new", caption="a puppy and a kitten")],
    )
    cls = registry.load("profiler", name)
    told = (
        cls(cls.Config.from_settings({}), 0)
        .fit(dataset)
        .probabilities(dataset, np.array(["new"], dtype=object))
    )
    assert np.isfinite(told).all()


def test_a_number_that_all_have_alike_but_for_rounding_says_nothing():
    """.2 mentions a post of everybody that is known, and none of who is asked about: no million standard
    deviations."""
    rounded = 0
    for n in range(30, 60):
        numbers = np.column_stack([np.full(n, 0.2), np.arange(n)])
        rounded += numbers[0, 0] != numbers.sum(axis=0)[0] / n
        asked = np.array([[0.0, n / 2]])
        standardise = _fit_standard_numbers(SimpleNamespace(numbers=numbers))
        assert np.abs(standardise(SimpleNamespace(numbers=asked))).max() < 1
    assert rounded > 3  # of these there is a deviation: what rounding leaves of none
