"""The list of influencers that comes with the WWW 2020 data set: one a line, columns between tabs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from brandfit.data.captions import handle
from brandfit.data.importers._fields import count, label
from brandfit.data.importers._lines import lines
from brandfit.data.schema import Account, Reject
from brandfit.messages import excerpt, path_text
from brandfit.progress import Advance

COLUMNS = ("handle", "category", "followers", "followees", "posts")
_ALSO = {"username": "handle", "name": "handle", "influencer": "handle", "following": "followees"}


def accounts(path: Path, advance: Advance) -> Iterator[Account | Reject]:
    """Influencers of ``influencers.tsv`` or ``.txt``; with a header its names place the columns, else their
    order does."""
    columns: tuple[str, ...] = ()
    for item in lines(path, advance):
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
    names = tuple(cell.lstrip("#").strip().lower() for cell in cells)
    names = tuple(_ALSO.get(name, name) for name in names)
    return names if "handle" in names and len(set(names) & set(COLUMNS)) > 1 else ()


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
