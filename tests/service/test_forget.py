"""Forgetting through the service: no byte of the account is left in the folder, and rankings go on."""

from __future__ import annotations

import io
import shutil
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

pytest.importorskip("fastapi", reason="the service comes with the extra service")

from starlette.testclient import TestClient

from brandfit import pipeline
from brandfit.cli import cli
from brandfit.data.pictures import imported
from brandfit.data.redaction import MARK
from brandfit.data.schema import Account, Link, Picture, Post
from brandfit.erasure import files
from brandfit.errors import DataError, WorkspaceError
from brandfit.service.app import create_app
from brandfit.service.config import ServiceConfig
from brandfit.service.jobs import kinds as work
from brandfit.service.jobs.queue import JobQueue
from brandfit.service.store import keys, tables
from brandfit.service.store.records import without_records
from brandfit.service.store.service_store import ServiceStore
from brandfit.workspace import Workspace

WHO, BRAND, OTHER = "vesna.of.thehills", "northpeak.outdoor", "lark.fells"
CAPTIONS = ["Dawn above the Quarzkamm with new boots", "Pellucid lakes and Nebelhornkraxeln once more"]
COMMENT = "Zwirbelgipfel, what a quaint morning up there"
WORDS = (WHO, "quarzkamm", "nebelhornkraxeln", "zwirbelgipfel", "kraxelqueen")


def noise(seed: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8)).save(out, "JPEG")
    return out.getvalue()


def planted() -> list[Any]:
    posts = [
        Post(id=f"{WHO}-{n}", account=WHO, caption=c, mentions=[BRAND], disclosed=True, likes=90 + n)
        for n, c in enumerate(CAPTIONS)
    ]
    pictures = [
        imported(Picture(post=post.id, position=0, data=noise(n), source=f"/x/{n}.jpg", file="p.csv", line=1))
        for n, post in enumerate(posts)
    ]
    return [
        Account(
            id=WHO, name="Vesna", biography="Kraxelqueen of small hills", followers=9000, category="travel"
        ),
        Account(id=OTHER, biography=f"Half of @{WHO}", followers=8000, category="travel"),
        *posts,
        *pictures,
        Post(id="o1", account=OTHER, caption=f"With @{WHO} on the hills #hills", mentions=[WHO], likes=70),
        Link(id="c1", kind="comments", source=WHO, target=OTHER, post="o1", text=COMMENT),
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, list[bytes]]:
    """The sample and one account more, encoded and trained; and the ends of its pictures as they are kept."""
    folder = tmp_path_factory.mktemp("forget") / "made"
    with Workspace(folder, create=True) as workspace:
        pipeline.import_source(workspace, "sample", path=None, settings={"influencers": "30"})
        workspace.write("planted", planted())
        for encoder in ("text.hashing", "image.classical"):
            pipeline.encode(workspace, encoder)
        pipeline.train(workspace, "brandfit")
        images = workspace.dataset().images.to_pylist()
        kept = [workspace.picture(image["hash"])[-64:] for image in images if image["post"].startswith(WHO)]
    assert len(kept) == len(CAPTIONS)
    return folder, kept


@pytest.fixture
def folder(made, tmp_path) -> Path:
    return shutil.copytree(made[0], tmp_path / "work")


def client_of(folder: Path, working: bool = False, **settings: Any) -> TestClient:
    return TestClient(
        create_app(folder, ServiceConfig(rate=0, **settings), working),
        "http://localhost",
        follow_redirects=False,
    )


def held(folder: Path, pieces: list[bytes]) -> dict[str, list[str]]:
    """File to what of the account it holds, in its name or inside."""
    found = {}
    for file in (file for file in folder.rglob("*") if file.is_file()):
        data = file.read_bytes()
        told = [
            word
            for word in WORDS
            if word.encode() in data.lower() or word in str(file.relative_to(folder)).lower()
        ]
        told += ["a picture"] * any(piece in data for piece in pieces)
        if told:
            found[str(file.relative_to(folder))] = told
    return found


def ended(client: TestClient, job: str) -> dict[str, Any]:
    """The job once it has ended."""
    while True:
        told = client.get(f"/api/v1/jobs/{job}").json()
        if told["state"] not in ("queued", "running"):
            return told
        time.sleep(0.1)


