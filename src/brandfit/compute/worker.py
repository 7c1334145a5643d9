"""A worker process: ``python -m brandfit.compute.worker MODULE FUNCTION MEMORY``.

Reads chunks of items from stdin and writes their results to stdout, each a 4-byte length and MessagePack,
until stdin ends. The function's annotations say what an item and a result are. Memory is limited where the
system can.
"""

from __future__ import annotations

import contextlib
import importlib
import struct
import sys
from typing import IO, get_type_hints

import msgspec

LENGTH = struct.Struct("<I")


def send(stream: IO[bytes], data: bytes) -> None:
    """Write one message: its length in 4 bytes, and its bytes."""
    stream.write(LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """The next message. Raises EOFError if the other process has ended."""
    head = stream.read(LENGTH.size)
    data = stream.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""
    if len(head) < LENGTH.size or len(data) < LENGTH.unpack(head)[0]:
        raise EOFError
    return data


def main(module: str, name: str, memory: str) -> None:
    """Apply a function to chunks of items until stdin ends. ``memory``: bytes of address space."""
    # Address space is limited before the function's module is imported. Windows has no such limit.
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    function = getattr(importlib.import_module(module), name)
    hints = get_type_hints(function)
    hints.pop("return")  # what is left is the annotation of the only argument
    decoder = msgspec.msgpack.Decoder(list[next(iter(hints.values()))])  # type: ignore[misc]
    encoder = msgspec.msgpack.Encoder()
    with contextlib.suppress(EOFError):
        while True:
            items = decoder.decode(receive(sys.stdin.buffer))
            send(sys.stdout.buffer, encoder.encode([function(item) for item in items]))


if __name__ == "__main__":
    main(*sys.argv[1:])
