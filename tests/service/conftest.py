"""A small workspace, a client of the application, and services in processes of their own."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi", reason="the service comes with the extra service")

from starlette.testclient import TestClient

from brandfit.service.app import create_app
from brandfit.service.config import ServiceConfig

BRAND = "northpeak.outdoor"
CLI = "from brandfit.cli import main; main()"
SERVE = (
    "import sys; from brandfit.service.config import ServiceConfig; from brandfit.service.http.serve import "
    "serve; "
)
WORDS = re.compile(rb"http://\S+:\d+")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """An id each for what schemathesis asks: pytest 9.2 gives them all one, and pytest-xdist runs one test of
    an id."""
    for item in items:
        label = getattr(item, "operation_label", None)
        if label and label not in item.nodeid:
            item._id = type(item._id).parse(f"{item.nodeid}[{label}]")


@pytest.fixture
def folder(sample, tmp_path) -> Path:
    """A copy of the sample to write to."""
    return shutil.copytree(sample, tmp_path / "work")


@pytest.fixture
def make() -> Iterator[Callable[..., TestClient]]:
    """``make(folder, work=False, rate=3)``: a client of the application, with settings of the service."""
    with contextlib.ExitStack() as open_:

        def client(
            folder: Path, work: bool = False, headers: dict[str, str] | None = None, **settings: Any
        ) -> TestClient:
            app = create_app(folder, ServiceConfig(**{"rate": 0.0, **settings}), work)
            found = TestClient(
                app,
                "http://localhost",
                raise_server_exceptions=False,
                headers=headers,
                follow_redirects=False,
                client=("peer", 1),
            )
            return open_.enter_context(found)

        yield client


@pytest.fixture
def client(make, folder) -> TestClient:
    """At this machine, with nobody who works jobs off."""
    return make(folder)


@pytest.fixture
def empty(make, tmp_path) -> TestClient:
    """Of a workspace that holds nothing."""
    return make(tmp_path / "empty")


class Served:
    """A service in a process of its own."""

    def __init__(self, folder: Path, options: tuple[str, ...], settings: dict[str, Any]) -> None:
        if settings:
            told = ", ".join(f"{name}={value!r}" for name, value in {"port": 0, **settings}.items())
            command = [
                f"{SERVE} serve(sys.argv[1], ServiceConfig({told}), lambda at: print(at, flush=True))",
                str(folder),
            ]
        else:
            command = [CLI, "serve", "-w", str(folder), "--port", "0", "--rate", "0", *options]
        self.log = folder.parent / f"{folder.name}-served.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", *command], stdout=subprocess.PIPE, stderr=log
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = WORDS.search(line)
        if found is None:
            self.process.wait()
            raise AssertionError(f"it did not start: {self.log.read_text()}")
        self.url = found[0].decode()
        self.port = int(self.url.rpartition(":")[2])
        self.client = httpx.Client(base_url=self.url, timeout=60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """As systemd and Docker ask for it; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """``serve(folder, "--keys", seconds=1.0)``: options of the command line, or else settings of the
    service."""
    running: list[Served] = []

    def start(folder: Path, *options: str, **settings: Any) -> Served:
        running.append(Served(folder, options, settings))
        return running[-1]

    yield start
    for one in running:
        one.client.close()
        if one.process.poll() is None:
            one.kill()
        if one.process.stdout is not None:
            one.process.stdout.close()


@pytest.fixture(scope="session")
def started() -> type[Served]:
    """To start one that several tests share."""
    return Served


@pytest.fixture(scope="module")
def impatient(tmp_path_factory) -> Iterator[Served]:
    """Of an empty workspace; it waits a second for whoever does not finish."""
    service = Served(tmp_path_factory.mktemp("impatient") / "work", (), {"seconds": 1.0, "rate": 0.0})
    yield service
    service.client.close()
    service.kill()
    if service.process.stdout is not None:
        service.process.stdout.close()


def until(told: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What is told as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := told()):
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain"
        time.sleep(0.05)
    return found


@pytest.fixture(name="until", scope="session")
def _until() -> Callable[..., Any]:
    return until


@pytest.fixture(scope="session")
def brand() -> str:
    """One of the sample, seen by its posts, with partners."""
    return BRAND
