"""Shortlist, campaign, content, evaluation and what the numbers mean, as a person without scripts uses
them."""

from __future__ import annotations

import base64
import io
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi", reason="the service comes with the extra service")

from markupsafe import escape
from starlette.testclient import TestClient

from brandfit import pipeline
from brandfit.campaign.figures import figures, verdict
from brandfit.data.schema import Account
from brandfit.errors import BrandfitError
from brandfit.explain.heatmap import opened
from brandfit.service.app import create_app
from brandfit.service.config import ServiceConfig
from brandfit.service.store import tables
from brandfit.service.store.service_store import ServiceStore
from brandfit.workspace import Workspace

BRAND = "northpeak.outdoor"
AT = f"/brands/{BRAND}"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("campaign") / "made"
    with Workspace(folder, create=True) as workspace:
        pipeline.import_source(workspace, "sample", path=None, settings={"influencers": "60"})
        for encoder in ("text.hashing", "image.classical", "concept.bag"):
            pipeline.encode(workspace, encoder)
        pipeline.train(workspace, "brandfit")
    return folder


@pytest.fixture
def folder(made, tmp_path) -> Path:
    return shutil.copytree(made, tmp_path / "work")


@pytest.fixture
def client(folder) -> Iterator[TestClient]:
    with TestClient(create_app(folder, ServiceConfig(rate=0), False), "http://localhost") as found:
        yield found


