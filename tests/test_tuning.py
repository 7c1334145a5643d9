"""Tuning: it finds what was planted, never looks at test brands, goes on where it stopped, and says what is
wrong."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from brandfit import pipeline, registry, tuning
from brandfit.errors import ConfigError, UnknownName, UsageError
from brandfit.evaluation import evaluate as evaluation
from brandfit.tuning import Choice, Range, space, tune
from brandfit.workspace import Workspace


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with Workspace(tmp_path_factory.mktemp("tuning") / "demo", create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        for encoder in ("text.hashing", "engagement"):
            pipeline.encode(workspace, encoder)
        yield workspace


def test_what_is_typed_becomes_a_space():
    assert space("wsim", {"learning_rate": "1e-4:1e-2", "pool_size": "2, 4,6"}) == {
        "learning_rate": Range(1e-4, 1e-2),
        "pool_size": Choice(("2", "4", "6")),
    }
    assert space("wsim", {"epochs": "5:50"}) == {"epochs": Range(5, 50, integer=True)}
    assert space("brandfit", {"strength": "1:1000"}) == {"strength": Range(1, 1000)}


@pytest.mark.parametrize(
    ("tries", "error"),
    [
        ({"learning_rate": "0.1:0.01"}, ConfigError),
        ({"learning_rate": "slow:fast"}, ConfigError),
        ({"learning_rate": "1e-4:inf"}, ConfigError),
        ({"learning_rate": "nan:1"}, ConfigError),
        ({"pool_size": "-3:6"}, ConfigError),
        ({"pool_size": "two"}, ConfigError),
        ({"pools": "2,3"}, UnknownName),
    ],
)
def test_what_cannot_be_tried_is_told(tries, error):
    with pytest.raises(error):
        space("wsim", tries)


def test_a_leaky_setting_is_not_searched():
    with pytest.raises(UsageError, match="endorsement=leaky reads the labels that it is judged on"):
        space("camera", {"endorsement": "expected,leaky"})


def test_a_median_that_rises_by_chance_is_doubted():
    values = np.array([1.0, 1.0, 9.0])
    assert (
        tuning._p_of_gain(values, np.array([2.0, 2.0, 2.0]), -1) == 1.0
    )  # MedR: 1 in place of 2, and a worse mean
    assert tuning._p_of_gain(values, values, 1) == 1.0


def test_it_finds_the_better_setting_and_goes_on(demo, monkeypatch):
    """Judged as planted: seven epochs are best."""
    seen = []

    def judged(make, dataset, protocol, seeds):
        ranker = make["wsim"](0)
        seen.append(ranker.config.epochs)
        real = evaluation.evaluate(
            {"random": lambda s: registry.load("ranker", "random")(None, s)},
            dataset,
            protocol=protocol,
            seeds=seeds,
        )
        values = real.results["random"].values
        for arrays in values.values():
            arrays[0][:] = 0.37 - min(abs(ranker.config.epochs - 7), 7) / 100
        real.results["wsim"] = real.results.pop("random")
        return real

    monkeypatch.setattr(tuning, "evaluate", judged)
    found = tune(demo, "wsim", tries={"epochs": "0:9"}, trials=12)
    assert found.settings == {"epochs": 7}
    assert found.value == pytest.approx(0.37)
    assert found.default == pytest.approx(0.3)  # 200 epochs
    assert found.p < 0.01  # every brand gains
    assert len(seen) == 13  # the settings as they come, and twelve trials
    again = tune(demo, "wsim", tries={"epochs": "0:9"}, trials=12)
    assert len(seen) == 13
    assert msgspec.json.encode(again.to_dict()) == msgspec.json.encode(found.to_dict())
    tune(demo, "wsim", tries={"epochs": "0:9"}, trials=14)
    assert len(seen) == 15


def test_settings_as_they_come_are_kept_where_nothing_is_better(demo):
    found = tune(demo, "simcos", tries={"fusion": "concatenate,average"}, trials=2)
    assert found.feature_keys == {"text.hashing": demo.features("text.hashing").key}
    assert found.to_dict()["feature_keys"] == found.feature_keys
    assert found.value >= found.default
    assert found.p == 1 or (found.settings and found.p <= 1)
    assert set(found.settings) <= {"fusion"}
    assert found.value == pytest.approx(max(found.default, *(value for _, value in found.trials)))


def test_test_brands_are_never_looked_at(demo, monkeypatch):
    judged = []

    def watched(make, dataset, protocol, seeds):
        judged.append(set(dataset.brands.tolist()))
        return evaluation.evaluate(make, dataset, protocol=protocol, seeds=seeds)

    monkeypatch.setattr(tuning, "evaluate", watched)
    monkeypatch.setattr(pipeline, "load", marked(pipeline.load))
    tune(demo, "simcos", tries={"fusion": "concatenate,average"}, trials=1, metric="AUC")
    hidden = {b for n, b in enumerate(sorted(demo.dataset().brands.tolist())) if n % 3 == 0}
    assert judged
    assert all(not (seen & hidden) and seen for seen in judged)


def marked(load):
    """Every third brand marked as a test brand of the source."""
    import pyarrow as pa

    def loaded(workspace, data=None):
        dataset = load(workspace, data)
        test = {b for n, b in enumerate(sorted(workspace.dataset().brands.tolist())) if n % 3 == 0}
        split = ["test" if id in test else "train" for id in dataset.accounts["id"].to_pylist()]
        at = dataset.accounts.column_names.index("split")
        accounts = dataset.accounts.set_column(
            at, dataset.accounts.schema.field(at), pa.chunked_array([pa.array(split, pa.string())])
        )
        monkey = dataset.restricted(brands=dataset.brands.tolist())
        monkey.accounts = accounts
        return monkey

    return loaded


def test_a_search_that_was_broken_off_tries_nothing_twice(demo):
    tries = {"strength": "1:1000"}
    first = [settings for settings, _ in tune(demo, "brandfit", tries=tries, trials=2, seed=5).trials]
    both = [settings for settings, _ in tune(demo, "brandfit", tries=tries, trials=4, seed=5).trials]
    assert both[:2] == first
    assert len({settings["strength"] for settings in both}) == 4


def test_a_trial_that_was_broken_off_is_tried_again(demo, monkeypatch):
    tries, real, count = {"strength": "1:1000"}, tuning.evaluate, 0
    whole = tune(demo, "brandfit", tries=tries, trials=4, seed=6).trials

    def broken_off(*args, **options):
        nonlocal count
        count += 1
        if count == 4:  # the settings as they come, two trials, and then
            raise KeyboardInterrupt
        return real(*args, **options)

    storage = pytest.importorskip("optuna").storages.InMemoryStorage()
    monkeypatch.setattr(tuning, "_storage", lambda optuna, workspace: storage)
    monkeypatch.setattr(tuning, "evaluate", broken_off)
    with pytest.raises(KeyboardInterrupt):
        tune(demo, "brandfit", tries=tries, trials=4, seed=6)
    assert tune(demo, "brandfit", tries=tries, trials=4, seed=6).trials == whole


def test_a_trial_that_diverges_is_one_that_failed(demo):
    pytest.importorskip("torch")
    with pytest.raises(UsageError, match="Each of the 2 trials failed"):
        tune(demo, "mir", tries={"learning_rate": "1e25:1e30"}, trials=2)


def test_a_metric_that_is_not_defined_is_told(demo, monkeypatch):
    load = pipeline.load
    monkeypatch.setattr(
        pipeline, "load", lambda *a: (d := load(*a)).hide_categories(d.accounts["id"].to_pylist())
    )
    with pytest.raises(UsageError, match="cAUC is not defined"):
        tune(demo, "simcos", tries={"fusion": "average"}, metric="cAUC", seed=9)


def test_what_is_wrong_is_told(demo):
    with pytest.raises(UsageError, match="Tune what"):
        tune(demo, "simcos", tries={})
    with pytest.raises(UnknownName):
        tune(demo, "simcos", tries={"fusion": "average"}, protocol="official")
    with pytest.raises(UnknownName):
        tune(demo, "simcos", tries={"fusion": "average"}, metric="beauty")
