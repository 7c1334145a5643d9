"""One job in a process of its own: python -m brandfit.service.worker WORKSPACE JOB. Ends when the service
that started it does."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from brandfit.errors import BrandfitError
from brandfit.service import store
from brandfit.service.forgetting import JOBS
from brandfit.service.store import ServiceStore
from brandfit.service.work import MAKES_FILE, WORK
from brandfit.workspace import Workspace

EVERY = 0.3
"""Seconds between two notes of progress at least."""
PATIENCE = 15.0
"""Seconds that it has to stop when the service has ended: the next one may start the job anew."""
STOPPED = 75
"""Exit status of one that was asked to stop."""


class Stopped(BaseException):
    """Asked to stop: whatever is being written is rolled back on the way out."""


def main(folder: str, id: str) -> int:
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_watch, daemon=True).start()
    notes = ServiceStore(Path(folder))
    try:
        with Workspace(folder, create=True) as workspace:
            return work(notes, workspace, id)
    except Stopped:
        return STOPPED
    finally:
        notes.close()


def work(notes: ServiceStore, workspace: Workspace, id: str) -> int:
    here = store.jobs.c.id == id
    job = notes.rows(store.jobs.select().where(here))[0]
    last = 0.0

    def progress(done: int, total: int, step: str = "", /) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            notes.write(store.jobs.update().where(here).values(step=step, done=done, total=total))

    try:
        more = {"folder": workspace.path / JOBS / id} if job["kind"] in MAKES_FILE else {}
        result: Any = WORK[job["kind"]](workspace, progress, **msgspec.json.decode(job["asked"]), **more)
        values = {"result": msgspec.json.encode(result).decode()}
    except BrandfitError as error:
        values = {"problem": msgspec.json.encode({"title": error.message, "detail": error.hint}).decode()}
    except Exception:
        traceback.print_exc()
        told = {"title": "Something went wrong that should not.", "detail": "The log of the job says where."}
        values = {"problem": msgspec.json.encode(told).decode()}
    notes.write(
        store.jobs.update().where(here).values(**values)
    )  # the service says that it ended, when that can be seen
    return 0


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise Stopped


def _watch() -> None:
    """The service holds the other end; it is closed when the service ends, however it does."""
    os.read(
        sys.stdin.fileno(), 1
    )  # not through sys.stdin: Python aborts where a thread waits in that when it ends
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)  # in the middle of something that hears no signals
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
