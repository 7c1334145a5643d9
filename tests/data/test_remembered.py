"""What a mapping states of a header, and what is remembered of an earlier import of the same header."""

from __future__ import annotations

import openpyxl
import pytest

from brandfit import pipeline
from brandfit.data.sheets._number_formats import unit_of_format
from brandfit.data.tables.mapping import mapping_for
from brandfit.workspace import Workspace


@pytest.fixture
def bring(tmp_path):
    """Import a text as a list, with entries of a mapping. Returns the accounts and the notes."""

    def run(text: str, name: str = "list.csv", *entries: str):
        (tmp_path / name).write_text(text, "utf-8")
        result = pipeline.import_source(
            tmp_path / "w",
            "folder",
            path=tmp_path / name,
            settings={"map": list(entries)} if entries else None,
        )
        with Workspace(tmp_path / "w") as workspace:
            rows = {row["id"]: row for row in workspace.dataset().accounts.to_pylist()}
        return rows, result.warnings

    return run


def says(notes, *words):
    return any(all(word in note for word in words) for note in notes)


def test_a_header_has_the_last_meaning_that_is_stated():
    headers = ["Handle", "Fee", "Rate"]

    def of(*entries, earlier=()):
        return mapping_for(entries, "list.csv", headers=headers, earlier=earlier)

    assert of("ignore=Fee", "price=Fee").entries == ["price=Fee"]
    assert of("price=Fee", "ignore=fee").entries == ["ignore=Fee"]
    assert of("accounts.price=Fee", "engagement_rate=Fee").entries == ["engagement_rate=Fee"]
    assert of("price=Fee", "accounts.price=Rate").entries == ["accounts.price=Rate"]
    # Posts and their authors may read one header.
    assert of("posts.account=Handle", "accounts.name=Handle").entries == [
        "posts.account=Handle",
        "accounts.name=Handle",
    ]
    both = of("ignore=Rate", earlier=["attribute=Fee", "price=Rate", "followers.unit=K"])
    assert both.entries == ["ignore=Rate", "attribute=Fee", "followers.unit=K"]
    assert both.from_earlier == ("attribute=Fee",)
    assert (both.style_of, both.remembered) == ({}, {("followers", "unit"): "K"})


def test_a_unit_that_was_answered_is_not_used_against_the_file(bring):
    rows, _ = bring("username,followers\na.one,12.5\nb.two,9.8\n", "1.csv", "followers.unit=K")
    assert rows["a.one"]["followers"] == 12_500
    rows, notes = bring("username,followers\nc.one,12500\nd.two,9800\n", "2.csv")
    assert (rows["c.one"]["followers"], rows["d.two"]["followers"]) == (12_500, 9_800)
    assert not says(notes, "earlier import")
    # Where the file shows nothing, it is used, and told.
    rows, notes = bring("username,followers\ne.one,11.5\nf.two,9.1\n", "3.csv")
    assert rows["e.one"]["followers"] == 11_500
    assert says(notes, "'followers' is read as in an earlier import", "accounts.followers.unit=K", "--map")
    assert not says(notes, "In what unit")


def test_dates_are_read_by_their_own_evidence_first(bring, tmp_path):
    header = "post id,username,date,caption\n"
    bring(f"{header}p1,a.one,01/02/2024,x\np2,b.two,03/04/2024,x\n", "1.csv", "time.day=first")
    bring(f"{header}p3,a.one,02/13/2024,x\np4,b.two,03/04/2024,x\n", "2.csv")
    posts = {row["id"]: row["time"] for row in pipeline.load(tmp_path / "w").posts.to_pylist()}
    assert posts["p2"] == 1_712_102_400  # 3 April
    assert posts["p4"] == 1_709_510_400  # 4 March


def test_undo_takes_back_the_answers_too(bring, tmp_path):
    text = "username,followers\na.one,12.5\nb.two,9.8\n"
    bring(text, "1.csv", "followers.unit=M")
    pipeline.undo(tmp_path / "w")
    rows, notes = bring(text, "1.csv")
    assert rows["a.one"]["followers"] is None
    assert says(notes, "In what unit are the numbers")
    preview = pipeline.preview_import(tmp_path / "w", tmp_path / "1.csv")
    assert preview.has_questions