def noted_everywhere(client: TestClient) -> None:
    """Marks, jobs, the audit and uploads that name it."""
    mark = {"listed": True, "note": "ask her first", "tags": ["spring"]}
    assert client.patch(f"/api/v1/annotations/{BRAND}/{WHO}", json=mark).status_code == 200
    quoting = {"note": f"posted “{CAPTIONS[0]}”", "tags": [f"like {WHO}", "spring"], "listed": True}
    assert client.patch(f"/api/v1/annotations/{BRAND}/{OTHER}", json=quoting).status_code == 200
    asked = {"source": "folder", "path": f"/nowhere/{WHO}.csv"}
    assert client.post("/api/v1/imports", json=asked).status_code == 202
    rows = f"id,role\n{WHO},influencer\n".encode()
    assert client.post("/api/v1/uploads", files={"files": ("accounts.csv", rows)}).status_code == 201


def test_after_forgetting_no_byte_is_left_in_the_folder_and_rankings_still_answer(made, folder):
    with client_of(folder, working=True) as client:
        noted_everywhere(client)
        jobs = client.get("/api/v1/jobs").json()["items"]
        assert ended(client, jobs[0]["id"])["state"] == "failed"
        before = [
            row["influencer"]
            for row in client.get(f"/api/v1/rankings/{BRAND}?limit=500&partners=true").json()["items"]
        ]
        assert WHO in before
        found = held(folder, made[1])
        assert {"service.sqlite-wal", "service.sqlite"} & set(found)
        assert any(name.startswith("uploads/") for name in found)

        answer = client.delete(f"/api/v1/accounts/@{WHO.upper()}")
        assert answer.status_code == 202, answer.text
        job = ended(client, answer.json()["id"])
        assert job["state"] == "done", job
        assert job["result"]["removed"]["posts"] == len(CAPTIONS)
        assert job["result"]["foreign"] == {}
        assert job["parameters"] == {"accounts": [MARK]}

        assert held(folder, made[1]) == {}
        assert client.get(f"/api/v1/accounts/{WHO}").status_code == 404
        marks = client.get(f"/api/v1/annotations/{BRAND}").json()["items"]
        assert [(m["influencer"], m["note"], m["tags"]) for m in marks] == [
            (OTHER, MARK, [f"like {MARK}", "spring"])
        ]
        audit = client.get("/api/v1/audit").json()["items"]
        assert f"{BRAND} {MARK} listed, note, tags" in [row["subject"] for row in audit]
        after = client.get(f"/api/v1/rankings/{BRAND}?limit=500&partners=true&ranker=simcos")
        assert after.status_code == 200
        assert [row["influencer"] for row in after.json()["items"] if row["influencer"] == WHO] == []
        assert {row["influencer"] for row in after.json()["items"]} == {*before} - {WHO}
        assert client.get(f"/brands/{BRAND}").status_code == 200
        assert client.get(f"/brands/{BRAND}/shortlist").status_code == 200
    assert held(folder, made[1]) == {}


def _done(folder: Path, kind: str, **parameters: Any) -> dict[str, Any]:
    """Queue a job and do it here, as the worker would; returns the stored job."""
    store = ServiceStore(folder)
    job = JobQueue(store, folder).submit(kind, parameters, "somebody")
    with Workspace(folder) as workspace:
        result = work.WORK[kind](workspace, lambda *_: None, **parameters)
    done = {"state": "done", "finished": 1.0, "result": msgspec.json.encode(result).decode()}
    store.write(tables.jobs.update().where(tables.jobs.c.id == job["id"]).values(**done))
    store.close()
    return {"id": job["id"], "result": result}