class Read(HTMLParser):
    """Headings, ids, labels, fields, and what a page must not hold."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.fields: list[dict[str, str | None]] = []
        self.wrong: list[str] = []
        self.depth = 0

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        told = dict(pairs)
        self.wrong += [f"{tag} {name}" for name in told if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and not told.get("src")):
            self.wrong.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        self.ids += [told["id"]] if told.get("id") else []
        if tag == "label":
            self.depth += 1
            self.labels |= {told["for"]} if told.get("for") else set()
        if tag in ("input", "select", "textarea") and told.get("type") != "hidden" and not self.depth:
            self.fields.append(told)

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "label"


def sound(page: str) -> None:
    """Headings in order, every id once, a label on every field, nothing inline."""
    read = Read()
    read.feed(page)
    assert read.levels[0] == 1
    assert read.levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(read.levels, read.levels[1:], strict=False)), (
        read.levels
    )
    assert len(set(read.ids)) == len(read.ids)
    assert [f for f in read.fields if f.get("id") not in read.labels and not f.get("aria-label")] == []
    assert read.wrong == []


def picture(seed: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8)).save(out, "JPEG")
    return out.getvalue()


def best(client: TestClient, k: int = 3) -> list[str]:
    return [row["influencer"] for row in client.get(f"/api/v1/rankings/{BRAND}?limit={k}").json()["items"]]


# --- shortlist ----------------------------------------------------------------------------------------------


def test_a_shortlist_is_filled_noted_on_and_emptied_without_scripts(client):
    page = client.get(f"{AT}/shortlist")
    assert "Nobody is on it yet." in page.text
    sound(page.text)
    ids = best(client)
    page = client.post(f"{AT}/shortlist", data={"influencer": ids[::-1]})
    assert page.url.path == f"{AT}/shortlist"
    assert sorted(ids, key=page.text.index) == ids  # the best first, however they came
    told = "<script>alert(1)</script>\r\nsecond line"
    page = client.post(
        f"{AT}/shortlist/{ids[1]}", data={"note": told, "tags": "spring,, ask ,spring", "opinion": "like"}
    )
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\nsecond line" in page.text
    mark = {m["influencer"]: m for m in client.get(f"/api/v1/annotations/{BRAND}").json()["items"]}[ids[1]]
    assert (mark["tags"], mark["opinion"], mark["listed"]) == (["spring", "ask"], "like", True)
    sound(page.text)
    page = client.post(f"{AT}/shortlist/{ids[0]}", data={"listed": "off"})
    assert f"/influencers/{ids[0]}" not in page.text
    client.post(f"{AT}/shortlist/{ids[1]}", data={"opinion": "none"})
    mark = {m["influencer"]: m for m in client.get(f"/api/v1/annotations/{BRAND}").json()["items"]}[ids[1]]
    assert (mark["opinion"], mark["tags"]) == (None, ["spring", "ask"])
    client.post(f"{AT}/shortlist/{ids[1]}", data={"whole": "true", "note": "", "tags": ""})
    mark = {m["influencer"]: m for m in client.get(f"/api/v1/annotations/{BRAND}").json()["items"]}[ids[1]]
    assert (mark["note"], mark["tags"]) == ("", [])


def test_the_total_price_is_the_sum_and_the_reach_what_the_pipeline_tells(client, folder):
    ids = best(client)
    client.post(f"{AT}/shortlist", data={"influencer": ids})
    page = client.get(f"{AT}/shortlist").text
    with Workspace(folder) as workspace:
        told = pipeline.appraise(workspace, BRAND, influencers=ids)
    assert f"{sum(pick.price for pick in told.picks):,.0f}" in page
    assert f"<dt>Match-weighted reach</dt><dd>{told.totals.weighted_reach.value:,.0f}<br>" in page
    assert f"<dt>Reach</dt><dd>{told.totals.reach.value:,.0f}<br>" in page
    assert f"<dt>Expected engagement</dt><dd>{told.totals.engagement.value:,.0f} " in page
    assert [pick.influencer for pick in told.picks] == ids


def test_a_past_partner_can_be_on_the_list_too(client, folder):
    with Workspace(folder) as workspace:
        partner = sorted(pipeline.load(workspace).partners[BRAND])[0]
    assert client.post(f"{AT}/shortlist", data={"influencer": [partner]}).status_code == 200
    row = client.get(f"/api/v1/shortlists/{BRAND}.json").json()[0]
    assert row["influencer"] == partner
    assert row["price"] > 0
    assert 0 <= row["chance_low"] <= row["chance"] <= row["chance_high"] <= 1


def test_who_is_no_longer_here_is_told_and_can_be_taken_off(client, folder):
    notes = ServiceStore(folder)
    notes.annotate(BRAND, "gone.away", {"listed": True})
    notes.close()
    page = client.get(f"{AT}/shortlist").text
    assert "No longer here" in page
    sound(page)
    assert "No longer here" not in client.post(f"{AT}/shortlist/gone.away", data={"listed": "off"}).text
    assert client.post(f"{AT}/shortlist/never.here", data={"listed": "on"}).status_code == 404


def test_a_tag_that_is_too_long_is_refused(client):
    assert client.post(f"{AT}/shortlist/{best(client)[0]}", data={"tags": "x" * 51}).status_code == 422


# --- likes and dislikes -------------------------------------------------------------------------------------


def test_not_this_leaves_somebody_out_everywhere_and_says_so(client):
    first, second, third = best(client)
    kept = client.patch(f"/api/v1/annotations/{BRAND}/{first}", json={"opinion": "dislike"}).json()
    assert kept["opinion"] == "dislike"
    left_out = f"1 marked “Not this” ({first})"
    counted = {"reason": "disliked", "count": 1, "text": "marked “Not this”", "examples": [first]}
    answer = client.get(f"/api/v1/rankings/{BRAND}?limit=2")
    told = answer.json()
    assert [row["influencer"] for row in told["items"]] == [second, third]
    assert counted in told["excluded"]
    assert told["moved"] is None
    rows = client.get(f"/api/v1/exports/rankings.json?brand={BRAND}&k=2").json()
    assert [row["influencer"] for row in rows] == [second, third]
    chosen = client.post("/api/v1/shortlists", json={"brand": BRAND, "count": 5}).json()
    assert first not in {pick["influencer"] for pick in chosen["picks"]}
    assert counted in chosen["excluded"]
    page = client.get(AT).text
    assert "1 marked “Not this” is left out" in page
    assert f'href="/influencers/{first}"' not in page.partition("Marked “Not this”")[0]
    sound(page)
    page = client.post(f"{AT}/campaign", data={"count": "5"}).text
    assert left_out in page
    assert first not in re.findall(r'name="influencer" value="([^"]+)"', page)
    same = client.get(str(answer.request.url), headers={"if-none-match": answer.headers["etag"]})
    assert same.status_code == 304
    client.patch(f"/api/v1/annotations/{BRAND}/{first}", json={"opinion": None})
    again = client.get(str(answer.request.url), headers={"if-none-match": answer.headers["etag"]})
    assert [row["influencer"] for row in again.json()["items"]] == [first, second]


def test_not_this_takes_somebody_off_the_shortlist_and_the_other_way_round(client):
    first = best(client)[0]
    at = f"/api/v1/annotations/{BRAND}/{first}"
    client.patch(at, json={"listed": True})
    page = client.post(
        f"{AT}/shortlist/{first}", data={"whole": "true", "note": "asks 300", "opinion": "dislike"}
    )
    assert "Nobody is on it yet." in page.text
    assert (mark := client.get(f"/api/v1/annotations/{BRAND}").json()["items"][0])["listed"] is False
    assert mark["note"] == "asks 300"
    client.post(f"{AT}/shortlist", data={"influencer": [first]})
    assert client.get(f"/api/v1/annotations/{BRAND}").json()["items"][0]["opinion"] is None
    assert client.patch(at, json={"opinion": "dislike", "listed": True}).status_code == 422


def test_the_page_says_that_the_order_is_adjusted_and_why(client, folder):
    *_, liked = first, *_ = best(client, 7)
    client.patch(f"/api/v1/annotations/{BRAND}/{liked}", json={"opinion": "like"})
    client.patch(f"/api/v1/annotations/{BRAND}/{first}", json={"opinion": "dislike"})
    notes = ServiceStore(folder)
    notes.annotate(BRAND, "gone.away", {"opinion": "like"})
    notes.close()
    told = client.get(f"/api/v1/rankings/{BRAND}?refine=true&limit=500").json()
    places = {row["influencer"]: row for row in told["items"]}
    assert places[liked]["moved"] > 0
    assert places[liked]["because"] == {"mark": "like", "influencer": liked, "similar": True}
    assert told["moved"] == sum(row["moved"] != 0 for row in told["items"])
    page = client.get(f"{AT}?refine=true").text
    assert "The order is adjusted by 1 like and 1 “Not this”" in page
    assert f"Moved up {places[liked]['moved']}: it is liked." in page
    assert page.count('class="small moved"') == sum(row["moved"] != 0 for row in told["items"][:20])
    assert (
        "1 of your marks have no effect, because these influencers are no longer here: <bdi>gone.away</bdi>"
        in page
    )
    sound(page)
    assert "The order is adjusted" not in client.get(AT).text


# --- campaign -----------------------------------------------------------------------------------------------


def test_a_campaign_is_the_set_that_the_pipeline_chooses(client, folder):
    sound(client.get(f"{AT}/campaign").text)
    with Workspace(folder) as workspace:
        for budget in range(500, 4000, 250):  # one at which the set is not the first of the ranking
            told = pipeline.shortlist(workspace, BRAND, budget=budget, at_most={"followers:50k..": 1})
            if {pick.influencer for pick in told.picks} != set(dict(told.first)):
                break
    page = client.post(f"{AT}/campaign", data={"budget": f"{budget:,}", "at_most": "followers:50k..=1\n"})
    assert page.status_code == 200
    sound(page.text)
    assert re.findall(r'name="influencer" value="([^"]+)"', page.text) == [
        pick.influencer for pick in told.picks
    ]
    assert verdict(told) in page.text
    for figure in figures(told):
        assert f"<dt>{figure.label}</dt><dd>{figure.value}" in page.text
        assert figure.meaning in page.text
    assert "win" not in re.sub("<[^>]+>", "", page.text).split()
    first, chosen = dict(told.first), {pick.influencer: pick.rank for pick in told.picks}
    differs = page.text.partition("What differs from the ranking")[2].partition("How they show")[0]
    listed = {
        re.sub("<wbr>", "", id): int(n)
        for id, n in re.findall(r"<li><bdi>(.+?)</bdi>, number (\d+)", differs)
    }
    assert listed == {
        **{i: n for i, n in first.items() if i not in chosen},
        **{i: n for i, n in chosen.items() if i not in first},
    }
    assert listed
    page = client.post(f"{AT}/shortlist", data={"influencer": [*chosen]})
    assert {m["influencer"] for m in client.get(f"/api/v1/annotations/{BRAND}").json()["items"]} == {*chosen}


def test_another_objective_is_chosen_on_the_page_and_in_the_api_alike(client, folder):
    for objective in ("reach", "engagement"):
        page = client.post(f"{AT}/campaign", data={"budget": "1500", "objective": objective})
        told = client.post(
            "/api/v1/shortlists", json={"brand": BRAND, "budget": 1500, "objective": objective}
        ).json()
        with Workspace(folder) as workspace:
            found = pipeline.shortlist(workspace, BRAND, budget=1500, objective=objective)
        assert (told["objective"], told["value"]) == (objective, pytest.approx(found.value))
        assert told[objective]["value"] == pytest.approx(found.value)
        assert told["engagement"]["low"] < told["engagement"]["value"] < told["engagement"]["high"]
        assert verdict(found) in page.text
        assert f'value="{objective}" selected' in page.text
        (left_out,) = [one for one in told["excluded"] if one["reason"] == "price_unknown"]
        assert f"{left_out['count']} {left_out['text']} ({', '.join(left_out['examples'])}" in page.text
    assert (
        client.post("/api/v1/shortlists", json={"brand": BRAND, "count": 2, "objective": "sales"}).status_code
        == 422
    )
    assert client.post(f"{AT}/campaign", data={"count": "2", "objective": "sales"}).status_code == 422


def test_the_currency_stands_wherever_a_price_does(client):
    ids = best(client)
    client.post(f"{AT}/shortlist", data={"influencer": ids})
    assert "EUR" not in client.get(f"{AT}/shortlist").text
    assert client.get("/api/v1/currency").json() == {"currency": None}
    assert client.post(f"{AT}/currency", data={"currency": "euro"}).status_code == 422
    assert client.post(f"{AT}/currency", data={"currency": "eur"}).url.path == f"{AT}/campaign"
    assert client.get("/api/v1/currency").json() == {"currency": "EUR"}
    assert re.search(r"<dt>Price</dt><dd>[\d,]+ EUR", client.get(f"{AT}/shortlist").text)
    page = client.post(f"{AT}/campaign", data={"budget": "1500"}).text
    assert "Budget (EUR)" in page
    assert "Price (EUR)" in page
    assert re.search(
        r"A post may cost</th><td><b>[\d,]+ EUR", client.get(f"{AT}/compare?with={ids[0]}&with={ids[1]}").text
    )
    assert "price (EUR)" in client.get(f"/api/v1/shortlists/{BRAND}.csv").text.splitlines()[0]
    row = client.get(f"/api/v1/shortlists/{BRAND}.json").json()[0]
    assert row["currency"] == "EUR"
    assert row["audience_shared"] is not None
    assert client.put("/api/v1/currency", json={"currency": "USD"}).json() == {"currency": "USD"}
    assert client.post("/api/v1/shortlists", json={"brand": BRAND, "count": 2}).json()["currency"] == "USD"
    assert (
        client.post("/api/v1/shortlists", json={"brand": BRAND, "count": 2, "currency": "GBP"}).json()[
            "currency"
        ]
        == "GBP"
    )


def test_the_page_says_one_thing_about_chances(client, folder):
    """It said "Chances as brandfit tells them" beside "brandfit tells no probability" where brandfit had
    learned none."""
    ids = best(client)
    client.post(f"{AT}/shortlist", data={"influencer": ids})
    assert "Chances of a match are estimates by brandfit." in client.get(f"{AT}/shortlist").text
    with Workspace(folder) as workspace:
        pipeline.train(workspace, "brandfit", data={"endorsements.min_endorsers": "1000"})
    with TestClient(create_app(folder, ServiceConfig(rate=0), False), "http://localhost") as other:
        for page in (other.get(f"{AT}/shortlist"), other.post(f"{AT}/campaign", data={"count": "3"})):
            words = re.sub("<[^>]+>", " ", page.text)
            assert "brandfit gives no chance of a match" in words
            assert "Rank-weighted reach" in words
            assert (
                "atch-weighted reach "
                not in words.replace("is match-weighted reach", "").partition("Chosen for rank")[2]
            )
            assert "Chances of a match are" not in words
            assert "chance of working together" not in words


def test_prices_of_a_file_are_taken(client):
    cheap = best(client)[0]
    files = {"prices": ("../../p.csv", f"account,price\n{cheap},77\n".encode())}
    page = client.post(f"{AT}/campaign", data={"budget": "80"}, files=files)
    row = re.search(rf"<tr>(?:(?!</tr>).)*{cheap.replace('.', '[.]')}.*?</tr>", page.text, re.S)[0]
    assert '<td class="number">77</td>' in row


def test_prices_of_a_file_come_with_the_set_to_the_shortlist(client, folder):
    """The shortlist, its total and its file have the stated price, not an estimate."""
    cheap = best(client)[0]
    files = {"prices": ("p.csv", f"account,price\n{cheap},77\n".encode())}
    page = client.post(f"{AT}/campaign", data={"count": "2", "where": "followers:0.."}, files=files)
    form = re.search(rf'<form method="post" action="{AT}/shortlist">(.*?)</form>', page.text, re.S)[1]
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', form)
    assert ("influencer", cheap) in fields
    assert ("price", "77.0") in fields
    data: dict[str, list[str]] = {}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    client.post(f"{AT}/shortlist", data=data)
    rows = {row["influencer"]: row for row in client.get(f"/api/v1/shortlists/{BRAND}.json").json()}
    assert (rows[cheap]["price"], rows[cheap]["price_low"], rows[cheap]["price_high"]) == (77, 77, 77)
    estimated = next(id for id in rows if id != cheap)
    assert rows[estimated]["price_low"] < rows[estimated]["price"] < rows[estimated]["price_high"]
    # A set without this price replaces it by an estimate; one from a ranking, without prices, keeps it.
    client.post(f"{AT}/shortlist", data={"influencer": [cheap]})
    assert {row["influencer"]: row for row in client.get(f"/api/v1/shortlists/{BRAND}.json").json()}[cheap][
        "price"
    ] == 77
    client.post(f"{AT}/shortlist", data={"influencer": [cheap], "price": [""]})
    rows = {row["influencer"]: row for row in client.get(f"/api/v1/shortlists/{BRAND}.json").json()}
    assert rows[cheap]["price"] != 77


def test_compare_has_the_prices_of_the_shortlist(client):
    """A price of the reader is no estimate; in another currency than the workspace's there is none."""
    stated, estimated = best(client)[:2]
    data = {"influencer": [stated, estimated], "price": ["77.0", ""], "currency": "EUR"}
    client.post(f"{AT}/shortlist", data=data)
    rows = {row["influencer"]: row for row in client.get(f"/api/v1/shortlists/{BRAND}.json").json()}
    address = f"{AT}/compare?with={stated}&with={estimated}"
    page = client.get(address).text
    (price_row,) = re.findall(r"A post may cost</th>(.*?)</tr>", page)
    own, other = re.findall(r"<td>(.*?)</td>", price_row)
    assert "<b>77 EUR</b>" in own
    assert "your price" in own
    assert " to " not in own
    assert f"<b>{rows[estimated]['price']:,.0f} EUR</b>" in other
    assert f"{rows[estimated]['price_low']:,.0f} to {rows[estimated]['price_high']:,.0f}" in other
    assert "Other prices are estimates" in page
    client.put("/api/v1/currency", json={"currency": "USD"})
    refused = client.get(address).text
    assert "the prices are in EUR, but prices and budget are taken to be in USD" in refused
    assert "77" not in re.findall(r"A post may cost</th>(.*?)</tr>", refused)[0]


