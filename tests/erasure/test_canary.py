"""A handle that was written through every store of a workspace is in none of them after it is erased."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from brandfit import pipeline
from brandfit.data.features import Features
from brandfit.data.pictures import imported
from brandfit.data.schema import Account, Link, Picture, Post, Reject
from brandfit.erasure.eraser import OWN_STORES
from brandfit.experiments.run import run
from brandfit.experiments.spec import Experiment
from brandfit.service.app import create_app
from brandfit.service.config import ServiceConfig
from brandfit.service.http.serve import LOCK
from brandfit.service.store.erasure import ServiceEraser
from brandfit.workspace import Workspace

CANARY = "zq.canary_handle"
WORD = "quarzkammdawn"
"""A word that only the canary wrote."""
BRAND = "northpeak.outdoor"
OTHER = "lark.fells"


def jpeg() -> bytes:
    out = io.BytesIO()
    noise = np.random.default_rng(5).integers(0, 255, (48, 64, 3), np.uint8)
    Image.fromarray(noise).save(out, "JPEG")
    return out.getvalue()


def rows() -> list:
    """Rows of each table that hold the canary, and a reject."""
    picture = Picture(
        post=f"{CANARY}-0",
        position=0,
        data=jpeg(),
        source=f"{CANARY}/0.jpg",
        file="posts.csv",
        line=2,
        alt_text=f"{CANARY} at {WORD}",
    )
    return [
        Account(id=CANARY, name="Canary", biography=f"Up at {WORD}", category="travel", followers=9000),
        Account(id=OTHER, biography=f"Half of @{CANARY}", category="travel", followers=8000),
        Post(id=f"{CANARY}-0", account=CANARY, caption=f"Boots #{WORD}", hashtags=[WORD], mentions=[BRAND]),
        Post(id=f"{CANARY}-1", account=CANARY, caption=f"Again {WORD}", disclosed=True, sponsors=[BRAND]),
        Post(id="o1", account=OTHER, caption=f"With @{CANARY} on the hills", mentions=[CANARY]),
        Link(id="c1", kind="comments", source=CANARY, target=OTHER, post="o1", text=f"Lovely {WORD}"),
        Link(id="f1", kind="follows", source=CANARY, target=BRAND),
        imported(picture),
        Reject("posts.csv", 7, "likes: expected a number", f"{CANARY},many"),
    ]


def fill_made_from_rows(workspace: Workspace) -> None:
    """Features of each kind, encoded contents, a profile, models, checkpoints, an experiment."""
    for encoder, settings in (("text.hashing", {}), ("text.mentions", {"min_accounts": 1})):
        pipeline.encode(workspace, encoder, settings=settings)
    pipeline.profile(workspace, "majority")
    own = Features(
        "mine",
        np.array([CANARY, OTHER], dtype=object),
        np.ones((2, 2), np.float32),
        level="account",
        columns=(f"likes {CANARY}", "other"),
        slot="concept",
    )
    workspace.save(own)
    workspace.save(Features("plain", own.ids, own.values, level="account", slot="graph"))
    pipeline.train(workspace, "brandfit", data={"slots.text": "text.hashing"})
    model, info = workspace.load_model("brandfit")
    workspace.save_model(model, {**info, "note": f"fitted with {CANARY}"})
    (workspace.checkpoint("wsim") / "step.json").write_text(CANARY)
    experiment = {
        "title": "t",
        "source": "s",
        "rows": [{"name": "simcos", "ranker": "simcos"}],
        "metrics": ["AUC"],
        "baseline": "simcos",
    }
    run(workspace, msgspec.convert(experiment, Experiment), seeds=1)
    (workspace.path / "experiments" / "notes.txt").write_text(f"{CANARY} ranks high")


def fill_service(workspace: Workspace) -> None:
    """Annotations, the audit log, jobs with their logs, a report and an export, uploads."""
    app = create_app(workspace.path, ServiceConfig(rate=0), False)
    with TestClient(app, "http://localhost", follow_redirects=False) as client:
        note = {"listed": True, "note": f"ask {CANARY} first", "tags": ["spring"]}
        assert client.patch(f"/api/v1/annotations/{BRAND}/{CANARY}", json=note).status_code == 200
        assert client.patch(f"/api/v1/annotations/{BRAND}/{OTHER}", json=note).status_code == 200
        prices = {"influencer": [CANARY, OTHER], "price": ["70", "80"]}
        assert client.post(f"/brands/{BRAND}/shortlist", data=prices).status_code == 303
        request = {"source": "folder", "path": f"/nowhere/{CANARY}.csv"}
        assert client.post("/api/v1/imports", json=request).status_code == 202
        table = f"id,role\n{CANARY},influencer\n".encode()
        assert client.post("/api/v1/uploads", files={"files": ("a.csv", table)}).status_code == 201
    job = workspace.path / "jobs" / "1"
    job.mkdir(parents=True, exist_ok=True)
    (job / "log.txt").write_text(f"read {CANARY}\nread others\n")
    (job / "report.html").write_text(f"<p>{CANARY}</p>")
    (job / "ranking.csv").write_text(f"rank,influencer\n1,{CANARY}\n")


def holding(folder: Path) -> dict[str, list[str]]:
    """File to the traces that it holds, in its name or bytes."""
    traces_by_file: dict[str, list[str]] = {}
    for file in folder.rglob("*"):
        if file.is_file():
            data = str(file.relative_to(folder)).lower().encode() + b"\n" + file.read_bytes().lower()
            if traces := [trace for trace in (CANARY, WORD) if trace.encode() in data]:
                traces_by_file[str(file.relative_to(folder))] = traces
    return traces_by_file


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with Workspace(tmp_path_factory.mktemp("canary") / "w", create=True) as opened:
        pipeline.import_source(opened, "sample", settings={"influencers": 30})
        opened.write(f"/home/{CANARY}", rows())
        fill_made_from_rows(opened)
        fill_service(opened)
        yield opened


def test_every_store_of_a_workspace_has_an_eraser_and_nothing_is_left(workspace):
    eraser = ServiceEraser(workspace.path)
    entries = {path.name for path in workspace.path.iterdir() if not path.name.startswith("brandfit.sqlite")}
    assert entries - {*OWN_STORES, *eraser.stores, LOCK} == set()
    before = {Path(file).parts[0] for file in holding(workspace.path)}
    assert before >= {"tables", "features", "models", "training", "experiments", "jobs", "uploads"}
    assert {"service.sqlite", "service.sqlite-wal"} & before
    assert {"brandfit.sqlite", "brandfit.sqlite-wal"} & before

    erasure = pipeline.forget(workspace, [CANARY], [eraser])

    assert holding(workspace.path) == {}
    assert erasure.removed.foreign == {}
    assert set(erasure.removed.dropped) == {"mine", "text.mentions"}
    assert workspace.features("plain").ids.tolist() == [OTHER]
    assert not workspace.damage()
    assert not workspace.forgetting()
    assert CANARY not in pipeline.rank(workspace, BRAND, ranker="simcos").candidates.tolist()
