"""Labels that people made: a CSV file of accounts and categories."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from brandfit.errors import DataError

HEADER = ("account", "category")


def read_labels(file: str | Path) -> dict[str, str]:
    """Account to category; of two rows of an account the last counts, an empty category takes its label away.

    Raises DataError with file and line.
    """
    path = Path(file)
    if not path.is_file():
        raise DataError(f"There is no file {path}.", "Make one: brandfit profile mark --out labels.csv")
    found: dict[str, str] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            rows = csv.reader(handle)
            header = [cell.strip().lower() for cell in next(rows, [])]
            if header[:2] != list(HEADER):
                raise DataError(
                    f"{path}, line 1: the columns are {', '.join(header) or 'none'}.", f"Expected: {', '.join(HEADER)}."
                )
            for line, row in enumerate(rows, 2):
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) < 2:
                    raise DataError(f"{path}, line {line}: found {len(row)} cell, expected an account and a category.", "Mend it.")
                found[row[0].strip().lower().removeprefix("@")] = row[1].strip().lower()
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: {error}.", "Save it as CSV in UTF-8.") from None
    labels = {account: category for account, category in found.items() if category}
    if not labels:
        raise DataError(f"{path} holds no labels.", "A row an account: its id, and its category.")
    return labels


def write_labels(labels: Mapping[str, str], file: str | Path) -> None:
    """Whole, in the order of the mapping."""
    path = Path(file)
    new = path.with_name(path.name + ".new")
    with new.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(HEADER)
        writer.writerows(labels.items())
    new.replace(path)
