from __future__ import annotations

import datetime
import json
import math
import os
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from brandfit.data import cells, tabular
from brandfit.data.importers import _influencers, folder
from brandfit.data.importers.folder import COLUMNS
from brandfit.errors import DataError

NAME = "folder"


@pytest.fixture
def source(tmp_path, sources):
    return sources.write(tmp_path / "source", sources.all[NAME]())


def accounts(read, where: Path, text: str | bytes, name: str = "accounts.csv"):
    where.mkdir(exist_ok=True)
    (where / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(NAME, where)


def test_tables_in_three_forms_with_pictures(read, source):
    found = read(NAME, source)
    assert [(a.id, a.role, a.name, a.followers) for a in found.accounts] == [
        ("harbour.roastery", "brand", "Harbour Roastery", 48200),
        ("mara_on_foot", "influencer", "Mara", 12500),
    ]
    assert found.accounts[0].biography == "Coffee; from the docks\nsince 1902"
    assert found.accounts[1].biography is None
    post, brief = found.posts
    assert (post.time, post.likes, post.hashtags, post.mentions, post.disclosed) == (
        1717178400,
        10,
        ["ad"],
        ["harbour.roastery"],
        True,
    )
    assert (brief.kind, brief.account, brief.caption) == ("brief", "harbour.roastery", "hikers wanted")
    assert [(p.post, p.position, p.alt_text) for p in found.pictures] == [("p1", 0, "a cup")]
    endorsement, *comments = found.links
    assert (endorsement.kind, endorsement.source, endorsement.target) == (
        "endorses",
        "mara_on_foot",
        "harbour.roastery",
    )
    assert (endorsement.post, endorsement.weight) == ("p1", 0.09)
    assert [(c.source, c.target, c.text, c.time) for c in comments] == [
        ("some.hiker", "mara_on_foot", "That view,\nwow", 1717182720),
        ("mara_on_foot", "mara_on_foot", "", None),
    ]
    assert [(r.line, r.reason) for r in found.rejects] == [
        (1, "picture '../outside.jpg' of post 'p1': its path leads out of the folder"),
        (1, "picture 'images/none.jpg' of post 'p1': there is no such file"),
    ]
    assert found.ticked == found.total
    assert not [warning for warning in found.warnings if "unknown" in warning or "not used" in warning]


@pytest.mark.parametrize(
    "header", ["User Name", "user-name", "USERNAME", "Instagram Handle", "account-id", "Handle"]
)
def test_headers_may_differ_in_case_spaces_and_dashes(read, tmp_path, header):
    found = accounts(read, tmp_path, f"{header},follower-COUNT\nana,5\n")
    assert [(a.id, a.followers) for a in found.accounts] == [("ana", 5)]


@pytest.mark.parametrize("text", ["", "My list\nana lee,5\n", "Colour,Size\nred lamp,5\n"])
def test_a_table_without_handles_says_what_is_needed(read, tmp_path, text):
    with pytest.raises(DataError) as error:
        accounts(read, tmp_path, text)
    assert "holds no table of accounts or posts" in error.value.message
    assert "accounts.csv" in error.value.message
    assert "--map id=HEADER" in error.value.hint


def test_a_column_that_may_hold_handles_is_asked_for(read, tmp_path):
    text = "Wer,Nummer\nanna.k,17\nben_l,18\n"
    with pytest.raises(DataError, match="Which column holds the handles") as error:
        accounts(read, tmp_path, text)
    assert "id=Wer" in error.value.hint
    found = read(NAME, tmp_path, map=["id=Wer"])
    assert [(a.id, a.attributes) for a in found.accounts] == [
        ("anna.k", {"Nummer": "17"}),
        ("ben_l", {"Nummer": "18"}),
    ]


def test_an_empty_cell_of_a_column_that_is_not_needed_is_not_known(read, tmp_path):
    """Every column of every table that need not be filled, left empty: nothing is rejected."""
    filled = {"accounts": {"id": "shop", "role": "brand"}, "posts": {"id": "p", "account": "ana"}}
    filled |= {
        "endorsements": {"brand": "shop", "influencer": "ana"},
        "comments": {"post": "p", "account": "ben"},
    }
    for table, filled_cells in filled.items():
        columns = [column.name for column in COLUMNS[table]]
        assert {column.name for column in COLUMNS[table] if column.needed} <= set(filled_cells)
        rows = [filled_cells, *([{"id": "ana"}] if table == "accounts" else [])]
        lines = [",".join(columns), *(",".join(row.get(name, "") for name in columns) for row in rows)]
        (tmp_path / f"{table}.csv").write_text("\n".join(lines) + "\n")
    found = read("folder", tmp_path)
    assert not found.rejects
    (link,) = (link for link in found.links if link.kind == "endorses")
    assert (link.source, link.target, link.post, link.weight) == ("ana", "shop", None, None)


def test_a_cell_that_cannot_be_read_costs_the_cell(read, tmp_path):
    found = accounts(read, tmp_path, "id,followers\nana,many\nbo,7\nno handle,8\n")
    assert [(a.id, a.followers) for a in found.accounts] == [("ana", None), ("bo", 7)]
    assert [r.line for r in found.rejects] == [4]
    assert "accounts.csv: read as accounts; 3 rows, 2 used, 1 rejected." in found.warnings
    (unknown,) = [line for line in found.warnings if "unknown" in line]
    assert "followers: 1 cell counts as unknown: 'many' (line 2)" in unknown


def test_a_table_of_which_no_row_could_be_used_says_so(read, tmp_path):
    found = accounts(read, tmp_path, "handle,followers\nno handle,1\n")
    assert "accounts.csv: no row of it could be used." in found.warnings


@pytest.mark.parametrize(
    "link", ["https://www.instagram.com/Ana.B/", "instagram.com/ana.b?hl=en", "http://instagram.com/@ana.b"]
)
def test_the_address_of_a_profile_is_a_handle(read, tmp_path, link):
    assert [a.id for a in accounts(read, tmp_path, f"id\n{link}\n").accounts] == ["ana.b"]


def test_two_files_of_one_table_are_both_read_and_told(read, tmp_path):
    accounts(read, tmp_path / "mine", "id,followers\nana,1\n")
    found = accounts(read, tmp_path / "mine", "id,followers\nana,2\nbo,3\n", "accounts.tsv")
    assert [(a.id, a.followers) for a in found.accounts] == [("ana", 1), ("ana", 2), ("bo", 3)]
    assert found.warnings[:2] == [
        "accounts.csv: read as accounts; 1 row, 1 used.",
        "accounts.tsv: read as accounts; 2 rows, 2 used.",
    ]


def test_a_list_under_a_name_of_its_own_is_one_of_accounts(read, tmp_path):
    text = "Username;Followers\n@Ana;8000\nbo;12000\n"
    found = accounts(read, tmp_path / "mine", text, "Spring Campaign.CSV")
    assert [(a.id, a.followers) for a in found.accounts] == [("ana", 8000), ("bo", 12000)]
    assert (
        found.warnings[0]
        == "Spring Campaign.CSV: read as accounts; 2 rows, 2 used. Read: handle from 'Username'."
    )
    assert found.ticked == found.total > 0
    alone = read(NAME, tmp_path / "mine" / "Spring Campaign.CSV")
    assert alone.accounts == found.accounts
    (tmp_path / "mine" / "other.csv").write_text("handle;followers\ncara;9000\n")
    assert [a.id for a in read(NAME, tmp_path / "mine").accounts] == ["ana", "bo", "cara"]


def test_a_workbook_that_cannot_be_read_is_rejected_with_the_reason(read, tmp_path):
    (tmp_path / "list.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    for path in (tmp_path, tmp_path / "list.xls"):
        found = read(NAME, path)
        assert not found.accounts
        assert "list.xls" in found.rejects[0].file
        assert found.rejects[0].reason


def test_the_template_imports_without_rejects(read, tmp_path):
    written = folder.write_template(tmp_path / "mine")
    found = read(NAME, tmp_path / "mine")
    assert not found.rejects
    assert not [warning for warning in found.warnings if "used" not in warning or "not used" in warning]
    assert {a.role for a in found.accounts} == {"brand", "influencer"}
    assert {p.kind for p in found.posts} == {"post", "brief"}
    assert {link.kind for link in found.links} == {"endorses", "comments"}
    assert len(found.pictures) == 1
    readme = next(file for file in written if file.name == "README.md").read_text()
    assert all(f"`{column.name}`" in readme for columns in folder.COLUMNS.values() for column in columns)
    with pytest.raises(DataError, match="already there"):
        folder.write_template(tmp_path / "mine")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_headers_and_delimiters_are_forgiving(read, tmp_path, delimiter):
    text = delimiter.join(["\ufeff Handle ", "ROLE", "Follower Count", "full-name"]) + "\r\n"
    text += delimiter.join(["@Mara", "Influencer", "12 345", '"say ""hi"""']) + "\r\n"
    found = accounts(read, tmp_path, text)
    assert [(a.id, a.followers, a.name) for a in found.accounts] == [("mara", 12345, 'say "hi"')]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_in_each_of_its_forms(read, tmp_path, encoding):
    found = accounts(read, tmp_path, "id,name\nmara,Märä 🌄\n".encode(encoding))
    assert [a.name for a in found.accounts] == ["Märä 🌄"]


def test_other_encodings_are_read_and_said(read, tmp_path):
    found = accounts(read, tmp_path, "id,name\nmara,Märä\ntom,Tom\n".encode("latin-1"))
    assert [a.name for a in found.accounts] == ["Märä", "Tom"]
    assert any("read as cp1252, for example 'Märä'" in warning for warning in found.warnings)


def test_damaged_utf8_costs_the_cell(read, tmp_path):
    found = accounts(read, tmp_path, b"id,name\nmara,M\xc3\xa4r\xe4\nanna,\xc3\x84nn\xc3\xa4\ntom,Tom\n")
    assert [(a.id, a.name) for a in found.accounts] == [("mara", None), ("anna", "Ännä"), ("tom", "Tom")]
    assert any("name: 1 cell counts as unknown" in warning for warning in found.warnings)


def test_lines_of_rejects_count_the_lines_within_quotes(read, tmp_path):
    found = accounts(
        read, tmp_path, 'id,biography,followers\na,"one\n\ntwo",1\n\nb,x,many\nc,"un\nd,y,2\ne,z,3,too much\n'
    )
    assert [a.id for a in found.accounts] == ["a", "b", "d"]
    assert found.accounts[0].biography == "one\n\ntwo"
    assert [(r.line, r.reason) for r in found.rejects] == [
        (7, 'a quote (") is opened here and never closed'),
        (9, "expected 3 cells as in the first row, found 4"),
    ]


def test_a_quote_that_is_never_closed_costs_one_row_of_a_long_file(read, tmp_path):
    rows = [f"u{n},text" for n in range(5000)]
    rows[10] = 'u10,"text'
    found = accounts(read, tmp_path, "id,name\n" + "\n".join(rows) + "\n")
    assert len(found.accounts) == 4999
    assert [r.line for r in found.rejects] == [12]


def test_unknown_columns_are_told_once(read, tmp_path):
    found = accounts(read, tmp_path, "id,Shoe size\na,43\nb,44\n")
    assert [a.id for a in found.accounts] == ["a", "b"]
    assert [w for w in found.warnings if "Shoe" in w] == [
        "accounts.csv: kept as attributes of the accounts: Shoe size ('43')."
    ]
    assert [a.attributes for a in found.accounts] == [{"Shoe size": "43"}, {"Shoe size": "44"}]
    assert any("no table of endorsements" in w for w in found.warnings)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("12345", 12345), ("12,345", 12345), ("1,234,567", 1234567), ("12.345.678", 12345678), ("12 345",
         12345),
        ("12\u202f345", 12345), ("12\u00a0345", 12345), ("12'345", 12345), ("12.5k", 12500), ("12,5K", 12500),
        ("1.25M", 1250000), ("3 k", 3000), ("12.0", 12), (" 7 ", 7), ("0", 0), ("", None), ("n/a", None),
         ("NaN", None),
        (None, None), (math.nan, None), (5, 5), (5.0, 5), (2**53, 2**53),
    ],
)  # fmt: skip
def test_counts_as_people_write_them(value, number):
    assert cells.count(value) == number


