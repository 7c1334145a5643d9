"""Labels that people made: a CSV file of accounts, or of posts, and categories."""

from __future__ import annotations

import csv
from collections.abc import Mapping
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
    """What the file labels; of two rows of an account or a post the last counts, an empty category takes its
    label away.

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
            if header[:2] not in (["account", "category"], ["post", "category"]):
                raise DataError(
                    f"{path}, line 1: the columns are {', '.join(header) or 'none'}.",
                    "Expected: account, category; or post, category.",
                )
            kind: Kind = "account" if header[0] == "account" else "post"
            for line, row in enumerate(rows, 2):
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) < 2:
                    raise DataError(
                        f"{path}, line {line}: found {len(row)} cell, expected {kind} and category.",
                        "Mend it.",
                    )
                id = row[0].strip()
                found[account_id(id) if kind == "account" else id] = row[1].strip().lower()
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error.reason}).", "Save it as CSV in UTF-8.") from None
    except csv.Error as error:
        raise DataError(f"{path}: {error}.", "Save it as CSV in UTF-8.") from None
    labels = {id: category for id, category in found.items() if category}
    if not labels:
        raise DataError(f"{path} holds no labels.", f"A row for each {kind}: its id, and its category.")
    return Labels(kind, labels)


def holds_labels(file: str | Path) -> bool:
    """Whether a file is one of labels, as people make them."""
    try:
        return bool(read_labels(file).labels)
    except DataError:
        return False


def write_labels(labels: Mapping[str, str], file: str | Path, kind: Kind = "account") -> None:
    """Whole, in the order of the mapping."""
    path = Path(file)
    new = path.with_name(path.name + ".new")
    with new.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow((kind, "category"))
        writer.writerows(labels.items())
    new.replace(path)
