"""The queue of background jobs. One job runs at a time, in a separate process that can be watched and
stopped.

    queued -> running -> done | failed | cancelled

All work of the pipeline can be repeated or continues from a checkpoint. If its process was killed,
a job is therefore queued again, and so is a job that a stopped service left running.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from brandfit.errors import UnknownName, UsageError
from brandfit.service.store import tables
from brandfit.service.store.folders import JOBS, LOG, UPLOADS
from brandfit.service.store.service_store import ServiceStore

log = logging.getLogger("brandfit.service")
OPEN = ("queued", "running")
"""States of jobs that have not ended."""
ATTEMPTS = 3
"""Attempts for a job if its process ends without a result."""
PATIENCE = 15.0
"""Seconds between the request to stop a process and its kill."""
TICK = 0.2
"""Seconds between two checks of a running process."""
IDLE = 5.0
"""Seconds between two checks for jobs that another process queued."""
KEPT = 200
"""Finished jobs that are kept."""


class JobPage(NamedTuple):
    """Some jobs, the latest first, and the number of all jobs."""

    items: list[dict[str, Any]]
    total: int

    def of_kind(self, kind: str) -> JobPage:
        """The jobs of one kind; the total stays that of all jobs."""
        return self._replace(items=[job for job in self.items if job["kind"] == kind])

    @property
    def open(self) -> list[dict[str, Any]]:
        """Jobs that wait or run."""
        return [job for job in self.items if job["state"] in OPEN]

    @property
    def ended(self) -> list[dict[str, Any]]:
        return [job for job in self.items if job["state"] not in OPEN]


class JobQueue:
    """The queue of a workspace. Jobs run between ``start`` and ``stop``; otherwise they wait.

    after_job  called when the process of a job has ended, before the job gets its final state
    """

    def __init__(
        self, store: ServiceStore, folder: Path, after_job: Callable[[], object] = lambda: None
    ) -> None:
        self.store, self.folder, self.after_job = store, folder, after_job
        self.busy = False
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._cancelled: set[str] = set()
        self._thread: threading.Thread | None = None

    # --- requests -------------------------------------------------------------------------------------------

    def submit(self, kind: str, parameters: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """Queue a job. It is on the disk when this returns."""
        id = secrets.token_hex(8)
        row = {
            "id": id,
            "kind": kind,
            "asked": msgspec.json.encode(parameters).decode(),
            "state": "queued",
            "who": actor,
        }
        self.store.write(tables.jobs.insert().values(**row, created=time.time()))
        self._wake.set()
        return self.get(id)

    def get(self, id: str) -> dict[str, Any]:
        """Raises UnknownName."""
        rows = self.store.rows(sa.select(tables.jobs).where(tables.jobs.c.id == id))
        if not rows:
            raise UnknownName(
                "job", id, known=[], hint="It may have been finished long ago; the latest are kept."
            )
        return job_of(rows[0])

    def listing(self, limit: int = 50, offset: int = 0) -> JobPage:
        query = sa.select(tables.jobs).order_by(tables.jobs.c.created.desc(), tables.jobs.c.id)
        # Ids break ties of jobs that were queued in the same instant.
        rows = self.store.rows(query.limit(limit).offset(offset))
        return JobPage([job_of(row) for row in rows], self.store.count(tables.jobs))

    def cancel(self, id: str) -> dict[str, Any]:
        """A queued job never starts, a running job is stopped; results that it has written stay. Raises
        UsageError for a job that has ended."""
        job = self.get(id)
        if job["state"] not in OPEN:
            raise UsageError(
                f"The job is {job['state']} already.", "Only one that waits or runs can be cancelled."
            )
        # An interrupted erasure would leave half of the traces.
        if job["kind"] == "forget" and job["state"] == "running":
            raise UsageError("Forgetting is under way: half of it would be left.", "It ends soon.")
        self._cancelled.add(id)
        # The condition is in the statement: the job may start between the query and this write.
        is_waiting = (tables.jobs.c.id == id) & (tables.jobs.c.state == "queued")
        cancelled = {"state": "cancelled", "finished": time.time()}
        self.store.write(tables.jobs.update().where(is_waiting).values(**cancelled))
        return self.get(id)

    def log(self, id: str) -> str:
        """Output of the process of a job."""
        self.get(id)
        file = self.folder / JOBS / id / LOG
        return file.read_text(errors="replace") if file.exists() else ""

    def file(self, id: str) -> Path | None:
        """The file that a job made; None if it made none or the file is deleted."""
        name = (self.get(id)["result"] or {}).get("file")
        file = self.folder / JOBS / id / str(name)
        return file if name and file.is_file() else None

    # --- the thread that runs jobs --------------------------------------------------------------------------

    def start(self) -> None:
        """Start to run jobs: those that an earlier service left running, then those that wait."""
        for row in self.store.rows(sa.select(tables.jobs).where(tables.jobs.c.state == "running")):
            # Its process may have written a result after the service ended.
            values = _outcome(job_of(row)) or {"state": "queued"}
            self.store.write(tables.jobs.update().where(tables.jobs.c.id == row["id"]).values(**values))
        self._sweep()
        self._thread = threading.Thread(target=self._loop, name="jobs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the running job; the next service continues it."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _loop(self) -> None:
        is_queued = tables.jobs.c.state == "queued"
        oldest = sa.select(tables.jobs).where(is_queued).order_by(tables.jobs.c.created).limit(1)
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                if rows := self.store.rows(oldest):
                    self.busy = True
                    self._run(rows[0])
                    continue
            except Exception:  # a full disk, too many processes: later jobs still run
                log.exception("a job could not be run")
            finally:
                self.busy = False
            self._wake.wait(IDLE)

    def _run(self, job: Mapping[str, Any]) -> None:
        """Run one job in a process, and write its final state."""
        is_job = tables.jobs.c.id == job["id"]
        attempt = job["attempts"] + 1
        running = {"state": "running", "started": time.time(), "attempts": attempt}
        is_queued = is_job & (tables.jobs.c.state == "queued")
        progress = {"step": "", "done": 0, "total": 0}
        if not self.store.write(tables.jobs.update().where(is_queued).values(**running, **progress)):
            return  # cancelled since the query
        # A repeated job appends to the log of its earlier attempts.
        folder = self.folder / JOBS / job["id"]
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "brandfit.service.jobs.worker", str(self.folder), job["id"]]
        with (folder / LOG).open("ab") as output:
            # A new session: Ctrl+C reaches the service alone, and the service stops the job.
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            stopped_by = self._wait(process, job["id"])
        self.store.write(tables.jobs.update().where(is_job).values(step="getting ready", done=0, total=0))
        self.after_job()
        values = self._final_state(job, attempt=attempt, stopped_by=stopped_by, returncode=process.returncode)
        if values["state"] not in OPEN:
            self._drop_upload(job)
        self.store.write(tables.jobs.update().where(is_job).values(**values))

    def _final_state(
        self, job: Mapping[str, Any], *, attempt: int, stopped_by: str, returncode: int
    ) -> dict[str, Any]:
        """Columns of a job after its process has ended.

        A written result wins over a request to stop: the work is done. Without a result the job is cancelled,
        queued again, or failed after ``ATTEMPTS`` attempts. A stop of the service does not count as an
        attempt."""
        if values := _outcome(self.get(job["id"])):
            return values
        if stopped_by == "cancel":
            return {"state": "cancelled", "finished": time.time()}
        if stopped_by == "stop" or attempt < ATTEMPTS:
            return {"state": "queued", "attempts": attempt - (stopped_by == "stop")}
        problem = {
            "title": f"The process of this job ended without a result {attempt} times (status {returncode}).",
            "detail": "It may need more memory than there is; its log may say more.",
        }
        return {"state": "failed", "finished": time.time(), "problem": msgspec.json.encode(problem).decode()}

    def _wait(self, process: subprocess.Popen[bytes], id: str) -> str:
        """Wait until a process ends. Returns 'cancel' or 'stop' if it was made to end, else ''."""
        stopped_by, since = "", 0.0
        while True:
            try:
                process.wait(TICK)
                return stopped_by
            except subprocess.TimeoutExpired:
                pass
            if not stopped_by and (id in self._cancelled or self._stopping.is_set()):
                stopped_by, since = "cancel" if id in self._cancelled else "stop", time.monotonic()
                process.terminate()
            elif stopped_by and time.monotonic() - since > PATIENCE:
                process.kill()

    def _drop_upload(self, job: Mapping[str, Any]) -> None:
        """Delete the upload that an ended import has read."""
        if upload := msgspec.json.decode(job["asked"]).get("upload"):
            shutil.rmtree(self.folder / UPLOADS / upload, ignore_errors=True)

    def _sweep(self) -> None:
        """Delete all but the latest finished jobs, and uploads that no job waits for."""
        # The latest jobs stay, with their logs and files.
        has_ended = tables.jobs.c.state.not_in(OPEN)
        ended = sa.select(tables.jobs.c.id).where(has_ended).order_by(tables.jobs.c.created.desc())
        for row in self.store.rows(ended.offset(KEPT).limit(10_000)):
            shutil.rmtree(self.folder / JOBS / row["id"], ignore_errors=True)
            self.store.write(tables.jobs.delete().where(tables.jobs.c.id == row["id"]))
        # Uploads of a job that waits or runs are still needed.
        open_jobs = self.store.rows(sa.select(tables.jobs.c.asked).where(tables.jobs.c.state.in_(OPEN)))
        needed = {msgspec.json.decode(row["asked"]).get("upload") for row in open_jobs}
        uploads = self.folder / UPLOADS
        for upload in uploads.iterdir() if uploads.is_dir() else ():
            if upload.name not in needed:
                shutil.rmtree(upload, ignore_errors=True)


def job_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table as the API gives it: decoded JSON, and ``actor`` and ``parameters`` as names."""
    job = dict(row)
    job["parameters"], job["actor"] = job.pop("asked"), job.pop("who")
    for name in ("parameters", "result", "problem"):
        job[name] = msgspec.json.decode(job[name]) if job[name] is not None else None
    return job


def _outcome(job: Mapping[str, Any]) -> dict[str, Any]:
    """The final state of a job if its process has written a result or a problem; {} without either."""
    if job["problem"] is None and job["result"] is None:
        return {}
    return {"state": "done" if job["problem"] is None else "failed", "finished": time.time()}
