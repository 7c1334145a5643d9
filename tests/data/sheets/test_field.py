"""Files as people have them: the tables that are found in each, with header, rows and notes."""

from __future__ import annotations

from pathlib import Path

import pytest

from brandfit.data.schema import Reject
from brandfit.data.sheets import sheets

FIELD = Path(__file__).parents[2] / "field"


def read(path: Path):
    """Title to (header, rows, notes). No file of a case is rejected or no table."""
    content = sheets(path)
    assert not content.rejects
    assert not content.no_tables
    found = {}
    for sheet in content.sheets:
        reading = sheet.rows(lambda _n_bytes: None)
        rows = list(reading)
        assert not [item for item in rows if isinstance(item, Reject)]
        assert rows[: len(sheet.head)] == list(sheet.head)
        found[sheet.title] = (sheet.header, [row.cells for row in rows], [*sheet.notes, *reading.notes])
    return found


@pytest.mark.parametrize(
    ("case", "header", "first", "note"),
    [
        ("17a-cp1252", ("handle", "name", "followers", "bio"), "Läufer – „Fit“ & gesund €", "read as cp1252"),
        ("17r-cp1252-bio", ("handle", "name", "followers", "bio"), "Läufer – „Fit“ & gesund €", "cp1252"),
        ("17c-utf16-nobom", ("handle", "name", "followers", "bio"), "Läufer – „Fit“ & gesund €", "utf-16-le"),
        ("17g-sep-line", ("handle", "name", "followers"), "12000", ""),
        ("17h-cr-only", ("handle", "name", "followers"), "12000", ""),
        ("17j-pipe", ("handle", "name", "followers"), "12000", ""),
        ("17k-title-row", ("handle", "name", "followers"), "12000", "line 1 above the header was skipped"),
        ("17l-trailing-empty", ("handle", "name", "followers"), "12000", "'Total | 12000'"),
        ("45-comma-title", ("Handle", "Bio, long", "Followers, total"), "48211", ""),
    ],
)
def test_a_list_of_accounts(case, header, first, note):
    found_header, rows, notes = read(FIELD / case)["accounts"]
    assert found_header == header
    assert [*rows[0].values()][-1] == first
    assert len(notes) == bool(note)
    assert note in "".join(notes)


def test_each_row_of_a_list_is_there():
    assert [row["handle"] for row in read(FIELD / "17r-cp1252-bio")["accounts"][1]] == [
        "jose.runs",
        "zoe.b",
        "anna.k",
    ]
    assert len(read(FIELD / "17h-cr-only")["accounts"][1]) == 2
    assert len(read(FIELD / "17l-trailing-empty")["accounts"][1]) == 1


def test_a_title_row_of_a_workbook():
    header, rows, notes = read(FIELD / "26a-xlsx-title-row")["Q3 list"]
    assert header == ("Handle", "Followers", "Category", "Updated")
    assert len(rows) == 2
    assert notes == ["shortlist.xlsx: line 1 above the header was skipped: 'Influencer shortlist Q3'."]


def test_error_cells_keep_their_text():
    _, rows, _ = read(FIELD / "26e-xlsx-error-cells")["Sheet"]
    values = {str(value) for row in rows for value in row.values()}
    assert any(value.startswith("#") for value in values)
    assert len(rows) == 3


def test_arrays_of_a_scraper():
    found = read(FIELD / "10-apify-json-array")
    assert set(found) == {"accounts", "posts"}
    assert found["accounts"][0][:3] == ("id", "username", "fullName")
    assert [row["followersCount"] for row in found["accounts"][1]] == [48211, 18233]
    assert found["posts"][1][0]["ownerUsername"] == "mila.tastes"
    assert found["posts"][1][0]["hashtags"][1] == "VeganThailand"


def test_an_answer_of_the_graph_api():
    found = read(FIELD / "12-graph-api")
    assert set(found) == {"business_discovery", "media"}
    assert [row["followers_count"] for row in found["business_discovery"][1]] == [48211]
    assert "media" not in " ".join(found["business_discovery"][0]).split()
    post = found["media"][1][0]
    assert (post["id"], post["like_count"]) == ("17900000000000001", 300)
    assert post["parent.username"] == "mila.tastes"
    assert post["parent.id"] == "17841400000000001"


def test_many_columns_and_posts_alone():
    found = read(FIELD / "38-many-columns")
    assert len(found["accounts"][0]) == 27
    assert found["posts"][0] == ("id", "handle", "caption", "taken_at", "likesCount", "comments_count")
    header, rows, _ = read(FIELD / "48-posts-csv-alone")["instagram_posts"]
    assert header[-1] == "followers"
    assert [row["username"] for row in rows] == ["mila.tastes", "mila.tastes", "otto.peaks"]
    assert rows[0]["caption"].startswith("Pão vegano")


def test_the_download_of_the_platform_as_tables():
    found = read(FIELD / "40-ig-download")
    assert found["profile_user"][1] == [{"title": "", "string_map_data.Username.value": "mila.tastes"}]
    assert found["posts_1"][1][0]["creation_timestamp"] == 1704448800
    assert found["posts_1"][1][0]["media"][0]["uri"] == "media/posts/202401/1.jpg"


def test_a_sidecar_is_one_row():
    ((title, (header, rows, _)),) = read(FIELD / "41-gallery-dl").items()
    assert title == "3687361308854381515_1.jpg"
    assert "post_shortcode" in header
    assert rows[0]["tagged_users"][0]["username"] == "tarn.boots"


def test_lines_of_json():
    _, rows, _ = read(FIELD / "43-jsonl-minus1")["posts"]
    assert rows[0]["likes"] == -1
    assert rows[0]["tagged"] == [{"handle": "a"}]
