"""Tables within JSON, folders and zip archives."""

from __future__ import annotations

import io
import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brandfit.data.schema import Reject
from brandfit.data.sheets import _json, sheets, source


def read(path, text: str | bytes):
    """Title to the cells of the rows; rejects."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    content = sheets(path)
    found, rejects = {}, list(content.rejects)
    for sheet in content.sheets:
        items = list(sheet.rows(lambda _n_bytes: None))
        found[sheet.title] = [item.cells for item in items if not isinstance(item, Reject)]
        rejects += [item for item in items if isinstance(item, Reject)]
    return found, rejects


ROWS = [{"username": "anna", "n": 1}, {"username": "ben", "n": 2}]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps(ROWS)),
        ("a.jsonl", json.dumps(ROWS, indent=2)),
        ("a.json", "\n".join(map(json.dumps, ROWS))),
        ("a.txt", "\n".join(map(json.dumps, ROWS))),
        ("a", json.dumps({"data": ROWS, "paging": {"next": "x"}})),
        ("a.json", json.dumps({"status": "ok", "items": ROWS})),
        ("a.json", json.dumps({"data": {"user": {"edges": [{"node": row} for row in ROWS]}}})),
        ("a.json", json.dumps([{"node": row} for row in ROWS])),
        ("a.json", json.dumps([["username", "n"], ["anna", 1], ["ben", 2]])),
    ],
)
def test_forms_of_the_same_table(tmp_path, name, text):
    found, rejects = read(tmp_path / name, text)
    assert [*found.values()] == [ROWS]
    assert not rejects


def test_an_object_of_objects_is_a_table_with_its_keys(tmp_path):
    found, _ = read(tmp_path / "a.json", json.dumps({"anna": {"n": 1, "m": 2}, "ben": {"n": 3, "m": 4}}))
    assert found == {"a": [{"key": "anna", "n": 1, "m": 2}, {"key": "ben", "n": 3, "m": 4}]}


def test_posts_within_accounts_know_their_author(tmp_path):
    post = {
        "shortCode": "X",
        "caption": "c",
        "likesCount": 3,
        "childPosts": [{"shortCode": "Y", "caption": "d"}],
    }
    comment = {"id": "1", "text": "hi", "ownerUsername": "cleo", "timestamp": "2024"}
    accounts = [
        {
            "username": "anna",
            "owner": {"id": 5},
            "tags": ["a"],
            "latestPosts": [{**post, "latestComments": [comment]}],
        },
        {"username": "ben", "latestPosts": []},
    ]
    found, _ = read(tmp_path / "a.json", json.dumps(accounts))
    assert found["a"] == [
        {"username": "anna", "owner.id": 5, "tags": ["a"]},
        {"username": "ben"},
    ]
    assert found["latestPosts"] == [
        {
            "shortCode": "X",
            "caption": "c",
            "likesCount": 3,
            "childPosts": post["childPosts"],
            "parent.username": "anna",
            "parent.owner.id": 5,
        }
    ]
    assert found["latestComments"][0]["text"] == "hi"
    assert found["latestComments"][0]["parent.shortCode"] == "X"
    assert found["latestComments"][0]["parent.parent.username"] == "anna"


def test_two_lists_of_one_object_are_two_tables(tmp_path):
    found, _ = read(tmp_path / "a.json", json.dumps({"accounts": ROWS, "posts": [{"id": 1, "caption": "x"}]}))
    assert set(found) == {"accounts", "posts"}


def test_damage_costs_what_follows_it(tmp_path):
    found, rejects = read(tmp_path / "a.json", json.dumps(ROWS * 10)[:-30])
    assert len(found["a"]) == 19
    assert "not valid JSON from here on" in rejects[0].reason
    found, rejects = read(tmp_path / "b.jsonl", '{"a": 1}\n{"a": \n{"a": 3}\n5\n')
    assert found["b"] == [{"a": 1}, {"a": 3}]
    assert [reject.line for reject in rejects] == [2, 4]
    found, rejects = read(tmp_path / "c.json", '{"a": ')
    assert not found
    assert "not valid JSON" in rejects[0].reason


def test_nan_is_unknown(tmp_path):
    found, rejects = read(tmp_path / "a.json", '[{"a": NaN, "b": 1}]')
    assert (found["a"], rejects) == ([{"a": None, "b": 1}], [])
    assert read(tmp_path / "b.jsonl", '{"a": NaN}\n{"a": 2}\n')[0]["b"] == [{"a": None}, {"a": 2}]


def test_large_documents_are_streamed(tmp_path, monkeypatch):
    monkeypatch.setattr(_json, "LARGEST", 100)
    rows = [{"username": f"a{n}", "n": n} for n in range(500)]
    assert read(tmp_path / "a.json", json.dumps(rows))[0] == {"a": rows}
    assert read(tmp_path / "b.json", json.dumps({"page": {"n": 1}, "data": rows}))[0] == {"b": rows}


def test_parquet_keeps_types(tmp_path):
    rows = [
        {"handle": "anna", "tags": ["a"], "owner": {"id": 1}},
        {"handle": "ben", "tags": None, "owner": None},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    (sheet,) = sheets(tmp_path).sheets
    assert sheet.header == ("handle", "tags", "owner.id", "owner")
    assert sheet.head[0].cells == {"handle": "anna", "tags": ["a"], "owner.id": 1}


def packed(members: dict[str, bytes], **settings) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_folders_and_archives(tmp_path):
    members = {
        "lists/accounts.csv": b"handle,n\nanna.k,1\nben.l,2\n",
        "pictures/a.jpg": b"\xff\xd8\xff picture",
        "__MACOSX/lists/._accounts.csv": b"x",
        "inner.zip": packed({"a.csv": b"a,b\n1,2\n"}),
        "posts.json.gz": b"[]",
        "film.mp4": b"\0\0\0 ftyp",
    }
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "people.zip").write_bytes(packed(members))
    (tmp_path / "sub" / "~$list.xlsx").write_bytes(b"lock")
    (tmp_path / ".hidden.csv").write_bytes(b"a,b\n1,2\n")
    (tmp_path / "sub" / "b.webp").write_bytes(b"RIFF")
    content = sheets(tmp_path)
    (sheet,) = content.sheets
    assert (sheet.name, sheet.title) == ("sub/people.zip: lists/accounts.csv", "accounts")
    assert [row.cells["handle"] for row in sheet.rows(lambda _n_bytes: None)] == ["anna.k", "ben.l"]
    assert sheet.path == tmp_path / "sub" / "people.zip"
    assert [picture.name for picture in content.pictures] == ["sub/b.webp", "sub/people.zip: pictures/a.jpg"]
    assert content.pictures[1].read(100) == b"\xff\xd8\xff picture"
    assert isinstance(content.pictures[1].read(5), Reject)
    reasons = {no_table.source.name: no_table.reason for no_table in content.no_tables}
    assert "not opened" in reasons["sub/people.zip: inner.zip"]
    assert set(reasons) == {f"sub/people.zip: {name}" for name in ("inner.zip", "posts.json.gz", "film.mp4")}


def test_archives_that_fill_disks_are_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "RATIO_FROM", 1 << 16)
    (tmp_path / "a.zip").write_bytes(packed({"a.csv": b"0" * (1 << 20)}))
    content = sheets(tmp_path)
    assert content.sheets == ()
    assert "packed more than" in content.no_tables[0].reason


def test_a_damaged_archive_is_rejected(tmp_path):
    data = packed({"a.csv": b"handle,n\nanna.k,1\nben.l,2\n" * 50})
    (tmp_path / "cut.zip").write_bytes(data[:-30])
    (tmp_path / "flipped.zip").write_bytes(data[:50] + bytes([data[50] ^ 255]) + data[51:])
    files = {reject.file.rpartition("/")[2] for reject in sheets(tmp_path).rejects}
    assert files == {"cut.zip", "flipped.zip: a.csv"}


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["id", "username", "data", "media", "edges", "node", "caption", "likes", "paging", "*", ""]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUE, st.integers(0, 400), st.sampled_from(["a.json", "a.jsonl", "a.txt"]))
def test_any_json_is_rows_rejects_or_no_table(tmp_path, value, cut, name):
    text = json.dumps(value)
    (tmp_path / name).write_text(text if cut > 300 else text[:cut])
    content = sheets(tmp_path / name)
    assert content.sheets or content.no_tables or content.rejects
    for sheet in content.sheets:
        for item in sheet.rows(lambda _n_bytes: None):
            assert isinstance(item, Reject) or isinstance(item.cells, dict)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(), min_size=1), min_size=1, max_size=9
    )
)
def test_rows_of_an_array_are_its_objects(tmp_path, rows):
    assert read(tmp_path / "a.json", json.dumps(rows)) == ({"a": rows}, [])


def test_an_account_beside_its_posts_is_their_author(tmp_path):
    text = json.dumps({"profile": {"username": "anna"}, "posts": [{"id": 1, "caption": "x"}]})
    found, _ = read(tmp_path / "a.json", text)
    assert found["profile"] == [{"username": "anna"}]
    assert found["posts"] == [{"id": 1, "caption": "x", "parent.profile.username": "anna"}]
