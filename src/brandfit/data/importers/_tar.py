"""Members of a tar file in one pass; reading goes on behind damage.

The standard library's reader stops at the first damaged header and takes 20 times as long for many small
members.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from brandfit.data.schema import Reject
from brandfit.messages import clean, path_text
from brandfit.progress import Advance

BLOCK = 512
LARGEST = 64 << 20
"""Bytes; a larger member is rejected without being read."""
END_BLOCKS = 2
"""Blocks of zeros that end a tar file."""

NEXT_NAME, NEXT_ATTRIBUTES, ALL_ATTRIBUTES = b"L", b"x", b"g"
"""Kinds of members: the name of the next one (GNU), attributes of the next one, and of all (pax)."""
FILES = (b"0", b"\0")

Member = tuple[int, str, bytes]


def members(path: Path, advance: Advance) -> Iterator[Member | Reject]:
    """(number from 1, name, bytes) of every file in a tar (ustar, GNU and pax names), in order."""
    try:
        size = path.stat().st_size
        with open(path, "rb", buffering=1 << 20) as file:
            yield from _Reader(file, size, path=path_text(path), advance=advance).members()
    except OSError as error:
        yield Reject(path_text(path), 1, f"the file cannot be read: {error.strerror or error}")


def quoted_name(name: str) -> str:
    """A name for a message: quoted, and only the end of a long one."""
    return repr(name if len(name) <= 80 else f"...{name[-77:]}")


class _Reader:
    """Reads one tar file from its beginning to its end."""

    def __init__(self, file: BinaryIO, size: int, *, path: str, advance: Advance) -> None:
        self._file, self._file_size, self._path, self._advance = file, size, path, advance
        self._offset = 0
        self._number = 0
        """Of the last member or damage."""
        self._is_damaged = False
        """Whether the last block was no header: consecutive bad blocks are one Reject."""
        self._is_cut_off = False
        self._long_name = ""
        """Name that an earlier member gives the next one; its header has room for 100 bytes only."""

    def members(self) -> Iterator[Member | Reject]:
        while (header := self._next_header()) is not None:
            size = _size(header)
            if size < 0:
                # This block is no header; a later one may be.
                if not self._is_damaged:
                    self._is_damaged = True
                    yield self._reject(
                        "the tar file is damaged here; going on with the next picture that can be found"
                    )
                continue
            self._is_damaged = False
            if size > LARGEST or self._offset + size > self._file_size:
                yield self._skip(header, size)
                continue
            member = self._member(header, size)
            if member is not None:
                yield member
        if self._is_cut_off:
            yield Reject(
                self._path, self._number + 1, "the tar file ends in the middle; what follows is lost"
            )
        self._advance(max(self._file_size - self._offset, 0))  # zeros after the end

    def _next_header(self) -> bytes | None:
        """The next block that is not zeros; None at the end."""
        n_zeros = 0
        while True:
            block = self._read(BLOCK)
            if len(block) < BLOCK:
                # A tar file should end with blocks of zeros; one that was written by halves does not.
                self._is_cut_off = bool(block) or not n_zeros
                return None
            # The first byte decides quickly for nearly all headers.
            if block[0] or any(block):
                return block
            n_zeros += 1
            if n_zeros == END_BLOCKS:
                self._is_cut_off = False
                return None

    def _skip(self, header: bytes, size: int) -> Reject:
        """Pass over a member that is too large or cut off."""
        is_cut_off = self._offset + size > self._file_size
        why = "larger than 64 MiB" if size > LARGEST else "cut off: the tar file ends before it"
        name = quoted_name(self._long_name or _name(header))
        self._long_name = ""
        # A size beyond the end may itself be damaged: look for headers from here on.
        if not is_cut_off:
            padded = _padded(size)
            self._file.seek(padded, 1)
            self._offset += padded
            self._advance(padded)
        return self._reject(f"the member {name} is {why}")

    def _member(self, header: bytes, size: int) -> Member | None:
        """Read one member; None if it is no file."""
        data = self._read(_padded(size))[:size]
        kind = header[156:157]
        if kind == NEXT_NAME:
            self._long_name = _text(data)
        elif kind == NEXT_ATTRIBUTES:
            self._long_name = _pax_path(data) or self._long_name
        elif kind in FILES:
            self._number += 1
            member = self._number, self._long_name or _name(header), data
            self._long_name = ""
            return member
        elif kind != ALL_ATTRIBUTES:  # a folder, link or device: nothing to read
            self._long_name = ""
        return None

    def _read(self, n_bytes: int) -> bytes:
        data = self._file.read(n_bytes)
        self._offset += len(data)
        self._advance(len(data))
        return data

    def _reject(self, reason: str) -> Reject:
        self._number += 1
        return Reject(self._path, self._number, reason)


def _padded(size: int) -> int:
    """Members fill whole blocks."""
    return size + (-size % BLOCK)


def _size(header: bytes) -> int:
    """The size that a header states; -1 if the block is not a header."""
    try:
        stated = int(header[148:156].strip(b" \0") or b"x", 8)
        # The checksum is the sum of all bytes, its own eight taken as spaces. The low half of adler32 is that
        # sum modulo 65521, and is fast.
        actual = (zlib.adler32(header[:148] + b"        " + header[156:]) & 0xFFFF) - 1
        if stated % 65521 != actual % 65521:
            return -1
        field = header[124:136]
        # GNU writes sizes above 8 GiB in binary, with the highest bit set.
        return int.from_bytes(field[1:], "big") if field[0] & 0x80 else int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        return -1


def _name(header: bytes) -> str:
    name = _text(header[:100])
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _text(field: bytes) -> str:
    return clean(field.partition(b"\0")[0].decode("utf-8", "replace"))


def _pax_path(data: bytes) -> str:
    """The path in pax records ``<length> path=<value>\\n``; '' if there is none."""
    while data:
        length, _, _ = data.partition(b" ")
        if not length.isdigit() or len(length) > 9 or not 0 < int(length) <= len(data):
            return ""
        record, data = data[: int(length)], data[int(length) :]
        if record[len(length) + 1 :].startswith(b"path="):
            return _text(record[len(length) + 6 :].rstrip(b"\n"))
    return ""
