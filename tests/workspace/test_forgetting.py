"""Forgetting an account: no byte of it is left, nobody else's numbers change, and it does not come back."""

from __future__ import annotations

import io
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from brandfit import pipeline
from brandfit.data.features import Features
from brandfit.data.pictures import imported
from brandfit.data.schema import Account, Link, Picture, Post, Reject
from brandfit.encoders.base import Encoder
from brandfit.erasure import artifacts, files
from brandfit.erasure.rows import erase_rows
from brandfit.errors import UnknownName, UsageError, WorkspaceError
from brandfit.experiments.run import run
from brandfit.experiments.spec import Experiment
from brandfit.registry import load
from brandfit.workspace import ErasureReport, Workspace
from brandfit.workspace.workspace import DATABASE

WHO = "vesna.of.thehills"
COMMENT = "Zwirbelgipfel, what a quaint morning up there"
SETTINGS = {"text.mentions": {"min_accounts": 1}, "text.hashtags": {"min_accounts": 1}}
ENCODERS = (
    "text.mentions",
    "text.hashtags",
    "text.hashing",
    "concept.bag",
    "audience.hashing",
    "engagement",
    "image.classical",
)


def noise(seed: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8)).save(out, "JPEG")
    return out.getvalue()


def theirs() -> list:
    """An account that posts, comments, endorses, and is named in many ways; with a picture that nobody else
    has."""
    captions = [
        "Dawn above the Quarzkamm, boots by northpeak #quarzkammdawn",
        "Pellucid\nlakes and Nebelhornkraxeln #alps",
        None,
    ]
    posts = [
        Post(
            id=f"{WHO}-{n}",
            account=WHO,
            caption=c,
            hashtags=["quarzkammdawn"],
            mentions=["northpeak.outdoor"],
            disclosed=True,
        )
        for n, c in enumerate(captions)
    ]
    pictures = [
        imported(Picture(post=p.id, position=0, data=noise(n), source=f"/x/{WHO}.jpg", file="p.csv", line=1))
        for n, p in enumerate(posts)
    ]
    account = Account(
        id=WHO, name="Vesna", biography="Kraxelqueen of small hills", followers=9000, category="travel"
    )
    return [account, *posts, *pictures, Link(id="f1", kind="follows", source=WHO, target="northpeak.outdoor")]


def others() -> list:
    """What other accounts say of it, and it under their posts."""
    return [
        Account(id="lark.fells", biography=f"Half of @{WHO.upper()}; not {WHO}_2", followers=8000),
        Post(
            id="o1",
            account="lark.fells",
            caption=f"With @{WHO}, {WHO.title()}! #hills",
            mentions=[WHO, "brio"],
            tags=[WHO],
        ),
        Post(
            id="o2",
            account="lark.fells",
            caption=f"With @{WHO}s and x.{WHO}",
            mentions=[f"{WHO}s"],
            hashtags=["hiking"],
        ),
        Link(id="c1", kind="comments", source=WHO, target="lark.fells", post="o1", text=COMMENT),
        Link(
            id="c2",
            kind="comments",
            source="brio",
            target="lark.fells",
            post="o1",
            text=f"You and @{WHO} are great",
        ),
        Link(id="c3", kind="comments", source="brio", target=WHO, post=f"{WHO}-0", text="Take me along"),
        Reject("posts.csv", 7, "likes: expected a number", f"{WHO}-9,{WHO},Wurzelgrat again,many"),
    ]


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    """A small sample with a planted account, encoded by all that carry handles, trained, and with a row of an
    experiment."""
    place = tmp_path_factory.mktemp("forgetting") / "trained"
    with Workspace(place, create=True) as workspace:
        pipeline.import_source(workspace, "sample", settings={"influencers": 30})
        workspace.write("own", [*theirs(), *others()])
        for name in ENCODERS:
            pipeline.encode(workspace, name, settings=SETTINGS.get(name))
        pipeline.train(workspace, "wsim", settings={"epochs": 1})
        pipeline.train(workspace, "brandfit", data={"slots.text": "text.hashing"})
        declared = {
            "title": "t",
            "source": "s",
            "rows": [{"name": "simcos", "ranker": "simcos"}],
            "metrics": ["AUC"],
        }
        run(workspace, msgspec.convert({**declared, "baseline": "simcos"}, Experiment), seeds=1)
    return place


