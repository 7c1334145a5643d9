"""The process of one job: python -m brandfit.service.jobs.worker WORKSPACE JOB. It ends when the service that
started it ends."""

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
from brandfit.service.jobs.kinds import MAKES_FILE, NAMES_ACCOUNTS, WORK
from brandfit.service.store import tables
from brandfit.service.store.folders import JOBS
from brandfit.service.store.service_store import ServiceStore
from brandfit.workspace import Workspace

EVERY = 0.3
"""Minimum of seconds between two writes of progress."""
PATIENCE = 15.0
"""Seconds between the end of the service and the kill of this process: the next service may start the job
anew."""
STOPPED = 75
"""Exit status after a request to stop."""


class Stopped(BaseException):
    """Request to stop: transactions are rolled back on the way out."""


def main(folder: str, id: str) -> int:
    signal.signal(signal.SIGTERM, _stop)
    # Started before the work, so that no job outlives its service.
    threading.Thread(target=_end_with_service, daemon=True).start()
    store = ServiceStore(Path(folder))
    try:
        with Workspace(folder, create=True) as workspace:
            return work(store, workspace, id)
    except Stopped:
        return STOPPED
    finally:
        store.close()


def work(store: ServiceStore, workspace: Workspace, id: str) -> int:
    """Run a job and write its result or its problem. The service sets its state after the process ends."""
    is_job = tables.jobs.c.id == id
    job = store.rows(tables.jobs.select().where(is_job))[0]
    last_write = 0.0

    def progress(done: int, total: int, step: str = "", /) -> None:
        nonlocal last_write
        # A write per step would cost more than many steps do.
        if time.monotonic() - last_write >= EVERY:
            last_write = time.monotonic()
            store.write(tables.jobs.update().where(is_job).values(step=step, done=done, total=total))

    try:
        parameters = msgspec.json.decode(job["asked"])
        if job["kind"] in MAKES_FILE:
            parameters["folder"] = workspace.path / JOBS / id
        forgotten = workspace.forgotten()
        result: Any = WORK[job["kind"]](workspace, progress, **parameters)
        values = {"result": msgspec.json.encode(result).decode()}
    except BrandfitError as error:
        values = {"problem": msgspec.json.encode({"title": error.message, "detail": error.hint}).decode()}
    except Exception:
        traceback.print_exc()  # into the log of the job
        problem = {
            "title": "Something went wrong that should not.",
            "detail": "The log of the job says where.",
        }
        values = {"problem": msgspec.json.encode(problem).decode()}
    store.write(tables.jobs.update().where(is_job).values(**values))
    if job["kind"] in NAMES_ACCOUNTS and "result" in values and workspace.forgotten() != forgotten:
        # An erasure that ended before this result was written could not remove the account from it. The
        # result is written first, so that none comes between the look and the write.
        problem = {
            "title": "Somebody was forgotten while this was computed, and may be in it.",
            "detail": "Ask for it anew.",
        }
        changed = {"result": None, "problem": msgspec.json.encode(problem).decode()}
        store.write(tables.jobs.update().where(is_job).values(**changed))
    return 0


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise Stopped


def _end_with_service() -> None:
    """Stop this process when the service ends: the service holds the other end of stdin, which closes
    then."""
    # Not through sys.stdin: Python aborts if a thread reads from that while the process ends.
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)  # native code may hold signals back for a while
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
