"""Records of CSV files as spreadsheets write them, each with the number of its first line."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from brandfit.data.importers._lines import lines
from brandfit.data.schema import Reject
from brandfit.messages import excerpt, path_text
from brandfit.progress import Advance

LONGEST_RECORD = 2000
"""Lines of one quoted cell at most; more mean that a quote was never closed."""

NumberedLine = tuple[int, str]
Record = tuple[int, list[str]]


class _UnclosedQuote(Exception):
    pass


def records(path: Path, advance: Advance) -> Iterator[Record | Reject]:
    """(line, cells) of each record, the header first.

    The delimiter is the most frequent of ``,``, ``;`` and tab in the first line. A record that cannot be read
    is a Reject, and reading goes on in the line after its first one: one quote too many costs one record.
    Bytes that are not UTF-8 are lone surrogates, so that the reader of the cell can name it.
    """
    yield from _Reader(path, advance).records()


class _Reader:
    """Feeds lines to the ``csv`` module, and takes them back if they make no record."""

    def __init__(self, path: Path, advance: Advance) -> None:
        self._path = path_text(path)
        self._damage: list[Reject] = []
        """Damaged lines that were met within the record that is being read."""
        self._source = self._text_lines(path, advance)
        self._waiting: deque[NumberedLine] = deque()
        """Lines that are read again, before those of the source."""
        self._record: list[NumberedLine] = []
        """Lines of the record that is being read."""

    def records(self) -> Iterator[Record | Reject]:
        first = next(self._source, None)
        if first is not None:
            self._waiting.append(first)
            delimiter = max(",;\t", key=first[1].count)
            yield from self._records(delimiter)
        yield from self._damage

    def _records(self, delimiter: str) -> Iterator[Record | Reject]:
        reader = csv.reader(self._feed(), delimiter=delimiter, strict=True)
        while True:
            self._record.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _UnclosedQuote) as error:
                yield self._reject(error)
                # All lines but the first are read again: they may hold records of their own.
                self._waiting.extendleft(reversed(self._record[1:]))
                reader = csv.reader(self._feed(), delimiter=delimiter, strict=True)
                continue
            if any(cells):
                yield self._record[0][0], cells
            yield from self._damage
            self._damage.clear()

    def _feed(self) -> Iterator[str]:
        while True:
            item = self._waiting.popleft() if self._waiting else next(self._source, None)
            if item is None:
                return
            self._record.append(item)
            if len(self._record) > LONGEST_RECORD:
                raise _UnclosedQuote
            yield item[1]

    def _reject(self, error: Exception) -> Reject:
        number, text = self._record[0]
        is_unclosed = isinstance(error, _UnclosedQuote) or "unexpected end" in str(error)
        reason = 'a quote (") is opened here and never closed' if is_unclosed else f"not CSV: {error}"
        return Reject(self._path, number, reason, excerpt(text))

    def _text_lines(self, path: Path, advance: Advance) -> Iterator[NumberedLine]:
        for item in lines(path, advance):
            if isinstance(item, Reject):
                self._damage.append(item)
            else:
                yield item[0], item[1].decode("utf-8", "surrogateescape") + "\n"
