"""Lines of text files and typed rows of JSON lines: plain or gzip, in bounded memory, damage as Rejects.

Blocks of many lines are inflated and split at once: a file object that returns one line of a gzip file at a
time costs more than decoding the JSON in it.
"""

from __future__ import annotations

import codecs
import itertools
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from brandfit.data.schema import Reject
from brandfit.messages import FAILURES, excerpt, path_text, reason
from brandfit.progress import Advance

BLOCK = 1 << 18
"""Bytes that are read at once; at most four times as many are inflated at once."""
LONGEST_LINE = 16 << 20
"""Bytes; a longer line is rejected and not kept in memory."""

GZIP = b"\x1f\x8b"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
UTF8 = b"\xef\xbb\xbf"
"""First bytes of a file that say how it is written."""

Form = TypeVar("Form")


def rows(path: Path, form: type[Form], advance: Advance) -> Iterator[tuple[int, Form] | Reject]:
    """(line number, row) of a file with one JSON object a line; a line that does not decode into ``form`` is
    a Reject."""
    decode = msgspec.json.Decoder(form).decode
    for batch in _batches(path, advance):
        if isinstance(batch, Reject):
            yield batch
            continue
        number, lines = batch
        for line in lines:
            number += 1
            try:
                row = decode(line)
            except FAILURES as error:
                if line.strip():
                    yield Reject(path_text(path), number, reason(error, line), excerpt(line))
                continue
            yield number, row


def lines(path: Path, advance: Advance) -> Iterator[tuple[int, bytes] | Reject]:
    """(number from 1, line without its end) of a text file; a Reject for a line that is too long, and for a
    damaged rest."""
    for batch in _batches(path, advance):
        if isinstance(batch, Reject):
            yield batch
        else:
            yield from enumerate(batch[1], batch[0] + 1)


def _batches(path: Path, advance: Advance) -> Iterator[tuple[int, list[bytes]] | Reject]:
    """(number of lines before, lines) until the file ends."""
    number, rest, is_too_long = 0, b"", False
    try:
        for block in blocks(path, advance):
            batch = (rest + block).split(b"\n") if rest else block.split(b"\n")
            rest = batch.pop()  # the beginning of a line that goes on in the next block
            # The first newline ends the line that is too long.
            if is_too_long and batch:
                is_too_long = False
                number += 1
                yield _too_long(path, number)
                del batch[0]
            yield number, batch
            number += len(batch)
            if len(rest) > LONGEST_LINE:
                is_too_long, rest = True, b""
    except (OSError, zlib.error, EOFError) as error:
        yield Reject(path_text(path), number + 1, _damage(error))
        return
    if is_too_long:
        yield _too_long(path, number + 1)
    elif rest:
        yield number, [rest]


def blocks(path: Path, advance: Advance) -> Iterator[bytes]:
    """Blocks of a file: inflated if it is gzip, converted to UTF-8 if it is UTF-16, without a byte order
    mark."""
    stream = _raw_blocks(path, advance)
    first = next(stream, b"")
    if first.startswith(GZIP):
        stream = _inflated(itertools.chain([first], stream))
        first = next(stream, b"")
    if first.startswith(UTF16):
        decoder = codecs.getincrementaldecoder("utf-16")("replace")
        for block in itertools.chain([first], stream):
            yield decoder.decode(block).encode("utf-8", "replace")
        return
    yield first.removeprefix(UTF8)
    yield from stream


def _raw_blocks(path: Path, advance: Advance) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as file:
        while block := file.read(BLOCK):
            advance(len(block))
            yield block


def _inflated(stream: Iterator[bytes]) -> Iterator[bytes]:
    """Inflated blocks. Raises EOFError if the file ends within a member."""
    decoder = None
    for block in stream:
        while block:
            decoder = decoder or zlib.decompressobj(31)  # 31: a gzip header is expected
            out = decoder.decompress(block, 4 * BLOCK)
            if out:
                yield out
            # A gzip file may hold several members, one after the other, and zeros as padding.
            if decoder.eof:
                block, decoder = decoder.unused_data.lstrip(b"\0"), None
            else:
                block = decoder.unconsumed_tail
    if decoder is not None:
        raise EOFError


def _too_long(path: Path, number: int) -> Reject:
    return Reject(path_text(path), number, f"the line is longer than {LONGEST_LINE >> 20} MiB")


def _damage(error: Exception) -> str:
    """The reason of a Reject for the damaged rest of a file."""
    if isinstance(error, EOFError):
        return "the compressed file ends in the middle; what follows is lost (copy the file again)"
    if isinstance(error, zlib.error):
        return "the compressed data is damaged here; what follows is lost (copy the file again)"
    return f"the file cannot be read: {getattr(error, 'strerror', None) or error}"
