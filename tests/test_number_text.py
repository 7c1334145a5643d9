"""Numbers as people type them: a table of forms, and every place where they are typed."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from brandfit import number_text
from brandfit.campaign.prices import PriceConfig, read_prices
from brandfit.cli.shortlist import command as shortlist
from brandfit.config import Config
from brandfit.data import cells
from brandfit.data.endorsements import Config as Endorsements
from brandfit.errors import ConfigError, DataError, UsageError
from brandfit.search import filters

FORMS = {
    "12345": 12345,
    " 12345 ": 12345,
    "12 345": 12345,
    "12\u202f345": 12345,
    "12'345": 12345,
    "12,345": 12345,
    "1,234,567": 1234567,
    "1.234.567": 1234567,
    "12.0": 12,
    "12,00": 12,
    "5k": 5_000,
    "2.5M": 2_500_000,
    "12,5 k": 12_500,
    "1.2345k": 1234.5,
    "1,234.56": 1234.56,
    "1.234,56": 1234.56,
    "12 345.678": 12345.678,
    "1234.567": 1234.567,
    "12.5": 12.5,
    "12,50": 12.5,
    "0.125": 0.125,
    "0,125": 0.125,
    ".5": 0.5,
    "3%": 0.03,
    "3 %": 0.03,
    "1e-4": 0.0001,
    "-2": -2,
}
TWO_READINGS = ["12.345", "5.000", "1.234", "123.456", "12.345k", "12,345k", "2.125%"]
NO_NUMBER = [
    "",
    "x",
    "1.2.3",
    "1,2,3",
    "1.23.456",
    "12,34,567",
    "1 23",
    "k",
    "5kk",
    "--2",
    "inf",
    "nan",
    "1e999",
    "٣",
]


@pytest.mark.parametrize(("text", "value"), FORMS.items())
def test_every_form_has_one_meaning(text, value):
    assert number_text.number(text) == pytest.approx(value, rel=1e-12)
    if value == int(value) and value >= 0:
        assert number_text.whole_number(text) == cells.count(text) == value
    else:
        with pytest.raises(ValueError, match="expected a whole number"):
            cells.count(text)


@pytest.mark.parametrize("text", TWO_READINGS)
def test_what_has_two_readings_is_refused_with_both(text):
    for read in (number_text.number, number_text.whole_number, cells.count):
        if read is cells.count and "%" in text:
            continue
        with pytest.raises(number_text.Ambiguous, match=r"may mean .* or .*: write .* or ") as message:
            read(text)
    ways = str(message.value).rpartition("write ")[2].split(" or ")
    first, second = map(number_text.number, ways)
    assert second == pytest.approx(1000 * first)


def test_a_comma_before_three_digits_of_a_ratio_has_two_readings():
    assert number_text.number("2,125") == 2125
    with pytest.raises(number_text.Ambiguous):
        number_text.number("2,125", ratio=True)
    assert number_text.number("0,125", ratio=True) == 0.125


@pytest.mark.parametrize("text", NO_NUMBER)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="expected a number"):
        number_text.number(text)


def test_a_whole_number_of_a_spreadsheet_in_scientific_form_has_lost_digits():
    with pytest.raises(ValueError, match="expected a whole number"):
        cells.count("1.2E+05")


@given(st.one_of(st.integers(0, 2**53), st.floats(0, 1e12), st.decimals(0, 2000, places=2).map(float)))
@example(1.25)
@example(12.345)
def test_a_written_number_is_read_back(value):
    assert number_text.number(number_text.number_as_text(value), ratio=True) == value


# --- every place where people type numbers ------------------------------------------------------------------


def test_conditions():
    assert filters.parse("followers:5,000..100,000") == filters.parse("followers:5k..100k")
    assert filters.parse("engagement:2,5%..") == filters.parse("engagement:2.5%..")
    for text in (
        "followers:5.000..100.000",
        "followers:..5.000",
        "posting_rate:2.125..",
        "posting_rate:2,125..",
    ):
        with pytest.raises(ConfigError, match="may mean"):
            filters.parse(text)
    with pytest.raises(ConfigError, match=r"'5\.000' may mean 5\.000 or 5000: write 5 or 5000"):
        filters.read({"followers": {"min": "5.000"}})
    with pytest.raises(ConfigError, match="is not a whole number"):
        filters.parse("followers:1.5..2.5")


def test_numbers_of_json_are_no_text():
    condition = filters.read({"posting_rate": {"min": 2.125, "max": 12.345}, "followers": {"min": 5000.0}})
    assert filters.read(condition.to_json()) == condition
    assert condition.leaves[0].value == filters.Range(2.125, 12.345)
    assert filters.read({"posting_rate": 2.125}).leaves[0].value == filters.Range(2.125, 2.125)


def test_settings():
    assert Endorsements.from_settings({"min_followers": "5,000", "max_followers": "20k"}) == Endorsements(
        min_followers=5_000, max_followers=20_000
    )
    assert PriceConfig.from_settings({"per_thousand": "12,50"}).per_thousand == 12.5
    assert PriceConfig.from_settings({"per_thousand": 1.125}).per_thousand == 1.125
    for config, name in ((Endorsements, "min_followers"), (PriceConfig, "per_thousand")):
        with pytest.raises(ConfigError, match="may mean"):
            config.from_settings({name: "5.000"})
    with pytest.raises(ConfigError, match="whole number"):
        Endorsements.from_settings({"min_followers": "1.5"})


def test_settings_of_other_types_stay_text():
    class Mixed(Config, frozen=True):
        date: int | str = ""
        size: float | None = None

    assert Mixed.from_settings({"date": "2.125", "size": "0.5"}) == Mixed(date="2.125", size=0.5)
    assert Mixed.from_settings({"size": None}).size is None


def test_price_lists(tmp_path):
    file = tmp_path / "prices.csv"
    file.write_text('account,price\nana,"1,200"\nbo,80.5\ncy,"12,50"\ndi,"1.234,50"\ned,2k\n')
    assert read_prices(file).by_account == {"ana": 1200.0, "bo": 80.5, "cy": 12.5, "di": 1234.5, "ed": 2000.0}
    file.write_text("account,price\nana,1.200\n")
    with pytest.raises(DataError, match=r"line 2: '1.200' may mean 1.200 or 1200"):
        read_prices(file)
    file.write_text("account,price\nana,-5\n")
    with pytest.raises(DataError, match="expected an account and a price"):
        read_prices(file)


@pytest.mark.parametrize(
    ("typed", "message"),
    [("5.000", "may mean 5.000 or 5000"), ("0", "above 0"), ("much", "A budget is a number above 0")],
)
def test_the_budget_of_the_command_line(typed, message):
    result = CliRunner().invoke(shortlist, ["northpeak.outdoor", "--budget", typed])
    assert result.exit_code == 2
    assert message in result.output


def test_weights_of_the_command_line_and_the_api():
    pytest.importorskip("fastapi", reason="the service comes with the extra service")
    from brandfit.cli._shared import weights_of
    from brandfit.service.views.rankings import weights

    assert (
        weights(["picture=2", "text=0,5"])
        == {"picture": 2.0, "text": 0.5}
        == weights_of(["picture=2", "text=.5"])
    )
    for read in (lambda: weights(["picture=1.500"]), lambda: weights_of(["picture=1.500"])):
        with pytest.raises(ConfigError, match="may mean"):
            read()


def test_forms_of_pages_and_settings_of_the_api():
    pytest.importorskip("fastapi", reason="the service comes with the extra service")
    from pydantic import TypeAdapter, ValidationError

    from brandfit.service.http.dependencies import Limit
    from brandfit.service.jobs.submit import settings_as_text
    from brandfit.service.pages.campaigns import number, positive_number

    assert (
        number("5,000", "budget"),
        number("12,50", "budget"),
        number("", "budget"),
        positive_number("8", "places"),
    ) == (
        5000,
        12.5,
        None,
        8,
    )
    with pytest.raises(UsageError, match=r"The budget: .5\.000. may mean"):
        number("5.000", "budget")
    assert TypeAdapter(Limit).validate_python("20") == 20
    with pytest.raises(ValidationError, match=r"'5\.000' may mean"):
        TypeAdapter(Limit).validate_python("5.000")
    as_text = settings_as_text({"x": 1.125})["x"]
    assert PriceConfig.from_settings({"per_thousand": as_text}).per_thousand == 1.125