@pytest.mark.parametrize("price", ["nan", "-1", "x"])
def test_a_price_that_is_none_is_refused(client, price):
    page = client.post(f"{AT}/shortlist", data={"influencer": best(client)[:1], "price": [price]})
    assert page.status_code == 422
    assert "A price is a number from 0" in page.text


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "budget"),
        ({"budget": "much"}, "above 0"),
        ({"budget": "nan"}, "above 0"),
        ({"count": "2.5"}, "whole number"),
        ({"budget": "500", "where": "followerz:5k.."}, "followers"),
        ({"budget": "500", "at_least": "category:travel"}, "CONDITION=NUMBER"),
        ({"budget": "500", "exclude": "nobody.at.all"}, "nobody.at.all"),
        ({"budget": "100", "at_least": "followers:5k..=30"}, "No set keeps these limits"),
    ],
)
def test_what_cannot_be_meant_is_said_in_the_form_which_keeps_what_was_typed(client, asked, told):
    page = client.post(f"{AT}/campaign", data=asked)
    assert page.status_code == 422
    assert told in page.text.partition('role="alert"')[2].partition("</p>")[0]
    assert all(value in page.text for value in asked.values())
    sound(page.text)


def test_a_limit_that_is_given_twice_is_told_and_the_strictest_counts(client):
    limits = {"count": "4", "at_least": "followers:5k..=2\nfollowers:5k..=1"}
    page = client.post(f"{AT}/campaign", data=limits).text
    assert "followers:5k.. is limited several times (at least 2 and 1): at least 2 counts" in page


