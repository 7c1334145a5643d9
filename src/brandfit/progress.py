"""Progress of long work: one protocol for all that report it, and for all that show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

Advance = Callable[[int], None]
"""Called with the number of bytes that were read since the last call."""


@runtime_checkable
class Progress(Protocol):
    """Called as work goes on: ``done`` of ``total`` units, and the name of the step if there are several.

    ``total`` is 0 where it is not known yet. Units are whatever the work counts: epochs, contents, accounts.
    """

    def __call__(self, done: int, total: int, step: str = "", /) -> None: ...


def named(progress: Progress | None, step: str) -> Progress | None:
    """The same progress, with this name of a step for work that reports none."""
    if progress is None:
        return None
    return lambda done, total, inner="", /: progress(done, total, inner or step)


def advancing(progress: Progress, total: int, step: str = "") -> Advance:
    """A function that adds up the bytes that it is called with, and reports their sum."""
    read = 0

    def advance(n_bytes: int) -> None:
        nonlocal read
        read += n_bytes
        progress(read, total, step)

    return advance
