"""The list of a brand page: balance of words and pictures, pages past its end, and the name of its file."""

import html
import re

import pytest

from brandfit import pipeline
from brandfit.errors import ConfigError
from brandfit.service.views import rankings
from brandfit.workspace import Workspace

BRAND = "northpeak.outdoor"


@pytest.fixture(scope="module")
def words_only(tmp_path_factory):
    """The sample without features of pictures."""
    folder = tmp_path_factory.mktemp("words")
    with Workspace(folder, create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        for encoder in ("text.hashing", "concept.bag"):
            pipeline.encode(workspace, encoder)
    return folder


def text_of(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


@pytest.mark.parametrize("balance", [0, 20, 100])
def test_a_balance_without_pictures_is_refused_with_the_reason(make, words_only, balance):
    client = make(words_only)
    page = client.get(f"/brands/{BRAND}?balance={balance}")
    assert "This ranking does not use pictures" in text_of(page)
    assert 'class="rank"' not in page.text
    assert re.search(r'<input id="balance"[^>]* disabled', page.text)
    why = client.get(f"/brands/{BRAND}/why/mila.lifts?balance={balance}")
    assert why.status_code == 422
    with Workspace(words_only) as workspace, pytest.raises(ConfigError, match="does not use pictures"):
        rankings.balance_weights(workspace, BRAND, ranker=None, balance=balance)


def test_the_slider_is_disabled_without_pictures(make, words_only, client):
    page = make(words_only).get(f"/brands/{BRAND}")
    assert 'class="rank"' in page.text
    assert re.search(r'<input id="balance"[^>]* disabled', page.text)
    assert "This ranking does not use pictures" in text_of(page)
    with_pictures = client.get(f"/brands/{BRAND}").text
    assert not re.search(r'<input id="balance"[^>]* disabled', with_pictures)


@pytest.mark.parametrize(
    ("parts", "obstacle"),
    [
        (("text", "picture", "concept"), ""),
        (("picture",), "does not use words"),
        (("concept",), "does not say what words and what pictures add"),
    ],
)
def test_a_balance_needs_both_parts(parts, obstacle):
    assert obstacle in rankings.balance_obstacle(parts)
    assert bool(obstacle) == bool(rankings.balance_obstacle(parts))


@pytest.mark.parametrize("path", [f"/brands/{BRAND}", "/brands", "/influencers", "/influencers/mila.lifts"])
def test_an_offset_past_the_end_says_so(client, path):
    page = text_of(client.get(f"{path}?offset=5000"))
    assert "this page is past its end" in page
    assert "5,000 of" not in page
    for wrong in ("Nobody is left", "There are no brands yet", "Nobody was found", "None of its posts"):
        assert wrong not in page


@pytest.mark.parametrize(
    "narrowing", ["followers=..20k", "exclude=mila.lifts", "q=camping", "where=followers:5k..60k"]
)
def test_the_file_of_a_narrowed_list_says_so_in_its_name(client, narrowing):
    page = client.get(f"/brands/{BRAND}?{narrowing}").text
    link = html.unescape(re.search(r'href="(/api/v1/exports/rankings\.csv[^"]+)"', page)[1])
    assert f"rankings-{BRAND}-narrowed.csv" in client.get(link).headers["content-disposition"]


def test_the_file_of_a_list_without_disliked_influencers_says_so_in_its_name(client):
    path = f"/api/v1/exports/rankings.csv?brand={BRAND}&k=3"
    assert "narrowed" not in client.get(path).headers["content-disposition"]
    first = client.get(f"/api/v1/rankings/{BRAND}?limit=1").json()["items"][0]["influencer"]
    client.patch(f"/api/v1/annotations/{BRAND}/{first}", json={"opinion": "dislike"})
    assert "narrowed" in client.get(path).headers["content-disposition"]
    assert "narrowed" in client.get("/api/v1/exports/rankings.csv?k=1").headers["content-disposition"]
