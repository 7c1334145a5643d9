"""A ranker of another package that tells probabilities in its own way is asked for them everywhere, as
``brandfit`` is."""

from __future__ import annotations

import json

import numpy as np
import pytest

from brandfit import pipeline, registry
from brandfit.cli import main
from brandfit.learning.calibrated_logit import Probability
from brandfit.rankers.base import Ranker
from brandfit.rankers.simcos import SimCos
from brandfit.workspace import Workspace


class Sure(SimCos):
    """Likeness squeezed into (0, 1): a probability, and nothing named ``stack``."""

    def probability(self, dataset, brands, candidates):
        value = 1 / (1 + np.exp(-self.score(dataset, brands, candidates)))
        return Probability(value, value - 0.05, value + 0.05)


@pytest.fixture
def sure(monkeypatch):
    class Point:
        @staticmethod
        def load():
            return Sure

    outside = registry._entry_points
    monkeypatch.setattr(
        registry, "_entry_points", lambda kind: {"sure": Point()} if kind == "ranker" else outside(kind)
    )
    registry.load.cache_clear()
    yield "sure"
    registry.load.cache_clear()


def test_a_probability_is_told_alike_wherever_it_is_asked_for(sure, client, folder, brand, capsys):
    with Workspace(folder) as workspace:
        ranking = pipeline.rank(workspace, brand, ranker=sure, k=5)
        first = str(ranking.candidates[0])
        expected = 1 / (1 + np.exp(-ranking.scores))
        told = pipeline.chances(workspace, brand, influencers=ranking.candidates, ranker=sure)
        assert [one["value"] for one in told] == pytest.approx(expected)
        explanation, _ = pipeline.explain(workspace, brand, influencer=first, ranker=sure, kinds=())
        assert explanation.more["probability"][0] == pytest.approx(expected[0])
        assert pipeline.brands_for(workspace, first, ranker=sure).by == "probability"
        assert pipeline.shortlist(workspace, brand, count=2, ranker=sure).match_is == "chance"
        assert "sure" in pipeline.evaluate(workspace, sure, protocol="cv5").to_dict()["calibration"]
    items = client.get(f"/api/v1/rankings/{brand}", params={"ranker": sure, "limit": 5}).json()["items"]
    assert [item["influencer"] for item in items] == ranking.candidates.tolist()
    assert [item["chance"]["value"] for item in items] == pytest.approx(expected)
    page = client.get(f"/brands/{brand}", params={"ranker": sure}).text
    assert f"{100 * expected[0]:.0f} %" in page
    why = client.get(f"/brands/{brand}/why/{first}", params={"ranker": sure}).text
    assert "chance of working together" in why
    main(["brands", first, "--ranker", sure, "-w", str(folder), "--json"])
    assert json.loads(capsys.readouterr().out)["by"] == "probability"


def test_one_that_tells_none_is_told_of_nowhere(client, folder, brand):
    with Workspace(folder) as workspace:
        ranking = pipeline.rank(workspace, brand, ranker="simcos", k=3)
        assert pipeline.chances(workspace, brand, influencers=ranking.candidates, ranker="simcos") is None
        assert (
            "probability"
            not in pipeline.explain(
                workspace, brand, influencer=ranking.candidates[0], ranker="simcos", kinds=()
            )[0].more
        )
        assert pipeline.evaluate(workspace, "simcos", protocol="cv5").to_dict()["calibration"] == {}
    items = client.get(f"/api/v1/rankings/{brand}", params={"ranker": "simcos", "limit": 3}).json()["items"]
    assert {item["chance"] for item in items} == {None}


def test_every_capability_is_declared_on_the_base_class():
    for name in ("probability", "importance", "attention"):
        assert callable(getattr(Ranker, name))
        assert getattr(Ranker, name).__doc__
