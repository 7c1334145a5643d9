from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brandfit.data import cells
from brandfit.data.cells import Ambiguous, Money, Style


@pytest.mark.parametrize(
    ("cell", "amount", "currency"),
    [
        ("€ 1.200,50", 1200.5, "EUR"),
        ("1200 USD", 1200, "USD"),
        ("$1.2k", 1200, "USD"),
        ("R$ 500", 500, "BRL"),
        ("CHF 1'200.-", 1200, "CHF"),
        ("500€/Post", 500, "EUR"),
        ("€500 per post", 500, "EUR"),
        ("kr 500", 500, "kr"),
        ("1200,-", 1200, ""),
        ("US$1,200", 1200, "USD"),
        ("₹1,20,000", 120_000, "INR"),
        ("12.5", 12.5, ""),
        (80, 80, ""),
        ("£80", 80, "GBP"),
        ("1 200 zł", 1200, "PLN"),
        ("80 Euro", 80, "EUR"),
        ("12 тыс. руб.", 12_000, "RUB"),
    ],
)
def test_amounts_with_their_currency(cell, amount, currency):
    assert cells.money(cell) == Money(amount, currency)


@pytest.mark.parametrize(
    "cell", ["TBD", "on request", "auf Anfrage", "negotiable", "VB", "", None, "n/a", "à négocier"]
)
def test_negotiable_prices_are_unknown(cell):
    assert cells.money(cell) is None


@pytest.mark.parametrize("cell", ["500-800", "-5", "5%", "€ 5 $", "cheap", True, [5], "1e30"])
def test_other_cells_are_refused(cell):
    with pytest.raises(ValueError, match="expected"):
        cells.money(cell)


def test_the_column_decides_two_readings():
    with pytest.raises(Ambiguous):
        cells.money("1.200 €")
    style = cells.money_style(["1.200 €", "€ 80,50", "€ 5 $", None])
    assert style == Style(decimal=",")
    assert cells.money("1.200 €", style) == Money(1200, "EUR")


@given(
    st.one_of(st.text(max_size=30), st.text("0123456789.,-€$ kUSD", max_size=12), st.floats(), st.integers())
)
def test_any_cell_is_an_amount_unknown_or_a_value_error(cell):
    try:
        found = cells.money(cell)
    except ValueError:
        return
    assert found is None or found.amount >= 0
