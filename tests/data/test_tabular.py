"""Exported files: safe in a spreadsheet, written whole or not at all."""

from __future__ import annotations

import csv

import pyarrow as pa
import pytest

from brandfit.data import tabular
from brandfit.errors import UsageError


def test_no_cell_begins_like_a_formula(tmp_path):
    bad = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "fine", None, ""]
    table = pa.table({"caption": bad, "score": [-1.5] * len(bad), "tags": [["=a", "b"]] * len(bad)})
    assert tabular.write(table, tmp_path / "a.csv") == len(bad)
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert not any(row[0][:1] in tabular.FORMULA for row in rows if row[0])
    assert [row[1] for row in rows] == ["-1.5"] * len(bad)
    assert {row[2] for row in rows} == {"'=a|b"}


def test_a_failure_in_the_middle_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "a.csv"
    tabular.write(pa.table({"a": [1]}), file)
    before = file.read_bytes()

    def broken(_table, path):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setitem(tabular.WRITERS, ".csv", broken)
    with pytest.raises(OSError, match="disk full"):
        tabular.write(pa.table({"a": [2]}), file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_an_ending_that_is_not_known_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"\.csv"):
        tabular.write(pa.table({"a": [1]}), tmp_path / "a.xls")
