"""Settings, names, seeds, ranking and the local map: small things that everything stands on."""

from __future__ import annotations

import threading
from typing import Annotated, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from brandfit import registry, seeds
from brandfit.compute.local import thread_map
from brandfit.config import Config, describe, parse_settings
from brandfit.errors import ConfigError, MissingExtra, UnknownName
from brandfit.ranking import order, rank


class Example(Config):
    epochs: Annotated[int, Meta(ge=1, description="passes over the data")] = 200
    rate: Annotated[float, Meta(gt=0, description="step size")] = 0.001
    slots: Annotated[list[str], Meta(description="what is read")] = []
    normalise: Annotated[bool, Meta(description="unit vectors")] = True


def test_settings_are_read_from_text_and_from_values():
    config = Example.from_settings(
        {"epochs": "50", "rate": 1e-2, "slots": "text, picture", "normalise": "false"}
    )
    assert config == Example(epochs=50, rate=0.01, slots=["text", "picture"], normalise=False)
    assert Example.from_settings({"slots": '["a"]'}).slots == ["a"]
    assert Example.from_settings(config.to_dict()) == config
    assert describe(Example)["epochs"] == {
        "description": "passes over the data",
        "default": 200,
        "type": "int",
    }


@pytest.mark.parametrize(
    "bad", [{"epochs": "0"}, {"epochs": "many"}, {"rate": "-1"}, {"normalise": "perhaps"}, {"epochs": 1.5}]
)
def test_a_value_that_cannot_be_is_told_with_what_the_setting_is(bad):
    with pytest.raises(ConfigError) as error:
        Example.from_settings(bad)
    assert describe(Example)[next(iter(bad))]["description"] in str(error.value)


def test_a_choice_is_told_with_what_there_is_to_choose_from():
    class Chosen(Config):
        level: Annotated[Literal["account", "post"], Meta(description="what is told")] = "account"
        use: Annotated[tuple[Literal["a", "b", "c"], ...], Meta(description="parts")] = ("a",)
        date: Annotated[int | str, Meta(description="from when")] = 0

    assert [about["type"] for about in describe(Chosen).values()] == [
        "account or post",
        "several of a, b or c",
        "int or str",
    ]
    with pytest.raises(ConfigError, match="account or post"):
        Chosen.from_settings({"level": "posts"})


def test_an_unknown_setting_suggests_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean epochs"):
        Example.from_settings({"epoch": 3})
    with pytest.raises(ConfigError, match="name=value"):
        parse_settings(["epochs"])
    assert parse_settings(["a=1", "b=x=y", "a = 1"]) == {"a": "1", "b": "x=y"}


def test_a_setting_with_two_values_is_refused():
    with pytest.raises(ConfigError, match="a is given twice, as '1' and as '2'"):
        parse_settings(["a=1", "b=x=y", "a=2"])


def test_names_are_the_files():
    assert {"random", "simcos", "wsim"} <= set(registry.names("ranker"))
    assert {"text.minilm", "text.hashing", "image.classical", "image.onnx", "engagement"} <= set(
        registry.names("encoder")
    )
    assert {"folder", "instagram-info", "instagram-jsonl", "instaloader", "released-features"} <= set(
        registry.names("importer")
    )
    for kind in ("ranker", "encoder", "importer"):
        for name in registry.names(kind):
            assert registry.name_of(kind, registry.load(kind, name)) == name
    with pytest.raises(UnknownName, match="Did you mean simcos"):
        registry.load("ranker", "simcoss")


def test_a_package_outside_joins_by_its_entry_point(monkeypatch):
    class Point:
        @staticmethod
        def load():
            return Example

    monkeypatch.setattr(
        registry, "_entry_points", lambda kind: {"theirs": Point()} if kind == "ranker" else {}
    )
    registry.load.cache_clear()
    assert "theirs" in registry.names("ranker")
    assert registry.load("ranker", "theirs") is Example
    assert registry.name_of("ranker", Example) == "theirs"
    registry.load.cache_clear()


def test_a_missing_extra_says_what_to_type():
    assert 'pip install "brandfit[text]"' in str(MissingExtra("text.minilm", "text"))


def test_seeds_of_different_uses_differ_and_repeat():
    streams = {name: seeds.generator(7, name).integers(2**62) for name in ("folds", "pools", "weights")}
    assert len(set(streams.values())) == 3
    assert seeds.generator(7, "folds").integers(2**62) == streams["folds"]
    assert seeds.derive(1, "a", "b") != seeds.derive(1, "ab")


scores = st.lists(st.sampled_from([0.0, 0.5, 0.5, 1.0, -2.0, float("nan")]), min_size=1, max_size=30)


@given(scores, st.integers(1, 35), st.randoms(use_true_random=False))
def test_the_best_k_are_the_head_of_the_whole_and_the_order_of_candidates_changes_nothing(values, k, random):
    ids = np.array([f"i{n}" for n in range(len(values))], dtype=object)
    array = np.array(values)
    whole = ids[order(array, ids)].tolist()
    assert ids[order(array, ids, k)].tolist() == whole[:k]
    mixed = list(range(len(values)))
    random.shuffle(mixed)
    assert ids[mixed][order(array[mixed], ids[mixed])].tolist() == whole
    ranked = array[order(array, ids)]
    known = ranked[~np.isnan(ranked)]
    assert (np.diff(known) <= 0).all()
    assert np.isnan(ranked[len(known) :]).all()


def test_a_ranking_keeps_parts_with_their_candidate():
    ids = np.array(["a", "b", "c"], dtype=object)
    ranking = rank(
        "x",
        ids,
        scores=np.array([1.0, np.nan, 3.0]),
        parts={"text": np.array([1.0, np.nan, 2.0]), "picture": np.array([0.0, np.nan, 1.0])},
    )
    assert ranking.candidates.tolist() == ["c", "a", "b"]
    assert ranking.rows()[0] == {
        "rank": 1,
        "influencer": "c",
        "score": 3.0,
        "parts": {"text": 2.0, "picture": 1.0},
    }
    assert ranking.rows()[2]["score"] is None
    assert len(ranking.top(2)) == 2


def test_the_map_keeps_the_order_runs_in_threads_and_takes_only_a_little_ahead():
    taken, seen = [], set()

    def items():
        for n in range(1000):
            taken.append(n)
            yield n

    def double(n: int) -> int:
        seen.add(threading.get_ident())
        return 2 * n

    results = thread_map(double, items(), chunk=10)
    assert next(results) == 0
    assert len(taken) < 200
    assert list(results) == [2 * n for n in range(1, 1000)]
    assert threading.get_ident() not in seen


def test_the_map_passes_errors_on():
    with pytest.raises(ZeroDivisionError):
        list(thread_map(lambda n: 1 // n, range(3)))
