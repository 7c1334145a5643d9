from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brandfit.data import cells
from brandfit.data.cells import OtherPlatform, RoundedId, TotalsRow, handles

FIELD = {
    "@Some.One ": "some.one",
    "https://www.instagram.com/some.one/?igshid=abc": "some.one",
    "instagram.com/Other_1": "other_1",
    "www.instagram.com/p/DMsAAA111/": "the link of a post",
    "https://www.instagram.com/mila.tastes/reel/DGWUc13/": "mila.tastes",
    "https://www.tiktok.com/@ravi.n81": "one of TikTok",
    "https://youtube.com/@priya.v": "one of YouTube",
    "https://instagr.am/short.one": "short.one",
    "https://m.instagram.com/mob.ile": "mob.ile",
    "http://instagram.com/_u/deep.link": "deep.link",
    "https://www.instagram.com/stories/story.teller/3141/": "story.teller",
    "ig: @with.prefix": "with.prefix",
    "@two.handles / @and.another": "several in one cell",
    "Mila Tastes (@mila.tastes)": "mila.tastes",
    "\u200bzero.width": "zero.width",
    "trailing.dot.": "without a dot at its ends",
    '=HYPERLINK("https://instagram.com/excel.link","excel.link")': "excel.link",
    "1234567890": "1234567890",
    "1.23E+10": "a spreadsheet rounded",
    "＠full.width": "full.width",
}
FURTHER = {
    "Mila Tastes - @mila": "mila",
    "@mila (Mila)": "mila",
    "IG - mila": "mila",
    "Insta @mila": "mila",
    "[x](https://instagram.com/x1)": "x1",
    "https://instagram.com/a https://tiktok.com/@b": "a",
    "https://www.instagram.com/mila%2Etastes": "mila.tastes",
    "http://instagram.com/@ana.b": "ana.b",
    '=HYPERLINK("https://instagram.com/x1";"Mila")': "x1",
    "@total": "total",
    "see https://instagram.com/mila.x, thanks": "mila.x",
    "https://www.instagram.com/mila/tagged/": "mila",
    "@private": "private",
    "mila.com": "mila.com",
    "josé.läuft": "josé.läuft",
    "jose\u0301": "josé",
    "mila, otto": "several in one cell",
    "mila/otto": "several in one cell",
    "https://instagram.com/a https://instagram.com/b": "links to several accounts",
    "mila@mail.com": "an e-mail address",
    "550e8400-e29b-41d4-a716-446655440000": "a UUID",
    "Mila Tastes": "a text with blanks",
    "a..b": "two in a row",
    ".a": "two in a row",
    "a" * 31: "at most 30",
    "@mila?": "letters, digits, dots",
    "12345.0": "a spreadsheet rounded",
    "tiktok: @x": "one of TikTok",
    "x.com/abc": "one of X",
    "https://linktr.ee/x": "one of Linktree",
    "https://mysite.example/x": "the link of a profile on Instagram",
    "https://fakeinstagram.com/x": "the link of a profile on Instagram",
    "instagram.com": "without an account",
    "instagram.com/stories/highlights/123/": "without an account",
    "https://www.instagram.com/reel/Cxyz12345/": "the link of a post",
    "https://www.instagram.com/tv/Cxyz12345/": "the link of a post",
    "https://www.instagram.com/explore/tags/x": "the link of a profile",
    "Total": "a row of totals",
    "Summe:": "a row of totals",
    "Grand Total": "a row of totals",
    "nan": "which means unknown",
    "[]": "found none",
    "": "found none",
    "x" * 3000: "a text of 3,000",
}


@pytest.mark.parametrize(("cell", "expected"), (FIELD | FURTHER).items())
def test_handles_as_people_write_them(cell, expected):
    if " " not in expected and expected != "a" * 31:
        assert cells.account_id(cell) == expected
        return
    with pytest.raises(ValueError, match=expected):
        cells.account_id(cell)


def test_every_handle_of_the_field_file_is_in_the_table(column):
    assert set(column("18-handle-forms", file="accounts.csv", name="handle")) == set(FIELD)