@pytest.mark.parametrize(
    "value",
    [
        "12.345",
        "many",
        "-2",
        "1e5",
        "1e400",
        "12,34",
        "1,2345",
        "12.345k",
        "1 2",
        "5.5",
        "inf",
        "9" * 30,
        -2,
        2**53 + 1,
        5.5,
        True,
        [1],
        math.inf,
    ],
)
def test_what_is_no_count_is_refused(value):
    with pytest.raises(ValueError, match=r"whole number|may mean"):
        cells.count(value)


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("2024-05-31T18:00:00Z", 1717178400), ("2024-05-31 20:00:00+02:00", 1717178400), ("2024-05-31T18:00",
         1717178400),
        ("2024-05-31", 1717113600), ("20240531", 1717113600), ("1717178400", 1717178400), (1717178400,
         1717178400),
        ("1717178400000", 1717178400), (1717178400.7, 1717178400), ("", None), (None, None),
        ("9999-12-31T00:00:00Z", 253402214400),
        (datetime.datetime(2024, 5, 31, 18), 1717178400), (datetime.date(2024, 5, 31), 1717113600),
    ],
)  # fmt: skip
def test_times(value, time):
    assert cells.seconds(value) == time


@pytest.mark.parametrize(
    "value", ["yesterday", "31.13.2024", "1950-01-01", -5, "12", True, math.inf, 10**400, -(10**400), [1]]
)
def test_what_is_no_time_is_refused(value):
    with pytest.raises(ValueError, match="a time"):
        cells.seconds(value)


