"""Files that people send: nothing leads out of its folder, nothing grows beyond measure, a folder of tables
is imported."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brandfit.data.importers.folder import write_template
from brandfit.errors import DataError
from brandfit.service.http import uploads
from brandfit.service.http.uploads import inside, unpack
from brandfit.service.jobs.kinds import UPLOADS, import_source
from brandfit.workspace import Workspace


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


HOSTILE = {
    "../../etc/passwd": "etc/passwd",
    "/etc/passwd": "etc/passwd",
    "..\\..\\boot.ini": "boot.ini",
    "C:\\windows\\x.csv": "C_/windows/x.csv",
    "a/../b.csv": "a/b.csv",
    "....//x": "x",
    "a/./b": "a/b",
    "nul\0l": "nul_l",
    "a\nb": "a_b",
    "<script>alert(1)</script>.csv": "_script_alert(1)_/script_.csv",
    "~/x": "~/x",
    "-rf": "-rf",
    "": None,
    ".": None,
    "..": None,
    "/": None,
    " / . ": None,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_leads_nowhere(name):
    assert inside(name) == HOSTILE[name]


@given(st.text(max_size=400) | st.text("./\\ab \0é🍋", max_size=900))
def test_no_name_leads_out_or_is_too_long(name):
    found = inside(name)
    if found is not None:
        root = Path("/root/here")
        assert (root / found).resolve().is_relative_to(root)
        assert (root / found).resolve() != root
        assert all(len(part.encode("utf-8", "surrogateescape")) <= 255 for part in found.split("/"))
        assert len(found.encode()) < 2500
        assert "\0" not in found
        assert inside(found) == found


@pytest.mark.parametrize("name", ["../../out.csv", "/out.csv", "..\\out.csv", "a/b/../../../out.csv"])
def test_an_archive_writes_nowhere_else(tmp_path, name):
    """zip slip"""
    archive, folder = tmp_path / "in.zip", tmp_path / "deep" / "er"
    archive.write_bytes(packed({name: b"x"}))
    unpack(archive, folder)
    assert [file.relative_to(tmp_path).parts[:2] for file in tmp_path.rglob("out.csv")] == [("deep", "er")]


def test_a_bomb_is_not_unpacked(tmp_path):
    archive, folder = tmp_path / "in.zip", tmp_path / "out"
    archive.write_bytes(packed({"zeros": bytes(50 * 2**20)}))
    assert archive.stat().st_size < 100_000
    with pytest.raises(DataError, match="cannot be taken"):
        unpack(archive, folder)
    assert not list(tmp_path.rglob("zeros"))


def test_a_bomb_that_lies_about_its_size(tmp_path):
    """The directory says 100 bytes; what is packed is 10 MiB."""
    data = packed({"zeros": bytes(10 * 2**20)})
    lied = data.replace((10 * 2**20).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lied != data
    archive, folder = tmp_path / "in.zip", tmp_path / "out"
    archive.write_bytes(lied)
    with pytest.raises(DataError):
        unpack(archive, folder)
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) <= 100


@pytest.mark.parametrize("limit", ["FILES", "UNPACKED"])
def test_an_archive_of_too_much(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(uploads, limit, 9)
    archive = tmp_path / "in.zip"
    archive.write_bytes(packed({f"{n}": b"x" for n in range(10)}))
    with pytest.raises(DataError, match="too much"):
        unpack(archive, tmp_path / "out")


def damaged() -> dict[str, bytes]:
    whole = packed({"a.csv": b"name\n" + bytes(range(256)) * 20})
    stream = bytearray(whole)
    stream[60:80] = bytes(20)
    locked = bytearray(whole)
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        at = locked.index(mark) + (6 if mark[2] == 3 else 8)
        locked[at] |= 1
    method = bytearray(whole)
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        at = method.index(mark) + (8 if mark[2] == 3 else 10)
        method[at] = 97
    return {
        "not one": b"no archive at all",
        "cut": whole[: len(whole) // 2],
        "stream": bytes(stream),
        "with a password": bytes(locked),
        "packed in a way of its own": bytes(method),
        "a file that is a folder": packed({"a": b"x", "a/b": b"y"}),
        "a folder that is a file": packed({"a/b": b"y", "a": b"x"}),
        "deflate of nothing": whole[:40] + zlib.compress(b"")[:2] + whole[42:],
    }


@pytest.mark.parametrize("what", damaged())
def test_a_damaged_archive_is_told_and_nothing_is_kept(make, tmp_path, what):
    client = make(tmp_path / "w")
    answer = client.post("/api/v1/uploads", files={"files": ("in.zip", damaged()[what])})
    assert answer.status_code == 422, answer.text
    assert "in.zip" in answer.json()["title"]
    assert list((tmp_path / "w" / "uploads").iterdir()) == []


def test_files_keep_their_place_in_the_folder(empty, tmp_path):
    files = [
        ("files", ("shop/accounts.csv", b"a")),
        ("files", ("shop/pictures/1.jpg", b"b")),
        ("files", ("../x", b"c")),
    ]
    told = empty.post("/api/v1/uploads", files=files).json()
    assert sorted(told["files"]) == ["shop/accounts.csv", "shop/pictures/1.jpg", "x"]
    assert told["bytes"] == 3


@pytest.mark.parametrize(
    "name",
    [
        "é" * 300 + ".csv",
        "x" * 3000,
        "/".join("ab" for _ in range(300)),
        "\udcff.csv",
        "a\0b",
        '"',
        "%2e%2e%2f",
    ],
)
def test_any_name_is_taken_or_told(empty, name):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n\r\nx\r\n--b--\r\n'
        % name.encode("utf-8", "surrogateescape").replace(b'"', b"%22")
    )
    answer = empty.post(
        "/api/v1/uploads", content=body, headers={"content-type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code in (201, 400, 422), answer.text
    if answer.status_code == 201:
        assert len(answer.json()["files"]) == 1


def test_two_files_in_each_others_way_are_told(empty):
    answer = empty.post("/api/v1/uploads", files=[("files", ("a", b"x")), ("files", ("a/b", b"y"))])
    assert answer.status_code == 422


def test_two_files_of_one_name_are_both_kept_or_told(empty):
    answer = empty.post("/api/v1/uploads", files=[("files", ("a.csv", b"x")), ("files", ("a.csv", b"yy"))])
    assert answer.status_code == 422
    assert "a.csv" in answer.json()["title"]


def test_only_what_is_called_an_archive_is_unpacked(empty):
    """Files of NumPy are archives inside, and are read as they are."""
    told = empty.post("/api/v1/uploads", files={"files": ("train.npz", packed({"x.npy": b"1"}))}).json()
    assert told["files"] == ["train.npz"]
    assert told["importers"][0] == "released-features"


def test_an_archive_that_holds_one_of_its_own_name(empty):
    told = empty.post(
        "/api/v1/uploads", files={"files": ("in.zip", packed({"in.zip": b"inner", "b.csv": b"x"}))}
    ).json()
    assert sorted(told["files"]) == ["b.csv", "in.zip"]


def test_no_file_came(empty, tmp_path):
    assert empty.post("/api/v1/uploads", files={"files": ("in.zip", packed({}))}).status_code == 422
    assert list((tmp_path / "empty" / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"train.npz": b""}, "released-features"),
        ({"set/posts.jsonl": b"", "set/influencers.tsv": b""}, "instagram-jsonl"),
        ({"a-1.info": b"{}"}, "instagram-info"),
        ({"lena.bakes/2025_UTC.json": b'{"node": {}, "instaloader": {"node_type": "Post"}}'}, "instaloader"),
        ({"accounts.csv": b"id\nana\n"}, "folder"),
        ({"my influencers.csv": b"id\nana\n"}, "folder"),
    ],
)
def test_what_files_may_be(empty, files, found):
    told = empty.post("/api/v1/uploads", files={"files": ("in.zip", packed(files))}).json()
    assert told["importers"] == [found]


@pytest.fixture
def sent(make, tmp_path, until):
    """``sent(zipped)``: a template with a row that cannot be read, imported; then mended, and imported
    again."""

    def call(client, files: dict[str, bytes], zipped: bool = False) -> dict:
        parts = (
            [("files", ("mine.zip", packed(files)))]
            if zipped
            else [("files", pair) for pair in files.items()]
        )
        kept = client.post("/api/v1/uploads", files=parts).json()
        assert kept["importers"] == ["folder"]
        job = client.post("/api/v1/imports", json={"source": "folder", "upload": kept["id"]}).json()
        done = until(lambda: (told := client.get(f"/api/v1/jobs/{job['id']}").json())["finished"] and told)
        assert done["state"] == "done", json.dumps(done)
        until(lambda: not (tmp_path / "w" / "uploads" / kept["id"]).exists())
        return done

    return call


@pytest.mark.parametrize("zipped", [False, True])
def test_a_folder_is_imported_and_its_upload_is_let_go_of(make, tmp_path, sent, zipped):
    write_template(tmp_path / "mine")
    whole = (tmp_path / "mine" / "accounts.csv").read_bytes()
    with (tmp_path / "mine" / "accounts.csv").open("a") as file:
        file.write("x y,influencer,,,,,many followers\n")
    files = {
        file.relative_to(tmp_path).as_posix(): file.read_bytes()
        for file in (tmp_path / "mine").rglob("*")
        if file.is_file()
    }
    client = make(tmp_path / "w", work=True)
    assert sent(client, files, zipped)["result"]["rejects"] == 1
    rejects = client.get("/api/v1/rejects").json()["items"]
    assert [row["line"] > 1 and "many followers" in row["excerpt"] for row in rejects] == [True]
    assert str(tmp_path) not in json.dumps(rejects)
    assert sent(client, {**files, "mine/accounts.csv": whole}, zipped)["result"]["rejects"] == 0
    assert client.get("/api/v1/rejects").json()["items"] == []  # mended and sent again


def test_files_that_are_not_read_and_values_that_are_kept_are_shown(make, tmp_path, sent):
    client = make(tmp_path / "w", work=True)
    sent(client, {"my/accounts.csv": b"handle,role,followers\nnorth.peak,brand,9000\n"})
    again = {
        "my/accounts.csv": b"handle,followers\nnorth.peak,9001\n",
        "my/colours.csv": b"Colour\nred lamp\n",
    }
    result = sent(client, again)["result"]
    assert result["files_not_read"]["count"] == 1
    assert result["files_not_read"]["files"][0]["file"] == "colours.csv"
    assert result["kept"]["accounts"] == {"rows": 1, "example": {"id": "north.peak", "fields": ["role"]}}
    page = client.get("/import").text
    assert "No row was left out. 1 file was not read, see below." in page
    assert "colours.csv was not read" in page
    assert "1 account keeps stored values that the source does not state, such as role of north.peak." in page
    assert str(tmp_path) not in page


def test_rows_that_an_import_left_out_are_shown_with_it_and_later_with_its_date(make, tmp_path, sent):
    client = make(tmp_path / "w", work=True)
    header = b"username,kind,followers\n"
    first = sent(client, {"first.csv": header + b"a.b,influencer,9000\nc d,influencer,9000\n"})["result"]
    page = client.get("/import").text
    assert "1 row was left out, see below" in page
    assert 'id="rejects">1 row was left out' in page
    assert "Earlier imports" not in page

    assert sent(client, {"second.csv": header + b"e.f,influencer,9000\n"})["result"]["rejects"] == 0
    page = client.get("/import").text
    assert "Nothing was left out" in page
    assert 'id="rejects"' not in page
    assert "first.csv" in page.partition("Earlier imports")[2]
    assert "UTC" in page.partition("Earlier imports")[2]
    assert (
        client.get("/api/v1/workspace").json()["counts"] | {"rejects": 0, "rejects_earlier": 1}
        == (client.get("/api/v1/workspace").json()["counts"])
    )
    assert client.get("/api/v1/rejects").json()["total"] == 0
    assert client.get("/api/v1/rejects?earlier=true").json()["items"][0]["import"] == first["import"]
    assert client.get(f"/api/v1/rejects?import={first['import']}").json()["total"] == 1
    assert [one["rejects"] for one in client.get("/api/v1/imports").json()["items"]] == [0, 1]
    assert client.get("/rejects.txt").text.strip() == ""
    assert "first.csv, line 3" in client.get(f"/rejects.txt?import={first['import']}").text
    assert b"first.csv" in client.get("/api/v1/exports/rejects.csv?earlier=true").content
    assert b"first.csv" not in client.get("/api/v1/exports/rejects.csv").content


def test_an_import_that_failed_shows_no_rows_of_another(make, tmp_path, sent, until):
    client = make(tmp_path / "w", work=True)
    header = b"username,kind,followers\n"
    sent(client, {"first.csv": header + b"a.b,influencer,9000\nc d,influencer,9000\n"})
    kept = client.post(
        "/api/v1/uploads", files=[("files", ("bad.csv", header + b"e.f,influencer,many\n"))]
    ).json()
    asked = {"source": kept["importers"][0], "upload": kept["id"], "strict": True}
    job = client.post("/api/v1/imports", json=asked).json()
    failed = until(lambda: (told := client.get(f"/api/v1/jobs/{job['id']}").json())["finished"] and told)
    assert failed["state"] == "failed"
    page = client.get("/import").text
    assert "The import failed, and nothing was written" in page
    assert 'id="rejects"' not in page
    assert "first.csv" in page.partition("Earlier imports")[2]


@pytest.mark.parametrize(
    ("files", "title"),
    [
        (
            {"posts.csv": b"id\n"},
            "What was sent holds no table of accounts or posts. posts.csv: no column of it is known to hold "
            "handles of accounts (columns: 'id').",
        ),
        (
            {"x/accounts.csv": b"id,role,followers\na.b,influencer,many\n"},
            "accounts.csv, line 2: followers: expected a whole number, found 'many'.",
        ),
    ],
)
def test_what_is_wrong_is_told_without_where_uploads_lie(tmp_path, files, title):
    with Workspace(tmp_path / "w", create=True) as workspace:
        for name, data in files.items():
            file = workspace.path / UPLOADS / "up" / name
            file.parent.mkdir(parents=True)
            file.write_bytes(data)
        with pytest.raises(DataError) as told:
            import_source(workspace, lambda *_: None, source="folder", upload="up", strict=True)
    assert told.value.message == title


def test_an_upload_that_is_not_there(empty):
    answer = empty.post("/api/v1/imports", json={"source": "folder", "upload": "0" * 16})
    assert answer.status_code == 422
    assert empty.post("/api/v1/imports", json={"source": "folder", "upload": "../../etc"}).status_code == 422


def test_a_corrected_list_is_pruned_and_an_import_is_undone_on_the_page_and_by_the_api(
    make, tmp_path, sent, until
):
    client = make(tmp_path / "w", work=True)
    header = b"handle,followers\n"
    sent(client, {"list.csv": header + b"a.b,9000\nc.d,9000\n"})
    result = sent(client, {"list.csv": header + b"a.b,9001\n"})["result"]
    assert result["gone"]["accounts"] == {
        "count": 1,
        "examples": ["c.d"],
        "removed": 0,
        "unrecorded": "",
    }
    page = client.get("/import").text
    assert "Gone: 1 account" in page
    assert "Undo the last import" in page
    number = result["import"]
    assert f'name="number" value="{number}"' in page
    assert client.post("/undo", data={"number": number - 1}).status_code == 409
    assert client.post(f"/api/v1/undo?import={number - 1}").status_code == 409
    assert client.post("/undo", data={"number": number}).headers["location"] == "/import?undone=true"
    assert client.get("/api/v1/accounts/a.b").json()["followers"] == 9000
    page = client.get("/import?undone=true").text
    assert "The last import was taken back" in page
    assert "Undo the last import" not in page
    assert client.post("/api/v1/undo").status_code == 409
    upload = client.post("/api/v1/uploads", files=[("files", ("list.csv", header + b"a.b,9001\n"))]).json()
    preview = client.get(f"/api/v1/uploads/{upload['id']}/preview").json()
    assert preview["sheets"][0]["tables"] == ["accounts"]
    assert preview["sheets"][0]["columns"][1]["meanings"] == ["accounts.followers"]
    job = {"source": "folder", "upload": upload["id"], "prune": True, "map": ["ignore=followers"]}
    client.post("/api/v1/imports", json=job)
    items = "/api/v1/accounts?role=influencer"
    until(lambda: [one["id"] for one in client.get(items).json()["items"]] == ["a.b"])
    assert client.get("/api/v1/accounts/a.b").json()["followers"] == 9000
    undone = client.post("/api/v1/undo").json()
    assert undone["returned"]["accounts"] == 1


def test_own_vectors_come_in_through_the_api(make, tmp_path, sent, until):
    client = make(tmp_path / "w", work=True)
    sent(client, {"list.csv": b"handle,followers\na.b,9000\nc.d,9000\n"})
    text = b"handle,x,y\n@A.B,1,2\nnobody.here,3,4\n"
    upload = client.post("/api/v1/uploads", files=[("files", ("v.csv", text))]).json()
    settings = {"name": "my.vectors", "slot": "profile"}
    job = {"source": "vectors", "upload": upload["id"], "settings": settings}
    job = client.post("/api/v1/imports", json=job).json()
    done = until(lambda: (told := client.get(f"/api/v1/jobs/{job['id']}").json())["finished"] and told)
    assert done["state"] == "done", json.dumps(done)
    assert "1 of 2 accounts" in done["result"]["warnings"][-1]
    assert "'nobody.here'" in " ".join(done["result"]["warnings"])
    with Workspace(tmp_path / "w") as workspace:
        assert workspace.features("my.vectors").ids.tolist() == ["a.b"]


def test_what_the_page_of_columns_showed_is_what_is_read(make, tmp_path, until):
    client = make(tmp_path / "w", work=True)
    text = b"Username,Reach,Audience size,Subscribers\nv.one,12000,50000,9000\nv.two,9000,30000,\n"
    upload = client.post("/api/v1/uploads", files=[("files", ("list.csv", text))]).json()["id"]
    # Shown: followers from Subscribers, and Audience size as further information.
    columns = client.get(f"/api/v1/uploads/{upload}/preview").json()["sheets"][0]["columns"]
    assert [one["meanings"] for one in columns[2:]] == [["accounts.attribute"], ["accounts.followers"]]
    form = {"upload": upload, "strict": "false", "prune": "false", "t0": "accounts"}
    form |= {"c0.0": "accounts.id", "c0.1": "attribute", "c0.2": "attribute", "c0.3": "ignore"}
    assert client.post("/import/columns", data=form).status_code == 303
    until(lambda: client.get("/api/v1/accounts/v.one").status_code == 200)
    assert client.get("/api/v1/accounts/v.one").json()["followers"] is None


def test_an_earlier_answer_is_shown_and_taken_back_on_the_page_of_columns(make, tmp_path, until):
    client = make(tmp_path / "w", work=True)
    text = b"username,followers\na.one,12.5\nb.two,9.8\n"

    def drop() -> str:
        return client.post("/api/v1/uploads", files=[("files", ("list.csv", text))]).json()["id"]

    def answered(answer: str, expected: int | None) -> None:
        upload = drop()
        form = {"upload": upload, "strict": "false", "prune": "false", "t0": "accounts", "q0.0": answer}
        assert client.post("/import/columns", data=form).status_code == 303
        until(lambda: not (tmp_path / "w" / "uploads" / upload).exists())
        assert client.get("/api/v1/accounts/a.one").json()["followers"] == expected

    answered("accounts.followers.unit=K", 12_500)
    page = client.get(f"/import/columns?upload={drop()}").text
    assert 'value="accounts.followers.unit=K" checked' in page
    answered("", 12_500)  # an unknown cell replaces no known value
    page = client.get(f"/import/columns?upload={drop()}").text
    assert 'value="accounts.followers.unit=K" checked' not in page
