"""Answers show the categories that they were made from, and describe every account that they hold."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.cli import main
from brandfit.data.features import Features
from brandfit.workspace import Workspace

BRAND = "oat.co"
INFLUENCERS = ("ann.cooks", "bo.cooks", "cy.hikes", "di.hikes", "eve.both")
FANS = INFLUENCERS[:3]
"""Influencers that mention a brand without an account, too few for derived endorsements by default."""
STATED = {"ann.cooks": "food", "cy.hikes": "travel"}
PREDICTED = {
    "aaa": {"bo.cooks": 0.9, "di.hikes": 0.2, "eve.both": 0.8},
    "zzz": {"bo.cooks": 0.1, "di.hikes": 0.7, "eve.both": 0.3},
}
"""Profiler to the probability of food. ``zzz`` is preferred, because its name is the last."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    source = tmp_path_factory.mktemp("source")
    accounts = [f"brand,{BRAND},50000,food"]
    accounts += [f"influencer,{id},9000,{STATED.get(id, '')}" for id in INFLUENCERS]
    (source / "accounts.csv").write_text("\n".join(["role,handle,followers,category", *accounts]))
    posts = [f"{n},{id},Oats and mountains {n}" for n, id in enumerate((BRAND, *INFLUENCERS))]
    posts += [f"m{n},{id},Thanks @quiet.shop" for n, id in enumerate(FANS)]
    (source / "posts.csv").write_text("\n".join(["id,account,caption", *posts]))
    (source / "links.csv").write_text(
        "\n".join(
            ["kind,source,target,post", *(f"mention,{id},quiet.shop,m{n}" for n, id in enumerate(FANS))]
        )
    )
    folder = tmp_path_factory.mktemp("work") / "work"
    with Workspace(folder, create=True) as workspace:
        pipeline.import_source(workspace, "folder", path=source)
        pipeline.encode(workspace, "text.hashing")
        for name, probability in PREDICTED.items():
            workspace.save(
                Features(
                    name=name,
                    ids=np.array(list(probability), dtype=object),
                    values=np.array([[food, 1 - food] for food in probability.values()], np.float32),
                    level="account",
                    columns=("food", "travel"),
                    key=f"{name}-1",
                    slot="category",
                )
            )
        pipeline.train(workspace, "simcos", data={"slots.category": "aaa"})
    return folder


@pytest.fixture
def workspace(folder):
    with Workspace(folder) as opened:
        yield opened


def test_lists_show_the_categories_that_the_model_reads(workspace, tmp_path, capsys):
    food = {"ann.cooks", "bo.cooks", "eve.both"}
    options = ["--where", "category:food", "-w", str(workspace.path)]
    main(["rank", BRAND, "--ranker", "simcos", "--json", *options])
    rows = json.loads(capsys.readouterr().out)["ranking"]
    assert {row["influencer"] for row in rows} == food
    assert {row["category"] for row in rows} == {"food"}
    main(["export", "rankings", str(tmp_path / "r.csv"), "--ranker", "simcos", *options])
    with (tmp_path / "r.csv").open(newline="") as handle:
        exported = list(csv.DictReader(handle))
    assert {(row["influencer"], row["category"]) for row in exported} == {(id, "food") for id in food}


@pytest.mark.parametrize("name", PREDICTED)
def test_every_list_takes_the_features_that_a_setting_names(workspace, name):
    data = {"slots.category": name}
    found = pipeline.search(workspace, where="category:food", data=data).rows
    assert len(found) > 1
    assert {row["category"] for row in found} == {"food"}
    listed = {row["id"]: row for row in pipeline.listing("influencers", workspace, data)}
    similar = {row["influencer"]: row for row in pipeline.similar(workspace, "ann.cooks", data=data).rows}
    described = pipeline.describe_accounts(workspace, "bo.cooks", data=data)[0]
    for row in (listed["bo.cooks"], similar["bo.cooks"], described):
        assert row["category"] == ("food" if name == "aaa" else "travel")


def test_brands_that_exist_only_by_a_setting_are_described(workspace, capsys):
    settings = ["--set", "endorsements.min_endorsers=3", "-w", str(workspace.path)]
    assert main(["list", "brands", "--json", *settings]) in (0, None)
    brands = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert brands["quiet.shop"]["partners"] == len(FANS)
    assert main(["brands", "ann.cooks", "--ranker", "simcos", "--partners", "--json", *settings]) in (0, None)
    rows = json.loads(capsys.readouterr().out)["brands"]
    assert "quiet.shop" in {row["brand"] for row in rows}