def test_accounts_that_are_only_named_come_in_and_are_counted(read, source, sources):
    (source / "endorsements.parquet").unlink()
    rows = [
        "brand,influencer",
        "harbour.roastery,new.partner",
        "new.brand,mara_on_foot",
        "mara_on_foot,harbour.roastery",
        ",mara_on_foot",
        "@Harbour.Roastery,MARA_ON_FOOT",
    ]
    (source / "endorsements.csv").write_text("\n".join(rows))
    (source / "posts.jsonl").write_bytes(
        sources.lines([{"id": "p1", "account": "ghost"}, {"id": "p2", "account": "mara_on_foot"}])
    )
    (source / "comments.csv").write_text("post,account\np9,x\np2,x\n")
    found = read(NAME, source)
    roles = {account.id: account.role for account in found.accounts}
    assert roles == {
        "harbour.roastery": "brand",
        "mara_on_foot": "influencer",
        "ghost": "influencer",
        "new.partner": "influencer",
        "new.brand": "brand",
    }
    assert [link.kind for link in found.links] == ["endorses", "endorses", "endorses", "comments"]
    assert [r.reason for r in found.rejects] == [
        "brand: 'mara_on_foot' has the role influencer",
        "brand is missing (brand)",
        "post: 'p9' is not in posts",
    ]
    (note,) = [warning for warning in found.warnings if "only named" in warning]
    assert note.startswith("3 accounts are only named in posts or endorsements and are in no list (1 brands)")


