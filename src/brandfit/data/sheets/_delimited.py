"""Records of delimited text (CSV) as spreadsheets write it, each with the number of its first line."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import itertools
import math
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from brandfit.data.schema import Reject
from brandfit.data.sheets import lines
from brandfit.data.sheets._encoding import decoded_blocks
from brandfit.data.sheets.source import Source
from brandfit.messages import excerpt
from brandfit.progress import Advance

LONGEST_RECORD = 2000
"""Lines of one quoted cell at most; more mean that a quote was never closed."""
DELIMITERS = ",;\t|"
SAMPLE, SAMPLE_LINES = 1 << 16, 300
"""Characters and lines that decide the delimiter at most."""

NumberedLine = tuple[int, str]
Record = tuple[int, list[Any]]
"""(line, cells); no cells for an empty line."""


@dataclass(frozen=True)
class Dialect:
    """How the cells of a text are separated.

    n_columns       number of cells of most records
    has_sep_line    whether the first line is ``sep=;``, which Excel reads
    is_spaced       whether a space follows each delimiter
    is_quoted_twice whether each record is one quoted cell, which holds the record
    """

    delimiter: str = ","
    n_columns: int = 1
    consistency: float = 0.0
    has_sep_line: bool = False
    is_spaced: bool = False
    is_quoted_twice: bool = False


def text_blocks(source: Source, advance: Advance, notes: list[str]) -> Iterator[bytes]:
    """The blocks of a text file as UTF-8, with ``\\n`` at the end of lines if the file has no other than
    ``\\r``. ``notes`` receives a sentence if the encoding is a guess."""
    blocks = decoded_blocks(lines.unpacked_blocks(source, advance), file=source.name, notes=notes)
    first = next(blocks, b"")
    whole = itertools.chain([first], blocks)
    if b"\r" in first and b"\n" not in first:
        return (block.replace(b"\r", b"\n") for block in whole)
    return whole


def sample_of(source: Source) -> str:
    """The beginning of a text file. Raises the errors of ``lines.DAMAGED``."""
    parts: list[bytes] = []
    n_bytes = 0
    blocks = text_blocks(source, lambda _n_bytes: None, [])
    for block in blocks:
        parts.append(block)
        n_bytes += len(block)
        if n_bytes >= SAMPLE:
            break
    return b"".join(parts)[: 4 * SAMPLE].decode("utf-8", "replace")[:SAMPLE]


def dialect_of(sample: str, is_known: Callable[[str], bool] | None) -> Dialect:
    """The delimiter with which most records have equally many cells.

    is_known  whether a text is the name of a known column
    """
    stated = re.match(r"\s*\"?sep=(.)\"?[;,\t]*\s*?(?:\r?\n|\r|$)", sample, re.IGNORECASE)
    if stated:
        sample = sample[stated.end() :]
    head = [f"{line}\n" for line in sample.split("\n")[:SAMPLE_LINES]]
    # The sample may cut the last line.
    if len(sample) >= SAMPLE - 1000 and len(head) > 1:
        head.pop()
    candidates = [_judged(head, delimiter, is_known) for delimiter in DELIMITERS if delimiter in sample]
    best, _ = max(candidates, key=lambda judged: judged[1], default=(Dialect(), 0.0))
    if best.n_columns == 1 and (inner := _quoted_whole(head, is_known)) is not None:
        return inner
    if stated:
        own, _ = _judged(head, stated[1], is_known)
        return Dialect(stated[1], own.n_columns, own.consistency, True, own.is_spaced)
    return best


def _quoted_whole(head: list[str], is_known: Callable[[str], bool] | None) -> Dialect | None:
    """The dialect of records that a program took for cells and quoted: ``"handle,name"``; None for others."""
    filled = [line.strip() for line in head if line.strip()]
    if len(filled) < 2 or not all(line[0] == line[-1] == '"' for line in filled):
        return None
    inner = [line[1:-1].replace('""', '"') + "\n" for line in filled]
    judged = [_judged(inner, delimiter, is_known) for delimiter in DELIMITERS]
    best, _ = max(judged, key=lambda item: item[1])
    if best.n_columns < 2 or best.consistency < 0.9:
        return None
    return dataclasses.replace(best, is_quoted_twice=True)


def _judged(head: list[str], delimiter: str, is_known: Callable[[str], bool] | None) -> tuple[Dialect, float]:
    """The dialect with a delimiter, and how well it fits the lines."""
    records: list[list[str]] = []
    # A cell beyond the limit of the module is an error: the records before it decide.
    with contextlib.suppress(csv.Error):
        records.extend(csv.reader(head, delimiter=delimiter))
    records = [record for record in records if any(map(str.strip, record))]
    widths = Counter(map(len, records))
    several = {width: n for width, n in widths.items() if width > 1}
    if not several:
        return Dialect(delimiter), 0.0
    width, n_records = max(several.items(), key=lambda item: (item[1], item[0]))
    consistency = n_records / len(records)
    text = "".join(head)
    n_delimiters = text.count(delimiter)
    n_spaced = text.count(delimiter + " ")
    score = consistency * (1 + math.log2(width) / 4)
    # Commas in sentences are followed by spaces, those between cells seldom are.
    score *= 1 - 0.5 * n_spaced / max(n_delimiters, 1)
    if len(records[0]) == width:
        score += 0.1
    if is_known is not None:
        most_known = max(sum(map(is_known, record)) for record in records[:10])
        score += 0.5 * min(most_known, 2)
    is_spaced = f'{delimiter} "' in text and n_spaced >= 0.5 * n_delimiters
    return Dialect(delimiter, width, consistency, is_spaced=is_spaced), score


def records(
    source: Source, dialect: Dialect, *, advance: Advance, notes: list[str]
) -> Iterator[Record | Reject]:
    """(line, cells) of each record.

    A record that cannot be read is a Reject, and reading goes on in the line after its first one: one quote
    too many costs one record. Bytes that are not UTF-8 are lone surrogates, so that the reader of the cell
    can name it.
    """
    yield from _Reader(source, dialect, text_blocks(source, advance, notes)).records()


def _has_apostrophe(line: NumberedLine) -> bool:
    return "'" in line[1]


def _unguarded(cell: str) -> str:
    """Without the apostrophe that our own export writes before text that a spreadsheet would run as a
    formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] and cell[1] in "=+-@\t\r" else cell


