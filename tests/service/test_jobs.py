"""Long work: told of while it runs, stopped, killed, tried again, taken up by the next service.

The job is an import by a plugin that does as it is told by files: it counts its tries, and goes on once
``go`` is there.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest

from brandfit.errors import UnknownName, UsageError
from brandfit.service.jobs import kinds as work
from brandfit.service.jobs import queue as jobs
from brandfit.service.jobs.queue import ATTEMPTS, JobQueue
from brandfit.service.store import tables
from brandfit.service.store.service_store import ServiceStore
from brandfit.workspace import Workspace

PLUGIN = '''
import os, signal, time
from pathlib import Path
from brandfit.data.importers.base import Importer
from brandfit.data.schema import Account
from brandfit.errors import DataError

class Told(Importer):
    """Does as it is told."""

    def total(self, path):
        return 100

    def read(self, path, tick):
        print("reads", path.name, flush=True)
        (path / f"try-{os.getpid()}").touch()
        yield Account(id="a.one", role="influencer")
        for _ in range(40):
            tick(1)
        if (path / "deaf").exists():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while not (path / "go").exists():
            time.sleep(0.02)
            tick(0)
        if (path / "die").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        if (path / "wrong").exists():
            raise DataError("It is wrong.", "Mend it.")
        if (path / "unforeseen").exists():
            raise ZeroDivisionError("inside")
        yield Account(id="b.two", role="influencer")
'''


@pytest.fixture
def source(tmp_path, monkeypatch) -> Path:
    """The folder that the plugin reads; the plugin is installed for processes that are started."""
    site = tmp_path / "site"
    about = site / "told-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "told_plugin.py").write_text(PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: told\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[brandfit.importers]\ntold = told_plugin:Told\n")
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
    )
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


class Place:
    """A workspace with a queue, as one service after the other has it."""

    def __init__(self, folder: Path) -> None:
        with Workspace(folder, create=True) as workspace:
            self.folder = workspace.path
        self.desk = ServiceStore(self.folder)
        self.open: list[JobQueue] = []

    def service(self, works: bool = True) -> JobQueue:
        self.open.append(JobQueue(self.desk, self.folder))
        if works:
            self.open[-1].start()
        return self.open[-1]

    def accounts(self) -> list[str]:
        with Workspace(self.folder) as workspace:
            return sorted(workspace.dataset().accounts["id"].to_pylist()) if workspace.fingerprint else []


@pytest.fixture
def place(tmp_path):
    found = Place(tmp_path / "work")
    yield found
    for queue in found.open:
        queue.stop()
    found.desk.close()


def ask(queue: JobQueue, source: Path) -> str:
    return queue.submit("import", {"source": "told", "path": str(source)}, "me")["id"]


def tries(source: Path) -> list[int]:
    """Process ids of all tries so far."""
    return [
        int(file.name.removeprefix("try-"))
        for file in sorted(source.glob("try-*"), key=lambda f: f.stat().st_mtime_ns)
    ]


def test_a_job_is_told_of_while_it_runs_and_is_done(place, source, until):
    queue = place.service()
    id = ask(queue, source)
    running = until(lambda: (job := queue.get(id))["done"] > 1 and job)
    assert (running["state"], running["step"], running["done"], running["total"]) == (
        "running",
        "reading",
        40,
        100,
    )
    assert running["started"] >= running["created"]
    (source / "go").touch()
    done = until(lambda: (job := queue.get(id))["finished"] and job)
    assert (done["state"], done["attempts"], done["actor"], done["problem"]) == ("done", 1, "me", None)
    assert done["result"]["changes"]["accounts"]["added"] == 2
    assert place.accounts() == ["a.one", "b.two"]
    assert queue.log(id) == "reads source\n"


def test_it_is_done_when_what_it_made_can_be_seen(place, source, until):
    seen: list[dict] = []
    queue = JobQueue(place.desk, place.folder, lambda: seen.append(queue.listing()[0][0]))
    place.open.append(queue)
    queue.start()
    (source / "go").touch()
    id = ask(queue, source)
    until(lambda: queue.get(id)["state"] == "done")
    (job,) = seen
    assert (job["id"], job["state"], job["step"]) == (id, "running", "getting ready")
    assert job["result"]["changes"]["accounts"]["added"] == 2


@pytest.mark.parametrize(("said", "state"), [("result", "done"), ("problem", "failed")])
def test_one_that_had_said_how_it_ended_is_not_done_again(place, source, until, said, state):
    waiting = place.service(works=False)
    id = ask(waiting, source)
    place.desk.write(tables.jobs.update().values(state="running", attempts=1, **{said: "{}"}))
    queue = place.service()
    until(lambda: queue.get(id)["state"] == state)
    assert queue.get(id)["attempts"] == 1
    assert tries(source) == []


def test_one_at_a_time_in_the_order_asked(place, source, until):
    queue = place.service()
    first, second = ask(queue, source), ask(queue, source)
    until(lambda: tries(source))
    assert [queue.get(id)["state"] for id in (first, second)] == ["running", "queued"]
    assert [job["id"] for job in queue.listing()[0]] == [second, first]
    (source / "go").touch()
    until(lambda: queue.get(second)["finished"])
    assert queue.get(first)["finished"] <= queue.get(second)["started"]


def test_a_queued_job_that_is_cancelled_never_starts(place, source, until):
    queue = place.service()
    first, second = ask(queue, source), ask(queue, source)
    assert queue.cancel(second)["state"] == "cancelled"
    (source / "go").touch()
    until(lambda: queue.get(first)["finished"])
    queue.stop()
    assert len(tries(source)) == 1
    assert queue.get(second)["attempts"] == 0
    with pytest.raises(UsageError, match="cancelled already"):
        queue.cancel(second)
    with pytest.raises(UsageError, match="done already"):
        queue.cancel(first)


def test_a_running_job_that_is_cancelled_writes_nothing(place, source, until):
    queue = place.service()
    id = ask(queue, source)
    [process] = until(lambda: tries(source))
    queue.cancel(id)
    until(lambda: queue.get(id)["state"] == "cancelled")
    assert not psutil.pid_exists(process)
    assert place.accounts() == []
    (source / "go").touch()
    again = ask(queue, source)
    until(lambda: queue.get(again)["state"] == "done")
    assert place.accounts() == ["a.one", "b.two"]


def test_a_job_that_hears_nothing_is_killed(place, source, until, monkeypatch):
    monkeypatch.setattr(jobs, "PATIENCE", 0.3)
    (source / "deaf").touch()
    queue = place.service()
    id = ask(queue, source)
    until(lambda: queue.get(id)["done"])
    [process] = tries(source)
    queue.cancel(id)
    until(lambda: queue.get(id)["state"] == "cancelled")
    assert not psutil.pid_exists(process)


def test_a_job_whose_process_is_killed_is_tried_again_and_finishes(place, source, until):
    queue = place.service()
    id = ask(queue, source)
    [process] = until(lambda: tries(source))
    os.kill(process, signal.SIGKILL)
    until(lambda: len(tries(source)) == 2)
    (source / "go").touch()
    done = until(lambda: (job := queue.get(id))["finished"] and job)
    assert (done["state"], done["attempts"]) == ("done", 2)
    assert place.accounts() == ["a.one", "b.two"]
    assert queue.log(id).count("reads source") == 2


def test_a_job_that_always_dies_has_failed_in_the_end(place, source, until):
    (source / "go").touch()
    (source / "die").touch()
    queue = place.service()
    id = ask(queue, source)
    done = until(lambda: (job := queue.get(id))["finished"] and job)
    assert (done["state"], done["attempts"], len(tries(source))) == ("failed", ATTEMPTS, ATTEMPTS)
    assert f"{ATTEMPTS} times (status -9)" in done["problem"]["title"]
    assert place.accounts() == []


@pytest.mark.parametrize(
    ("how", "title", "log"),
    [
        ("wrong", "It is wrong.", ""),
        ("unforeseen", "Something went wrong that should not.", "ZeroDivisionError: inside"),
    ],
)
def test_a_job_that_cannot_be_done_is_not_tried_again(place, source, until, how, title, log):
    (source / "go").touch()
    (source / how).touch()
    queue = place.service()
    id = ask(queue, source)
    done = until(lambda: (job := queue.get(id))["finished"] and job)
    assert (done["state"], done["attempts"], len(tries(source))) == ("failed", 1, 1)
    assert done["problem"]["title"] == title
    assert "inside" not in str(done["problem"])
    assert log in queue.log(id)


def test_a_service_that_ends_puts_its_job_off_and_the_next_one_takes_it_up(place, source, until):
    queue = place.service()
    id, waiting = ask(queue, source), ask(queue, source)
    [process] = until(lambda: tries(source))
    queue.stop()
    assert not psutil.pid_exists(process)
    assert [(queue.get(one)["state"], queue.get(one)["attempts"]) for one in (id, waiting)] == [
        ("queued", 0),
        ("queued", 0),
    ]
    assert place.accounts() == []
    (source / "go").touch()
    after = place.service()
    until(lambda: after.get(waiting)["finished"])
    assert [after.get(one)["state"] for one in (id, waiting)] == ["done", "done"]


def test_what_a_killed_service_left_running_is_done_by_the_next(place, source, until):
    queue = place.service(works=False)
    id = ask(queue, source)
    place.desk.write(tables.jobs.update().values(state="running", attempts=1, step="reading"))
    (source / "go").touch()
    after = place.service()
    done = until(lambda: (job := after.get(id))["finished"] and job)
    assert (done["state"], done["attempts"]) == ("done", 2)


def test_a_worker_ends_with_its_service(place, source, until):
    """A pipe that the service holds: it closes however the service ends."""
    import subprocess
    import sys

    queue = place.service(works=False)
    id = ask(queue, source)
    command = [sys.executable, "-m", "brandfit.service.jobs.worker", str(place.folder), id]
    worker = subprocess.Popen(command, stdin=subprocess.PIPE)
    until(lambda: tries(source))
    worker.stdin.close()
    assert worker.wait(30) == 75
    assert place.accounts() == []


def test_an_upload_stays_until_its_job_has_ended(place, source, until):
    upload = place.folder / work.UPLOADS / ("a" * 16)
    shutil.copytree(source, upload)
    left = place.folder / work.UPLOADS / ("b" * 16)
    shutil.copytree(source, left)
    queue = place.service(works=False)
    id = queue.submit("import", {"source": "told", "upload": upload.name}, "me")["id"]
    queue.start()
    [process] = until(lambda: tries(upload))
    assert not left.exists()  # nobody waits for it
    os.kill(process, signal.SIGKILL)
    until(lambda: len(tries(upload)) == 2)
    (upload / "go").touch()
    until(lambda: queue.get(id)["state"] == "done")
    until(lambda: not upload.exists())


def test_jobs_that_ended_long_ago_are_let_go_of(place, monkeypatch):
    monkeypatch.setattr(jobs, "KEPT", 3)
    queue = place.service(works=False)
    for n in range(6):
        id = queue.submit("import", {"source": "told"}, "me")["id"]
        place.desk.write(
            tables.jobs.update()
            .where(tables.jobs.c.id == id)
            .values(created=float(n), state="done" if n != 1 else "failed")
        )
        (place.folder / jobs.JOBS / id).mkdir(parents=True)
    queue._sweep()
    assert [job["created"] for job in queue.listing()[0]] == [5.0, 4.0, 3.0]
    assert len(list((place.folder / jobs.JOBS).iterdir())) == 3


def test_trouble_with_one_job_does_not_end_the_queue(place, source, until, monkeypatch):
    monkeypatch.setattr(jobs, "IDLE", 0.05)
    (source / "go").touch()
    first = [True]
    run = JobQueue._run

    def trouble(self, job):
        if first:
            first.clear()
            raise OSError("no space left")
        run(self, job)

    monkeypatch.setattr(JobQueue, "_run", trouble)
    queue = place.service()
    id = ask(queue, source)
    until(lambda: queue.get(id)["state"] == "done")


def test_no_such_job(place):
    queue = place.service(works=False)
    for call in (queue.get, queue.cancel, queue.log):
        with pytest.raises(UnknownName):
            call("none")


def test_progress_is_noted_now_and_then_only(place, source, monkeypatch):
    """An import ticks thousands of times a second; each note is a write to the disk."""
    from brandfit.service.jobs import worker

    queue = place.service(works=False)
    id = queue.submit("import", {"source": "told"}, "me")["id"]
    writes = []

    def quick(workspace, tell, **_):
        began = time.monotonic()
        for n in range(1000):
            tell("reading", n, 1000)
        return {"seconds": time.monotonic() - began}

    monkeypatch.setattr(worker, "WORK", {"import": quick})
    write = place.desk.write
    monkeypatch.setattr(place.desk, "write", lambda *s: (writes.append(s), write(*s))[1])
    with Workspace(place.folder) as workspace:
        assert worker.work(place.desk, workspace, id) == 0
    assert len(writes) <= 2 + queue.get(id)["result"]["seconds"] / worker.EVERY
