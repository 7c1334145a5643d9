"""Workbooks as people keep them: several sheets, hidden rows, merged cells, links, formulas; other forms."""

from __future__ import annotations

import datetime
import io
import zipfile

import openpyxl

from brandfit.data.schema import Reject
from brandfit.data.sheets import LinkedText, sheets


def saved(book: openpyxl.Workbook, path) -> None:
    book.save(path)


def list_of(sheet, rows) -> None:
    for row in rows:
        sheet.append(row)


def items_of(sheet):
    reading = sheet.rows(lambda _n_bytes: None)
    items = list(reading)
    assert not [item for item in items if isinstance(item, Reject)]
    return [item.cells for item in items], [*sheet.notes, *reading.notes]


def test_a_workbook_of_a_marketer(tmp_path):
    book = openpyxl.Workbook()
    cover = book.active
    cover.title = "Cover"
    list_of(cover, [["Influencer campaign Q3"], [], ["Owner", "Anna"], ["All figures are estimates"]])
    accounts = book.create_sheet("Creators")
    list_of(
        accounts,
        [
            ["Creators DACH", None, None],
            [],
            ["Handle", "Follower", "Gesehen"],
            ["anna.k", 12000, datetime.datetime(2024, 5, 1)],
            ["ben.l", 13000.5, None],
            ["cleo.m", "#N/A", None],
            [],
            ["Summe", 25000, None],
        ],
    )
    accounts.row_dimensions[5].hidden = True
    posts = book.create_sheet("Posts")
    list_of(posts, [["id", "handle"], [1, "anna.k"], [2, "anna.k"]])
    book.create_sheet("Empty")
    old = book.create_sheet("Old")
    list_of(old, [["handle", "n"], ["x", 1], ["y", 2]])
    old.sheet_state = "hidden"
    saved(book, tmp_path / "list.xlsx")
    content = sheets(tmp_path / "list.xlsx")
    assert [sheet.title for sheet in content.sheets] == ["Creators", "Posts"]
    assert [sheet.name for sheet in content.sheets] == ["list.xlsx, sheet Creators", "list.xlsx, sheet Posts"]
    assert sum(sheet.size for sheet in content.sheets) == (tmp_path / "list.xlsx").stat().st_size
    rows, notes = items_of(content.sheets[0])
    assert rows == [
        {"Handle": "anna.k", "Follower": 12000, "Gesehen": datetime.datetime(2024, 5, 1)},
        {"Handle": "cleo.m", "Follower": "#N/A"},
    ]
    said = "\n".join(notes)
    for part in (
        "the sheet 'Cover' has text, and no table",
        "the sheet 'Empty' is empty",
        "the sheet 'Old' is hidden",
        "line 1 above the header was skipped: 'Creators DACH'",
        "1 hidden row was skipped, such as row 5: 'ben.l | 13000.5'",
        "line 8 is a total or a remark and was skipped: 'Summe | 25000'",
    ):
        assert part in said
    assert items_of(content.sheets[1]) == ([{"id": 1, "handle": "anna.k"}, {"id": 2, "handle": "anna.k"}], [])


def test_links_merged_cells_and_formulas(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    list_of(
        sheet,
        [["Name", "Niche", "Profile"], ["Anna", "Food", "link"], ["Ben", None, "link"], ["Cleo", "Art", 3]],
    )
    sheet["A2"].hyperlink = "https://instagram.com/anna.k?a=1&b=2"
    sheet["A3"] = '=HYPERLINK("https://instagram.com/ben.l","Ben")'
    sheet["C4"] = "=1+2"
    sheet.merge_cells("B2:B3")
    sheet.column_dimensions["B"].hidden = True
    saved(book, tmp_path / "a.xlsx")
    (found,) = sheets(tmp_path / "a.xlsx").sheets
    rows, notes = items_of(found)
    assert isinstance(rows[0]["Name"], LinkedText)
    assert (rows[0]["Name"], rows[0]["Name"].link) == ("Anna", "https://instagram.com/anna.k?a=1&b=2")
    # openpyxl does not calculate: the address is all there is.
    assert rows[1]["Name"] == "https://instagram.com/ben.l"
    assert [row.get("Niche") for row in rows] == ["Food", "Food", "Art"]
    said = "\n".join(notes)
    assert "merged cells have their value in each of their rows (1 more)" in said
    assert "hidden columns are read too: B" in said
    assert "1 cell has a formula without a value, such as C4" in said


def test_a_wide_list_beside_a_stray_cell(tmp_path):
    book = openpyxl.Workbook()
    list_of(book.active, [["handle", "n"], ["anna.k", 1], ["ben.l", 2, None, "call him"]])
    saved(book, tmp_path / "a.xlsx")
    (found,) = sheets(tmp_path / "a.xlsx").sheets
    rows, _ = items_of(found)
    assert rows[1] == {"handle": "ben.l", "n": 2, "column 4": "call him"}


ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">
<office:body><office:spreadsheet><table:table table:name="List">
<table:table-row><table:table-cell office:value-type="string"><text:p>handle</text:p></table:table-cell>
<table:table-cell office:value-type="string"><text:p>followers</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell office:value-type="string"><text:p>anna.k</text:p></table:table-cell>
<table:table-cell office:value-type="float" office:value="12000"><text:p>12000</text:p></table:table-cell>
</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"""
MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">
<manifest:file-entry manifest:full-path="/"
 manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>
</manifest:manifest>"""


def test_an_open_document(tmp_path):
    with zipfile.ZipFile(tmp_path / "list.ods", "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("content.xml", ODS.replace("\n", ""))
        packed.writestr("META-INF/manifest.xml", MANIFEST)
    (found,) = sheets(tmp_path / "list.ods").sheets
    assert (found.title, found.header) == ("List", ("handle", "followers"))
    assert items_of(found)[0] == [{"handle": "anna.k", "followers": 12000.0}]


def test_a_workbook_under_another_name_and_in_a_zip(tmp_path):
    book = openpyxl.Workbook()
    list_of(book.active, [["handle", "n"], ["anna.k", 1], ["ben.l", 2]])
    out = io.BytesIO()
    book.save(out)
    (tmp_path / "export").write_bytes(out.getvalue())
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        packed.writestr("sub/list.xls", out.getvalue())
    found = sheets(tmp_path).sheets
    assert [sheet.name for sheet in found] == ["all.zip: sub/list.xls", "export"]
    assert [len(sheet.head) for sheet in found] == [2, 2]


def test_passwords_and_damage_are_rejected_with_the_next_step(tmp_path):
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    (tmp_path / "a.xlsx").write_bytes(ole + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"))
    (tmp_path / "b.xls").write_bytes(ole + b"\0" * 600)
    (tmp_path / "c.xlsx").write_bytes(b"PK\x03\x04" + b"\0" * 100)
    (tmp_path / "d.ods").write_bytes(b"PK\x03\x04" + b"\0" * 100)
    content = sheets(tmp_path)
    reasons = {reject.file.rpartition("/")[2]: reject.reason for reject in content.rejects}
    assert set(reasons) == {"a.xlsx", "b.xls", "c.xlsx", "d.ods"}
    assert "has a password; save it without" in reasons["a.xlsx"]
    assert "save its sheet as CSV" in reasons["b.xls"]
    assert "not a workbook" in reasons["c.xlsx"]