def test_an_account_without_a_stated_role_is_a_brand_if_an_endorsement_says_so(read, tmp_path):
    (tmp_path / "accounts.csv").write_text("handle,followers\nshop,5\nana,6\n")
    (tmp_path / "endorsements.csv").write_text("brand,influencer\nshop,ana\nana,shop\n")
    found = read(NAME, tmp_path)
    assert found.accounts[-1].id == "shop"
    assert found.accounts[-1].role == "brand"
    assert len(found.rejects) == 1
    assert any("1 accounts are brands because endorsements name them so" in line for line in found.warnings)


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "images/../../x.jpg",
        "link/x.jpg",
        "pipe.jpg",
        "a\0b",
        "images",
    ],
)
def test_pictures_come_from_the_folder_only(read, tmp_path, name):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.jpg").write_bytes(b"secret")
    where = tmp_path / "source"
    (where / "images").mkdir(parents=True)
    (where / "link").symlink_to(outside)
    os.mkfifo(where / "pipe.jpg")
    (where / "accounts.csv").write_text("id\na\n")
    (where / "posts.jsonl").write_text(json.dumps({"id": "p", "account": "a", "images": [name]}))
    found = read(NAME, where)
    assert len(found.posts) == 1
    assert not found.pictures
    assert len(found.rejects) == 1
    assert re.search("leads out|no such file", found.rejects[0].reason)


