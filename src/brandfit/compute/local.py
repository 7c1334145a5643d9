"""A lazy, ordered map over the threads of this machine; functions with long loops take it as ``map``.

Threads, not processes: the mapped functions spend their time in libraries that release the interpreter lock
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
    """Results in the order of the items. Threads take ``chunk`` items at a time; at most two chunks a thread
    are computed ahead, so that memory does not grow with the items."""
    source = iter(items)

    def mapped(batch: list[A]) -> list[B]:
        return [function(item) for item in batch]

    with ThreadPoolExecutor(workers()) as pool:
        waiting: deque[Future[list[B]]] = deque()
        while batch := list(itertools.islice(source, chunk)):
            waiting.append(pool.submit(mapped, batch))
            # The oldest chunk is next in the order; the later ones go on in the meantime.
            if len(waiting) > 2 * workers():
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
