"""The protocol by which long work reports its progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

Advance = Callable[[int], None]
"""Called with the number of bytes that were read since the last call."""


@runtime_checkable
class Progress(Protocol):
    """A function that is called during work: ``done`` of ``total`` units, and the name of the step if there
    are several.

    ``total`` is 0 until it is known. The work chooses its units: epochs, contents, accounts.
    """

    def __call__(self, done: int, total: int, step: str = "", /) -> None: ...


def named(progress: Progress | None, step: str) -> Progress | None:
    """The same progress, with this name for steps without a name."""
    if progress is None:
        return None
    return lambda done, total, inner="", /: progress(done, total, inner or step)


def advancing(progress: Progress, total: int, step: str = "") -> Advance:
    """A function that adds up numbers of bytes and reports their sum."""
    read = 0

    def advance(n_bytes: int) -> None:
        nonlocal read
        read += n_bytes
        progress(read, total, step)

    return advance
