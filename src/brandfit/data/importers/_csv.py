"""Records of CSV files as spreadsheets write them, each with the line in the file on which it begins."""

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
"""Lines that one quoted cell may run over; more mean that a quote was never closed."""

Numbered = tuple[int, str]


class _Unclosed(Exception):
    pass


def records(path: Path, advance: Advance) -> Iterator[tuple[int, list[str]] | Reject]:
    """(line, cells) of each record, the header first.

    The delimiter is the most frequent of ``,``, ``;`` and tab in the first line. A record that cannot be read
    is a Reject, and reading goes on in the line after the one on which it began: one quote too many costs one
    record. Bytes that are not UTF-8 come as lone surrogates, so that whoever takes the cell can say which it
    was.
    """
    waiting: deque[Numbered] = deque()
    damage: list[Reject] = []
    source = _text_lines(path, advance, damage)
    taken: list[Numbered] = []

    def feed() -> Iterator[str]:
        while True:
            item = waiting.popleft() if waiting else next(source, None)
            if item is None:
                return
            taken.append(item)
            if len(taken) > LONGEST_RECORD:
                raise _Unclosed
            yield item[1]

    first = next(source, None)
    if first is not None:
        waiting.append(first)
        delimiter = max(",;\t", key=first[1].count)
        reader = csv.reader(feed(), delimiter=delimiter, strict=True)
        while True:
            taken.clear()
            try:
                cells = next(reader)
            except StopIteration:
                break
            except (csv.Error, _Unclosed) as error:
                begin, text = taken[0]
                quote = isinstance(error, _Unclosed) or "unexpected end" in str(error)
                why = 'a quote (") is opened here and never closed' if quote else f"not CSV: {error}"
                yield Reject(path_text(path), begin, why, excerpt(text))
                waiting.extendleft(reversed(taken[1:]))
                reader = csv.reader(feed(), delimiter=delimiter, strict=True)
                continue
            if any(cells):
                yield taken[0][0], cells
            yield from damage
            damage.clear()
    yield from damage


def _text_lines(path: Path, advance: Advance, damage: list[Reject]) -> Iterator[Numbered]:
    for item in lines(path, advance):
        if isinstance(item, Reject):
            damage.append(item)
        else:
            yield item[0], item[1].decode("utf-8", "surrogateescape") + "\n"