@pytest.fixture
def workspace(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "w")
    with Workspace(tmp_path / "w") as opened:
        yield opened


def pieces(workspace: Workspace) -> list[bytes]:
    """What no file may hold beside the handle: words that it alone wrote, bytes of its pictures and their
    names."""
    dataset = workspace.dataset()
    own = [post for post in dataset.posts.to_pylist() if post["account"] == WHO]
    hashes = [i["hash"] for i in dataset.images.to_pylist() if i["post"] in {post["id"] for post in own}]
    pictures = [workspace.picture(h) for h in hashes]
    assert (len(own), len(set(hashes))) == (3, 3)
    words = [
        "quarzkamm",
        "pellucid",
        "nebelhornkraxeln",
        "kraxelqueen",
        "zwirbelgipfel",
        "wurzelgrat",
        "vesna,",
    ]
    return [w.encode() for w in words] + [p[-200:-100] for p in pictures] + [h.encode() for h in hashes]


def holding(folder: Path, wanted: list[bytes], handle: str = WHO) -> list[str]:
    """Files that hold a piece, or the handle but in the two longer words that are other accounts'."""
    found = []
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = file.read_bytes()
        lower = f"{file.relative_to(folder)} ".lower().encode() + data.lower()
        for longer in (f"{handle}_2", f"{handle}s", f"x.{handle}"):
            lower = lower.replace(longer.encode(), b"")
        found += [f"{file}: {piece!r}" for piece in wanted if piece in data or piece in data.lower()]
        found += [f"{file}: {handle}"] if handle.encode() in lower else []
    return found


def ranked(workspace: Workspace, ranker: str | None = None) -> list[str]:
    return pipeline.rank(workspace, "northpeak.outdoor", ranker=ranker).candidates.tolist()


def test_no_byte_is_left_and_rankings_work(workspace):
    wanted = pieces(workspace)
    before = holding(workspace.path, wanted)
    assert {Path(line.split(": ")[0]).relative_to(workspace.path).parts[0] for line in before} >= {
        DATABASE,
        "tables",
        "features",
    }
    assert WHO in pipeline.load(workspace).partners["northpeak.outdoor"]
    old = workspace.fingerprint
    result = pipeline.forget(workspace, [f"@{WHO.upper()}"])
    assert holding(workspace.path, wanted) == []
    assert not workspace.damage()
    assert workspace.fingerprint == result.fingerprint != old
    assert not list((workspace.path / "experiments").glob("*.msgpack"))
    rows = {"accounts": 1, "posts": 3, "images": 3, "pictures": 3, "links": 3, "rejects": 1, "redacted": 3}
    assert result.rows == rows
    assert set(result.removed.dropped) == {"text.mentions", "text.hashtags"}
    assert set(result.removed.models) == {"brandfit"}
    assert result.removed.weights == ["wsim"]
    assert [line.split(" -w")[0] for line in result.again] == [
        "brandfit encode text.hashtags",
        "brandfit encode text.mentions",
        "brandfit train brandfit",
    ]
    for ranker in (None, "simcos", "wsim"):
        assert WHO not in ranked(workspace, ranker)
    assert {info["name"] for info in pipeline.listing("features", workspace)} == set(ENCODERS) - {
        "text.mentions",
        "text.hashtags",
    }


def test_what_others_wrote_keeps_all_but_the_name(workspace):
    pipeline.forget(workspace, [WHO])
    dataset = workspace.dataset()
    assert dataset.account("lark.fells")["biography"] == f"Half of @…; not {WHO}_2"
    posts = {post["id"]: post for post in dataset.posts.to_pylist()}
    assert posts["o1"]["caption"] == "With @…, …! #hills"
    assert (posts["o1"]["mentions"], posts["o1"]["tags"]) == (["brio"], [])
    assert posts["o2"]["caption"] == f"With @{WHO}s and x.{WHO}"
    assert posts["o2"]["mentions"] == [f"{WHO}s"]
    links = {link["id"]: link for link in dataset.stored_links.to_pylist()}
    assert links["c2"]["text"] == "You and @… are great"
    assert not {"f1", "c1", "c3"} & links.keys()


