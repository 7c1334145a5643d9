"""Audiences, brands for an influencer, files of every kind, reports and drawings over the API."""

from __future__ import annotations

import csv
import io
import re
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("fastapi", reason="the service comes with the extra service")

from starlette.testclient import TestClient

from brandfit import pipeline
from brandfit.service.app import create_app
from brandfit.service.config import ServiceConfig
from brandfit.workspace import Workspace

BRAND = "northpeak.outdoor"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("more") / "made"
    with Workspace(folder, create=True) as workspace:
        pipeline.import_source(workspace, "sample", path=None, settings={"influencers": "40"})
        for encoder in ("text.hashing", "concept.bag"):
            pipeline.encode(workspace, encoder)
    return folder


@pytest.fixture(scope="module")
def client(folder) -> Iterator[TestClient]:
    with TestClient(create_app(folder, ServiceConfig(rate=0), False), "http://localhost") as found:
        yield found


@pytest.fixture(scope="module")
def best(client) -> list[str]:
    return [row["influencer"] for row in client.get(f"/api/v1/rankings/{BRAND}?limit=5").json()["items"]]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (f"/api/v1/rankings/{BRAND}?folowers=..20k", "followers"),
        ("/api/v1/search?q=boots&were=followers:..10k", "where"),
        ("/api/v1/accounts?rol=brand", "role"),
        (f"/api/v1/exports/rankings.csv?brand={BRAND}&folowers=..20k", "followers"),
        ("/api/v1/workspace?nonsense=1", "none"),
        (f"/api/v1/rankings/{BRAND}?where=category:food&where=category:travel", "and"),
    ],
)
def test_a_query_parameter_that_would_be_ignored_is_refused(client, path, said):
    answer = client.get(path)
    assert answer.status_code == 422
    assert "query parameter" in answer.json()["title"]
    assert said in answer.json()["detail"]


def test_parameters_of_several_values_and_an_equal_repeat_are_taken(client):
    several = client.get(f"/api/v1/rankings/{BRAND}?weight=text=2&weight=concept=1&limit=3&limit=3")
    assert several.status_code == 200


def test_an_audience_is_what_the_pipeline_tells(client, folder, best):
    answer = client.get(f"/api/v1/accounts/@{best[0].upper()}/audience", params={"other": BRAND})
    with Workspace(folder) as workspace:
        told = pipeline.audience(workspace, best[0], other=BRAND)
    assert answer.status_code == 200
    assert answer.json()["sentences"] == told.sentences
    assert len(answer.json()["hints"]) == len(told.hints)
    again = client.get(
        f"/api/v1/accounts/{best[0]}/audience", headers={"if-none-match": answer.headers["etag"]}
    )
    assert again.status_code == 200  # another question
    same = client.get(str(answer.request.url), headers={"if-none-match": answer.headers["etag"]})
    assert same.status_code == 304
    assert client.get("/api/v1/accounts/nobody.at.all/audience").status_code == 404


def test_brands_for_an_influencer_best_first(client, folder, best):
    told = client.get(f"/api/v1/accounts/{best[0]}/brands", params={"limit": 4}).json()
    with Workspace(folder) as workspace:
        expected = pipeline.brands_for(workspace, best[0])
    assert [row["brand"] for row in told["brands"]] == [one.brand for one in expected.brands[:4]]
    assert told["total"] == len(expected.brands)
    assert client.get("/api/v1/accounts/nobody.at.all/brands").status_code == 404


@pytest.mark.parametrize("ending", ["csv", "xlsx", "json", "jsonl", "parquet"])
@pytest.mark.parametrize("what", [f"exports/rankings.{{}}?brand={BRAND}&k=5", f"shortlists/{BRAND}.{{}}"])
def test_files_of_every_ending_come_as_downloads(client, best, what, ending):
    client.patch(
        f"/api/v1/annotations/{BRAND}/{best[0]}",
        json={"listed": True, "note": "=SUM(1)", "tags": ["@now", "b"]},
    )
    answer = client.get(f"/api/v1/{what.format(ending)}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment;")
    starts = {"xlsx": b"PK", "parquet": b"PAR1", "json": b"[", "jsonl": b"{"}
    assert answer.content.startswith(starts.get(ending, b""))
    assert best[0].encode() in (
        answer.content
        if ending != "xlsx"
        else zipfile.ZipFile(io.BytesIO(answer.content)).read("xl/worksheets/sheet1.xml")
    )


@pytest.mark.parametrize("asked", ["brand=" + BRAND, "ranker=simcos", "k=5"])
def test_what_is_for_rankings_is_refused_elsewhere(client, asked):
    answer = client.get(f"/api/v1/exports/accounts.csv?{asked}")
    assert answer.status_code == 422
    assert "is for rankings; this writes all accounts." in answer.json()["title"]


