"""Worker processes, for what must not take this process down: decoding what strangers made.

A worker has a memory limit, and a deadline a chunk. Where one dies or stalls, its chunk is done again item by
item in a fresh one, and the item that did it gets the answer of ``failed``. Workers are started by name, not
forked, so a user's script needs no ``if __name__ == "__main__"`` guard and threads are no danger.
"""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar, get_type_hints

import msgspec

from brandfit.compute.local import workers
from brandfit.compute.worker import receive, send

A = TypeVar("A")
B = TypeVar("B")

MEMORY = 2 * 2**30
"""Bytes of address space of a worker."""
DEADLINE = 60.0
"""Seconds for a chunk."""
CHUNK = 128
"""Items sent at once, or fewer where they are large."""
CHUNK_BYTES = 8 * 2**20
AHEAD_BYTES = 128 * 2**20
"""Bytes on their way through the workers: what bounds the memory of this process."""


def process_selected(
    function: Callable[[A], B],
    items: Iterable[Any],
    *,
    only: type[A],
    size: Callable[[A], int],
    failed: Callable[[A, str], B],
    deadline: float = DEADLINE,
) -> Iterator[Any]:
    """Items of the type ``only`` come out as what ``function`` makes of them in a worker process; the others
    pass by.

    Both keep their order, but not with each other: what passes by does not wait. ``function`` is a module's
    own, with annotations that MessagePack can carry; ``size`` is that of an item in bytes; ``failed(item,
    reason)`` answers for one that killed or stalled its worker.
    """
    pool: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
    for _ in range(workers()):
        pool.put(_Worker(function, deadline))

    def work(batch: list[A]) -> list[B]:
        worker = pool.get()
        try:
            return worker.batch(batch, failed)
        finally:
            pool.put(worker)

    waiting: deque[tuple[int, Future[list[B]]]] = deque()
    batch: list[A] = []
    bytes_, ahead = 0, 0
    with ThreadPoolExecutor(workers()) as threads:
        try:
            for item in items:
                if type(item) is not only:
                    yield item
                    continue
                batch.append(item)
                bytes_ += size(item)
                if len(batch) < CHUNK and bytes_ < CHUNK_BYTES:
                    continue
                waiting.append((bytes_, threads.submit(work, batch)))
                ahead += bytes_
                batch, bytes_ = [], 0
                while waiting and (waiting[0][1].done() or ahead > AHEAD_BYTES):
                    done, future = waiting.popleft()
                    ahead -= done
                    yield from future.result()
            waiting.append((bytes_, threads.submit(work, batch)))
            while waiting:
                yield from waiting.popleft()[1].result()
        finally:
            for _, future in waiting:
                future.cancel()
            threads.shutdown(wait=True)
            while not pool.empty():
                pool.get().stop()


class _Worker:
    """One process, started when it is first needed."""

    def __init__(self, function: Callable[[Any], Any], deadline: float) -> None:
        self.command = [
            sys.executable,
            "-m",
            "brandfit.compute.worker",
            function.__module__,
            function.__name__,
            str(MEMORY),
        ]
        gives: Any = get_type_hints(function)["return"]
        self.decoder: msgspec.msgpack.Decoder[list[Any]] = msgspec.msgpack.Decoder(list[gives])
        self.deadline = deadline
        self.process: subprocess.Popen[bytes] | None = None

    def batch(self, items: list[A], failed: Callable[[A, str], B]) -> list[B]:
        """Results of items, those done again one by one that were in the way of others."""
        if not items:
            return []
        try:
            return self.call(items)
        except (EOFError, OSError, msgspec.MsgspecError) as error:
            reason = (
                "took too long"
                if isinstance(error, TimeoutError)
                else "took too much memory or broke the decoder"
            )
            self.stop()
            if len(items) == 1:
                return [failed(items[0], reason)]
            return [result for item in items for result in self.batch([item], failed)]

    def call(self, items: list[A]) -> list[B]:
        if self.process is None:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        process = self.process
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self.deadline, end)
        timer.daemon = True
        timer.start()
        try:
            send(process.stdin, msgspec.msgpack.encode(items))
            return self.decoder.decode(receive(process.stdout))
        except (EOFError, OSError):
            if late.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
            self.process = None