def test_no_number_of_a_forgotten_account_stays_in_results_of_jobs(made, folder):
    """A case study and an evaluation name it with followers, ranks, shares and pictures."""
    case = _done(folder, "case", brand=BRAND, ranker="brandfit")
    evaluation = _done(folder, "evaluate", rankers=["simcos"], protocol="cv5")
    place = next(n for n, one in enumerate(case["result"]["accounts"]) if one["role"] == "top positive")
    account = case["result"]["accounts"][place]
    who = account["id"]
    assert account["followers"]
    assert any(post["picture"] for post in account["posts"])
    rows = evaluation["result"]["per_brand"]["simcos"]
    n_ranks = sum(len(row["partners"]) for row in rows)
    n_own = sum(one["influencer"] == who for row in rows for one in row["partners"])
    assert n_own
    with Workspace(folder) as workspace:
        work.forget(workspace, lambda *_: None, [who])

    store = ServiceStore(folder)
    stored = {
        row["id"]: msgspec.json.decode(row["result"])
        for row in store.rows(tables.jobs.select())
        if row["id"] in (case["id"], evaluation["id"])
    }
    store.close()
    left = stored[case["id"]]["accounts"]
    assert len(left) == len(case["result"]["accounts"])
    forgotten = dict(left[place])
    assert (forgotten.pop("id"), forgotten.pop("role")) == (MARK, "forgotten")
    assert not any(forgotten.values())
    assert forgotten.keys() == account.keys() - {"id", "role"}
    others = [n for n in range(len(left)) if case["result"]["accounts"][n]["id"] != who]
    assert [left[n]["rank"] for n in others] == [case["result"]["accounts"][n]["rank"] for n in others]
    rows = stored[evaluation["id"]]["per_brand"]["simcos"]
    assert sum(len(row["partners"]) for row in rows) == n_ranks - n_own
    assert MARK not in [one["influencer"] for row in rows for one in row["partners"]]

    with client_of(folder) as client:
        page = client.get(f"/brands/{BRAND}/case?ranker=brandfit").text
        answer = client.get(f"/api/v1/jobs/{case['id']}").json()["result"]["accounts"][place]
    assert "This account was forgotten after the study was made." in page
    assert f"{account['followers']:,}" not in page
    assert f"<dd>{account['rank']} of {case['result']['candidates']}" not in page
    assert answer["followers"] is None
    assert not [post["picture"] for post in account["posts"] if post["picture"] in page]

    # The study of a brand goes with the brand; a mark of an earlier erasure counts as an account.
    with Workspace(folder) as workspace:
        work.forget(workspace, lambda *_: None, [BRAND])
    store = ServiceStore(folder)
    (row,) = store.rows(tables.jobs.select().where(tables.jobs.c.id == case["id"]))
    store.close()
    assert row["result"] is None


def test_records_are_found_by_the_account_that_they_are_about():
    stored = {
        "rows": [{"influencer": "ann", "rank": 3}, {"influencer": "bo", "rank": 4}, {"id": MARK, "n": 1}],
        "accounts": [
            {"id": "ann", "role": "top positive", "rank": 1, "name": "", "posts": [1], "x": {"a": 1}}
        ],
        "best": {"account": "ann", "score": 0.5},
        "n": 3,
    }
    assert without_records(stored, {"ann"}.__contains__) == {
        "rows": [{"influencer": "bo", "rank": 4}],
        "accounts": [{"id": MARK, "role": "forgotten", "rank": None, "name": "", "posts": [], "x": {}}],
        "best": None,
        "n": 3,
    }
    assert without_records({"brand": "ann", "hits": 3}, {"ann"}.__contains__) is None


def test_an_import_that_waits_with_files_of_it_fails_and_the_files_go(made, folder):
    rows = f"id,role\n{WHO},influencer\n".encode()
    others = b"id,role\nvesna.of.thehills_2,influencer\n"
    with client_of(folder) as client:
        ids = []
        for data in (rows, others):
            upload = client.post("/api/v1/uploads", files={"files": ("accounts.csv", data)}).json()["id"]
            ids.append(
                client.post("/api/v1/imports", json={"source": "folder", "upload": upload}).json()["id"]
            )
    with Workspace(folder) as workspace:
        result = work.forget(workspace, lambda *_: None, [WHO])
    assert result["foreign"] == {}
    with client_of(folder) as client:
        first, second = (client.get(f"/api/v1/jobs/{id}").json() for id in ids)
    assert first["state"] == "failed"
    assert "Upload them again" in first["problem"]["detail"]
    assert second["state"] == "queued"
    assert [p.name for p in (folder / "uploads").iterdir()] == [second["parameters"]["upload"]]