def test_an_answered_question_can_still_be_changed(bring, tmp_path):
    text = "username,followers\na.one,12.5\nb.two,9.8\n"
    bring(text, "1.csv", "followers.unit=M")
    preview = pipeline.preview_import(tmp_path / "w", tmp_path / "1.csv")
    (question,) = preview.sheets[0].choices
    assert (question.answer, preview.has_questions) == ("accounts.followers.unit=M", False)
    rows, _ = bring(text, "1.csv", "followers.unit=K")
    assert rows["a.one"]["followers"] == 12_500
    _, notes = bring(text, "1.csv", "followers.unit=?")
    assert says(notes, "In what unit")
    _, notes = bring(text, "1.csv")
    assert says(notes, "In what unit")


def test_another_meaning_takes_the_place_of_the_earlier_one(bring):
    text = "username,followers,rate\na.one,12000,3.4\nb.two,9000,2.1\n"
    rows, notes = bring(text, "1.csv", "accounts.engagement_rate=rate")
    assert (rows["a.one"]["price"], rows["a.one"]["engagement_rate"]) == (None, 0.034)
    assert says(notes, "Read: handle from 'username'", "engagement rate from 'rate'")
    rows, _ = bring(text, "2.csv", "followees=followers", "attribute=rate")
    _, notes = bring(text, "2.csv")
    assert says(notes, "read as answered in an earlier import", "followees=followers", "attribute=rate")


def test_a_second_mapping_keeps_the_first(bring):
    text = "Username,Followers,Rate,Views\na.one,12000,3.4,5\n"
    bring(text, "1.csv", "attribute=Rate")
    bring(text, "1.csv", "ignore=Views")
    rows, notes = bring(text, "1.csv")
    assert rows["a.one"]["price"] is None
    assert says(notes, "Views ('5'; as answered in an earlier import)")
    rows, _ = bring(text, "1.csv", "price=Rate", "followees=Views")
    assert (rows["a.one"]["price"], rows["a.one"]["followees"]) == (3.4, 5)


@pytest.mark.parametrize(
    ("cells", "rates"),
    [
        (["3,4", "0,9", "2,7"], [0.034, 0.009, 0.027]),
        (["0.5", "0.8", "0.9"], [0.005, 0.008, 0.009]),
        (["0.034", "0.021"], [0.034, 0.021]),
        (["0.034", "0.9", "1.2"], [None, None, None]),
        (["0.25"], [None]),
        (["0.5%", "0.8", "2.9"], [0.005, None, None]),
    ],
)
def test_engagement_rates_are_percentages_or_fractions_or_asked(bring, cells, rates):
    lines = [f"a{n}.b;{cell}" for n, cell in enumerate(cells)]
    rows, notes = bring("\n".join(["handle;engagement rate", *lines]) + "\n")
    assert [rows[f"a{n}.b"]["engagement_rate"] for n in range(len(cells))] == rates
    assert says(notes, "percentages or fractions?", "accounts.engagement_rate.share=percent") == (
        None in rates
    )
    if None in rates:
        rows, notes = bring(
            "\n".join(["handle;engagement rate", *lines]) + "\n", "list.csv", "engagement_rate.share=percent"
        )
        assert None not in [rows[f"a{n}.b"]["engagement_rate"] for n in range(len(cells))]
        assert not says(notes, "percentages or fractions?")


def test_a_part_of_a_list_is_read_like_the_list(bring, tmp_path):
    text = "Handle;Follower;Engagement Rate\n@one.a;12.500,0;3,4\nKein Konto;8.000;0,15\n@three.c;9.000;2,7\n"
    rows, _ = bring(text)
    assert rows["three.c"]["followers"] == 9_000
    pipeline.export_rejected_rows(tmp_path / "w", tmp_path / "rejected.xlsx")
    book = openpyxl.load_workbook(tmp_path / "rejected.xlsx")
    book.active["A2"] = "two.b"
    book.save(tmp_path / "rejected.xlsx")
    result = pipeline.import_source(tmp_path / "w", "folder", path=tmp_path / "rejected.xlsx")
    with Workspace(tmp_path / "w") as workspace:
        two = workspace.dataset().account("two.b")
        assert workspace.rejects(earlier=True) == []
    assert (two["followers"], two["engagement_rate"]) == (8_000, 0.0015)
    assert says(result.warnings, "is read as in an earlier import", "share=percent")


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        ("0.0%", "%"),
        ("#,##0.00 [$€-407]", "€"),
        ("[$$-409]#,##0.00", "$"),
        ('#,##0.00 "EUR"', "EUR"),
        ('"£"#,##0;[Red]-"£"#,##0', "£"),
        ("[$EUR] #,##0.00", "EUR"),
        ("General", ""),
        ("#,##0.00", ""),
        ("dd.mm.yyyy", ""),
        ('0.0,"K"', ""),
    ],
)
def test_units_of_formats(code, unit):
    assert unit_of_format(code) == unit


