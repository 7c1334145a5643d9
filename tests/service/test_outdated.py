"""After an import the pages and the API say what is out of date, and offer to bring it up to date."""

from __future__ import annotations

import pytest

from brandfit import pipeline
from brandfit.data.schema import Account, Post
from brandfit.pipeline.missing_features import MAX_POSTS
from brandfit.service.jobs.kinds import WORK
from brandfit.workspace import Workspace

MANY = "many.brand"


@pytest.fixture
def imported(folder):
    """Two brands came after the encoding: one with more posts than a ranking encodes by itself, one with a
    brief."""
    posts = [
        Post(id=f"many-{n}", account=MANY, caption=f"tent number {n} in the mountains")
        for n in range(MAX_POSTS + 1)
    ]
    brief = Post(id="brief", account="new.brand", kind="brief", caption="tents and hiking in the mountains")
    with Workspace(folder) as workspace:
        workspace.write(
            "later", [Account(id=MANY, role="brand"), Account(id="new.brand", role="brand"), *posts, brief]
        )
    return folder


def test_an_unranked_list_has_no_numbers_and_a_button(make, imported):
    client = make(imported)
    answer = client.get(f"/api/v1/rankings/{MANY}?ranker=simcos").json()
    assert {item["rank"] for item in answer["items"]} == {None}
    assert answer["no_evidence"] == answer["total"] > 0
    assert answer["not_encoded"] == {"brand": MAX_POSTS + 1}
    page = client.get(f"/brands/{MANY}?ranker=simcos").text
    assert "Nobody is ranked" in page
    assert '<span class="rank" aria-hidden="true">1</span>' not in page
    assert '<ol class="ranked"' not in page
    assert 'action="/update"' in page
    ranked = client.get("/brands/new.brand?ranker=simcos").text
    assert '<span class="rank" aria-hidden="true">1</span>' in ranked
    assert "1 post of new.brand is encoded for this answer alone" in ranked


def test_every_page_and_route_about_a_brand_says_which_posts_it_reads_alone(make, imported):
    client = make(imported)
    said = "1 post of new.brand is encoded for this answer alone"
    first, second = (
        item["influencer"]
        for item in client.get("/api/v1/rankings/new.brand?ranker=simcos&limit=2").json()["items"]
    )
    content = {"like": "new.brand", "captions": "a tent in the mountains"}
    campaign = {"count": "2", "ranker": "simcos"}
    pages = {
        "why": client.get(f"/brands/new.brand/why/{first}?ranker=simcos"),
        "both": client.get(f"/brands/new.brand/why/{first}/both?ranker=simcos"),
        "compare": client.get(f"/brands/new.brand/compare?with={first}&with={second}&ranker=simcos"),
        "campaign": client.post("/brands/new.brand/campaign", data=campaign),
        "content": client.post("/brands/new.brand/content", data=content),
        "suited": client.get(f"/influencers/{first}/brands?ranker=simcos"),
        "alike": client.get("/influencers?like=new.brand"),
    }
    assert {name: answer.status_code for name, answer in pages.items()} == dict.fromkeys(pages, 200)
    assert [name for name, answer in pages.items() if said not in answer.text] == []
    listing = {"brand": "new.brand", "count": 2, "ranker": "simcos"}
    answers = {
        "similar": client.get("/api/v1/similar?account=new.brand"),
        "explanation": client.get(f"/api/v1/explanations/new.brand/{first}?ranker=simcos"),
        "shortlist": client.post("/api/v1/shortlists", json=listing),
        "advice": client.post("/api/v1/advice", data=content),
        "brands": client.get(f"/api/v1/accounts/{first}/brands?ranker=simcos"),
    }
    notes = {name: " ".join(answer.json()["notes"]) for name, answer in answers.items()}
    assert [name for name, note in notes.items() if said not in note] == []


def test_the_start_page_and_the_api_say_what_is_out_of_date_until_it_is_updated(make, imported):
    client = make(imported)
    answer = client.get("/api/v1/workspace").json()
    assert "update" in answer["next"]
    features = {one["name"]: one["new"] for one in answer["outdated"]["features"]}
    assert features["text.hashing"] == MAX_POSTS + 2
    assert [one["name"] for one in answer["outdated"]["models"]] == ["brandfit"]
    assert client.get("/api/v1/check").json()["outdated"]["up_to_date"] is False
    page = client.get("/").text
    assert f"text.hashing: {MAX_POSTS + 2} new posts are not encoded" in page
    assert "brandfit: made before the data changed" in page
    assert 'action="/update"' in page
    # A campaign and the value of a shortlist read the same model.
    brand = next(one for one in pipeline.load(imported).brands.tolist() if one not in (MANY, "new.brand"))
    body = {"brand": brand, "count": 2, "ranker": "brandfit"}
    chosen = client.post("/api/v1/shortlists", json=body).json()
    members = [member["influencer"] for member in chosen["picks"]]
    appraised = pipeline.appraise(imported, brand, influencers=members, ranker="brandfit")
    for notes in (chosen["notes"], appraised.notes):
        assert any("brandfit: made before the data changed" in note for note in notes)
    sent = client.post("/api/v1/updates", json={})
    assert (sent.status_code, sent.json()["kind"]) == (202, "update")
    assert client.post("/update").status_code == 303
    with Workspace(imported) as workspace:
        done = WORK["update"](workspace, lambda *_: None)
        assert done["left"]["up_to_date"]
        assert done["models"] == ["brandfit"]
        assert pipeline.rank(workspace, MANY, k=1).ranks() == [1]
    answer = make(imported).get("/api/v1/workspace").json()
    assert (answer["outdated"]["up_to_date"], "update" in answer["next"]) == (True, False)


def test_notes_of_a_page_are_saved_together_or_not_at_all(client, brand):
    ids = [item["influencer"] for item in client.get(f"/api/v1/rankings/{brand}?limit=2").json()["items"]]
    client.post(f"/brands/{brand}/shortlist", data={"influencer": ids})
    empty = {
        "influencer": ids,
        "on_page": ["", ""],
        "note": ["one", ""],
        "tags": ["", "x" * 51],
        "opinion": ["none", "like"],
    }
    assert client.post(f"/brands/{brand}/notes", data=empty).status_code == 422
    marks = client.get(f"/api/v1/annotations/{brand}").json()["items"]
    assert {mark["note"] for mark in marks} == {""}
    assert (
        client.post(f"/brands/{brand}/notes", data={**empty, "tags": ["", "spring, late"]}).status_code == 303
    )
    found = {mark["influencer"]: mark for mark in client.get(f"/api/v1/annotations/{brand}").json()["items"]}
    assert (found[ids[0]]["note"], found[ids[1]]["tags"], found[ids[1]]["opinion"]) == (
        "one",
        ["spring", "late"],
        "like",
    )
