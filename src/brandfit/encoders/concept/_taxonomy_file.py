"""Taxonomies of people: a file with a list of concepts in place of the built-in one (C-01).

    .txt         the format of taxonomy.txt, or one concept a line
    .csv, .xlsx  (.tsv too) a row each, with the columns of ``COLUMNS``; the file that ``brandfit concepts
                 build`` writes is one. Only the column concept is required

In a table, ``keep`` is yes or no: concepts with no are left out. Names in ``words`` are separated by | and
name the concept too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from brandfit.data.schema import Reject
from brandfit.data.sheets import sheets
from brandfit.encoders.concept._taxonomy import Concept, Taxonomy, built_in, read, term
from brandfit.errors import ConfigError, DataError

COLUMNS = ("keep", "concept", "words", "kind", "parent", "categories")
"""Columns that are read."""
STATISTICS = (
    "posts", "accounts", "hashtags", "captions", "descriptions", "biographies", "business_categories",
    "merges", "example",
)  # fmt: skip
"""Columns for the person who reviews the list; they are not read."""
ENDINGS = (".txt", ".csv", ".tsv", ".xlsx")
KEPT = {"yes": True, "no": False, "y": True, "n": False, "1": True, "0": False, "true": True, "false": False}


class _Line(NamedTuple):
    """A concept and where it stands."""

    number: int
    concept: Concept
    is_kept: bool


def taxonomy_of(path: str) -> Taxonomy:
    """The taxonomy of the setting ``taxonomy``: the built-in one for ''. Raises ConfigError for a file that
    does not exist or does not hold a list of concepts."""
    if not path:
        return built_in()
    file = Path(path)
    if not file.is_file():
        raise ConfigError(
            f"Setting taxonomy={path!r}: there is no such file.", f"Its full path is {file.absolute()}."
        )
    if file.suffix.lower() not in ENDINGS:
        raise ConfigError(
            f"Setting taxonomy={path!r}: the file ends in {file.suffix or 'nothing'!r}.",
            f"Give a list of concepts that ends in {', '.join(ENDINGS)}.",
        )
    # An edited file is read again; an unchanged one only once, because every encoder asks for it.
    state = file.stat()
    return _taxonomy(path, state.st_mtime_ns, state.st_size)


@lru_cache(8)
def _taxonomy(path: str, _changed: int, _size: int) -> Taxonomy:
    """Read once for each state of the file."""
    file = Path(path)
    try:
        concepts = _text(file) if file.suffix.lower() == ".txt" else _table(file)
    except (OSError, UnicodeDecodeError, ValueError, DataError) as error:
        raise ConfigError(f"Setting taxonomy={path!r}: {error}") from None
    if not concepts:
        raise ConfigError(
            f"Setting taxonomy={path!r}: the file names no concept.", "Write one concept a line."
        )
    return Taxonomy(concepts)


def _text(file: Path) -> list[Concept]:
    """Concepts of a .txt file. Underscores in names are blanks, as in published lists."""
    lines = file.read_text("utf-8-sig").replace("_", " ").splitlines()
    concepts = list(read(lines))
    for concept in concepts:
        _check_words(concept.words, f"{concept.name!r}")
    return concepts


def _table(file: Path) -> list[Concept]:
    found = sheets(file, is_known=_is_known)
    for reject in found.rejects:
        raise ValueError(f"line {reject.line}: {reject.reason}")
    if len(found.sheets) != 1:
        raise ValueError(f"expected one table, found {len(found.sheets)}")
    lines: list[_Line] = []
    line_by_name: dict[str, int] = {}
    for item in found.sheets[0].rows(lambda _: None):
        if isinstance(item, Reject):
            raise ValueError(f"line {item.line}: {item.reason}")
        number, cells = item
        line = _line(number, _normal(cells))
        if line is None:
            continue
        previous = line_by_name.setdefault(line.concept.name, number)
        if previous != number:
            raise ValueError(f"lines {previous} and {number}: {line.concept.name!r} is there twice")
        lines.append(line)
    return _with_kept_parents(lines)


def _is_known(header: str) -> bool:
    return header.strip().lower() in (*COLUMNS, *STATISTICS)


def _normal(cells: Mapping[str, Any]) -> dict[str, str]:
    """The cells of a row by the names of the columns. Raises ValueError for columns that are not known,
    because their content would silently not count."""
    # Headers in any case; columns without a name come from trailing separators.
    row = {}
    for name, cell in cells.items():
        column = name.strip().lower()
        if column:
            row[column] = str(cell if cell is not None else "").strip()
    unknown = [name for name in row if name not in (*COLUMNS, *STATISTICS)]
    if unknown or "concept" not in row:
        what = f"the column {unknown[0]!r} is not known" if unknown else "there is no column concept"
        raise ValueError(f"{what}; expected in the first row: {', '.join(COLUMNS)}")
    return row


def _line(number: int, row: Mapping[str, str]) -> _Line | None:
    """The concept of a row; None for a blank row."""
    if not any(row.values()):
        return None
    name = " ".join(row["concept"].replace("_", " ").split())
    words = (name, *_listed(row.get("words", "")))
    _check_words(words, f"line {number}")
    keep = row.get("keep", "yes").lower()
    if keep not in KEPT:
        raise ValueError(f"line {number}: expected yes or no in the column keep, found {row['keep']!r}")
    concept = Concept(
        name=name,
        kind=row.get("kind", ""),
        parent=" ".join(row.get("parent", "").replace("_", " ").split()),
        words=tuple(dict.fromkeys(words)),
        categories=frozenset(_listed(row.get("categories", ""))),
    )
    return _Line(number, concept, KEPT[keep])


def _listed(cell: str) -> list[str]:
    return list(filter(None, map(str.strip, re.split(r"[|;]", cell))))


def _check_words(words: tuple[str, ...], place: str) -> None:
    """Raise ValueError for a name that no text can contain."""
    for word in words:
        if not term(word):
            raise ValueError(f"{place}: expected the name of a concept, found {word!r}, which has no letter")


def _with_kept_parents(lines: list[_Line]) -> list[Concept]:
    """The concepts that are kept, each below its nearest ancestor that is kept. Raises ValueError for a
    parent that the list does not have, and for a concept that is its own ancestor."""
    by_name = {line.concept.name: line for line in lines}
    concepts = []
    for line in lines:
        ancestors = _ancestors(line, by_name)
        kept = [name for name in ancestors if by_name[name].is_kept]
        if line.is_kept:
            concepts.append(line.concept._replace(parent=kept[0] if kept else ""))
    return concepts


def _ancestors(line: _Line, by_name: Mapping[str, _Line]) -> list[str]:
    """Names of the concepts above one, the nearest first."""
    ancestors: list[str] = []
    parent = line.concept.parent
    while parent:
        if parent not in by_name:
            raise ValueError(f"line {line.number}: the parent {parent!r} is no concept of the list")
        if parent in ancestors or parent == line.concept.name:
            raise ValueError(f"line {line.number}: {parent!r} is above itself")
        ancestors.append(parent)
        parent = by_name[parent].concept.parent
    return ancestors
