"""A value that a source does not state never replaces a stored value, for every importer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from brandfit import pipeline
from brandfit.data.schema import Account, Image, Link, Partial, Post
from brandfit.workspace import Merging, Workspace, tables

FULL = {
    "accounts.csv": "handle,role,name,bio,category,followers\n"
    "northpeak,brand,Northpeak,Boots and tents,travel,90000\n"
    "mila.trails,influencer,Mila,Up!,travel,9000\n",
    "posts.csv": "id,account,time,caption,tags,likes,comments,disclosed\n"
    "p1,mila.trails,1600000000,Up! #hike @northpeak,northpeak,30,3,yes\n",
    "endorsements.csv": "brand,influencer,post,time,weight\nnorthpeak,mila.trails,p1,1600000000,0.03\n",
}


@pytest.fixture
def workspace(tmp_path):
    with Workspace(tmp_path / "w", create=True) as opened:
        yield opened


def bring(workspace: Workspace, folder: Path, files: dict[str, str], source: str = "folder", **settings: Any):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return pipeline.import_source(workspace, source, path=folder, settings=settings)


def row(workspace: Workspace, table: str, id: str) -> dict[str, Any]:
    found = getattr(workspace.dataset(), table).to_pylist()
    return next(one for one in found if one["id"] == id)


def sound(workspace: Workspace) -> bool:
    """Whether each stored hash is that of its row, and the fingerprint that of all hashes."""
    with workspace.engine.connect() as connection:
        damaged = [tables.damaged_rows(connection, name) for name in ("accounts", "posts", "images", "links")]
        return not any(damaged) and workspace.fingerprint == tables.compute_fingerprint(connection)


def test_columns_that_a_later_list_lacks_are_kept(workspace, tmp_path):
    bring(workspace, tmp_path / "full", FULL)
    accounts, posts = (
        {id: row(workspace, table, id) for id in ids}
        for table, ids in (("accounts", ("northpeak", "mila.trails")), ("posts", ("p1",)))
    )
    short = {
        "accounts.csv": "handle,followers\nnorthpeak,92000\nmila.trails,\nnew.one,7000\n",
        "posts.csv": "id,account,likes,comments\np1,mila.trails,35,\n",
        "endorsements.csv": "brand,influencer,post\nnorthpeak,mila.trails,p1\n",
    }
    found = bring(workspace, tmp_path / "short", short)
    assert not found.rejects, "the stored role of a brand counts for its endorsements too"
    assert row(workspace, "accounts", "northpeak") == accounts["northpeak"] | {"followers": 92000}
    assert row(workspace, "accounts", "mila.trails") == accounts["mila.trails"]
    assert row(workspace, "accounts", "new.one")["role"] == "influencer"
    assert row(workspace, "posts", "p1") == posts["p1"] | {"likes": 35}
    (link,) = workspace.dataset().stored_links.to_pylist()
    assert (link["time"], link["weight"]) == (1600000000, 0.03)
    assert found.changes["accounts"] == {"seen": 3, "added": 1, "changed": 1, "unchanged": 1}
    told = found.to_dict()
    assert told["kept"]["accounts"] == {
        "rows": 2,
        "example": {"id": "mila.trails", "fields": ["name", "biography", "category", "followers"]},
    }
    assert told["kept"]["posts"]["rows"] == 1
    assert told["conflicts"] == {}
    assert (
        "2 accounts keep stored values that the source does not state, such as name, biography, category "
        "and followers of mila.trails." in told["warnings"]
    )
    assert sound(workspace)

    before = workspace.fingerprint
    again = bring(workspace, tmp_path / "short", short)
    assert all(change["changed"] == change["added"] == 0 for change in again.changes.values())
    assert workspace.fingerprint == before
    assert again.to_dict()["kept"]["accounts"]["rows"] == 2


def test_hashtags_and_mentions_follow_a_new_caption_only(workspace, tmp_path):
    posts = "id,account,caption,hashtags,mentions\np1,mila.trails,Up! #hike @northpeak,hike|peaks,northpeak\n"
    bring(workspace, tmp_path / "1", {"accounts.csv": "id\nmila.trails\n", "posts.csv": posts})
    for caption in ("Up! #hike @northpeak", ""):  # the same caption, and an empty cell
        text = f"id,account,caption\np1,mila.trails,{caption}\n"
        bring(workspace, tmp_path / "2", {"accounts.csv": "id\nmila.trails\n", "posts.csv": text})
        kept = row(workspace, "posts", "p1")
        assert kept["hashtags"] == ["hike", "peaks"]
        assert (kept["caption"], kept["mentions"]) == ("Up! #hike @northpeak", ["northpeak"])
    text = "id,account,caption\np1,mila.trails,Down with @lisbet #lake #ad\n"
    bring(workspace, tmp_path / "3", {"accounts.csv": "id\nmila.trails\n", "posts.csv": text})
    new = row(workspace, "posts", "p1")
    assert (new["hashtags"], new["mentions"], new["disclosed"]) == (["lake", "ad"], ["lisbet"], True)
    assert sound(workspace)


@pytest.mark.parametrize("batch", [5000, 1])
def test_rows_of_one_handle_are_merged_field_by_field(workspace, tmp_path, monkeypatch, batch):
    """The same result if the rows come in one batch or in several."""
    monkeypatch.setattr(tables, "BATCH", batch)
    rows = ("Mila.Tastes,48211,food,", "mila.tastes,12,,brand", "@MILA.TASTES,,travel,")
    text = "\n".join(("handle,followers,category,role", *rows)) + "\n"
    found = bring(workspace, tmp_path / "1", {"accounts.csv": text})
    mila = row(workspace, "accounts", "mila.tastes")
    assert (mila["followers"], mila["category"], mila["role"]) == (48211, "food", "brand")
    told = found.to_dict()
    assert told["kept"] == {}
    assert told["conflicts"]["accounts"] == {
        "values": 2,
        "examples": [
            {"id": "mila.tastes", "field": "followers", "earlier": 48211, "later": 12},
            {"id": "mila.tastes", "field": "category", "earlier": "food", "later": "travel"},
        ],
    }
    assert any(
        "followers of mila.tastes (48211 and 12), category of mila.tastes (food and travel)" in line
        for line in found.warnings
    )
    assert found.changes["accounts"] == {"seen": 3, "added": 1, "changed": 0, "unchanged": 2}
    again = bring(workspace, tmp_path / "1", {"accounts.csv": text})
    assert again.changes["accounts"] == {"seen": 3, "added": 0, "changed": 0, "unchanged": 3}
    assert again.to_dict()["conflicts"] == told["conflicts"]
    assert again.to_dict()["kept"] == {}
    assert sound(workspace)


@pytest.mark.parametrize("batch", [5000, 1])
def test_a_row_that_is_stored_conflicts_only_within_the_import(workspace, monkeypatch, batch):
    monkeypatch.setattr(tables, "BATCH", batch)
    workspace.write("a", [Account(id="mila", followers=1, name="Mila")])
    merging = Merging()
    rows = [Partial(Account(id="mila", category="food"), ("role",)), Account(id="mila", followers=2)]
    changes = workspace.write("b", rows, merging=merging)
    assert changes["accounts"] == {"seen": 2, "added": 0, "changed": 1, "unchanged": 1}
    assert merging.conflicts == {}
    assert merging.kept["accounts"].fields == ("name",)


def test_a_role_can_still_be_changed_and_a_list_can_be_emptied(workspace):
    workspace.write("a", [Account(id="x", role="brand"), Post(id="p", account="x", tags=["y"], caption="Up")])
    workspace.write("b", [Account(id="x"), Post(id="p", account="x")])
    assert row(workspace, "accounts", "x")["role"] == "influencer"
    assert row(workspace, "posts", "p")["tags"] == []
    assert row(workspace, "posts", "p")["caption"] == "Up"


def test_another_post_and_another_picture_keep_nothing_of_those_before(workspace):
    image = Image(post="p", position=0, hash="a", alt_text="a cup", width=3, height=3)
    workspace.write("a", [Post(id="p", account="x", caption="Up", likes=3), (image, b"a")])
    again = Image(post="p", position=0, hash="a", width=3, height=3)
    workspace.write("b", [Post(id="p", account="x"), (again, b"a")])
    assert workspace.dataset().images.to_pylist()[0]["alt_text"] == "a cup"
    other = Image(post="p", position=0, hash="b", width=3, height=3)
    workspace.write("c", [Post(id="p", account="z", likes=5), (other, b"b")])
    assert row(workspace, "posts", "p") == row(workspace, "posts", "p") | {"caption": None, "likes": 5}
    assert workspace.dataset().images.to_pylist()[0]["alt_text"] is None


def test_links_keep_their_time_and_weight(workspace):
    stated = Link(id="e", kind="endorses", source="m", target="n", time=5, weight=0.5)
    workspace.write("a", [stated])
    workspace.write("b", [Link(id="e", kind="endorses", source="m", target="n")])
    (link,) = workspace.dataset().stored_links.to_pylist()
    assert (link["time"], link["weight"]) == (5, 0.5)


STORED = [
    Account(id="mara_on_foot", role="brand", followers=7),
    Account(id="tom", role="brand"),
    Post(
        id="1",
        account="mara_on_foot",
        caption="Up #x",
        hashtags=["x", "y"],
        mentions=["tom"],
        tags=["tom"],
        sponsors=["tom"],
        disclosed=True,
        likes=3,
        comments=4,
        time=9,
    ),
]


def node(**more: Any) -> dict[str, Any]:
    return {"id": "1", "owner": {"username": "mara_on_foot"}, **more}


def saved(**more: Any) -> str:
    return json.dumps({"node": node(**more), "instaloader": {"node_type": "Post"}})


SPARSE = {
    "instagram-jsonl": {"posts.jsonl": json.dumps({"post_id": "1", "handle": "mara_on_foot"}) + "\n"},
    "instagram-info": {"mara_on_foot-1.info": json.dumps(node())},
    "instaloader": {"mara_on_foot/1.json": saved()},
}


@pytest.mark.parametrize("source", SPARSE)
def test_no_importer_erases_what_its_source_does_not_state(workspace, tmp_path, source):
    workspace.write("a", STORED)
    before = workspace.fingerprint
    found = bring(workspace, tmp_path / "1", SPARSE[source], source)
    assert (workspace.fingerprint, found.rejects) == (before, [])
    told = found.to_dict()["kept"]
    assert told["accounts"]["example"]["fields"] == ["role", "followers"]
    assert {"caption", "hashtags", "mentions", "tags", "sponsors"} <= set(told["posts"]["example"]["fields"])


EMPTIED = {
    "instagram-jsonl": {
        "posts.jsonl": json.dumps(
            {"post_id": "1", "handle": "mara_on_foot", "caption": "", "tagged": [], "sponsors": []}
        )
        + "\n"
    },
    "instaloader": {
        "mara_on_foot/1.json": saved(
            edge_media_to_caption={"edges": []},
            edge_media_to_tagged_user={"edges": []},
            edge_media_to_sponsor_user={"edges": []},
        )
    },
}


@pytest.mark.parametrize("source", EMPTIED)
def test_what_a_source_states_to_be_empty_becomes_empty(workspace, tmp_path, source):
    workspace.write("a", STORED)
    bring(workspace, tmp_path / "1", EMPTIED[source], source)
    post = row(workspace, "posts", "1")
    assert [post[field] for field in ("caption", "hashtags", "tags", "sponsors")] == ["", [], [], []]
    assert (post["likes"], post["time"]) == (3, 9)


def test_brands_of_instaloader_stay_brands_without_the_setting(workspace, tmp_path):
    bring(workspace, tmp_path / "1", SPARSE["instaloader"], "instaloader", brands="mara_on_foot")
    assert row(workspace, "accounts", "mara_on_foot")["role"] == "brand"
    bring(workspace, tmp_path / "1", SPARSE["instaloader"], "instaloader")
    assert row(workspace, "accounts", "mara_on_foot")["role"] == "brand"
    bring(workspace, tmp_path / "1", SPARSE["instaloader"], "instaloader", brands="tom")
    assert row(workspace, "accounts", "mara_on_foot")["role"] == "influencer"


def test_an_account_that_asked_to_be_forgotten_is_left_out_of_merged_rows(workspace, tmp_path):
    bring(workspace, tmp_path / "full", FULL)
    pipeline.forget(workspace, ["northpeak"])
    short = {
        "accounts.csv": "handle,followers\nnorthpeak,5\nmila.trails,9001\n",
        "posts.csv": "id,account,caption\np1,mila.trails,Up! #hike @northpeak\n",
    }
    found = bring(workspace, tmp_path / "short", short)
    post = row(workspace, "posts", "p1")
    assert (post["mentions"], post["tags"]) == ([], [])
    assert "northpeak" not in json.dumps([found.to_dict(), workspace.dataset().accounts.to_pylist(), post])
    assert sound(workspace)
