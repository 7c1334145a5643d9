"""Tables as Excel workbooks: read as the CSV of their first sheet, and none of them costs more than its
rows."""

from __future__ import annotations

import datetime
import io
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brandfit.data.schema import Reject
from brandfit.data.sheets import _workbook, sheets, text_of
from brandfit.data.tabular import write as write_table
from brandfit.errors import DataError

SHEET = "xl/worksheets/sheet1.xml"


def workbook(rows: list[list], *more: str) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "List"
    for row in rows:
        book.active.append(row)
    for name in more:
        book.create_sheet(name).append(["x"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def repacked(data: bytes, name: str, change) -> bytes:
    """With one of the packed files changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, change(old.read(info)) if info.filename == name else old.read(info))
    return out.getvalue()


def rows_of(path) -> tuple[list, list[Reject], list[str]]:
    """Rows with the texts of their cells, rejects and notes of a workbook."""
    content = sheets(path)
    rows, rejects, notes, ticked = [], list(content.rejects), [], []
    for sheet in content.sheets:
        reading = sheet.rows(ticked.append)
        items = list(reading)
        rows += [(item.line, [*item.cells.values()]) for item in items if not isinstance(item, Reject)]
        rejects += [item for item in items if isinstance(item, Reject)]
        notes += [*sheet.notes, *reading.notes]
    assert sum(ticked) == (path.stat().st_size if content.sheets else 0)
    return rows, rejects, notes


GOOD = workbook(
    [
        ["Username", "Followers", "Seen"],
        ["@Ana", 8000.0, datetime.datetime(2025, 3, 1)],
        [],
        ["bo", "many", None],
    ]
)


def test_a_workbook_is_a_table_like_any_other(read, tmp_path):
    (tmp_path / "My list.xlsx").write_bytes(GOOD)
    found = read("folder", tmp_path)
    assert [(a.id, a.followers, a.seen) for a in found.accounts] == [
        ("ana", 8000, 1740787200),
        ("bo", None, None),
    ]
    assert not found.rejects
    assert any("followers: 1 cell counts as unknown: 'many' (line 4)" in line for line in found.warnings)
    assert found.ticked == found.total


def test_cells_are_what_a_spreadsheet_would_write_as_csv(tmp_path):
    names = ["a", "b", "c", "d", "e", "f", "g", "h"]
    values = ["text", 3, 2.0, 0.5, True, datetime.date(2025, 3, 1), None, "0012", None]
    (tmp_path / "a.xlsx").write_bytes(workbook([names, values], "notes"))
    rows, rejects, notes = rows_of(tmp_path / "a.xlsx")
    line, cells = rows[0]
    assert line == 2
    assert cells == ["text", 3, 2.0, 0.5, True, datetime.datetime(2025, 3, 1), None, "0012"]
    assert [text_of(cell) for cell in cells] == [
        "text", "3", "2", "0.5", "true", "2025-03-01T00:00:00", "", "0012",
    ]  # fmt: skip
    assert not rejects
    assert notes == ["a.xlsx: the sheet 'notes' has one cell, and no table, and was skipped."]


def test_what_we_export_comes_back(read, tmp_path, sources):
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    with Workspace(tmp_path / "work", create=True) as workspace:
        pipeline.import_source(workspace, "sample", settings={"influencers": 20})
        accounts = workspace.dataset().accounts
    (tmp_path / "back").mkdir()
    write_table(accounts, tmp_path / "back" / "accounts.xlsx")
    found = read("folder", tmp_path / "back")
    assert not found.rejects
    assert {a.id: (a.role, a.followers, a.category, a.biography) for a in found.accounts} == {
        row["id"]: (row["role"], row["followers"], row["category"], row["biography"] or None)
        for row in accounts.to_pylist()
    }


def test_a_sheet_that_lies_of_its_size_is_read_whole(tmp_path):
    data = repacked(GOOD, SHEET, lambda xml: xml.replace(b'ref="A1:C4"', b'ref="A1"'))
    assert data != GOOD
    (tmp_path / "a.xlsx").write_bytes(data)
    assert [row for row, _ in rows_of(tmp_path / "a.xlsx")[0]] == [2, 4]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK", "not a workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "password"),
        (GOOD[:-30], "not a workbook"),
        (repacked(GOOD, SHEET, lambda xml: xml[:-40]), "cannot be read on"),
        (
            repacked(GOOD, SHEET, lambda xml: xml.replace(b'<row r="4"', b'<row r="99999999999"')),
            "1,048,576 rows",
        ),
        (repacked(GOOD, "[Content_Types].xml", lambda xml: b""), "cannot be read on"),
    ],
)
def test_what_cannot_be_read_is_rejected_with_the_reason(tmp_path, data, reason):
    (tmp_path / "a.xlsx").write_bytes(data)
    _, rejects, _ = rows_of(tmp_path / "a.xlsx")
    assert len(rejects) == 1
    assert reason in rejects[0].reason


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(_workbook, "UNPACKED", 1 << 20)
    (tmp_path / "a.xlsx").write_bytes(repacked(GOOD, SHEET, lambda xml: xml + b" " * (2 << 20)))
    assert (tmp_path / "a.xlsx").stat().st_size < 1 << 16
    rows, rejects, _ = rows_of(tmp_path / "a.xlsx")
    assert rows == []
    assert "more than 1 MiB" in rejects[0].reason


def test_a_cell_far_to_the_right_is_not_waited_for(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(repacked(GOOD, SHEET, lambda xml: xml.replace(b'r="C1"', b'r="XFD1"')))
    rows, _, _ = rows_of(tmp_path / "a.xlsx")
    assert len(rows) == 2
    assert len(rows[0][1]) <= _workbook.COLUMNS


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_is_more_than_a_reject(read, tmp_path, data):
    with zipfile.ZipFile(io.BytesIO(GOOD)) as packed:
        names = packed.namelist()

    def spoil(content: bytes) -> bytes:
        result = bytearray(content)
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(result)))
            result[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
        return bytes(result)

    inner = data.draw(st.booleans())
    content = repacked(GOOD, data.draw(st.sampled_from(names)), spoil) if inner else spoil(GOOD)
    (tmp_path / "accounts.xlsx").write_bytes(content)
    try:
        rejects = read("folder", tmp_path).rejects
    except DataError:
        return  # nothing is left of the sheet, and the message says so
    for reject in rejects:
        assert reject.file.endswith("accounts.xlsx")
        assert reject.line >= 1
        assert reject.reason