def test_the_api_refuses_a_name_with_two_values(client):
    body = f'{{"brand": "{BRAND}", "count": 4, "at_least": {{"category:travel": 2, "category:travel": 1}}}}'
    answer = client.post("/api/v1/shortlists", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert "'category:travel' twice, as 2 and as 1" in answer.json()["title"]


def test_prices_in_another_currency_are_refused_on_the_page(client):
    client.put("/api/v1/currency", json={"currency": "USD"})
    cheap = best(client)[0]
    files = {"prices": ("p.csv", f"account,price,currency\n{cheap},77,EUR\n".encode())}
    page = client.post(f"{AT}/campaign", data={"budget": "80"}, files=files)
    client.put("/api/v1/currency", json={"currency": None})
    assert page.status_code == 422
    assert (
        "The list of prices: the prices are in EUR, but prices and budget are taken to be in USD" in page.text
    )


def test_a_bad_list_of_prices_is_told_without_where_it_was_kept(client):
    page = client.post(
        f"{AT}/campaign", data={"budget": "80"}, files={"prices": ("p.csv", b"who,what\na,1\n")}
    )
    assert page.status_code == 422
    assert "line 1" in page.text
    assert "/tmp" not in page.text


def test_pages_of_a_brand_that_is_not_there(client):
    for what in ("shortlist", "campaign", "content"):
        assert client.get(f"/brands/nobody.at.all/{what}").status_code == 404


# --- content ------------------------------------------------------------------------------------------------


def test_content_is_judged_as_the_pipeline_judges_it_and_mapped(client, folder):
    sound(client.get(f"{AT}/content").text)
    own, by = picture(1), best(client)[0]
    files = [("pictures", ("tent.jpg", own)), ("pictures", ("broken.jpg", b"no picture"))]
    page = client.post(
        f"{AT}/content", data={"captions": "Rain, and dry feet\n\nSale!", "by": by}, files=files
    )
    assert page.status_code == 200
    sound(page.text)
    (folder / "tent.jpg").write_bytes(own)
    with Workspace(folder) as workspace:
        told = pipeline.advise(
            workspace, BRAND, pictures=[folder / "tent.jpg"], captions=["Rain, and dry feet", "Sale!"], by=by
        )
        (drawn,) = pipeline.fit_maps(workspace, BRAND, pictures=[folder / "tent.jpg"]).values()
        with pytest.raises(BrandfitError, match=r"nope\.jpg"):
            pipeline.fit_maps(workspace, BRAND, pictures=[folder / "tent.jpg", folder / "nope.jpg"])
    assert drawn[0] == pytest.approx(
        told.ideas[0].fit, abs=0.02
    )  # of the working copy, which is a JPEG made once more
    for idea in told.ideas:
        assert f"Fit <b>{round(idea.fit, 2) + 0:.2f}</b>" in page.text
        assert f"{100 * idea.expected.low:.2f} to {100 * idea.expected.high:.2f} %" in page.text
    shown = [
        base64.b64decode(found) for found in re.findall(r'src="data:image/\w+;base64,([^"]+)"', page.text)
    ]
    assert len(shown) == 2
    assert shown[1] == drawn[1]
    assert opened(shown[0]).shape == opened(shown[1]).shape
    left = page.text.partition("Left out")[2]
    assert "broken.jpg" in left
    assert "/tmp" not in left


def test_content_of_nothing_or_for_nobody_is_told_in_the_form(client):
    assert "Advise on what?" in client.post(f"{AT}/content", data={}).text
    page = client.post(f"{AT}/content", data={"captions": "<b>hi", "like": "nobody.at.all"})
    assert page.status_code == 422
    assert "&lt;b&gt;hi" in page.text
    assert "nobody.at.all" in page.text


# --- evaluation ---------------------------------------------------------------------------------------------


def test_an_evaluation_is_begun_and_told(client, folder):
    page = client.get("/evaluation")
    assert "Nothing has been evaluated yet." in page.text
    sound(page.text)
    page = client.post(
        "/evaluation", data={"rankers": ["simcos", "brandfit"], "protocol": "expansion", "seeds": "1"}
    )
    assert page.url.path == "/evaluation"
    job = client.get("/api/v1/jobs").json()["items"][0]
    assert job["parameters"]["rankers"] == ["simcos", "brandfit"]
    assert not job["parameters"]["refit"]
    assert f'data-job="{job["id"]}"' in page.text
    with Workspace(folder) as workspace:
        told = pipeline.evaluate(workspace, ["simcos", "brandfit"]).to_dict()
    notes = ServiceStore(folder)
    done = {"state": "done", "result": msgspec.json.encode(told).decode(), "finished": 1.0}
    notes.write(tables.jobs.update().values(**done))
    notes.close()
    page = client.get("/evaluation")
    sound(page.text)
    for name, row in {**told["results"], **told["references"]}.items():
        assert name in page.text
        assert f"{row['AUC']['mean']:.3f}" in page.text
        assert f"{row['AUC']['low']:.3f} to {row['AUC']['high']:.3f}" in page.text
    assert len(re.findall(r'<circle class="for"', page.text)) == len(told["calibration"]["brandfit"]["bins"])
    assert all(category in page.text for category in told["by_category"]["simcos"])
    assert client.get(f"/evaluation?job={job['id']}").status_code == 200
    assert client.get("/evaluation?job=none").status_code == 404
    assert "The data have changed since" not in page.text
    with Workspace(folder) as workspace:
        workspace.write("later", [Account(id="late.one", role="influencer", followers=9_000)])
    assert "The data have changed since" in client.get("/evaluation").text


def test_an_evaluation_is_refitted_where_that_is_ticked(client):
    assert client.post("/evaluation", data={"rankers": ["simcos"], "refit": "true"}).status_code == 200
    assert client.get("/api/v1/jobs").json()["items"][0]["parameters"]["refit"] is True


def test_an_unknown_ranker_is_refused(client):
    assert client.post("/evaluation", data={"rankers": ["nothing"]}).status_code == 422
    assert client.get("/api/v1/jobs").json()["total"] == 0


def test_the_evaluation_of_an_empty_workspace_offers_to_import(tmp_path):
    with TestClient(
        create_app(tmp_path / "empty", ServiceConfig(rate=0), False), "http://localhost"
    ) as client:
        page = client.get("/evaluation")
        assert page.status_code == 200
        assert 'href="/import"' in page.text.partition("<main")[2]


def test_every_measure_and_condition_is_explained_where_pages_point(client):
    page = client.get("/numbers").text
    sound(page)
    ids = re.findall(r'id="([^"]+)"', page)
    assert {"scores", "chances", "prices", "content", "measures", "conditions"} <= {*ids}
    assert all(one["name"].lower().replace("@", "") in ids for one in pipeline.catalogue("metrics"))
    assert all(f"<code>{escape(one['example'])}</code>" in page for one in pipeline.catalogue("filters"))