class _UnclosedQuote(Exception):
    pass


class _Reader:
    """Feeds lines to the ``csv`` module, and takes them back if they make no record."""

    def __init__(self, source: Source, dialect: Dialect, blocks: Iterator[bytes]) -> None:
        self._file = source.file
        self._dialect = dialect
        self._damage: list[Reject] = []
        """Damaged lines that were met within the record that is being read."""
        self._source = self._text_lines(blocks)
        self._waiting: deque[NumberedLine] = deque()
        """Lines that are read again, before those of the source."""
        self._record: list[NumberedLine] = []
        """Lines of the record that is being read."""

    def records(self) -> Iterator[Record | Reject]:
        if self._dialect.has_sep_line:
            next(self._source, None)
        yield from self._records()
        yield from self._damage

    def _records(self) -> Iterator[Record | Reject]:
        reader = self._new_reader()
        while True:
            self._record.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _UnclosedQuote) as error:
                if cells := self._literal_cells(error):
                    yield self._record[0][0], cells
                elif not self._split_at_returns():
                    yield self._reject(error)
                    # All lines but the first are read again: they may hold records of their own.
                    self._waiting.extendleft(reversed(self._record[1:]))
                reader = self._new_reader()
                continue
            if self._dialect.is_quoted_twice and len(cells) == 1:
                cells = self._inner_cells(cells)
            if any(map(_has_apostrophe, self._record)):
                cells = list(map(_unguarded, cells))
            yield self._record[0][0], cells if any(cells) else []
            if self._damage:
                yield from self._damage
                self._damage.clear()

    def _inner_cells(self, cells: list[str]) -> list[str]:
        """The cells of a record that was quoted as one cell; the cell itself if it is none."""
        try:
            return next(csv.reader(cells, delimiter=self._dialect.delimiter, strict=True), cells)
        except csv.Error:
            return cells

    def _new_reader(self) -> Iterator[list[str]]:
        return csv.reader(
            self._feed(),
            # A record that was quoted is one cell, which holds no such delimiter.
            delimiter="\x1f" if self._dialect.is_quoted_twice else self._dialect.delimiter,
            skipinitialspace=self._dialect.is_spaced,
            strict=True,
        )

    def _feed(self) -> Iterator[str]:
        while True:
            item = self._waiting.popleft() if self._waiting else next(self._source, None)
            if item is None:
                return
            self._record.append(item)
            if len(self._record) > LONGEST_RECORD:
                raise _UnclosedQuote
            yield item[1]

    def _split_at_returns(self) -> bool:
        """Whether the line that makes no record has lone carriage returns: its parts are read as lines."""
        number, text = self._record[0]
        parts = text.rstrip("\r\n").split("\r")
        if len(parts) == 1 or len(self._record) > 1 or '"' in text:
            return False
        self._waiting.extendleft([(number, f"{part}\n") for part in reversed(parts)])
        return True

    def _literal_cells(self, error: Exception) -> list[str]:
        """The cells of a line with tabs, where quotes need no quoting; [] if it has not as many as most."""
        dialect = self._dialect
        if dialect.delimiter != "\t" or len(self._record) != 1 or isinstance(error, _UnclosedQuote):
            return []
        cells = self._record[0][1].rstrip("\r\n").split("\t")
        return cells if len(cells) == dialect.n_columns and "unexpected end" not in str(error) else []

    def _reject(self, error: Exception) -> Reject:
        number, text = self._record[0]
        is_unclosed = isinstance(error, _UnclosedQuote) or "unexpected end" in str(error)
        reason = 'a quote (") is opened here and never closed' if is_unclosed else f"not CSV: {error}"
        return Reject(self._file, number, reason, excerpt(text))

    def _text_lines(self, blocks: Iterator[bytes]) -> Iterator[NumberedLine]:
        for item in lines.lines(blocks, file=self._file):
            if isinstance(item, Reject):
                self._damage.append(item)
            else:
                yield item[0], item[1].decode("utf-8", "surrogateescape") + "\n"
