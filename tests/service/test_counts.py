"""The API and the pages count whom they leave out, take other bounds, and say whether a category is stated or
predicted."""

from __future__ import annotations

import html
import re

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.data.features import Features
from brandfit.workspace import Workspace

BRAND = "northpeak.outdoor"
ACCOUNTS = """role,handle,followers,category
influencer,fay.tiny,300,food
influencer,gus.huge,475800000,travel
influencer,hal.unsized,,
"""


@pytest.fixture
def site(make, folder, tmp_path):
    """The sample with accounts of unusual sizes, one of which has a predicted category."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "accounts.csv").write_text(ACCOUNTS)
    with Workspace(folder) as workspace:
        pipeline.import_source(workspace, "folder", path=tmp_path / "more")
        ids = np.array(["hal.unsized"], dtype=object)
        fields = {"level": "account", "slot": "category", "columns": ("pet", "travel"), "key": "predicted"}
        workspace.save(Features("predicted", ids, np.array([[0.25, 0.75]], np.float32), **fields))
    return make(folder)


def words(page) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page.text)).split())


def count(found, reason: str) -> int:
    return sum(group["count"] for group in found["excluded"] if group["reason"] == reason)


def test_the_api_counts_and_takes_bounds(site):
    total = site.get("/api/v1/workspace").json()["counts"]["influencers"]
    usual = site.get(f"/api/v1/rankings/{BRAND}").json()
    assert usual["total"] + sum(group["count"] for group in usual["excluded"]) == total
    assert count(usual, "followers_below") >= 1
    assert count(usual, "followers_above") >= 1
    wide = site.get(f"/api/v1/rankings/{BRAND}", params={"followers": "0..", "limit": 500}).json()
    assert {"gus.huge", "fay.tiny"} < {item["influencer"] for item in wide["items"]}
    assert [group["reason"] for group in wide["excluded"]] == ["partner"]
    assert {group["reason"] for group in wide["incomplete"]} == {"followers_unknown", "no_evidence"}
    of = {item["influencer"]: item for item in wide["items"]}
    # The model was trained before the category was predicted, so it reads none, and the ranking shows none.
    assert (of["hal.unsized"]["category"], of["hal.unsized"]["category_source"]) == (None, None)
    assert of["gus.huge"]["category_source"] == "stated"
    huge = site.get(f"/api/v1/rankings/{BRAND}", params={"where": "followers:100m.."}).json()
    assert [item["influencer"] for item in huge["items"]] == ["gus.huge"]
    found = site.get("/api/v1/search", params={"where": "followers:100m.."}).json()
    assert found["total"] + sum(group["count"] for group in found["excluded"]) == total
    refused = site.get(f"/api/v1/rankings/{BRAND}", params={"followers": "many"})
    assert refused.status_code == 422
    chosen = site.post("/api/v1/shortlists", json={"brand": BRAND, "count": 2, "followers": "0.."}).json()
    assert count(chosen, "followers_above") == 0
    assert chosen["candidates"] + sum(group["count"] for group in chosen["excluded"]) == total


def test_pages_count_and_take_bounds(site):
    page = words(site.get(f"/brands/{BRAND}"))
    assert re.search(
        r"\d+ of \d+ influencers are candidates\. Left out: \d with fewer than 5,000 followers", page
    )
    assert "475" not in page
    wide = site.get(f"/brands/{BRAND}?followers=0..&q=hiking")
    assert "without a match for the words" in words(wide)
    assert 'name="followers" value="0.."' in wide.text
    assert "followers=0.." in wide.text.split(f"/brands/{BRAND}/why/")[1][:80]
    assert "gus.huge" in site.get(f"/brands/{BRAND}?followers=100m..").text
    start = words(site.get("/"))
    assert re.search(
        r"influencers are candidates \(5,000 to 100,000 followers\)\. Left out: .* with more than 100,000",
        start,
    )
    found = words(site.get("/influencers?where=category:travel&sort=followers"))
    assert "travel (predicted, 75 %)" in found
    assert re.search(r"\d+ of \d+ influencers are found\. Left out: \d+ outside the condition", found)
    why = words(site.get(f"/brands/{BRAND}/why/{pipeline_first(site)}?followers=0.."))
    assert "with fewer than" not in why
    suited = words(site.get("/influencers/senna.peaks/brands"))
    assert "with fewer than 5,000 followers" in suited
    campaign = words(site.post(f"/brands/{BRAND}/campaign", data={"count": "2", "followers": "..50k"}))
    assert "with more than 50,000 followers" in campaign


def pipeline_first(site) -> str:
    return site.get(f"/api/v1/rankings/{BRAND}", params={"limit": 1}).json()["items"][0]["influencer"]
