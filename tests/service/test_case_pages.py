"""The pages of case studies, of maps, and of evaluations brand by brand (M-16, B-12 to B-15)."""

from __future__ import annotations

import html
import shutil

import msgspec
import pytest

pytest.importorskip("fastapi", reason="the service comes with the extra service")

from starlette.testclient import TestClient

from brandfit import pipeline
from brandfit.service.app import create_app
from brandfit.service.config import ServiceConfig
from brandfit.service.jobs.kinds import WORK
from brandfit.service.store import tables
from brandfit.service.store.service_store import ServiceStore
from brandfit.workspace import Workspace

BRAND = "northpeak.outdoor"
AT = f"/brands/{BRAND}/case"


@pytest.fixture(scope="module")
def work(sample, tmp_path_factory):
    return shutil.copytree(sample, tmp_path_factory.mktemp("cases") / "work")


@pytest.fixture(scope="module")
def client(work):
    with TestClient(create_app(work, ServiceConfig(rate=0), False), "http://localhost") as found:
        yield found


def finish(work, client, kind):
    """Do the latest job of a kind here, as the worker would."""
    job = next(job for job in client.get("/api/v1/jobs").json()["items"] if job["kind"] == kind)
    with Workspace(work) as workspace:
        result = WORK[kind](workspace, lambda *_: None, **job["parameters"])
    store = ServiceStore(work)
    done = {"state": "done", "finished": 1.0, "result": msgspec.json.encode(result).decode()}
    store.write(tables.jobs.update().where(tables.jobs.c.id == job["id"]).values(**done))
    store.close()
    return result


def test_the_brand_page_leads_to_the_study_that_the_command_prints(client, work):
    assert f'href="{AT}"' in client.get(f"/brands/{BRAND}").text
    page = client.get(AT)
    assert page.status_code == 200
    with Workspace(work) as workspace:
        study = pipeline.case_study(workspace, BRAND, ranker="simcos").to_dict()
    for account in study["accounts"]:
        assert account["id"] in page.text
        if account["rank"]:
            assert f"{account['rank']} of {study['candidates']}" in page.text
    for word in ("ACI", "ACT", "AUI", "AUT", "Word cloud of concepts", "top positive", "similar negative"):
        assert word in page.text
    assert "<script>" not in page.text
    # The policy of the service forbids styles inside a page.
    assert "style=" not in page.text


def test_a_ranker_that_learns_is_fitted_in_a_job(client, work):
    page = client.get(f"{AT}?ranker=brandfit")
    assert "Train and show" in page.text
    assert "Lowest positive" not in page.text.split("How to read this")[0]
    answer = client.post(AT, data={"ranker": "brandfit"})
    assert answer.url.query == b"ranker=brandfit"
    result = finish(work, client, "case")
    assert result["ranker"] == "brandfit"
    # What is stored names accounts and posts; their texts are read when the page is shown.
    with Workspace(work) as workspace:
        shown = pipeline.case_study(workspace, BRAND, ranker="brandfit").to_dict()
    texts = [account["biography"] for account in shown["accounts"]]
    texts += [post["caption"] for account in shown["accounts"] for post in account["posts"]]
    stored = str(result)
    assert not [text for text in texts if text and text in stored]
    text = html.unescape(client.get(f"{AT}?ranker=brandfit").text)
    assert all(one in text for one in texts)
    page = client.get(f"{AT}?ranker=brandfit")
    assert result["accounts"][1]["id"] in page.text
    assert "fitted on 19 other brands" in page.text
    assert "The data have changed" not in page.text
    assert client.post(AT, data={"ranker": "nothing"}).status_code == 422
    assert client.get("/brands/nobody.here/case").status_code == 404
    asked = client.post("/api/v1/cases", json={"brand": BRAND, "ranker": "wsim"})
    assert asked.status_code == 202


def test_maps_are_drawn_and_linked(client):
    assert 'href="/map"' in client.get("/brands").text
    for subject in ("accounts", "concepts"):
        page = client.get(f"/map?subject={subject}")
        assert page.status_code == 200
        assert 'class="map"' in page.text
        assert "travel" in page.text
        assert "style=" not in page.text
    refused = client.get("/map?subject=concepts&features=text.hashing")
    assert refused.status_code == 422
    assert "no named columns" in refused.text


def test_an_evaluation_shows_every_brand_and_every_tie_rule(client, work):
    client.post("/evaluation", data={"rankers": ["simcos"], "protocol": "cv5", "compare_ties": "true"})
    result = finish(work, client, "evaluate")
    page = client.get("/evaluation").text
    assert "Equal scores, under every rule" in page
    assert "brands that differ" in page
    assert "Brand by brand" in page
    rows = result["per_brand"]["simcos"]
    assert len(rows) == result["brands"]
    for row in rows:
        assert f'href="/brands/{row["brand"]}"' in page
    first = next(row for row in rows if row["brand"] == BRAND)
    assert f'<span title="{first["partners"][0]["influencer"]}">{first["partners"][0]["rank"]:g}' in page
