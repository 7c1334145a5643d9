"""The list of influencers of the WWW 2020 data set: one influencer a line, tabs between the columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from brandfit.data.captions import handle
from brandfit.data.cells import count, label
from brandfit.data.schema import Account, Reject
from brandfit.data.sheets import lines
from brandfit.messages import excerpt, path_text
from brandfit.progress import Advance

COLUMNS = ("handle", "category", "followers", "followees", "posts")
_COLUMN_BY_ALIAS = {
    "username": "handle",
    "name": "handle",
    "influencer": "handle",
    "following": "followees",
}


def accounts(path: Path, advance: Advance) -> Iterator[Account | Reject]:
    """Influencers of ``influencers.tsv`` or ``.txt``. The header names the columns; without a header they
    have the order of ``COLUMNS``."""
    columns: tuple[str, ...] = ()
    for item in lines.lines(lines.blocks(path, advance), file=path_text(path)):
        if isinstance(item, Reject):
            yield item
            continue
        number, raw = item
        try:
            line = raw.decode()
        except UnicodeDecodeError:
            yield Reject(path_text(path), number, "not UTF-8 text", excerpt(raw))
            continue
        if not line.strip(" \t\r=-"):  # empty, or the rule below a header
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if not columns:
            columns = _header(cells)
            if columns:
                continue
            columns = COLUMNS
        try:
            yield _account(dict(zip(columns, cells, strict=False)))
        except ValueError as error:
            yield Reject(path_text(path), number, str(error), excerpt(line))


def _header(cells: list[str]) -> tuple[str, ...]:
    """Names of the columns if the cells are a header, else an empty tuple."""
    names = [cell.lstrip("#").strip().lower() for cell in cells]
    columns = tuple([_COLUMN_BY_ALIAS.get(name, name) for name in names])
    # A handle may be called "handle": one more known name makes it a header.
    return columns if "handle" in columns and len(set(columns) & set(COLUMNS)) > 1 else ()


def _account(row: dict[str, str]) -> Account:
    if len(row) < 2:
        raise ValueError(
            f"expected {len(COLUMNS)} columns between tabs ({', '.join(COLUMNS)}), found {len(row)}"
        )
    return Account(
        id=handle(row.get("handle", "")),
        category=(label(row.get("category")) or "").lower() or None,
        followers=_count(row, "followers"),
        followees=_count(row, "followees"),
        posts=_count(row, "posts"),
    )


def _count(row: dict[str, str], column: str) -> int | None:
    try:
        return count(row.get(column))
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from None
