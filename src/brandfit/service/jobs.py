"""Long work in the background: one at a time, in a process of its own, that can be watched, stopped and
killed.

    queued -> running -> done | failed | cancelled

All work of the pipeline can be done again or goes on where it was: a job whose process was killed is queued
again, and so is one that a service left running.
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
from typing import Any

import msgspec
import sqlalchemy as sa

from brandfit.errors import UnknownName, UsageError
from brandfit.service import store
from brandfit.service.forgetting import JOBS as FOLDER
from brandfit.service.forgetting import LOG, UPLOADS
from brandfit.service.store import ServiceStore

log = logging.getLogger("brandfit.service")
OPEN = ("queued", "running")
ATTEMPTS = 3
"""How often a job whose process ends without a word is tried."""
PATIENCE = 15.0
"""Seconds that a job has to stop before it is killed."""
TICK = 0.2
IDLE = 5.0
"""Seconds after which somebody looks for jobs that another process queued."""
KEPT = 200
"""Finished jobs that are kept."""


class Jobs:
    """The queue of a workspace. ``start`` works it off until ``stop``; without, jobs wait.

    ended  called when a process has ended, before its job is said to be done
    """

    def __init__(self, notes: ServiceStore, folder: Path, ended: Callable[[], object] = bool) -> None:
        self.desk, self.folder, self.ended = notes, folder, ended
        self.busy = False
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._cancelled: set[str] = set()
        self._thread: threading.Thread | None = None

    # --- asking ---------------------------------------------------------------------------------------------

    def submit(self, kind: str, asked: Mapping[str, Any], who: str) -> dict[str, Any]:
        """Queue it; it is on the disk when this returns."""
        id = secrets.token_hex(8)
        row = {
            "id": id,
            "kind": kind,
            "asked": msgspec.json.encode(asked).decode(),
            "state": "queued",
            "who": who,
        }
        self.desk.write(store.jobs.insert().values(**row, created=time.time()))
        self._wake.set()
        return self.get(id)

    def get(self, id: str) -> dict[str, Any]:
        """Raises UnknownName."""
        found = self.desk.rows(sa.select(store.jobs).where(store.jobs.c.id == id))
        if not found:
            raise UnknownName(
                "job", id, known=[], hint="It may have been finished long ago; the latest are kept."
            )
        return _job_row(found[0])

    def listing(self, limit: int = 50, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """The latest first, and how many there are."""
        query = sa.select(store.jobs).order_by(store.jobs.c.created.desc(), store.jobs.c.id)
        total = self.desk.rows(sa.select(sa.func.count().label("n")).select_from(store.jobs))[0]["n"]
        return [_job_row(row) for row in self.desk.rows(query.limit(limit).offset(offset))], int(total)

    def cancel(self, id: str) -> dict[str, Any]:
        """A queued one never starts, a running one is stopped; what it had finished stays. Raises UsageError
        for one that ended."""
        job = self.get(id)
        if job["state"] not in OPEN:
            raise UsageError(
                f"The job is {job['state']} already.", "Only one that waits or runs can be cancelled."
            )
        if job["kind"] == "forget" and job["state"] == "running":
            raise UsageError("Forgetting is under way: half of it would be left.", "It ends soon.")
        self._cancelled.add(id)
        waiting = (store.jobs.c.id == id) & (store.jobs.c.state == "queued")
        self.desk.write(store.jobs.update().where(waiting).values(state="cancelled", finished=time.time()))
        return self.get(id)

    def log(self, id: str) -> str:
        """What its process printed."""
        self.get(id)
        file = self.folder / FOLDER / id / LOG
        return file.read_text(errors="replace") if file.exists() else ""

    def file(self, id: str) -> Path | None:
        """What it wrote to be kept, None where it wrote nothing or that is gone."""
        name = (self.get(id)["result"] or {}).get("file")
        found = self.folder / FOLDER / id / str(name)
        return found if name and found.is_file() else None

    # --- working --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take up what a service left running, and what waits."""
        for job in self.desk.rows(sa.select(store.jobs).where(store.jobs.c.state == "running")):
            values = _outcome(_job_row(job)) or {"state": "queued"}
            self.desk.write(store.jobs.update().where(store.jobs.c.id == job["id"]).values(**values))
        self._sweep()
        self._thread = threading.Thread(target=self._loop, name="jobs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the running one; it goes on when the service is there again."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            waiting = (
                sa.select(store.jobs)
                .where(store.jobs.c.state == "queued")
                .order_by(store.jobs.c.created)
                .limit(1)
            )
            try:
                if found := self.desk.rows(waiting):
                    self.busy = True
                    self._run(found[0])
                    continue
            except Exception:  # a full disk, too many processes: later jobs are worked off all the same
                log.exception("a job could not be run")
            finally:
                self.busy = False
            self._wake.wait(IDLE)

    def _run(self, job: Mapping[str, Any]) -> None:
        here = store.jobs.c.id == job["id"]
        attempts = job["attempts"] + 1
        queued = here & (store.jobs.c.state == "queued")
        running = {
            "state": "running",
            "started": time.time(),
            "attempts": attempts,
            "step": "",
            "done": 0,
            "total": 0,
        }
        if not self.desk.write(store.jobs.update().where(queued).values(**running)):
            return  # cancelled meanwhile
        folder = self.folder / FOLDER / job["id"]
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "brandfit.service.worker", str(self.folder), job["id"]]
        with (folder / LOG).open("ab") as printed:
            # of a session of its own: Ctrl+C is for the service, which tells the job
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            asked = self._wait(process, job["id"])
        self.desk.write(store.jobs.update().where(here).values(step="getting ready", done=0, total=0))
        self.ended()
        if values := _outcome(self.get(job["id"])):
            self._clean(job)
        elif asked == "cancel":
            values = {"state": "cancelled", "finished": time.time()}
            self._clean(job)
        elif asked == "stop" or attempts < ATTEMPTS:
            values = {"state": "queued", "attempts": attempts - (asked == "stop")}
        else:
            told = {
                "title": f"The process of this job ended without a word {attempts} times "
                f"(status {process.returncode}).",
                "detail": "It may want more memory than there is; its log may say more.",
            }
            values = {
                "state": "failed",
                "finished": time.time(),
                "problem": msgspec.json.encode(told).decode(),
            }
            self._clean(job)
        self.desk.write(store.jobs.update().where(here).values(**values))

    def _wait(self, process: subprocess.Popen[bytes], id: str) -> str:
        """Until it ends. Returns 'cancel' or 'stop' where it was made to, else ''."""
        asked, since = "", 0.0
        while True:
            try:
                process.wait(TICK)
                return asked
            except subprocess.TimeoutExpired:
                pass
            if not asked and (id in self._cancelled or self._stopping.is_set()):
                asked, since = "cancel" if id in self._cancelled else "stop", time.monotonic()
                process.terminate()
            elif asked and time.monotonic() - since > PATIENCE:
                process.kill()

    def _clean(self, job: Mapping[str, Any]) -> None:
        upload = msgspec.json.decode(job["asked"]).get("upload")
        if upload:
            shutil.rmtree(self.folder / UPLOADS / upload, ignore_errors=True)

    def _sweep(self) -> None:
        """Let go of jobs that ended long ago, and of uploads that no job waits for."""
        ended = (
            sa.select(store.jobs.c.id)
            .where(store.jobs.c.state.not_in(OPEN))
            .order_by(store.jobs.c.created.desc())
            .offset(KEPT)
        )
        for row in self.desk.rows(ended.limit(10_000)):
            shutil.rmtree(self.folder / FOLDER / row["id"], ignore_errors=True)
            self.desk.write(store.jobs.delete().where(store.jobs.c.id == row["id"]))
        open_ = self.desk.rows(sa.select(store.jobs.c.asked).where(store.jobs.c.state.in_(OPEN)))
        wanted = {msgspec.json.decode(row["asked"]).get("upload") for row in open_}
        uploads = self.folder / UPLOADS
        for left in uploads.iterdir() if uploads.is_dir() else ():
            if left.name not in wanted:
                shutil.rmtree(left, ignore_errors=True)


def _outcome(job: Mapping[str, Any]) -> dict[str, Any]:
    """How a job ended whose process has said so; {} where it has not."""
    if job["problem"] is None and job["result"] is None:
        return {}
    return {"state": "done" if job["problem"] is None else "failed", "finished": time.time()}


def _job_row(row: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(row)
    for name in ("asked", "result", "problem"):
        found[name] = msgspec.json.decode(found[name]) if found[name] is not None else None
    return found
