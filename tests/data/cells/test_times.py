from __future__ import annotations

import datetime
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brandfit.data import cells
from brandfit.data.cells import Ambiguous, Style, times

UTC = datetime.UTC
DAY, TEN = "2024-01-05T00:00:00", "2024-01-05T10:00:00"
FIELD = {
    "2024-01-05T10:00:00.000Z": TEN,
    "2024-06-30T18:03:11+0000": "2024-06-30T18:03:11",
    "1704448800": TEN,
    "1704448800000": TEN,
    "2024-01-05 10:00:00": TEN,
    "2024-01-05 10:00:00 UTC": TEN,
    "2021-10-05 14:21:01 CEST": "2021-10-05T12:21:01",
    "Jan 5, 2024": DAY,
    "5 Jan 2024": DAY,
    "01/05/2024": Ambiguous,
    "05.01.2024": DAY,
    "05/01/2024 14:30": Ambiguous,
    "2024/01/05": DAY,
    "20240105": DAY,
    "1704448800.0": TEN,
    "1.7044488E9": TEN,
    "45296": DAY,
    "45296.4167": "2024-01-05T10:00:03",
    "Fri, 05 Jan 2024 10:00:00 GMT": TEN,
    "2024-01-05T10:00:00-05:00": "2024-01-05T15:00:00",
    "2024年1月5日": DAY,
    "2 days ago": ValueError,
    "2024-01-05T10:00": TEN,
    "5. Januar 2024": DAY,
    "Friday, January 5, 2024": DAY,
    "2024-01-05T10:00:00.123456789Z": TEN,
    "0": ValueError,
    "1970-01-01": ValueError,
    "2024-13-05": ValueError,
    "1/5/24": Ambiguous,
}
FURTHER = {
    "5/13/2024 2:30 PM": "2024-05-13T14:30:00",
    "25/01/2024": "2024-01-25T00:00:00",
    "1/13/24": "2024-01-13T00:00:00",
    "5. März 2024, 14:30 Uhr": "2024-03-05T14:30:00",
    "5 de enero de 2024": DAY,
    "05 janv. 2024 14h30": "2024-01-05T14:30:00",
    "5 Ocak 2024": DAY,
    "5 января 2024 г.": DAY,
    "5 gennaio 2024": DAY,
    "5 janeiro 2024": DAY,
    "5 şubat 2024": "2024-02-05T00:00:00",
    "2024. 1. 5.": DAY,
    "2024년 1월 5일 14:30": "2024-01-05T14:30:00",
    "05/05/2024": "2024-05-05T00:00:00",
    "Sat Jan 05 10:00:00 +0000 2019": "2019-01-05T10:00:00",
    "1704448800123456": TEN,
    "1704448800123456789": TEN,
    "Mo., 05.02.2024 14:30": "2024-02-05T14:30:00",
    "5th of May 2024": "2024-05-05T00:00:00",
    "05-Jan-24": DAY,
    "2:30 pm, 5 May 2024": "2024-05-05T14:30:00",
    "12.31.2024": "2024-12-31T00:00:00",
    "20240105100000": TEN,
    "Fri Jan  5 2024 11:00:00 GMT+0100 (Central European Standard Time)": TEN,
    "2024-01-05 10:00:00 (EST)": "2024-01-05T15:00:00",
    "٢٠٢٤/٠١/٠٥": DAY,
    "12:00 AM, 5 Jan 2024": DAY,
    "2024-01-05T10:00:00.123+0530": "2024-01-05T04:30:00",
    "2024-01-05 02:00 PDT": "2024-01-05T09:00:00",
    "2024-01-05 UTC": DAY,
    "2024-01-05 10:00 CST": Ambiguous,
    "31.04.2024": ValueError,
    "May": ValueError,
    "2024": ValueError,
    "10": ValueError,
    "yesterday": ValueError,
    "jui 5 2024": ValueError,
    "13/13/2024": ValueError,
    "Jan 2024": ValueError,
    "1950-01-01": ValueError,
    "2024-01-05 25:00": ValueError,
    "2024-01-05 10:00 XYZ": ValueError,
    "5 Foo 2024": ValueError,
    "1e30": ValueError,
    "2024-01-05 at 10:00 AM": TEN,
    "20240105 10:00": TEN,
    "Jan 5, 2024 · 10:00": TEN,
    "99999999999": ValueError,
    "before 5 Jan 2024": ValueError,
    "2024-01-05 10:00 (local)": ValueError,
    "1970-01-01T05:00:00Z": ValueError,
    "": None,
    "n/a": None,
    "NaT": None,
    "–": None,
}
TYPED = [
    (1704448800, TEN),
    (1704448800.7, TEN),
    (1704448800000, TEN),
    (45296, DAY),
    (45296.5, "2024-01-05T12:00:00"),
    (datetime.datetime(2024, 1, 5, 10), TEN),
    (datetime.date(2024, 1, 5), DAY),
    (None, None),
    (math.nan, None),
    (
        datetime.datetime(2024, 1, 5, 10, tzinfo=datetime.timezone(datetime.timedelta(hours=-5))),
        "2024-01-05T15:00:00",
    ),
    (0, ValueError),
    (-5, ValueError),
    (True, ValueError),
    (math.inf, ValueError),
    (10**400, ValueError),
    ([1], ValueError),
]