def test_a_note_never_runs_as_a_formula(client, best):
    client.patch(
        f"/api/v1/annotations/{BRAND}/{best[0]}",
        json={"listed": True, "note": "=SUM(1)", "tags": ["@now", "b"]},
    )
    (row,) = csv.DictReader(io.StringIO(client.get(f"/api/v1/shortlists/{BRAND}.csv").text))
    assert (row["influencer"], row["note"], row["tags"]) == (best[0], "'=SUM(1)", "'@now|b")
    book = zipfile.ZipFile(io.BytesIO(client.get(f"/api/v1/shortlists/{BRAND}.xlsx").content))
    assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()
    (row,) = client.get(f"/api/v1/shortlists/{BRAND}.json").json()
    assert (row["note"], row["tags"]) == ("=SUM(1)", ["@now", "b"])


@pytest.mark.parametrize("ending", ["csv", "xlsx", "json", "jsonl", "parquet"])
def test_an_empty_shortlist_is_an_empty_file(client, ending):
    assert client.get(f"/api/v1/shortlists/kiteberry.toys.{ending}").status_code == 200
    assert client.get(f"/api/v1/shortlists/nobody.at.all.{ending}").status_code == 404


def test_a_report_is_a_job_whose_file_can_be_kept(make, folder, tmp_path, best):
    client = make(shutil.copytree(folder, tmp_path / "own"), work=True)
    for asked, shown in (
        ({"k": 2, "count": 1}, best[:2]),
        ({"influencers": [best[4], best[2]]}, [best[2], best[4]]),
    ):
        job = client.post("/api/v1/reports", json={"brand": BRAND, **asked})
        assert job.status_code == 202, job.text
        while (told := client.get(f"/api/v1/jobs/{job.json()['id']}").json())["state"] in (
            "queued",
            "running",
        ):
            time.sleep(0.1)
        assert told["state"] == "done", told
        answer = client.get(f"/api/v1/jobs/{told['id']}/file")
        assert answer.status_code == 200
        assert (f'filename="{told["result"]["file"]}"', len(answer.content)) == (
            answer.headers["content-disposition"].partition("; ")[2],
            told["result"]["bytes"],
        )
        cards = re.findall(r'<h3 id="h\d+">.*?<bdi>(.*?)</bdi>', answer.text.replace("<wbr>", ""))
        assert cards[: len(shown)] == shown
        page = client.get(f"/jobs/{told['id']}").text
        assert f"/api/v1/jobs/{told['id']}/file" in page


def test_what_is_wrong_with_a_report_is_told_at_once(make, folder, tmp_path):
    client = make(shutil.copytree(folder, tmp_path / "own"))
    for asked, status in (
        ({"brand": "nobody.at.all"}, 404),
        ({"brand": BRAND, "influencers": ["nobody.at.all"]}, 404),
    ):
        assert client.post("/api/v1/reports", json=asked).status_code == status
    assert client.post("/api/v1/reports", json={"brand": BRAND, "ending": "doc"}).status_code == 422
    assert client.get("/api/v1/jobs").json()["total"] == 0
    job = client.post("/api/v1/reports", json={"brand": BRAND}).json()
    assert client.get(f"/api/v1/jobs/{job['id']}/file").status_code == 404


def test_the_report_of_a_shortlist_is_on_those_who_are_on_it(client, best):
    client.patch(f"/api/v1/annotations/{BRAND}/{best[3]}", json={"listed": True})
    answer = client.post(f"/brands/{BRAND}/report", data={"ending": "html"}, follow_redirects=False)
    assert answer.status_code == 303
    job = client.get(f"/api/v1{answer.headers['location']}").json()
    listed = [
        mark["influencer"]
        for mark in client.get(f"/api/v1/annotations/{BRAND}").json()["items"]
        if mark["listed"]
    ]
    assert best[3] in listed
    assert job["kind"] == "report"
    assert sorted(job["parameters"]["influencers"]) == sorted(listed)


def test_drawings_are_pictures_of_what_the_json_tells(client, best):
    told = client.get(f"/api/v1/explanations/{BRAND}/{best[0]}").json()
    bars = [one for one in told["attributions"] if one["items"]]
    assert bars
    assert told["radars"]
    at = f"/api/v1/explanations/{BRAND}/{best[0]}/drawings"
    for name in (f"bars-{len(bars)}", f"radar-{len(told['radars'])}"):
        answer = client.get(f"{at}/{name}.png")
        assert answer.headers["content-type"] == "image/png"
        assert Image.open(io.BytesIO(answer.content)).size > (100, 100)
    assert client.get(f"{at}/bars-{len(bars) + 1}.png").status_code == 404
    assert client.get(f"{at}/bars-0.png").status_code == 422
    assert client.get(f"{at}/pie-1.png").status_code == 422


def test_advice_never_tells_where_a_picture_was_kept(client):
    answer = client.post(
        "/api/v1/advice", data={"like": BRAND, "captions": "Rain"}, files={"pictures": ("a.jpg", b"none")}
    )
    assert answer.status_code in (200, 422)
    assert "/tmp" not in answer.text
    for place, name, data in (
        ("similar/picture", "picture", {}),
        ("rankings/brief", "pictures", {"text": "boots"}),
        ("advice", "pictures", {"like": BRAND}),
    ):
        answer = client.post(f"/api/v1/{place}", data=data, files={name: ("a.jpg", b"none")})
        assert "/tmp" not in answer.text, place
        assert answer.status_code == 200 or "a.jpg" in answer.text, answer.text
