from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

from brandfit.rankers import _prior as prior


@pytest.fixture
def measured(monkeypatch):
    sources = {
        "released": {"brands": [5, 160], "weights": {"cos.text": [0.4, -0.1], "match": [0.3, 0.1]}},
        "instagram": {"brands": [10, 640], "weights": {"cos.text": [0.2, 0.0], "history": [0.1, 0.0]}},
    }
    monkeypatch.setattr(prior, "_measured", lambda: sources)


def test_a_weight_is_a_line_over_the_logarithm_of_the_brands(measured):
    assert prior.weights(["match"], 40, "released").tolist() == pytest.approx([0.3])
    assert prior.weights(["match"], 80, "released").tolist() == pytest.approx([0.4])
    assert prior.weights(["match"], 10, "released").tolist() == pytest.approx([0.1])


def test_it_does_not_extrapolate(measured):
    for outside, end in ((0, 5), (10_000, 160)):
        assert prior.weights(["match"], outside, "released") == pytest.approx(
            prior.weights(["match"], end, "released")
        )


def test_both_sources_are_averaged_and_one_can_be_left_out(measured):
    assert prior.weights(["cos.text"], 40, "both").tolist() == pytest.approx([0.3])
    assert prior.weights(["cos.text", "history"], 40, "released").tolist() == pytest.approx([0.4, 0.0])
    assert prior.weights(["cos.text", "match"], 40, "instagram").tolist() == pytest.approx([0.2, 0.0])


def test_evidence_that_was_not_measured_has_the_mean_zero(measured):
    assert prior.weights(["cos.picture", "late.text"], 40, "both").tolist() == [0.0, 0.0]
    assert prior.weights(["cos.text", "cos.picture"], 0, "both")[1] == 0
    assert prior.weights(["cos.picture", "late.text"], 0, "both").tolist() == [1.0, 0.0]


def test_likeness_never_counts_against_a_pair(measured):
    assert prior.weights(["match"], 5, "released").tolist() == pytest.approx([0.0])


def test_without_a_prior_only_cosines_count_where_nothing_was_learned():
    assert prior.weights(["cos.text", "match"], 0, "none").tolist() == [1.0, 0.0]
    assert prior.weights(["cos.text", "match"], 40, "none").tolist() == [0.0, 0.0]


def test_the_file_names_how_it_was_measured():
    text = resources.files("brandfit.rankers").joinpath("prior.json").read_text(encoding="utf-8")
    sources = json.loads(text)["sources"]
    assert set(sources) == {"released", "instagram"}
    for source in sources.values():
        assert source["about"].startswith("python studies/prior.py")
        assert 0 < source["brands"][0] < source["brands"][1]
        assert np.isfinite(np.array(list(source["weights"].values()))).all()
        assert source["weights"]["cos.text"][0] > 0