def test_numbers_of_others_are_the_very_same_and_encoding_again_computes_nothing(workspace, monkeypatch):
    old = {name: workspace.features(name) for name in ENCODERS if not name.endswith(("mentions", "hashtags"))}
    kept = {name: (f.ids.tolist(), np.array(f.values)) for name, f in old.items()}
    pipeline.forget(workspace, [WHO])
    changed = {"o1", "lark.fells", "o2"}  # its caption, its biography; o2 has a biography beside it
    for name, (ids, values) in kept.items():
        new = workspace.features(name)
        assert set(new.ids.tolist()) == {id for id in ids if not id.startswith(f"{WHO}-") and id != WHO}
        same = [n for n, id in enumerate(ids) if id in set(new.ids.tolist()) - changed]
        np.testing.assert_array_equal(new.values_of([ids[n] for n in same])[0], values[same])
    failing = lambda *_, **__: pytest.fail("something was encoded again")  # noqa: E731
    monkeypatch.setattr(Encoder, "_encode_prepared", failing)
    for name in kept:
        assert pipeline.encode(workspace, name).key == workspace.features(name).key


def test_what_an_audience_says_is_made_again_without_it(workspace):
    """o1 was heard through two comments, of which one is gone and one has lost the name: as if it had been
    encoded so first."""
    pipeline.forget(workspace, [WHO])
    found = workspace.features("audience.hashing").values_of(["o1"])[0]
    fresh = load("encoder", "audience.hashing")().encode(workspace.dataset())
    np.testing.assert_array_equal(found, fresh.values_of(["o1"])[0])


@pytest.mark.parametrize("dim", [512, 64])
def test_the_store_of_encoders_holds_no_content_that_is_not_there(workspace, dim):
    """Of an encoder with other settings than the default too: they are noted beside what it encoded."""
    dataset = workspace.dataset()
    pipeline.encode(workspace, "text.hashing", settings={"dim": dim})
    encoder = load("encoder", "text.hashing")(
        load("encoder", "text.hashing").Config.from_settings({"dim": dim})
    )
    stored = {bytes(h) for hashes, _ in workspace.units(encoder.maker) for h in hashes}
    assert set(encoder.content_hashes(dataset).tolist()) == stored
    pipeline.forget(workspace, [WHO])
    left = {bytes(h) for hashes, _ in workspace.units(encoder.maker) for h in hashes}
    assert left == set(encoder.content_hashes(workspace.dataset()).tolist())
    assert stored - left


def test_it_does_not_come_back(workspace):
    wanted = pieces(workspace)
    pipeline.forget(workspace, [WHO])
    fingerprint = workspace.fingerprint
    left_out = ErasureReport()
    late_picture_first = theirs()[::-1]
    values = np.eye(2, dtype=np.float32)
    made = Features(
        name="text.given",
        ids=np.array([WHO, "lark.fells"], object),
        values=values,
        level="account",
        columns=("hills", f"@{WHO}"),
        key="given-1",
    )
    records = [*late_picture_first, *others(), made]
    changes = workspace.write(f"folder /data/{WHO}", records, left_out)
    assert workspace.fingerprint == fingerprint
    assert all(change["changed"] == 0 for change in changes.values())
    assert (len(left_out.accounts), left_out.rows) == (1, 10)
    assert left_out.redacted == 4
    given = workspace.features("text.given")
    assert (given.ids.tolist(), given.columns) == (["lark.fells"], ("hills", "@…"))
    assert holding(workspace.path, wanted) == []
    rejects = workspace.rejects()
    assert [r["reason"] for r in rejects] == ["names an account that asked to be forgotten"]
    assert WHO not in ranked(workspace)
    assert not workspace.damage()


def test_importing_the_sample_again_says_how_many_were_left_out_and_names_nobody(workspace):
    dataset = workspace.dataset()
    gone = dataset.influencers.tolist()[3]
    posts = sum(post["account"] == gone for post in dataset.posts.to_pylist())
    pipeline.forget(workspace, [gone])
    fingerprint = workspace.fingerprint
    again = pipeline.import_source(workspace, "sample", settings={"influencers": 30})
    assert again.fingerprint == fingerprint
    assert again.to_dict()["forgotten"]["accounts"] == 1
    assert again.to_dict()["forgotten"]["rows"] > posts > 0
    assert gone not in str(again.to_dict())
    assert holding(workspace.path, [], gone) == []
    assert ranked(workspace)


