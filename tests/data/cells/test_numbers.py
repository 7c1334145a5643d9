from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brandfit.data import cells
from brandfit.data.cells import Ambiguous, Style, numbers

GERMAN, ENGLISH = Style(decimal=","), Style(decimal=".")

FIELD = {
    "12,5k": 12500,
    "12.5K": 12500,
    "1.2M": 1_200_000,
    "1,2 Mio.": 1_200_000,
    "12,5 Tsd.": 12500,
    "1 234": 1234,
    "1,234": 1234,
    "1.234": Ambiguous,
    "12.345 Follower": Ambiguous,
    "48211 followers": 48211,
    "10k+": 10_000,
    "≈12k": 12_000,
    "12 тыс.": 12_000,
    "1.2 万": 12_000,
    "1万2千": 12_000,
    "１２３４５": 12345,
    "~15000": 15_000,
    "15,000+": 15_000,
    "1.2 million": 1_200_000,
    "48.2 K": 48_200,
    "48,211.0": 48_211,
    "4.8211E+04": 48_211,
    "48211,00": 48_211,
    "1.5B": 1_500_000_000,
    "12.345k": Ambiguous,
    "–": None,
    "N/D": None,
    "-": None,
    "#N/A": None,
    "private": None,
    "<1000": ValueError,
    "12,345,678": 12_345_678,
    "1,23,456": 123_456,
    "1٬234": 1234,
    "٤٨٢١١": 48_211,
}
FURTHER = {
    "12\u00a0345": 12345,
    "12\u2009345": 12345,
    "12\u202f345": 12345,
    "12'345": 12345,
    "12’345": 12345,
    "12,5 mil": Ambiguous,
    "1,2 millones de seguidores": 1_200_000,
    "1,2 millions d'abonnés": 1_200_000,
    "1,2 milhões": 1_200_000,
    "12,5 mila": 12_500,
    "12 bin takipçi": 12_000,
    "1,2 млн подписчиков": 1_200_000,
    "12,5 Tausend": 12_500,
    "3 mille": 3_000,
    "1,5 Mrd.": 1_500_000_000,
    "2 mil millones": 2_000_000_000,
    "12만": 120_000,
    "1만 2천": 12_000,
    "1億2000万": 120_000_000,
    "12.5萬": 125_000,
    "３.５万": 35_000,
    "2千": 2_000,
    "1.2w": 12_000,
    "2 lakh": 200_000,
    "1,23,45,678": 12_345_678,
    "1٫5k": 1500,
    "followers: 12,345": 12345,
    "フォロワー 1.2万人": 12_000,
    "Abonnenten: 900": 900,
    "ca. 15000": 15_000,
    "over 10k": 10_000,
    ">10k": 10_000,
    "12.5K Followers": 12_500,
    "-1": None,
    "-1.0": None,
    "−1": None,
    "hidden": None,
    "not found": None,
    "k.A.": None,
    "s.o.": None,
    "н/д": None,
    "#DIV/0!": None,
    "#VALUE!": None,
    "#REF!": None,
    "#NAME?": None,
    "NaT": None,
    "\u200b12345\u200b": 12345,
    "1.23456789E+08": 123_456_789,
    "1.200.000": 1_200_000,
    "-2": ValueError,
    "10k-20k": ValueError,
    "10 000 - 20 000": ValueError,
    "12345²": ValueError,
    "1.2E+05": ValueError,
    "12.5k M": ValueError,
    "5.5": ValueError,
    "3%": ValueError,
    "many": ValueError,
    "1e400": ValueError,
    "x12": ValueError,
    "9" * 30: ValueError,
    "12 of 40": ValueError,
    "under 500": ValueError,
    "1千2万": ValueError,
    "2^53": ValueError,
    "(12,345)": ValueError,
    "12.5k (est.)": 12_500,
    "followers (12,345)": 12345,
}
TYPED = [
    (5, 5),
    (5.0, 5),
    (48211.0, 48211),
    (math.nan, None),
    (-1, None),
    (-1.0, None),
    (2**53, 2**53),
    (2**53 + 1, ValueError),
    (5.5, ValueError),
    (-2, ValueError),
    (math.inf, ValueError),
    (48.211, ValueError),
]


