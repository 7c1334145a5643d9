"""Label files: a CSV file of accounts, or of posts, and categories, filled in by people."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from brandfit.account_id import account_id
from brandfit.errors import DataError

Kind = Literal["account", "post"]


class Labels(NamedTuple):
    """Account or post to category."""

    kind: Kind
    labels: dict[str, str]


def read_labels(file: str | Path) -> Labels:
    """The labels of a file. The last row of an account or post counts; an empty category removes its label.

    Raises DataError with file and line.
    """
    path = Path(file)
    if not path.is_file():
        raise DataError(f"There is no file {path}.", "Make one: brandfit profile mark --out labels.csv")
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            kind, category_by_id = _read_rows(path, csv.reader(handle))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error.reason}).", "Save it as CSV in UTF-8.") from None
    except csv.Error as error:
        raise DataError(f"{path}: {error}.", "Save it as CSV in UTF-8.") from None
    labels = {id: category for id, category in category_by_id.items() if category}
    if not labels:
        raise DataError(f"{path} holds no labels.", f"A row for each {kind}: its id, and its category.")
    return Labels(kind, labels)


def _read_rows(path: Path, rows: Iterator[list[str]]) -> Labels:
    """Kind of the file, and the last category of each id, which may be ''."""
    # Spreadsheets change case and add blanks.
    header = [cell.strip().lower() for cell in next(rows, [])]
    if header[:2] not in (["account", "category"], ["post", "category"]):
        raise DataError(
            f"{path}, line 1: the columns are {', '.join(header) or 'none'}.",
            "Expected: account, category; or post, category.",
        )
    kind: Kind = "account" if header[0] == "account" else "post"
    category_by_id: dict[str, str] = {}
    for line, row in enumerate(rows, 2):
        if not any(map(str.strip, row)):  # an empty line
            continue
        if len(row) < 2:
            raise DataError(
                f"{path}, line {line}: found {len(row)} cell, expected {kind} and category.",
                "Add the category, or remove the row.",
            )
        id = row[0].strip()
        category_by_id[account_id(id) if kind == "account" else id] = row[1].strip().lower()
    return Labels(kind, category_by_id)


def holds_labels(file: str | Path) -> bool:
    """Whether a file is a label file with at least one label."""
    try:
        return bool(read_labels(file).labels)
    except DataError:
        return False


def write_labels(labels: Mapping[str, str], file: str | Path, kind: Kind = "account") -> None:
    """Write a label file atomically, in the order of the mapping."""
    path = Path(file)
    # A new file replaces the old one, so that a crash leaves no half of one.
    new = path.with_name(path.name + ".new")
    with new.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow((kind, "category"))
        writer.writerows(labels.items())
    new.replace(path)
