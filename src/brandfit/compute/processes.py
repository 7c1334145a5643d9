"""Worker processes for work on untrusted input that may crash or stall a process, such as decoding pictures.

A worker has a memory limit, and a deadline for each chunk. If it dies or stalls, its chunk is repeated item
by item in a new worker, and ``failed`` gives the result of the item at fault. Workers are started by name,
not forked, so a user's script needs no ``if __name__ == "__main__"`` guard and threads are safe.
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
"""Bytes that are with the workers at once: the limit on the memory of this process."""


def process_selected(
    function: Callable[[A], B],
    items: Iterable[Any],
    *,
    only: type[A],
    size: Callable[[A], int],
    failed: Callable[[A, str], B],
    deadline: float = DEADLINE,
) -> Iterator[Any]:
    """Replaces each item of the type ``only`` by the result of ``function`` in a worker process; all other
    items stay as they are.

    Both kinds keep their order, but not relative to each other: the others do not wait for results.

    function  a function of a module, with annotations that MessagePack can encode
    size      bytes of an item
    failed    result for an item that killed or stalled its worker, from the item and the reason
    deadline  seconds for a chunk
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

    waiting: deque[tuple[int, Future[list[B]]]] = deque()  # (bytes, results) of each chunk, the oldest first
    batch: list[A] = []
    n_batch_bytes, n_ahead = 0, 0
    with ThreadPoolExecutor(workers()) as threads:
        try:
            for item in items:
                if type(item) is not only:
                    yield item
                    continue
                batch.append(item)
                n_batch_bytes += size(item)
                if len(batch) < CHUNK and n_batch_bytes < CHUNK_BYTES:
                    continue
                waiting.append((n_batch_bytes, threads.submit(work, batch)))
                n_ahead += n_batch_bytes
                batch, n_batch_bytes = [], 0
                # Wait for the oldest chunk only if too many bytes are with the workers.
                while waiting and (waiting[0][1].done() or n_ahead > AHEAD_BYTES):
                    n_done, future = waiting.popleft()
                    n_ahead -= n_done
                    yield from future.result()
            waiting.append((n_batch_bytes, threads.submit(work, batch)))
            while waiting:
                yield from waiting.popleft()[1].result()
        finally:
            for _, future in waiting:
                future.cancel()
            threads.shutdown(wait=True)
            while not pool.empty():
                pool.get().stop()


class _Worker:
    """One worker process, started at its first chunk."""

    def __init__(self, function: Callable[[Any], Any], deadline: float) -> None:
        self.command = [
            sys.executable,
            "-m",
            "brandfit.compute.worker",
            function.__module__,
            function.__name__,
            str(MEMORY),
        ]
        result_type: Any = get_type_hints(function)["return"]
        self.decoder: msgspec.msgpack.Decoder[list[Any]] = msgspec.msgpack.Decoder(list[result_type])
        self.deadline = deadline
        self.process: subprocess.Popen[bytes] | None = None

    def batch(self, items: list[A], failed: Callable[[A, str], B]) -> list[B]:
        """Results of items. If the worker fails, each item is repeated alone."""
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
            results: list[B] = []
            for item in items:
                results += self.batch([item], failed)
            return results

    def call(self, items: list[A]) -> list[B]:
        """Results of the process. Raises TimeoutError after the deadline, EOFError or OSError if the process
        has ended."""
        if self.process is None:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        process = self.process
        assert process.stdin is not None
        assert process.stdout is not None
        is_late = threading.Event()

        # The pipes have no timeout: killing the process ends the read below.
        def kill() -> None:
            is_late.set()
            process.kill()

        timer = threading.Timer(self.deadline, kill)
        timer.daemon = True
        timer.start()
        try:
            send(process.stdin, msgspec.msgpack.encode(items))
            return self.decoder.decode(receive(process.stdout))
        except (EOFError, OSError):
            if is_late.is_set():
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