def test_formats_of_cells_are_units(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["Handle", "Followers", "Engagement rate", "Fee", "Growth"])
    cells = [
        ("a.one", 0.45, "[$$-409]#,##0.00"),
        ("b.two", 0.009, "#,##0.00 [$€-407]"),
        ("c.three", 0.03, "General"),
    ]
    for row, (handle, rate, money_format) in enumerate(cells, 2):
        book.active.append([handle, 9000, rate, 300, 0.12])
        book.active.cell(row, 3).number_format = "0.0%"
        book.active.cell(row, 4).number_format = money_format
        book.active.cell(row, 5).number_format = "0%"
    book.save(tmp_path / "list.xlsx")
    pipeline.import_source(tmp_path / "w", "folder", path=tmp_path / "list.xlsx")
    rows = {row["id"]: row for row in pipeline.load(tmp_path / "w").accounts.to_pylist()}
    assert [rows[id]["currency"] for id in ("a.one", "b.two", "c.three")] == ["USD", "EUR", None]
    assert [rows[id]["engagement_rate"] for id in ("a.one", "b.two", "c.three")] == [0.45, 0.009, 0.03]
    assert dict(rows["a.one"]["attributes"]) == {"Growth": "12%"}


def test_headings_between_rows_are_no_accounts(bring, tmp_path):
    text = "Handle,Followers,Price\nFOOD,,\nn.one,12500,100\nn.two,9000,90\nTRAVEL,,\nn.three,9500,90\n"
    rows, _ = bring(text)
    assert set(rows) == {"n.one", "n.two", "n.three"}
    with Workspace(tmp_path / "w") as workspace:
        assert ["looks like a heading" in reject["reason"] for reject in workspace.rejects()] == [True, True]
    # A list of handles alone has none, and neither have handles with a dot.
    rows, _ = bring("Handle,Followers\nanna,\nbo,\ncara,9000\ndi.e,\n", "other.csv")
    assert {"anna", "bo", "cara", "di.e"} <= set(rows)


def test_the_second_line_of_a_header_of_two_names_the_columns(bring):
    header = "Account,,Audience,,Cost\nHandle,Name,Followers,Following,Price\n"
    rows, _ = bring(f"{header}@a.one,Anna,12500,300,1200\n@b.two,Bo,9000,10,30\n")
    assert set(rows) == {"a.one", "b.two"}
    assert (rows["a.one"]["followers"], rows["a.one"]["price"]) == (12_500, 1_200)


def test_a_table_without_a_column_of_its_identity_rejects_its_rows(bring, tmp_path):
    bring("handle,followers\na.one,9000\n")
    # No cell of the column of brands can be read, and a table that a person chose.
    bring("brand,influencer\n{}{}{},a.one\n", "endorsements.csv")
    with Workspace(tmp_path / "w") as workspace:
        assert [one["reason"].startswith("brand") for one in workspace.rejects()] == [True]
    bring("handle,followers\na.one,9000\n", "list.csv", "table=comments")
    with Workspace(tmp_path / "w") as workspace:
        assert ["post is missing" in one["reason"] for one in workspace.rejects()] == [True]


def test_the_latest_year_counts(bring):
    rows, notes = bring("Handle,Followers (2022),Followers (2024)\na.one,8000,12000\n")
    assert rows["a.one"]["followers"] == 12_000
    assert says(notes, "kept as attributes", "Followers (2022)")
