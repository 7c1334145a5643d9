"""Tables as text: encodings, delimiters, headers, the foot; and no record is lost on any input."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brandfit.data.schema import Reject
from brandfit.data.sheets import repaired, sheets

KNOWN = {"handle", "name", "followers", "bio", "email"}


def is_known(text: str) -> bool:
    return text.lower() in KNOWN


def read(path, data: bytes | str, *, known=None):
    """(header, cells of the rows, notes, rejects) of a file with one table."""
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    content = sheets(path, is_known=known)
    (sheet,) = content.sheets
    ticked: list[int] = []
    reading = sheet.rows(ticked.append)
    items = list(reading)
    assert sum(ticked) == sheet.size == path.stat().st_size
    rows = [item.cells for item in items if not isinstance(item, Reject)]
    rejects = [item for item in items if isinstance(item, Reject)]
    return sheet.header, rows, [*sheet.notes, *reading.notes], rejects


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8-sig", "Läufer"),
        ("utf-16", "Läufer"),
        ("utf-16-le", "Läufer Müller"),
        ("utf-16-be", "Läufer Müller"),
        ("utf-32", "Läufer"),
        ("cp1252", "Läufer – „Fit“ & gesund €"),
        ("cp1252", "Çelik São Paulo coração"),
        ("cp1252", "crème brûlée, pâtisserie"),
        ("cp1252", "smørrebrød på Åland Østby"),
        ("cp1250", "Łukasz Żółć gęś"),
        ("cp1250", "Kovács Győző"),
        ("cp1250", "Štěpán Dvořák"),
        ("cp1254", "Gıda Şeyma Yıldız"),
        ("cp1254", "İstanbul Güneş"),
        ("cp1251", "Анна Петрова, фитнес и здоровье"),
        ("koi8-r", "Анна Петрова"),
        ("cp866", "Анна Петрова"),
        ("cp1253", "Αθήνα ταξίδι"),
        ("cp1255", "תל אביב אוכל"),
        ("cp1256", "مطعم القاهرة"),
        ("cp874", "อาหารไทย"),
        ("gbk", "美食 北京 张伟 健身"),
        ("shift_jis", "東京 カフェ さくら"),
        ("cp949", "서울 맛집 김민지"),
        ("big5", "台北 美食 旅行攝影"),
        ("mac-roman", "José Müller"),
        ("cp850", "José Müller"),
    ],
)
def test_encodings(tmp_path, encoding, text):
    table = f'handle;bio\nanna.k;"{text}"\nben.l;Yoga\n'
    header, rows, notes, _ = read(tmp_path / "a.csv", table.encode(encoding))
    assert header == ("handle", "bio")
    assert [row["bio"] for row in rows] == [text, "Yoga"]
    is_said = encoding not in ("utf-8-sig", "utf-16", "utf-32")
    assert any("is not UTF-8" in note for note in notes) == is_said


def test_an_encoding_that_shows_late_is_said_after_reading(tmp_path):
    lines = [
        "handle,name",
        *[f"a{n}.k,Anna Example the {n}th of her name" for n in range(20_000)],
        "b.k,José",
    ]
    (tmp_path / "a.csv").write_bytes("\n".join(lines).encode("cp1252"))
    (sheet,) = sheets(tmp_path / "a.csv").sheets
    reading = sheet.rows(lambda _n_bytes: None)
    *_, last = reading
    assert last.cells["name"] == "José"
    assert sheet.notes == ()
    assert "read as cp1252, for example 'José'" in reading.notes[0]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_compressed_files_under_any_name(tmp_path, pack):
    header, rows, *_ = read(tmp_path / "list.csv", pack(b"handle;name\nanna.k;Anna\n"))
    assert header == ("handle", "name")
    assert rows == [{"handle": "anna.k", "name": "Anna"}]


def test_a_cut_archive_loses_its_end_only(tmp_path):
    lines = "".join(f"a{n}.k,{n * 7919 % 1000}\n" for n in range(20_000))
    packed = gzip.compress(b"handle,followers\n" + lines.encode())
    _, rows, _, rejects = read(tmp_path / "a.csv", packed[: len(packed) // 2])
    assert len(rows) > 1000
    assert "ends in the middle" in rejects[-1].reason


@pytest.mark.parametrize(
    ("text", "n_columns"),
    [
        ("handle;a;b;c\nx;1,5;2,5;3,5\ny;1,5;2,5;3,5\n", 4),
        ('handle,caption\nx,"a; b; c"\ny,"d; e; f"\n', 2),
        ("handle\tbio\nx\tone, two, three\ny\tone, two\n", 2),
        ("Influencers, brands, and all of Q3\nhandle;name;followers\nx;X;1\ny;Y;2\n", 3),
        ("handle|bio\nx|a, b\n", 2),
        ('"handle", "bio"\n"x", "one, two"\n', 2),
        ("SEP=;\r\nhandle;bio\r\nx;a,b\r\n", 2),
        ("handle\nx\ny\n", 1),
    ],
)
def test_delimiters(tmp_path, text, n_columns):
    header, rows, _, rejects = read(tmp_path / "a.csv", text)
    assert len(header) == n_columns
    assert header[0].lower() == "handle"
    assert all(len(row) == n_columns for row in rows)
    assert not rejects


def test_lone_returns_between_other_line_ends(tmp_path):
    _, rows, _, rejects = read(tmp_path / "a.csv", "handle,name\nx,X\ry,Y\rz,Z\nw,W\n")
    assert [row["handle"] for row in rows] == ["x", "y", "z", "w"]
    assert not rejects


@pytest.mark.parametrize(
    ("text", "header", "n_rows", "note"),
    [
        ("anna.k,12000\nben.l,13000\n", (), 2, "no row names the columns"),
        ("anna.k\nben.l\n", (), 2, "no row names the column"),
        ("@anna\n@ben\n", (), 2, "no row names the column"),
        ("handle\nanna.k\nben.l\n", ("handle",), 2, ""),
        ("Report\nMade,by\n\nhandle,name,n\na,A,1\nb,B,2\n", ("handle", "name", "n"), 2, "2 rows"),
        ("handle,name,name\na,A,B\n", ("handle", "name", "name (2)"), 1, "2 columns are called 'name'"),
        ("handle,,followers\na,x,1\nb,y,2\n", ("handle", "column 2", "followers"), 2, ""),
        ("a,b,c\n1,2,3\n\na,b,c\n4,5,6\n", ("a", "b", "c"), 2, "a repeated header"),
        ("handle,n\na,1\n\nSource: our own list of 2024\n", ("handle", "n"), 1, "a total or a remark"),
        ("handle,name,n\na,A,1\nb,B,2\nSumme:,,3\nØ,,\"1,5\"\n", ("handle", "name", "n"), 2, "2 totals"),
        ("handle,2023,2024\na.k,1,2\nb.k,2,3\n", ("handle", "2023", "2024"), 2, ""),
        ("Handle,F,ER\na,1,2\nb,3,4\nGesamt,4,\nDurchschnitt,2,3\n", ("Handle", "F", "ER"), 2, "2 totals"),
        ("handle,f,er\na,1,2\nb,3,4\ntotal,5,6\n", ("handle", "f", "er"), 3, ""),
        ("handle,name,n\ntotal,Total,1\nb,B,2\n", ("handle", "name", "n"), 2, ""),
        ("handle,name,n\na,A,1\nTotal,,1\nb,B,2\nTotal,,2\n", ("handle", "name", "n"), 2, "2 totals"),
    ],
)  # fmt: skip
def test_where_a_table_begins_and_ends(tmp_path, text, header, n_rows, note):
    found, rows, notes, rejects = read(tmp_path / "a.csv", text)
    assert (found, len(rows)) == (header, n_rows)
    assert not rejects
    assert bool(note) == bool(notes)
    assert note in "".join(notes)
    if not header:
        assert "column 1" in rows[0]


LABELS = [
    "total", "TOTALS:", "Grand Total", "Subtotal", "Zwischensumme", "Summe", "Gesamt", "Insgesamt",
    "Average", "Avg.", "Mean", "Median", "Durchschnitt", "Mittelwert", "Ø", "Ø Follower", "∑", "Somme", 
    "Suma", "Promedio", "Totale", "Media", "Soma", "Média", "Toplam", "Genel Toplam", "Ortalama", "Итого",
    "合計", "总计", "平均", "Anzahl", "Count", "Total (3 influencers)",
]  # fmt: skip


@pytest.mark.parametrize("label", LABELS)
def test_labels_of_totals(tmp_path, label):
    _, rows, notes, _ = read(tmp_path / "a.csv", f"handle,name,n\na,A,1\nb,B,2\n{label},,3\n")
    assert [row["handle"] for row in rows] == ["a", "b"]
    assert "line 4 is a total or a remark" in notes[0]
    # The same label beside a name is a person.
    assert len(read(tmp_path / "a.csv", f"handle,name,n\na,A,1\nb,B,2\n{label},C,3\n")[1]) == 3


@pytest.mark.parametrize(
    "remark",
    [
        "Source: HypeAuditor 2024",
        "Quelle: eigene Liste",
        "Stand: 1. Mai",
        "* in thousands",
        "Exported on 2024-05-01",
    ],
)
def test_remarks_below_a_table(tmp_path, remark):
    _, rows, notes, _ = read(tmp_path / "a.csv", f"handle,name,n\na,A,1\nb,B,2\n\n{remark}\n")
    assert len(rows) == 2
    assert remark in notes[0]


def test_known_names_of_columns_beat_the_shape(tmp_path):
    text = "My list\nhandle\nanna\nben\n"
    assert read(tmp_path / "a.csv", text)[0] == ("My list",)
    assert read(tmp_path / "a.csv", text, known=is_known)[0] == ("handle",)


def test_one_quote_too_many_costs_one_record(tmp_path):
    _, rows, _, rejects = read(tmp_path / "a.csv", 'handle,name\na,"A\nb,B\nc,C\n')
    assert [row["handle"] for row in rows] == ["b", "c"]
    assert [reject.line for reject in rejects] == [2]


def test_a_shifted_row_is_rejected(tmp_path):
    _, rows, _, rejects = read(tmp_path / "a.csv", "handle,name\na,A\nb,B,,\nc,C,x\n")
    assert len(rows) == 2
    assert rejects[0].reason == "expected 2 cells as in the first row, found 3"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b""),
        ("a.xls", b"<html><table><tr><td>handle</td></tr></table>"),
        ("a.pdf", b"%PDF-1.7 ..."),
        ("notes.txt", b"Dear Anna,\nplease find the list.\nBest\n"),
        ("a.bin", b"\x00\x01\x02" * 50),
    ],
)
def test_other_files_are_named(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    content = sheets(tmp_path)
    assert content.sheets == ()
    assert [no_table.source.name for no_table in content.no_tables] == [name]
    assert content.no_tables[0].reason.endswith(".")


def test_text_of_another_name_is_a_table_if_its_lines_are_rows(tmp_path):
    (tmp_path / "list.txt").write_text("handle\tname\nanna.k\tAnna\nben.l\tBen\n")
    (tmp_path / "handles.txt").write_text("anna.k\nben.l\n")
    (tmp_path / "letter.txt").write_text(
        "Hello, this is a note, with commas\nand another, line, with commas\n"
    )
    assert [sheet.title for sheet in sheets(tmp_path).sheets] == ["handles", "list"]


def test_mojibake_is_repaired_and_other_text_is_not():
    assert repaired("P\u00c3\u00a3o \u00f0\u009f\u008d\u009e") == "Pão 🍞"
    for text in ("Pão", "Brot", "日本", "Ã", ""):
        assert repaired(text) == text


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n,;\"'"), max_size=12)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELL, CELL, st.integers(0, 10**9)), min_size=3, max_size=8))
def test_rows_are_those_of_the_csv_module(tmp_path, cells):
    # A leading apostrophe and labels of totals have meanings of their own.
    rows = [
        (f"h{n}.x", re.sub(r"^'", "", a), re.sub(r"^'", "", b), str(c)) for n, (a, b, c) in enumerate(cells)
    ]
    out = io.StringIO()
    csv.writer(out).writerows([("handle", "name", "bio", "followers"), *rows])
    header, found, _, rejects = read(tmp_path / "a.csv", out.getvalue(), known=is_known)
    assert header == ("handle", "name", "bio", "followers")
    assert not rejects
    # The oracle reads the same bytes.
    expected = list(csv.reader(io.StringIO(out.getvalue(), newline="")))[1:]
    assert [[*row.values()] for row in found] == expected


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            [b"handle,name", b"a,b", b"Total,5", b"Total", b"x;y;z", b'"', b'"q",', b"\xff\xfe", b"\x80",
             b"\0", b",,", b"{", b"[1]", b"\r", b"1,2", b"Source: me and you", b" ", b"\xc3\xa4,\xe4"]
        ) | st.binary(max_size=12),
        max_size=14,
    ),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.sampled_from(["a.csv", "a.txt", "a.json", "a.jsonl", "a.xlsx", "a.parquet", "a.zip", "a"]),
)  # fmt: skip
def test_any_bytes_are_rows_rejects_or_no_table(tmp_path, parts, end, name):
    path = tmp_path / name
    path.write_bytes(end.join(parts))
    try:
        content = sheets(path)
        assert content.sheets or content.no_tables or content.rejects
        for sheet in content.sheets:
            items = list(sheet.rows(lambda _n_bytes: None))
            assert all(isinstance(item, Reject) or item.line >= 1 for item in items)
    finally:
        path.unlink()


RECORD = st.sampled_from(
    [
        "handle,name",
        "anna,Anna",
        "Total,5",
        "Total,",
        "Summe",
        "x,y,z",
        ",",
        ",5",
        "Source: me and you",
        "12,13",
        "q,",
    ]
)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RECORD, min_size=1, max_size=12))
def test_each_record_is_a_row_a_reject_or_counted(tmp_path, records):
    path = tmp_path / "a.csv"
    path.write_text("\n".join(records))
    content = sheets(path)
    (sheet,) = content.sheets
    reading = sheet.rows(lambda _n_bytes: None)
    n_items = sum(1 for _ in reading)
    n_skipped = 0
    for note in [*sheet.notes, *reading.notes]:
        if "skipped" in note:
            several = re.match(r"a\.csv: ([\d,]+) (?:rows|totals|repeated)", note)
            n_skipped += int(several[1].replace(",", "")) if several else 1
    n_records = sum(record.strip(", ") != "" for record in records)
    assert n_items + n_skipped + bool(sheet.header) == n_records


def test_quotes_between_tabs_need_no_quoting(tmp_path):
    _, rows, _, rejects = read(tmp_path / "a.tsv", 'handle\tbio\na.k\t"vegan" baker\nb.k\t5" heels\n')
    assert [row["bio"] for row in rows] == ['"vegan" baker', '5" heels']
    assert not rejects


def test_two_tables_under_titles(tmp_path):
    text = "Table 1\nhandle,followers\na,1\nb,2\n\nTable 2\nhandle,bio,email\nc,5,x\n"
    header, rows, _, rejects = read(tmp_path / "a.csv", text, known=is_known)
    assert header == ("handle", "followers")
    assert [row["handle"] for row in rows] == ["a", "b", "Table 2"]
    assert [reject.line for reject in rejects] == [7, 8]


def test_records_that_were_quoted_as_cells(tmp_path):
    text = '"handle,name,followers"\n"anna.k,""Anna, K"",1"\n"ben.l,Ben,2"\n'
    header, rows, _, rejects = read(tmp_path / "a.csv", text)
    assert header == ("handle", "name", "followers")
    assert [row["name"] for row in rows] == ["Anna, K", "Ben"]
    assert not rejects


def test_a_second_table_below_the_first_is_rejected_row_by_row(tmp_path):
    text = "handle,followers\na,1\nb,2\n\nname,bio\nx,y\nz,w\n"
    _, rows, _, rejects = read(tmp_path / "a.csv", text, known=is_known)
    assert len(rows) == 2
    assert [reject.line for reject in rejects] == [5, 6, 7]
    assert "another table begins in line 5" in rejects[0].reason


def test_blank_columns_are_no_columns_unless_a_row_has_a_cell(tmp_path):
    lines = [",handle,,followers", *[f",a{n}.k,,{n}" for n in range(300)], ",late.k,note,1"]
    header, rows, *_ = read(tmp_path / "a.csv", "\n".join(lines))
    assert header == ("handle", "followers")
    assert rows[0] == {"handle": "a0.k", "followers": "0"}
    assert rows[-1] == {"handle": "late.k", "column 3": "note", "followers": "1"}