def test_kinds_of_errors_can_be_counted():
    with pytest.raises(OtherPlatform) as error:
        cells.account_id("https://vm.tiktok.com/x")
    assert error.value.platform == "TikTok"
    with pytest.raises(TotalsRow):
        cells.account_id("Gesamt")
    for value in ("1.23E+10", 1.5, 12345.0, "12345.0"):
        with pytest.raises(RoundedId):
            cells.account_id(value)
    assert cells.account_id(12345) == "12345"


@pytest.mark.parametrize("value", [None, math.nan, True, [1], -5])
def test_other_types_are_refused(value):
    with pytest.raises(ValueError, match="expected"):
        cells.account_id(value)


def test_free_ids_are_of_any_kind():
    assert cells.account_id("Harbour Roastery 12", free=True) == "harbour roastery 12"
    assert cells.account_id("https://www.instagram.com/Some.One/", free=True) == "some.one"
    assert cells.account_id("total-shop", free=True) == "total-shop"
    with pytest.raises(ValueError, match="printable"):
        cells.account_id("a\x00b", free=True)


HANDLE = st.from_regex(r"[a-z_][a-z0-9_]{0,9}(\.[a-z0-9_]{1,9}){0,2}", fullmatch=True).filter(
    lambda name: name not in handles._NO_HANDLES
)


@given(HANDLE)
def test_a_handle_is_read_from_all_of_its_forms(name):
    forms = [
        name,
        f"@{name}",
        f" {name.upper()} ",
        f"＠{name}",
        f"https://www.instagram.com/{name}/",
        f"ig: @{name}",
    ]
    forms += [
        f"instagram.com/{name}?hl=en",
        f"Some One (@{name})",
        f"https://instagram.com/stories/{name}/12/",
    ]
    if name not in ("p", "reel", "reels", "tv", "u", "_u", "_n", "stories", *handles._PAGES):
        assert {cells.account_id(form) for form in forms} == {name}
    # The fast path and the path of all forms.
    assert handles._checked_handle(name, name) == cells.account_id(name) == name


@given(
    st.one_of(
        st.text(max_size=40), st.text("ab.@/:_-() 1E+instagramcom", max_size=30), st.floats(), st.integers()
    )
)
def test_any_cell_is_a_handle_or_a_value_error(cell):
    for read in (cells.account_id, cells.row_id):
        with contextlib.suppress(ValueError):
            assert read(cell)
    assert cells.post_code(cell) is None or isinstance(cell, str)


# --- ids of posts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("3686231234567890123", "3686231234567890123"),
        (3686231234567890123, "3686231234567890123"),
        ("DZf_A-A", "DZf_A-A"),
        ("123.0", "123"),
        (123.0, "123"),
        (" p1 ", "p1"),
        ("https://www.instagram.com/p/DZfAAA/", "DZfAAA"),
        ("https://www.instagram.com/mila/reel/DZfAAA12/?x=1", "DZfAAA12"),
        ("p.1", "p.1"),
    ],
)
def test_ids_of_posts(cell, expected):
    assert cells.row_id(cell) == cells.other_row_id(cell) == expected


@pytest.mark.parametrize(
    "cell", ["3.68736E+18", "3,68736E+18", 3.68736e18, 2.0**60, "3687360000000000000.0", 1.5]
)
def test_rounded_ids_are_refused(cell):
    with pytest.raises(RoundedId, match=r"spreadsheet rounded.*export the column as text.*or give"):
        cells.row_id(cell)


def test_the_rounded_ids_of_the_field_file(column):
    for cell in column("26g-csv-long-ids-excel", file="posts.csv", name="id"):
        with pytest.raises(RoundedId):
            cells.row_id(cell)


def test_unknown_ids():
    assert cells.other_row_id("n/a") is cells.other_row_id(None) is None
    for cell in ("n/a", None, "", True):
        with pytest.raises(ValueError, match="expected an id"):
            cells.row_id(cell)


def test_codes_of_permalinks():
    assert cells.post_code("https://www.instagram.com/p/DZfAAA/") == "DZfAAA"
    assert cells.post_code("https://instagram.com/tv/B_x-12/?igsh=1") == "B_x-12"
    assert cells.post_code("https://instagram.com/mila/") is cells.post_code(None) is None
