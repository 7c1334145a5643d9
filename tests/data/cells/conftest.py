from __future__ import annotations

import csv
from pathlib import Path

import pytest

FIELD = Path(__file__).parents[2] / "field"


@pytest.fixture
def column():
    """The cells of a column of a field file."""

    def read(case: str, *, file: str, name: str, delimiter: str = ",") -> list[str]:
        with (FIELD / case / file).open(encoding="utf-8", newline="") as lines:
            return [row[name] for row in csv.DictReader(lines, delimiter=delimiter)]

    return read