def test_one_that_is_broken_off_after_its_own_question_was_cleaned_is_finished(made, folder, monkeypatch):
    notes = ServiceStore(folder)
    job = JobQueue(notes, folder).submit("forget", {"accounts": [WHO]}, "somebody")
    log = folder / "jobs" / job["id"] / "log.txt"
    log.parent.mkdir(parents=True)
    paper = log.with_name("northpeak.outdoor.pdf")
    paper.write_bytes(b"a report, with what nobody can read in it")
    log.write_text(f"one line\na line on {WHO}, and ann\nquoted: {CAPTIONS[1]}\n")

    def broken(*_: object, **__: object) -> None:
        raise WorkspaceError("The disk is full.")

    with Workspace(folder) as workspace:
        with monkeypatch.context() as patched:
            patched.setattr(files, "search_folder", broken)
            with pytest.raises(WorkspaceError):
                work.forget(workspace, lambda *_: None, [WHO])
        asked = msgspec.json.decode(notes.rows(tables.jobs.select())[0]["asked"])
        assert asked == {"accounts": [MARK]}
        assert workspace.forgetting()
        assert "removed" in work.forget(workspace, lambda *_: None, **asked)
        assert not workspace.forgetting()
        assert work.forget(workspace, lambda *_: None, **asked) == {"finished": True}
    assert not paper.exists()
    assert log.read_text().splitlines() == ["one line", f"a line on {MARK}, and ann", MARK]
    notes.close()
    assert held(folder, made[1]) == {}


def test_brandfit_forget_cleans_what_a_service_left(made, folder):
    with client_of(folder) as client:
        noted_everywhere(client)
    done = CliRunner().invoke(cli, ["forget", WHO, "--yes", "-w", str(folder)])
    assert done.exit_code == 0, done.output
    assert held(folder, made[1]) == {}
    notes = ServiceStore(folder)
    assert [*notes.annotations(BRAND)] == [OTHER]
    notes.close()


def test_a_report_that_was_being_written_meanwhile_is_not_kept(folder, tmp_path, monkeypatch):
    def slow(workspace, brand, file, *_, **__):
        file.write_bytes(b"with a picture of somebody")
        with Workspace(folder) as other:
            pipeline.forget(other, [WHO])

    monkeypatch.setattr(pipeline, "report", slow)
    with Workspace(folder) as workspace, pytest.raises(DataError, match="while the report was written"):
        work.report(workspace, lambda *_: None, folder=tmp_path, brand=BRAND)
    assert list(tmp_path.glob("*.html")) == []


def test_a_name_that_only_begins_alike_stays(folder):
    notes = ServiceStore(folder)
    notes.annotate(BRAND, f"{WHO}s", {"note": f"not {WHO}_2, nor x.{WHO}"})
    with Workspace(folder) as workspace:
        work.forget(workspace, lambda *_: None, [WHO])
    assert notes.annotations(BRAND)[f"{WHO}s"]["note"] == f"not {WHO}_2, nor x.{WHO}"
    notes.close()


def test_only_an_admin_may_and_nobody_unknown_can_be(folder):
    notes = ServiceStore(folder)
    _, key = keys.create(notes, "shop", "write")
    _, admin = keys.create(notes, "owner", "admin")
    notes.close()
    with client_of(folder, keys=True) as client:
        assert client.delete(f"/api/v1/accounts/{WHO}", headers={"x-api-key": key}).status_code == 403
        assert (
            client.delete("/api/v1/accounts/nobody.at.all", headers={"x-api-key": admin}).status_code == 404
        )
        assert client.get("/api/v1/jobs", headers={"x-api-key": key}).json()["total"] == 0
        assert client.delete(f"/api/v1/accounts/{WHO}", headers={"x-api-key": admin}).status_code == 202


def test_the_button_of_a_page_asks_for_it(folder):
    with client_of(folder) as client:
        answer = client.post(f"/influencers/{WHO}/forget")
        assert answer.status_code == 303
        assert client.get(answer.headers["location"]).status_code == 200
        job = client.get("/api/v1/jobs").json()["items"][0]
        assert (job["kind"], job["parameters"]) == ("forget", {"accounts": [WHO]})


def test_one_that_runs_is_not_cancelled(folder):
    notes = ServiceStore(folder)
    jobs = JobQueue(notes, folder)
    job = jobs.submit("forget", {"accounts": [WHO]}, "somebody")
    notes.write(tables.jobs.update().values(state="running"))
    notes.close()
    with client_of(folder) as client:
        assert client.delete(f"/api/v1/jobs/{job['id']}").status_code == 422