def result(read, cell, style=cells.UNKNOWN_STYLE):
    """The value of a cell, or the type of the error."""
    try:
        return read(cell, style)
    except ValueError as error:
        return type(error)


@pytest.mark.parametrize(("cell", "expected"), [*(FIELD | FURTHER).items(), *TYPED])
def test_counts_of_a_column_without_a_style(cell, expected):
    assert result(cells.count, cell) == expected


def test_every_number_of_the_field_file_is_in_the_table(column):
    found = column("15-number-forms", file="accounts.csv", name="followers", delimiter=";")
    assert set(found) == set(FIELD)
    # 12,5k and 12.5K contradict each other.
    assert cells.number_style(found) == cells.UNKNOWN_STYLE


@pytest.mark.parametrize("cell", [True, [1], {"a": 1}, b"1", Decimal("1.5"), Decimal("NaN"), Decimal("sNaN")])
def test_other_types_are_refused_or_unknown(cell):
    assert result(cells.count, cell) in (ValueError, None)
    assert cells.count(Decimal(12)) == 12


@pytest.mark.parametrize(
    ("cell", "german", "english"),
    [
        ("1.234", 1234, ValueError),
        ("1,234", ValueError, 1234),
        ("12.345k", 12_345_000, 12_345),
        ("12,345k", 12_345, 12_345_000),
        ("12.345 Follower", 12345, ValueError),
        ("1.234.567", 1_234_567, 1_234_567),
        ("12,5k", 12_500, 12_500),
    ],
)
def test_the_style_of_the_column_decides_two_readings(cell, german, english):
    assert result(cells.count, cell, GERMAN) == german
    assert result(cells.count, cell, ENGLISH) == english


@pytest.mark.parametrize(
    ("column", "decimal"),
    [
        (["1.234", "1.234.567"], ","),
        (["1.234", "12,5k"], ","),
        (["1,234", "1,234,567"], "."),
        (["1.234", "12.50"], "."),
        (["1.234", "5.678"], ""),
        (["1.234.567", "12.5k"], ""),
        ([1.5, "12,5k"], ","),
        (["1 234,5"], ","),
        (["0,125"], ","),
        (["1.234,56"], ","),
        (["1,234.56"], "."),
        (["n/a", None, "x", True], ""),
    ],
)
def test_unambiguous_cells_are_the_evidence(column, decimal):
    assert cells.number_style(column).decimal == decimal


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        (["475,8", "254"], "unknown"),
        ([475.8, 254.0], "unknown"),
        (["48211.0", "254.0"], ""),
        ([48211.0, 1.0], ""),
        (["12.5k", "254"], ""),
        (["475,8m", "254"], ""),
        (["12.50", *["12345"] * 20], ""),
        (["48211,00", "5"], ""),
        ([475.125], "unknown"),
    ],
)
def test_a_column_with_decimals_has_an_unknown_unit(column, unit):
    assert cells.number_style(column).unit == unit


def test_the_list_whose_unit_is_missing(column):
    found = column("02-kaggle-decimal-comma", file="top.csv", name="followers")
    style = cells.number_style(found)
    assert (style.decimal, style.unit, style.example) == (",", "unknown", "475,8")
    for cell in (*found, 254, 475.8):
        with pytest.raises(
            ValueError, match=r"decimals such as 475,8, so its numbers are in a unit that is not"
        ):
            cells.count(cell, style)
    assert cells.count("12,5k", style) == 12_500


def test_bare_numbers_beside_millions():
    style = cells.number_style(["475,8m", "254", "366m"])
    assert style.stated_unit == "M"
    with pytest.raises(Ambiguous, match="254 or 254M"):
        cells.count("254", style)
    assert (cells.count("475,8m", style), cells.count("48211", style), cells.count("0", style)) == (
        475_800_000,
        48_211,
        0,
    )
    # Where thousands are written with K, what is smaller has no unit.
    assert cells.number_style(["1.2M", "475k", "254"]).stated_unit == ""
    assert cells.number_style(["12.5k", "254"]).stated_unit == ""


