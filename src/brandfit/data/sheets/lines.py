"""Lines of text files and typed rows of JSON lines: plain, gzip, xz or bzip2, in bounded memory, damage as
Rejects.

Blocks of many lines are inflated and split at once: a file object that returns one line of a gzip file at a
time costs more than decoding the JSON in it.
"""

from __future__ import annotations

import bz2
import codecs
import itertools
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from brandfit.data.schema import Reject
from brandfit.data.sheets.source import Source
from brandfit.messages import FAILURES, excerpt, path_text, reason
from brandfit.progress import Advance

BLOCK = 1 << 18
"""Bytes that are read at once; at most four times as many are inflated at once."""
LONGEST_LINE = 16 << 20
"""Bytes; a longer line is rejected and not kept in memory."""

GZIP = b"\x1f\x8b"
XZ = b"\xfd7zXZ\x00"
BZIP2 = b"BZh"
UTF32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
UTF16 = (b"\xff\xfe", b"\xfe\xff")
UTF8 = b"\xef\xbb\xbf"
"""First bytes of a file that say how it is written."""

DAMAGED = (OSError, zlib.error, lzma.LZMAError, EOFError)
"""Errors of files that cannot be read, or not to their end."""

Form = TypeVar("Form")
Other = TypeVar("Other")


def rows(
    path: Path,
    form: type[Form],
    advance: Advance,
    *,
    slow: Callable[[bytes, int], Other] | None = None,
) -> Iterator[tuple[int, Form | Other] | Reject]:
    """(line number, row) of a file with one JSON object a line; a line that does not decode into ``form`` is
    a Reject.

    slow  decodes a line (and its number) that is JSON but not ``form``; raises ``messages.FAILURES``
    """
    decode = msgspec.json.Decoder(form).decode
    for batch in _batches(blocks(path, advance), path_text(path)):
        if isinstance(batch, Reject):
            yield batch
            continue
        number, lines = batch
        for line in lines:
            number += 1
            try:
                row: Form | Other = decode(line)
            except FAILURES as error:
                fault: Exception | None = error
                if slow is not None and isinstance(error, msgspec.ValidationError):
                    try:
                        row, fault = slow(line, number), None
                    except FAILURES as other:
                        fault = other
                if fault is not None:
                    if line.strip():
                        yield Reject(path_text(path), number, reason(fault, line), excerpt(line))
                    continue
            yield number, row


def lines(blocks: Iterator[bytes], *, file: str) -> Iterator[tuple[int, bytes] | Reject]:
    """(number from 1, line without its end) of the blocks of a text file; a Reject for a line that is too
    long, and for a damaged rest."""
    for batch in _batches(blocks, file):
        if isinstance(batch, Reject):
            yield batch
        else:
            yield from enumerate(batch[1], batch[0] + 1)


def _batches(blocks: Iterator[bytes], file: str) -> Iterator[tuple[int, list[bytes]] | Reject]:
    """(number of lines before, lines) until the file ends."""
    number, rest, is_too_long = 0, b"", False
    try:
        for block in blocks:
            batch = (rest + block).split(b"\n") if rest else block.split(b"\n")
            rest = batch.pop()  # the beginning of a line that goes on in the next block
            # The first newline ends the line that is too long.
            if is_too_long and batch:
                is_too_long = False
                number += 1
                yield _too_long(file, number)
                del batch[0]
            yield number, batch
            number += len(batch)
            if len(rest) > LONGEST_LINE:
                is_too_long, rest = True, b""
    except DAMAGED as error:
        yield Reject(file, number + 1, damage(error))
        return
    if is_too_long:
        yield _too_long(file, number + 1)
    elif rest:
        yield number, [rest]


def blocks(path: Path, advance: Advance) -> Iterator[bytes]:
    """Blocks of a file: inflated if it is compressed, converted to UTF-8 if it is UTF-16, without a byte
    order mark."""
    stream = unpacked(_raw_blocks(path, advance))
    first = next(stream, b"")
    if first.startswith(UTF16):
        yield from recoded(itertools.chain([first], stream), "utf-16")
        return
    yield first.removeprefix(UTF8)
    yield from stream


def unpacked_blocks(source: Source, advance: Advance) -> Iterator[bytes]:
    """Blocks of a file, inflated if it is compressed: its first bytes decide, not its name."""
    return unpacked(_source_blocks(source, advance))


def unpacked(stream: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks, inflated if they are compressed."""
    first = next(stream, b"")
    whole = itertools.chain([first], stream)
    if first.startswith(GZIP):
        return _inflated(whole)
    if first.startswith(XZ):
        return _decompressed(whole, lzma.LZMADecompressor)
    if first.startswith(BZIP2) and first[4:10] == b"1AY&SY":
        return _decompressed(whole, bz2.BZ2Decompressor)
    return whole


def recoded(stream: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The blocks converted to UTF-8; bytes that are not of the encoding become the replacement character."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for block in stream:
        yield decoder.decode(block).encode("utf-8", "replace")
    yield decoder.decode(b"", True).encode("utf-8", "replace")


def _raw_blocks(path: Path, advance: Advance) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as file:
        while block := file.read(BLOCK):
            advance(len(block))
            yield block


def _source_blocks(source: Source, advance: Advance) -> Iterator[bytes]:
    with source.open() as file:
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


def _decompressed(
    stream: Iterator[bytes], new: Callable[[], lzma.LZMADecompressor | bz2.BZ2Decompressor]
) -> Iterator[bytes]:
    """Decompressed blocks of xz or bzip2. Raises EOFError if the file ends within a member."""
    decoder = None
    for block in stream:
        while block or (decoder is not None and not decoder.needs_input):
            decoder = decoder or new()
            out = decoder.decompress(block, 4 * BLOCK)
            if out:
                yield out
            block = b""
            if decoder.eof:
                block, decoder = decoder.unused_data.lstrip(b"\0"), None
    if decoder is not None:
        raise EOFError


def _too_long(file: str, number: int) -> Reject:
    return Reject(file, number, f"the line is longer than {LONGEST_LINE >> 20} MiB")


def damage(error: Exception) -> str:
    """The reason of a Reject for the damaged rest of a file."""
    if isinstance(error, EOFError):
        return "the compressed file ends in the middle; what follows is lost (copy the file again)"
    if isinstance(error, (zlib.error, lzma.LZMAError)):
        return "the compressed data is damaged here; what follows is lost (copy the file again)"
    return f"the file cannot be read: {getattr(error, 'strerror', None) or error}"