def result(cell, style=cells.UNKNOWN_STYLE):
    """The time of a cell as ISO 8601, None, or the type of the error."""
    try:
        time = cells.seconds(cell, style)
    except ValueError as error:
        return type(error)
    return time if time is None else datetime.datetime.fromtimestamp(time, UTC).isoformat()[:19]


@pytest.mark.parametrize(("cell", "expected"), [*(FIELD | FURTHER).items(), *TYPED])
def test_times_of_a_column_without_a_style(cell, expected):
    assert result(cell) == expected


def test_every_time_of_the_field_file_is_in_the_table(column):
    found = column("16-date-forms", file="posts.csv", name="time")
    assert set(found) == set(FIELD)
    assert cells.date_style(found) == cells.UNKNOWN_STYLE


@pytest.mark.parametrize(
    ("column", "day", "expected"),
    [
        (["01/05/2024", "25/01/2024"], "first", "2024-05-01T00:00:00"),
        (["01/05/2024", "1/25/24 10:00"], "second", "2024-01-05T00:00:00"),
        (["25/01/2024", "01/25/2024"], "", Ambiguous),
        (["01-05-2024", "25-01-2024", "x", None, 5], "first", "2024-05-01T00:00:00"),
        (["2024/01/25", "25.01.2024", "99/01/2024"], "", Ambiguous),
    ],
)
def test_a_day_above_twelve_decides_the_column(column, day, expected):
    style = cells.date_style(column)
    assert style.day == day
    assert result("01/05/2024", style) == result("1/5/24", style) == expected
    # What has one reading keeps it.
    assert result("25/01/2024", style) == result("01/25/2024", style) == "2024-01-25T00:00:00"


CELL = st.one_of(
    st.text(max_size=40),
    st.text("0123456789-/.:TZ +JanMayPM年月日", max_size=24),
    st.integers(),
    st.floats(),
    st.datetimes(),
    st.dates(),
)


@given(CELL, st.sampled_from(["", "first", "second"]))
def test_any_cell_is_a_time_unknown_or_a_value_error(cell, day):
    try:
        time = cells.seconds(cell, Style(day=day))
    except ValueError:
        return
    assert time is None or 86_400 <= time <= times.LATEST


@given(
    st.datetimes(datetime.datetime(2010, 1, 1), datetime.datetime(2099, 1, 1)).map(
        lambda d: d.replace(microsecond=0)
    )
)
def test_written_times_are_read_back(time):
    seconds = int(time.replace(tzinfo=UTC).timestamp())
    forms = [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y/%m/%d %H:%M:%S",
        "%d.%m.%Y %H:%M:%S",
        "%Y%m%d%H%M%S",
    ]
    forms += [
        "%a, %d %b %Y %H:%M:%S GMT",
        "%B %d, %Y %I:%M:%S %p",
        "%d-%b-%y %H:%M:%S",
        "%a %b %d %H:%M:%S +0000 %Y",
    ]
    texts = [time.strftime(form) for form in forms]
    texts += [str(seconds), str(seconds * 1000), f"{seconds}.0", repr(float(seconds)), str(seconds * 10**6)]
    assert {cells.seconds(text) for text in [*texts, seconds, time]} == {seconds}
    assert cells.seconds(time.strftime("%d/%m/%Y %H:%M:%S"), Style(day="first")) == seconds
    assert cells.seconds(time.strftime("%m/%d/%Y %H:%M:%S"), Style(day="second")) == seconds
    # The fast path of ISO 8601 and the path of all forms.
    clock = times._clock(time.strftime("%Y-%m-%d %H:%M:%S"))
    assert times._timestamp(times._date(clock.date, Style())) + clock.seconds == seconds
    serial = seconds / 86_400 + 25_569
    assert cells.seconds(serial) == cells.seconds(repr(serial)) == seconds