def test_a_brand_and_a_commenter_can_be_forgotten_too(workspace):
    dataset = workspace.dataset()
    brand = next(b for b in dataset.brands.tolist() if b != "northpeak.outdoor")
    commenter = next(
        s
        for s in dataset.stored_links["source"].to_pylist()
        if s not in set(dataset.accounts["id"].to_pylist())
    )
    result = pipeline.forget(workspace, [brand, commenter])
    assert result.rows["accounts"] == 1
    assert brand not in workspace.dataset().brands.tolist()
    assert holding(workspace.path, [], brand) == holding(workspace.path, [], commenter) == []
    assert ranked(workspace)


def test_an_unknown_account_is_told_and_nothing_changes(workspace):
    before = workspace.fingerprint
    with pytest.raises(UnknownName, match=WHO):
        pipeline.forget(workspace, [f"{WHO[:-1]}z"])
    with pytest.raises(UsageError, match="Forget whom"):
        pipeline.forget(workspace, [])
    assert workspace.fingerprint == before
    assert not workspace.forgetting()


def test_forgetting_again_removes_nothing_and_leaves_what_was_made_since(workspace):
    pipeline.forget(workspace, [WHO])
    pipeline.train(workspace, "brandfit")
    before = workspace.fingerprint
    again = pipeline.forget(workspace, [WHO])
    assert not any(again.rows.values())
    assert (again.removed.models, again.removed.dropped, again.removed.features) == ({}, {}, {})
    assert "brandfit" in workspace.model_names()
    assert workspace.fingerprint == before


def test_files_of_others_are_named_and_left_and_own_ones_go(workspace):
    wanted = pieces(workspace)
    post = next(p for p in workspace.dataset().posts.to_pylist() if p["id"] == f"{WHO}-0")
    picture = workspace.picture(
        next(i["hash"] for i in workspace.dataset().images.to_pylist() if i["post"] == post["id"])
    )
    for file, data in {
        "uploads/a.bin": b"\0" * files.BLOCK + f"x{WHO}y".upper().encode(),
        "jobs/b.json": post["caption"].encode(),
        "uploads/c.jpg": picture,
        f"uploads/{WHO}.zip": b"PK",
        "uploads/d.txt": b"nothing of anybody",
        "training/e.txt": WHO.encode(),
        "features/.tmp-left/f": WHO.encode(),
        "experiments/g.sqlite": WHO.encode(),
    }.items():
        (workspace.path / file).parent.mkdir(exist_ok=True, parents=True)
        (workspace.path / file).write_bytes(data)
    with sqlite3.connect(workspace.path / "service.sqlite") as service:
        service.execute("CREATE TABLE jobs (argument TEXT)")
        service.execute("INSERT INTO jobs VALUES (?)", (WHO,))
    service.close()
    foreign = pipeline.forget(workspace, [WHO]).removed.foreign
    assert foreign == {
        "jobs/b.json": "what they wrote",
        "service.sqlite": "the handle",
        "uploads/a.bin": "the handle",
        "uploads/c.jpg": "a picture of theirs",
        f"uploads/{WHO}.zip": "the handle, in its name",
    }
    for file in foreign:
        (workspace.path / file).unlink()
    assert holding(workspace.path, wanted) == []


STEPS = (
    (artifacts, "erase_from_features"),
    (artifacts, "keep_units"),
    (artifacts, "erase_from_models"),
    (files, "erase_from_folders"),
    (files, "search_folder"),
    (files, "compact"),
    (files, "finish"),
)


