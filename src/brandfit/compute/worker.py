"""A worker process: ``python -m brandfit.compute.worker MODULE FUNCTION MEMORY``.

The process applies a function of one argument. It reads lists of arguments from stdin, and writes the list of
results of each to stdout, until stdin ends. A list is sent as its length in 4 bytes, then its MessagePack.
Arguments are decoded as the type that the function annotates. MEMORY is the limit of memory in bytes, on
systems that have such a limit.
"""

from __future__ import annotations

import contextlib
import importlib
import struct
import sys
from typing import IO, get_type_hints

import msgspec

LENGTH = struct.Struct("<I")
"""The length of a message: 4 bytes, little-endian."""


def send(stream: IO[bytes], data: bytes) -> None:
    """Write one message: its length, and its bytes."""
    stream.write(LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """The next message. Raises EOFError if the stream ends before or within it, because the other process
    ended."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    (length,) = LENGTH.unpack(head)
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def main(module: str, name: str, memory: str) -> None:
    """Apply the function ``name`` of a module to lists of items until stdin ends.

    memory  maximum bytes of address space
    """
    # The limit is set first, because the import of the module needs memory too. Windows has no such limit.
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    function = getattr(importlib.import_module(module), name)
    hints = get_type_hints(function)
    hints.pop("return")
    # The only annotation that is left is that of the argument.
    (item_type,) = hints.values()
    decoder = msgspec.msgpack.Decoder(list[item_type])  # type: ignore[valid-type]
    encoder = msgspec.msgpack.Encoder()
    with contextlib.suppress(EOFError):
        while True:
            items = decoder.decode(receive(sys.stdin.buffer))
            send(sys.stdout.buffer, encoder.encode([function(item) for item in items]))


if __name__ == "__main__":
    main(*sys.argv[1:])