def test_links_to_pictures_are_counted_once_and_found_by_their_names(read, tmp_path, sources):
    (tmp_path / "accounts.csv").write_text("id\na\n")
    rows = [
        {"id": "p1", "account": "a", "shortcode": "ABC", "images": ["https://x.example/1/first.jpg?x=1"]},
        {"id": "p2", "account": "a", "shortcode": "DEF", "images": ["https://x.example/a1b2c3.jpg"]},
        {"id": "p3", "account": "a", "images": ["https://x.example/none.jpg", "https://x.example/no.jpg"]},
    ]
    (tmp_path / "posts.jsonl").write_bytes(sources.lines(rows))
    sources.write(tmp_path, {"pictures/first.jpg": sources.jpeg(), "pictures/DEF.jpg": sources.jpeg()})
    found = read(NAME, tmp_path)
    assert [picture.post for picture in found.pictures] == ["p1", "p2"]
    assert not found.rejects
    (note,) = [warning for warning in found.warnings if "pictures are links" in warning]
    assert note.startswith("2 pictures are links, such as https://x.example/none.jpg")


@pytest.mark.parametrize("cell", ["a.jpg, b.jpg", "a.jpg;b.jpg", "a.jpg|b.jpg", r"C:\me\a.jpg|B.JPG"])
def test_pictures_as_people_name_them(read, tmp_path, sources, cell):
    (tmp_path / "accounts.csv").write_text("id\nana\n")
    (tmp_path / "posts.jsonl").write_bytes(sources.lines([{"id": "p", "account": "ana", "images": cell}]))
    sources.write(tmp_path, {"in/a.jpg": sources.jpeg(), "in/b.jpg": sources.jpeg()})
    found = read(NAME, tmp_path)
    assert [Path(picture.source).name for picture in found.pictures] == ["a.jpg", "b.jpg"]
    assert [picture.position for picture in found.pictures] == [0, 1]


def test_a_parquet_file_with_a_row_of_bad_text_loses_that_row(read, tmp_path):
    names = pa.array([b"Mara", b"\xff\xfe", b"Tom"], pa.binary()).view(pa.string())
    pq.write_table(
        pa.table({"id": ["a", "b", "c"], "name": names, "followers": [1.0, 2.0, None]}),
        tmp_path / "accounts.parquet",
    )
    found = read(NAME, tmp_path)
    assert [(a.id, a.name, a.followers) for a in found.accounts] == [("a", "Mara", 1), ("c", "Tom", None)]
    assert [r.line for r in found.rejects] == [2]


def test_what_was_exported_can_be_imported(read, source, tmp_path):
    """Our CSV guards cells that a spreadsheet would run; read back, they are as they were."""
    again = tmp_path / "again"
    again.mkdir()
    table = pa.table({"id": ["a"], "biography": ["=1+1"], "name": ["@a"], "followers": [12]})
    tabular.write(table, again / "accounts.csv")
    assert "'=1+1" in (again / "accounts.csv").read_text()
    account = read(NAME, again).accounts[0]
    assert (account.biography, account.name, account.followers) == ("=1+1", "@a", 12)


def test_a_folder_without_accounts_is_refused(read, tmp_path):
    with pytest.raises(DataError, match="no table of accounts or posts"):
        read(NAME, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="no table of accounts or posts"):
        read(NAME, tmp_path / "file")
    with pytest.raises(DataError, match="found nothing"):
        read(NAME, tmp_path / "elsewhere")


def test_the_documentation_has_the_columns_as_they_are():
    page = (Path(__file__).resolve().parents[2] / "docs" / "importing.md").read_text()
    assert folder.columns_as_markdown().strip() in page


@pytest.mark.parametrize("depth", [10, 500, 900, 950, 990, 2000])
def test_deeply_nested_values_are_rejected(read, tmp_path, depth):
    nested = "[" * depth + "]" * depth
    found = accounts(
        read, tmp_path, f'{{"id": {nested}}}\n{{"id": "a", "x": {nested}}}\n{{"id": "b"}}\n', "accounts.jsonl"
    )
    assert found.accounts[-1].id == "b"
    assert found.rejects[0].line == 1


def test_every_file_that_is_not_read_is_named_with_the_reason(tmp_path, sources, read):
    accounts = b"handle,followers\nmila.trails,9000\n"
    files = {
        "accounts.csv": accounts,
        "posts.csv": b"id,account,images\np1,mila.trails,images/1.jpg\n",
        "influencers.csv": accounts,
        "Posts 2024.csv": b"id,account,caption\np2,mila.trails,x\n",
        "more/posts.csv": b"id,account,caption\np3,mila.trails,x\n",
        "colours.csv": b"Colour,Size\nred lamp,5\n",
        "notes.pdf": b"x",
        "README.md": b"x",
        ".DS_Store": b"x",
        **{f"images/{n}.jpg": sources.jpeg() for n in (1, 2, 3)},
    }
    found = read("folder", sources.write(tmp_path / "mine", files))
    assert sorted(post.id for post in found.posts) == ["p1", "p2", "p3"]
    unread = dict(found.unread.files)
    assert sorted(unread) == ["colours.csv", "notes.pdf"]
    assert "no column of it is known to hold handles" in unread["colours.csv"]
    assert (found.unread.n_files, found.unread.n_pictures) == (2, 2)
    assert found.unread.to_dict()["count"] == 4
    assert any(
        "2 pictures were not read" in line and "images/2.jpg" in line for line in found.unread.sentences()
    )


