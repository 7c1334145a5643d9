"""A map over the threads of this machine, lazy and in order: what loops takes its ``map`` from here.

Threads, not processes: what is mapped spends its time in libraries that let go of the interpreter lock
(decoding, ONNX Runtime), and a user's script needs no ``if __name__ == "__main__"`` guard.
"""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def workers() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def thread_map(function: Callable[[A], B], items: Iterable[A], chunk: int = 64) -> Iterator[B]:
    """Results in the order of the items, which are taken ``chunk`` at a time and a few chunks ahead of what
    is wanted."""
    source = iter(items)

    def mapped(batch: list[A]) -> list[B]:
        return [function(item) for item in batch]

    with ThreadPoolExecutor(workers()) as pool:
        waiting: deque[Future[list[B]]] = deque()
        while batch := list(itertools.islice(source, chunk)):
            waiting.append(pool.submit(mapped, batch))
            if len(waiting) > 2 * workers():
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