@pytest.mark.parametrize("step", STEPS, ids=[name for _, name in STEPS])
def test_broken_off_before_any_step_it_is_told_and_finished_without_a_name(workspace, monkeypatch, step):
    wanted = pieces(workspace)
    with monkeypatch.context() as patch:
        patch.setattr(*step, lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            pipeline.forget(workspace, [WHO])
    assert any("not finished" in sentence for sentence in workspace.damage())
    assert WHO not in workspace.dataset().influencers.tolist()
    left_out = ErasureReport()
    workspace.write("own", [Account(id=WHO)], left_out)
    assert left_out.rows == 1
    pipeline.forget(workspace, [])
    assert holding(workspace.path, wanted) == []
    assert not workspace.damage()
    assert ranked(workspace)


KILLED = textwrap.dedent("""
    import sys
    from brandfit import pipeline
    from brandfit.workspace import Workspace
    with Workspace(sys.argv[1]) as workspace:
        print("started", flush=True)
        pipeline.forget(workspace, [sys.argv[2]])
        print("done", flush=True)
""")


def test_killed_at_any_moment_it_is_as_before_or_finished_by_the_next(trained, tmp_path):
    script = tmp_path / "forget.py"
    script.write_text(KILLED)
    random = np.random.default_rng(1)
    for turn in range(3):
        place = tmp_path / f"w{turn}"
        shutil.copytree(trained, place)
        with Workspace(place) as before:
            wanted = pieces(before)
        process = subprocess.Popen([sys.executable, script, place, WHO], stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"started\n"
        time.sleep(random.uniform(0.0, 2.0))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with Workspace(place) as after:
            pipeline.forget(after, [WHO])
            assert holding(place, wanted) == []
            assert not after.damage()
            assert ranked(after)


def test_an_open_reader_goes_on_and_sees_the_new_rows(workspace):
    with Workspace(workspace.path) as service:
        old, features = service.dataset(), service.features("text.hashing")
        held = np.array(features.values)
        assert service.picture(old.images["hash"][0].as_py())
        pipeline.forget(workspace, [WHO])
        assert WHO in old.influencers.tolist()
        np.testing.assert_array_equal(features.values, held)
        assert service.fingerprint == workspace.fingerprint != old.fingerprint
        assert WHO not in service.dataset().influencers.tolist()
        assert WHO not in ranked(service)


def test_two_at_once_leave_the_note_to_the_last(workspace, monkeypatch):
    """The second begins while the first searches, and is killed: what is left of it is still told."""
    search, other = files.search_folder, workspace.dataset().influencers.tolist()[3]

    def interrupted(*args, **options):
        monkeypatch.setattr(files, "search_folder", search)
        erase_rows(workspace, [other])
        return search(*args, **options)

    monkeypatch.setattr(files, "search_folder", interrupted)
    pipeline.forget(workspace, [WHO])
    assert workspace.forgetting()
    pipeline.forget(workspace, [])
    assert not workspace.damage()
    assert holding(workspace.path, [], other) == holding(workspace.path, []) == []


def test_a_reader_in_the_way_is_told_and_it_stays_unfinished(workspace, monkeypatch):
    monkeypatch.setattr(files, "READERS", 0.2)
    reader = sqlite3.connect(workspace.path / DATABASE, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM posts").fetchone()
    with pytest.raises(WorkspaceError, match="reads from the database"):
        pipeline.forget(workspace, [WHO])
    assert workspace.forgetting()
    reader.execute("ROLLBACK")
    reader.close()
    pipeline.forget(workspace, [])
    assert not workspace.damage()


def test_what_was_begun_before_brings_nobody_back(workspace, monkeypatch):
    """An encoder and a training that read the rows before, and end after."""
    old = workspace.features("text.hashing")
    before = Features(
        name=old.name,
        ids=old.ids,
        values=np.array(old.values),
        level="post",
        columns=(),
        key=old.key,
        slot="text",
    )
    fit = load("ranker", "brandfit").fit

    def slow(self, *args):
        fit(self, *args)
        pipeline.forget(workspace, [WHO])
        return self

    monkeypatch.setattr(load("ranker", "brandfit"), "fit", slow)
    with pytest.raises(WorkspaceError, match="Train it again"):
        pipeline.train(workspace, "brandfit")
    assert "brandfit" not in workspace.model_names()
    saved = workspace.save(before)
    assert not [id for id in saved.ids.tolist() if id.startswith(WHO)]
    assert len(saved) == len(before) - 3


def test_only_a_hash_with_the_salt_of_this_workspace_is_kept(workspace, tmp_path):
    pipeline.forget(workspace, [WHO])
    with Workspace(tmp_path / "other", create=True) as other:
        other.write("own", [Account(id=WHO)])
        pipeline.forget(other, [WHO])
        hashes = []
        for opened in (workspace, other):
            with opened.engine.connect() as connection:
                hashes.append(connection.exec_driver_sql("SELECT hash FROM forgotten").scalars().all())
    assert [len(found) for found in hashes] == [1, 1]
    assert hashes[0] != hashes[1]