def test_many_files_that_are_not_read_are_counted(tmp_path, sources, read):
    files = {f"{n}.pdf": b"x" for n in range(30)} | {"accounts.csv": b"handle\nmila.trails\n"}
    unread = read("folder", sources.write(tmp_path / "mine", files)).unread
    assert (len(unread.files), unread.n_files) == (20, 30)
    assert unread.sentences()[-1] == "10 more files were not read."


@pytest.mark.parametrize(
    "source",
    [
        "folder",
        "gallery-dl",
        "instagram-download",
        "instagram-info",
        "instagram-jsonl",
        "instaloader",
        "released-features",
    ],
)
def test_every_importer_names_a_file_that_it_does_not_read(tmp_path, sources, read, source):
    where = sources.write(tmp_path / "mine", sources.all[source]())
    assert read(source, where).unread.files == ()
    sources.write(where, {"video.mp4": b"x"})
    assert [file for file, _ in read(source, where).unread.files] == ["video.mp4"]


def test_columns_that_are_not_used_are_named_for_each_file(tmp_path, sources, read):
    many = ",".join(f"extra {n}" for n in range(70))
    files = {
        "accounts.csv": f"handle,{many}\nmila.trails,{'x,' * 69}x\n".encode(),
        "posts.csv": b"id,account,likesCount,mood\np1,mila.trails,3,happy\n",
    }
    found = read("folder", sources.write(tmp_path / "mine", files))
    (of_accounts,) = [note for note in found.warnings if "kept as attributes" in note]
    assert "extra 0 ('x'), extra 1 ('x')" in of_accounts
    assert of_accounts.endswith("extra 59 ('x'), 10 more.")
    assert found.posts[0].likes == 3
    assert "posts.csv: not used: mood ('happy')." in found.warnings


def test_columns_that_mean_the_same_are_named(tmp_path, sources, read):
    text = b"handle,followers,follower_count,role,role\nmila.trails,9000,8000,influencer,brand\n"
    found = read("folder", sources.write(tmp_path / "mine", {"accounts.csv": text}))
    assert (found.accounts[0].followers, found.accounts[0].role) == (9000, "influencer")
    assert any("follower_count ('8000'), role (2) ('brand')" in warning for warning in found.warnings)
    assert any("2 columns are called 'role'" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("cell", "label"),
    [
        ("travel", "travel"),
        ("travel ", "travel"),
        ("\u00a0travel\ufeff", "travel"),
        ("food  and\tdrink", "food and drink"),
        ("cafe\u0301", "caf\u00e9"),
        ("Travel", "Travel"),
        ("0", "0"),
        *((word, None) for word in ("", "  ", "n/a", "NA", "None", "NULL ", "-", "?", "unknown", "nan")),
    ],
)
@pytest.mark.parametrize("column", ["category", "business_category"])
def test_categories_that_look_the_same_are_the_same(read, tmp_path, column, cell, label):
    (row,) = accounts(read, tmp_path / "here", f'handle,{column},name\nann,"{cell}","{cell}"\n').accounts
    # Categories are in the words of the vocabulary, the platform's own category is as it is written.
    word = {"food and drink": "food", "caf\u00e9": "food", "Travel": "travel"}.get(label, label)
    assert getattr(row, column) == (word if column == "category" else label)
    assert row.name == (cell.strip() or None)  # somebody may be called None


def test_the_list_of_influencers_reads_categories_in_the_same_way(tmp_path):
    path = tmp_path / "influencers.tsv"
    path.write_text("ann\tTravel  food \t1\nbob\tNone\t1\n")
    rows = list(_influencers.accounts(path, lambda _: None))
    assert [row.category for row in rows] == ["travel food", None]
