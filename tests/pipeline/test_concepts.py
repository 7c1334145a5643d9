"""Concepts of categories and of single accounts."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.cli import main
from brandfit.data.schema import Account
from brandfit.errors import UsageError
from brandfit.learning.pooling import account_vectors
from brandfit.workspace import Workspace

BRAND = "northpeak.outdoor"


def test_frequent_concepts_are_the_means_of_the_shares(sample):
    """Against the plain way: the shares of each account, one by one, and their mean by category."""
    with Workspace(sample) as workspace:
        found = pipeline.frequent_concepts(workspace, most=3)
        dataset = pipeline.load(workspace)
    features = dataset.slots["concept"]
    shares_by_category: dict[str, list[np.ndarray]] = {}
    for id in [*dataset.brands.tolist(), *dataset.influencers.tolist()]:
        category = dataset.account(id)["category"]
        vector = account_vectors(dataset, "concept", accounts=np.array([id], object))
        weights = np.maximum(vector.values[0], 0)
        if category is not None and vector.present[0] and weights.sum() > 0:
            shares_by_category.setdefault(category, []).append(weights / weights.sum())
    assert [row.category for row in found.rows] == sorted(shares_by_category)
    for row in found.rows:
        mean = np.mean(shares_by_category[row.category], axis=0)
        assert row.accounts == len(shares_by_category[row.category])
        assert list(row.concepts.values()) == pytest.approx(sorted(mean, reverse=True)[:3], rel=1e-5)
        for concept, share in row.concepts.items():
            assert mean[features.columns.index(concept)] == pytest.approx(share, rel=1e-5)
        assert not row.metrics
    n_used = sum(map(len, shares_by_category.values()))
    assert found.left_out == len(dataset.brands) + len(dataset.influencers) - n_used


def test_the_metrics_are_those_of_the_evaluation(sample):
    with Workspace(sample) as workspace:
        found = pipeline.frequent_concepts(workspace, ranker="simcos")
        report = pipeline.evaluate(workspace, "simcos", protocol="cv5")
    by_category = report.by_category("simcos")
    for row in found.rows:
        assert row.brands == by_category[row.category]["brands"]
        assert row.metrics["AUC"] == by_category[row.category]["AUC"]


def test_the_chart_of_one_account_has_its_concepts(sample, tmp_path, capsys):
    file = tmp_path / "chart.svg"
    main(["concepts", "show", BRAND, "--out", str(file), "-w", str(sample), "--json"])
    shares = json.loads(capsys.readouterr().out)["concepts"]
    with Workspace(sample) as workspace:
        assert shares == pytest.approx(pipeline.topics(workspace, BRAND, 10))
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    text = "".join(ET.parse(file).getroot().itertext())
    assert all(concept[:10] in text for concept in shares)


def test_a_brand_without_posts_has_no_concepts_and_no_point_everywhere(sample, tmp_path, capsys):
    """Its partners represent it in rankings; their concepts are not its own."""
    with Workspace(sample) as workspace:
        dataset = pipeline.load(workspace)
        brand = next(id for id, kind in dataset.representation.items() if kind == "partners")
        assert not account_vectors(dataset, "concept", accounts=np.array([brand], object)).present[0]
        assert pipeline.topics(workspace, brand) == {}
        assert pipeline.no_topics_reason(workspace, BRAND) == ""
        reason = pipeline.no_topics_reason(workspace, brand)
        assert reason.startswith(f"{brand} has no posts")
        drawn = pipeline.make_map(workspace, "accounts")
        assert brand not in {point.id for point in drawn.points}
        assert any(f"for example {brand}" in note for note in drawn.notes)
        with pytest.raises(UsageError, match="has 0 named concepts") as raised:
            pipeline.save_concept_chart(workspace, brand, tmp_path / "c.svg")
        assert raised.value.hint == reason
        # The radar of a pair shows the brand as the ranker reads it, and says so.
        influencer = pipeline.rank(workspace, brand, ranker="simcos", k=1).candidates[0]
        explained = pipeline.explain(workspace, brand, influencer, ranker="simcos").explanation
        assert any(f"radar of concept shows {brand} by its partners" in note for note in explained.notes)
    main(["concepts", "show", brand, "-w", str(sample)])
    assert capsys.readouterr().out.strip() == f"Note: {reason}"
    main(["concepts", "show", brand, "-w", str(sample), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (found["concepts"], found["notes"]) == ({}, [reason])


def test_without_concepts_it_says_what_to_do(tmp_path):
    with Workspace(tmp_path / "w", create=True) as workspace:
        workspace.write("one", [Account(id="a", role="brand", category="food")])
        with pytest.raises(UsageError, match="no named concepts"):
            pipeline.frequent_concepts(workspace)
        with pytest.raises(UsageError, match="a chart takes 3"):
            pipeline.save_concept_chart(workspace, "a", tmp_path / "c.svg")
        with pytest.raises(UsageError, match="SVG"):
            pipeline.save_concept_chart(workspace, "a", tmp_path / "c.png")
