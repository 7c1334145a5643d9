from __future__ import annotations

import datetime
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brandfit.data import cells
from brandfit.data.cells.unknown import WORDS


@pytest.mark.parametrize(
    "cell",
    [*sorted(WORDS), "N/A", " None ", "\u00a0", "\x1c", "\u2003", "\u200b", None, math.nan, Decimal("NaN")],
)
def test_words_for_unknown(cell):
    assert cells.is_missing(cell)


class NotATime(datetime.datetime):
    """As NaT of pandas, a datetime that is not equal to itself."""

    __hash__ = datetime.datetime.__hash__

    def __eq__(self, other):
        return False

    def __ne__(self, other):
        return True


def test_a_time_that_is_none_is_unknown():
    assert cells.is_missing(NotATime(2024, 1, 1))
    assert cells.seconds(NotATime(2024, 1, 1)) is None


@pytest.mark.parametrize(
    "cell", [0, "0", "no", False, 0.0, "x", [], "nobody", datetime.date(2024, 1, 1), "[a]"]
)
def test_values_are_not_unknown(cell):
    assert not cells.is_missing(cell)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("true", True),
        ("Ja", True),
        ("oui", True),
        ("да", True),
        ("✓", True),
        (1, True),
        (1.0, True),
        (True, True),
        ("evet", True),
        ("FALSE", False),
        ("nein", False),
        ("não", False),
        ("нет", False),
        (0, False),
        (0.0, False),
        (False, False),
        ("", None),
        ("n/a", None),
        (None, None),
        (math.nan, None),
    ],
)
def test_yes_and_no(cell, expected):
    assert cells.yes(cell) is expected


@pytest.mark.parametrize("cell", ["maybe", 2, 0.5, [True], "12"])
def test_other_cells_are_no_yes(cell):
    with pytest.raises(ValueError, match="true or false"):
        cells.yes(cell)


def test_texts():
    assert (cells.text("a\0b"), cells.text(""), cells.long_text(""), cells.line("  Mara ")) == (
        "ab",
        None,
        "",
        "Mara",
    )
    # A name may be the word for unknown; a category may not.
    assert (cells.line("None"), cells.label("None"), cells.label(" travel\u00a0 food ")) == (
        "None",
        None,
        "travel food",
    )
    assert cells.text(5) == "5"
    for cell in (5.5, [1], True, "\ud800", "x" * 100_001):
        with pytest.raises(ValueError, match=r"text"):
            cells.text(cell)


@given(
    st.one_of(
        st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.binary(), st.lists(st.text())
    )
)
def test_any_cell_is_a_value_unknown_or_a_value_error(cell):
    for read in (cells.text, cells.long_text, cells.line, cells.label, cells.yes, cells.other_row_id):
        try:
            found = read(cell)
        except ValueError:
            continue
        assert found is None or isinstance(found, (str, bool))