def test_a_stated_unit_scales_bare_numbers_alone():
    style = Style(decimal=",", unit="M")
    assert [cells.count(cell, style) for cell in ("475,8", "254", 3, "12k")] == [
        475_800_000,
        254_000_000,
        3_000_000,
        12_000,
    ]


@pytest.mark.parametrize(
    ("cell", "style", "expected"),
    [
        ("3.5%", Style(), 0.035),
        ("3,5 %", Style(), 0.035),
        ("0.035", Style(), 0.035),
        (0.09, Style(), 0.09),
        ("3.5", Style(), Ambiguous),
        ("3.5", Style(share="percent"), 0.035),
        ("0.9", Style(share="percent"), 0.009),
        ("0.9", Style(share="fraction"), 0.9),
        ("0.9", Style(share="mixed"), Ambiguous),
        ("2.125%", Style(), 0.02125),
        ("1,39", Style(decimal=",", share="percent"), 0.0139),
        ("0", Style(share="mixed"), 0),
        ("", Style(), None),
        ("12k", Style(), ValueError),
        ("-3%", Style(), ValueError),
        ("x", Style(), ValueError),
        ("5000%", Style(), ValueError),
    ],
)
def test_shares(cell, style, expected):
    found = result(cells.share, cell, style)
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


@pytest.mark.parametrize(
    ("column", "share"),
    [
        (["1,39", "1,62", "0,2", "0,2"], "percent"),
        (["0.035", "0.012"], "fraction"),
        (["3.5%", "0.9"], "mixed"),
        ([0.03, 0.02, 0.05, 0.01, 1.2], "mixed"),
        (["3.5%", "2%"], ""),
        ([3.5, 2], "percent"),
        ([], ""),
    ],
)
def test_the_share_of_a_column(column, share):
    assert cells.share_style(column).share == share


def test_the_rate_of_the_field_file(column):
    (cell,) = column("52-endorse-amount", file="endorsements.csv", name="engagement_rate")
    assert cells.share(cell) == cells.number(cell) == 0.035


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("0.09", 0.09),
        ("1e-4", 0.0001),
        ("2,345", Ambiguous),
        ("12.5k", 12_500),
        (1.5, 1.5),
        ("inf", ValueError),
        ("", None),
        (True, ValueError),
        (10**400, ValueError),
        (math.inf, ValueError),
        ("-2.5", -2.5),
        (Decimal("1.5"), 1.5),
    ],
)
def test_numbers(cell, expected):
    assert result(cells.number, cell) == expected


CELL = st.one_of(
    st.text(max_size=30),
    st.text("0123456789.,'kKmM%-+~ 万千eE٤１тысMio", max_size=12),
    st.integers(),
    st.floats(),
)


@given(CELL, st.sampled_from([Style(), GERMAN, ENGLISH, Style(unit="unknown"), Style(share="percent")]))
def test_any_cell_is_a_value_unknown_or_a_value_error(cell, style):
    for read in (cells.count, cells.number, cells.share):
        found = result(read, cell, style)
        assert found is None or isinstance(found, (int, float)) or issubclass(found, ValueError)
    for style_of in (cells.number_style, cells.share_style, cells.date_style, cells.money_style):
        assert isinstance(style_of([cell, cell, "1"]), Style)


@given(st.integers(0, 10**15 - 1))
def test_written_counts_are_read_back_by_both_paths(number):
    english = f"{number:,}"
    forms = [str(number), f" {number} ", float(number), f"{number}.0", f"{number} followers", f"~{number}"]
    forms += [english.replace(",", mark) for mark in "\u202f\u00a0' "]
    assert {cells.count(form) for form in forms} == {number}
    assert cells.count(english, ENGLISH) == cells.count(english.replace(",", "."), GERMAN) == number
    # The fast path of plain digits and the path of all forms.
    assert numbers._scaled(numbers._parts(str(number)), str(number), style=Style()) == number
    assert cells.count("".join(chr(0x660 + int(digit)) for digit in str(number))) == number
