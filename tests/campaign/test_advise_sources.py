"""Advice for a brand without posts names the content that it compares: its brief, or its partners' posts."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.campaign.content_fit import _source
from brandfit.cli import main
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post, link_id
from brandfit.workspace import Workspace

BRANDS = ("own.words", "brief.words", "by.partners")
CONTENT = {
    "own.words": ("posts", "the posts of own.words"),
    "brief.words": ("brief", "the brief of brief.words"),
    "by.partners": ("partners", "the posts of the partners of by.partners"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A brand with posts, one with a brief, and one with nothing but partners."""
    folder = tmp_path_factory.mktemp("sources")
    influencers = [f"runner{n}" for n in range(4)]
    accounts = ["id,role,followers", *(f"{id},brand," for id in BRANDS)]
    accounts += [f"{id},influencer,9000" for id in influencers]
    posts = ["id,account,kind,caption", "b0,own.words,post,running shoes", "b1,own.words,post,running far"]
    posts += ["b2,brief.words,brief,running shoes for winter", "b3,brief.words,brief,warm shoes"]
    posts += [f"p{n},{id},post,running in the rain {n}" for n, id in enumerate(influencers)]
    (folder / "accounts.csv").write_text("\n".join(accounts))
    (folder / "posts.csv").write_text("\n".join(posts))
    (folder / "endorsements.csv").write_text("brand,influencer\nby.partners,runner0\nby.partners,runner1\n")
    with Workspace(folder / "work", create=True) as workspace:
        pipeline.import_source(workspace, "folder", path=folder)
        pipeline.encode(workspace, "text.hashing")
    return folder / "work"


@pytest.mark.parametrize("brand", BRANDS)
def test_the_command_names_the_content(place, brand, capsys):
    source, words = CONTENT[brand]
    main(["advise", brand, "--caption", "running", "-w", str(place), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["represented_by"] == {"caption": source}
    assert found["compared_content"] == words
    assert bool(found["notes"]) == (source != "posts")
    main(["advise", brand, "--caption", "running", "-w", str(place)])
    printed = capsys.readouterr().out
    assert f"Fit: similarity to {words}" in printed
    assert ("its own posts" in printed) == (source == "posts")
    assert (f"{brand} has no posts" in printed) == (source != "posts")


@pytest.mark.parametrize("brand", BRANDS)
def test_page_and_api_name_it_too(place, brand):
    pytest.importorskip("fastapi", reason="the service comes with the extra service")
    from starlette.testclient import TestClient

    from brandfit.service.app import create_app
    from brandfit.service.config import ServiceConfig

    source, words = CONTENT[brand]
    with TestClient(create_app(place, ServiceConfig(rate=0), False), "http://localhost") as client:
        page = client.post(f"/brands/{brand}/content", data={"captions": "running"}).text
        advice = client.post("/api/v1/advice", data={"like": brand, "captions": "running"}).json()
        why = client.get(f"/brands/{brand}/why/runner3?side=brand&ranker=simcos").text
        piece = client.get(f"/brands/{brand}/why/runner3/posts?side=brand&ranker=simcos").text
    assert f"to <bdi>{words}</bdi>, less" in page
    assert (f"{brand} has no posts: ideas are compared" in page) == (source != "posts")
    assert ("posted itself" in page) == (source == "posts")
    assert advice["compared_content"] == words
    assert advice["represented_by"] == {"caption": source}
    heading = {
        "posts": "In what {} posts",
        "brief": "In the brief of {}",
        "partners": "In what partners of {} post",
    }
    for text in (why, piece):
        assert heading[source].format(brand) in re.sub(r"<[^>]+>", "", text)


def test_own_features_come_before_those_of_partners():
    """A brand with features of its own in a slot is not compared with its partners there."""
    endorsed = Link(
        id=link_id("endorses", "ana", target="shop"), kind="endorses", source="ana", target="shop"
    )
    accounts = [Account(id="shop", role="brand"), Account(id="ana", role="influencer", followers=9000)]
    dataset = Dataset.from_rows(accounts, [Post(id="p", account="ana")], links=[endorsed])
    vector = np.ones((1, 2), np.float32)
    slots = {
        "text": Features("t", np.array(["p"], dtype=object), vector, slot="text"),
        "graph": Features("g", np.array(["shop"], dtype=object), vector, slot="graph", level="account"),
    }
    dataset = dataset.with_slots(slots)
    assert dataset.representation["shop"] == "partners"
    assert _source(dataset, "graph", "shop") == "profile"
    assert _source(dataset, "text", "shop") == "partners"
    assert _source(dataset, "text", "ana") == "posts"
