"""A place and a score are the same wherever one list is shown: pages, API, files, campaigns, reports."""

from __future__ import annotations

import csv
import html
import io
import json
import re

import pytest

pytest.importorskip("fastapi", reason="the service comes with the extra service")

from brandfit import pipeline
from brandfit.data.schema import Account
from brandfit.service.jobs.kinds import WORK
from brandfit.workspace import Workspace

PLACE = re.compile(r"number ([\d,]+) of ([\d,]+)", re.IGNORECASE)


def words(page) -> str:
    """A page without its tags."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.text)))


def rows(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def rows_of_page(text: str) -> list[tuple[int, str]]:
    """Places and influencers of the list of a brand page."""
    found = re.findall(
        r'<span class="rank" aria-hidden="true">(\d+)</span>.*?/influencers/([^"]+)"', text, re.S
    )
    return [(int(place), who) for place, who in found]


def place_in(page) -> tuple[int, int]:
    found = PLACE.search(words(page))
    assert found, words(page)[:2000]
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))


@pytest.fixture
def site(make, folder, brand):
    """A client; the first of the ranking is marked “Not this”."""
    client = make(folder)
    items = client.get(f"/api/v1/rankings/{brand}").json()["items"]
    marked, followed = items[0]["influencer"], items[3]["influencer"]
    client.patch(f"/api/v1/annotations/{brand}/{marked}", json={"opinion": "dislike"})
    client.patch(f"/api/v1/annotations/{brand}/{followed}", json={"listed": True})
    return client, marked, followed


def test_a_place_is_the_same_everywhere_after_not_this(site, folder, brand, tmp_path):
    client, marked, who = site
    ranking = client.get(f"/api/v1/rankings/{brand}?limit=500").json()
    total = ranking["total"]
    assert marked not in [item["influencer"] for item in ranking["items"]]
    found = {item["influencer"]: item["rank"] for item in ranking["items"]}
    assert found[who] == 3
    page = client.get(f"/brands/{brand}").text
    assert (3, who) in rows_of_page(page)
    assert f"of {total} candidates" in html.unescape(page)
    exported = rows(client.get(f"/api/v1/exports/rankings.csv?brand={brand}&k=500"))
    assert {row["influencer"]: int(row["rank"]) for row in exported} == found
    assert {row["candidates"] for row in exported} == {str(total)}
    assert place_in(client.get(f"/brands/{brand}/why/{who}")) == (3, total)
    compared = client.get(f"/brands/{brand}/compare?with={who}&with={ranking['items'][0]['influencer']}")
    assert f"number 3 of {total}" in words(compared)
    told = client.get(f"/api/v1/explanations/{brand}/{who}?kind=posts").json()
    assert (told["rank"], told["candidates"]) == (3, total)
    both = words(client.get(f"/brands/{brand}/why/{who}/both"))
    assert f"is number 3 of {total} candidates" in both
    suited = client.get(f"/api/v1/accounts/{who}/brands?limit=100").json()["brands"]
    assert [(one["candidate_rank"], one["among"]) for one in suited if one["brand"] == brand] == [(3, total)]
    row = client.get(f"/influencers/{who}/brands?offset={20 * (_rank_of(suited, brand) // 21)}").text
    assert f"3 of {total}" in re.sub(r"<[^>]+>", " ", row[row.index(f'href="/brands/{brand}"') :])[:4000]
    set_ = client.post("/api/v1/shortlists", json={"brand": brand, "count": 12}).json()
    ranks = {pick["influencer"]: pick["rank"] for pick in set_["picks"]}
    assert ranks == {id: found[id] for id in ranks}
    by_share = {"brand": brand, "count": 12, "ranker": "simcos"}
    shares = client.post("/api/v1/shortlists", json=by_share).json()["picks"]
    for pick in shares:
        assert pick["rank_share"] == pytest.approx(1 - (pick["rank"] - 1) / total)
    campaign = words(client.post(f"/brands/{brand}/campaign", data={"count": "12"}))
    for id, rank in ranks.items():
        assert re.search(rf"{re.escape(id)}\s*number {rank} of the ranking", campaign)
    assert [row["rank"] for row in rows(client.get(f"/api/v1/shortlists/{brand}.csv"))] == ["3"]
    assert "Place among candidates 3" in re.sub(
        r"\s+", " ", re.sub(r"<[^>]+>", " ", _shortlist(client, brand))
    )
    for number, door in enumerate(
        (
            lambda: client.post(f"/brands/{brand}/report", data={"ending": "html"}),
            lambda: client.post("/api/v1/reports", json={"brand": brand, "influencers": [who], "count": 3}),
        )
    ):
        assert door().status_code in (202, 303)
        asked = client.get("/api/v1/jobs?limit=1").json()["items"][0]["parameters"]
        assert asked["disliked"] == [marked]
        (tmp_path / str(number)).mkdir()
        with Workspace(folder) as workspace:
            said = WORK["report"](workspace, lambda *_: None, folder=tmp_path / str(number), **asked)
        text = (tmp_path / str(number) / said["file"]).read_text()
        assert said["candidates"] == total
        assert '<td class="number">3</td><th scope="row"><a href="#n3">' in text


def _rank_of(suited, brand) -> int:
    return next(one["rank"] for one in suited if one["brand"] == brand)


def _shortlist(client, brand) -> str:
    return client.get(f"/brands/{brand}/shortlist").text


def test_why_of_one_that_is_marked_says_so_with_the_place_that_it_would_have(site, brand):
    client, marked, _ = site
    total = client.get(f"/api/v1/rankings/{brand}").json()["total"]
    page = words(client.get(f"/brands/{brand}/why/{marked}"))
    assert (
        f"Left out of the ranking: marked “Not this”. Otherwise it would be number 1 of {total + 1}." in page
    )
    assert f"{marked} is number" not in page
    told = client.get(f"/api/v1/explanations/{brand}/{marked}?kind=posts").json()
    assert told["rank"] is None
    assert told["left_out"] == {
        "reason": "disliked",
        "text": "marked “Not this”",
        "rank_otherwise": 1,
        "candidates_otherwise": total + 1,
    }
    assert "left out: marked “Not this”" in words(
        client.get(f"/brands/{brand}/compare?with={marked}&with={site[2]}")
    )
    suiting = client.get(f"/api/v1/accounts/{marked}/brands?limit=100").json()
    assert brand not in [one["brand"] for one in suiting["brands"]]
    (group,) = [group for group in suiting["excluded"] if group["reason"] == "disliked"]
    assert (group["count"], group["examples"]) == (1, [brand])
    both = words(client.get(f"/brands/{brand}/why/{marked}/both"))
    assert (
        f"{marked} is marked “Not this” for {brand}. Without that: For {brand}, {marked} is number 1" in both
    )


def test_notes_count_the_candidates_of_the_list(folder, brand):
    with Workspace(folder) as workspace:
        everybody = pipeline.rank(workspace, brand)
        silent = str(everybody.candidates[-1])
        workspace.write("later", [Account(id="mute.one", role="influencer", followers=9_000)])
        before = pipeline.rank(workspace, brand)
        left = pipeline.rank(workspace, brand, not_this=[silent])
    counted = [note for note in before.notes if f"of {before.among} candidates" in note]
    assert counted
    assert left.among == before.among - 1
    for note in counted:
        assert note.replace(f"of {before.among} ", f"of {left.among} ") in left.notes
        assert note not in left.notes


LISTS = (
    {"where": "followers:5k..60k"},
    {"q": "camping tent"},
    {"balance": "20"},
    {"refine": "true"},
    {"partners": "true"},
    {"ranker": "simcos", "followers": "0.."},
    {
        "q": "camping tent",
        "where": "followers:5k..90k",
        "balance": "80",
        "refine": "true",
        "partners": "true",
    },
)


@pytest.mark.parametrize("asked", LISTS, ids=["-".join(asked) for asked in LISTS])
def test_the_file_why_and_compare_are_of_the_list_that_the_page_shows(site, brand, asked):
    client, _, followed = site
    client.patch(f"/api/v1/annotations/{brand}/{followed}", json={"opinion": "like"})
    text = client.get(f"/brands/{brand}", params=asked).text
    shown = rows_of_page(text)
    assert len(shown) > 1
    link = html.unescape(re.search(r'href="(/api/v1/exports/rankings\.csv[^"]+)"', text)[1])
    answer = client.get(link)
    assert answer.status_code == 200, answer.text
    exported = rows(answer)
    assert [(int(row["rank"]), row["influencer"]) for row in exported][: len(shown)] == shown
    total = re.search(r"of ([\d,]+) candidates", words(client.get(f"/brands/{brand}", params=asked)))[1]
    assert {row["candidates"] for row in exported} == {total}
    assert len(exported) == int(total)
    changed = {"where", "q", "balance", "refine", "partners", "followers"} & set(asked)
    assert ("narrowed" in answer.headers["content-disposition"]) == bool(changed)
    # One influencer is marked “Not this” for the brand, so that each of these lists is narrowed by it.
    only_marks = exported[0]["narrowed_by"] == "“Not this”: 1"
    assert only_marks == (not {"where", "q", "partners", "followers"} & set(asked))
    assert bool(exported[0]["adjusted_by"]) == bool({"balance", "refine"} & set(asked))
    for place, who in shown if "refine" in asked else (shown[0], shown[-1]):
        why = html.unescape(re.search(rf'href="(/brands/{brand}/why/{who}[^"]*)"', text)[1])
        page = client.get(why)
        row = next(row for row in exported if row["influencer"] == who)
        assert place_in(page) == (place, int(total))
        assert f"What the score of {float(row['score']):.2f} is made of" in words(page)
        parts = {name: value for name, value in row.items() if name.startswith("part_") and value}
        if len(parts) > 1:
            assert sum(map(float, parts.values())) == pytest.approx(float(row["score"]), abs=1e-6)
        if "refine" in asked:
            assert "likes and “Not this”" in html.unescape(page.text)
            assert "as learned" in words(page)
    compared = client.get(
        f"/brands/{brand}/compare", params=[("with", who) for _, who in shown[:2]] + [*asked.items()]
    )
    for place, who in shown[:2]:
        row = next(row for row in exported if row["influencer"] == who)
        assert f"number {place} of {total}" in words(compared)
        assert f"{float(row['score']):.2f}" in words(compared)


def test_the_api_explains_the_score_of_the_ranking_with_the_same_parameters(site, brand):
    client, _, _ = site
    for asked in ("weight=text=2&weight=picture=0.5", "refine=true", "q=camping&where=followers:5k..90k"):
        ranking = client.get(f"/api/v1/rankings/{brand}?limit=500&{asked}").json()
        for item in (ranking["items"][0], ranking["items"][-1]):
            told = client.get(f"/api/v1/explanations/{brand}/{item['influencer']}?kind=posts&{asked}").json()
            assert (told["rank"], told["candidates"]) == (item["rank"], ranking["total"])
            assert told["score"] == pytest.approx(item["score"])
            assert told["parts"] == pytest.approx(
                {name: value for name, value in item["parts"].items() if value is not None}
            )


def test_a_file_of_other_rows_takes_no_list(client):
    answer = client.get("/api/v1/exports/accounts.csv?where=followers:5k..")
    assert answer.status_code == 422
    assert "for rankings" in answer.json()["title"]


def test_words_that_match_nobody_are_named_everywhere(site, folder, brand, capsys):
    from brandfit.cli import main

    client, _, _ = site
    for path in ("/api/v1/search", f"/api/v1/rankings/{brand}"):
        found = client.get(f"{path}?q=zzzqqq+camping").json()
        assert found["unmatched_words"] == ["zzzqqq"]
        assert any("zzzqqq" in note for note in found["notes"])
        assert client.get(f"{path}?q=camping").json()["unmatched_words"] == []
    for path in ("/influencers", f"/brands/{brand}"):
        assert (
            "no influencer writes “zzzqqq” or is about"
            in words(client.get(f"{path}?q=zzzqqq+camping")).lower()
        )
    main(["search", "zzzqqq", "camping", "-w", str(folder)])
    assert "no influencer writes “zzzqqq” or is about that" in capsys.readouterr().out
    main(["search", "zzzqqq", "camping", "--json", "-w", str(folder)])
    assert json.loads(capsys.readouterr().out)["unmatched_words"] == ["zzzqqq"]


def test_the_shortlist_command_prints_the_places_of_the_ranking_without_the_excluded(folder, brand, capsys):
    from brandfit.cli import main

    place = ["-w", str(folder), "--json"]
    main(["rank", brand, "-k", "3", *place])
    first = json.loads(capsys.readouterr().out)["ranking"][0]["influencer"]
    main(["shortlist", brand, "--count", "8", "--exclude", first, *place])
    picks = json.loads(capsys.readouterr().out)["picks"]
    with Workspace(folder) as workspace:
        ranking = pipeline.rank(workspace, brand, exclude=[first])
    ranks = dict(zip(ranking.candidates.tolist(), ranking.ranks(), strict=True))
    assert {pick["influencer"]: pick["rank"] for pick in picks} == {
        pick["influencer"]: ranks[pick["influencer"]] for pick in picks
    }
