"""Listening on an address: one service a workspace, none in public without a key, nobody holds a connection
for nothing."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import uvicorn
from filelock import FileLock, Timeout
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from brandfit.errors import UsageError, WorkspaceError
from brandfit.service import keys
from brandfit.service.app import create_app
from brandfit.service.config import ServiceConfig
from brandfit.service.middleware import request_id
from brandfit.service.store import ServiceStore
from brandfit.workspace import Workspace

LOCK = "service.lock"
FIELDS = ("method", "route", "status", "ms", "caller")


def serve(folder: str | Path, config: ServiceConfig, started: Callable[[str], None] | None = None) -> None:
    """Serve a workspace until it is told to stop (SIGINT, SIGTERM): requests under way are answered, a job
    under way is put off.

    started  called with the address once it is reachable

    Raises WorkspaceError where another service serves it, UsageError for a public address without a key.
    """
    with Workspace(folder, create=True) as workspace:
        path = workspace.path
    with held(path):
        refuse_public_without_key(path, config)
        log_as_json()
        server = Server(
            uvicorn.Config(
                create_app(path, config),
                host=config.host,
                port=config.port,
                http=_deadline(config.seconds),
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=True,
                proxy_headers=False,
                timeout_keep_alive=20,
                timeout_graceful_shutdown=20,
                limit_concurrency=1000,
                ws="none",
            ),
            started,
        )
        with ended_by_signals():
            server.run()


class Ended(BaseException):
    """Told to end: raised once requests and jobs are seen to, for uvicorn passes the signal on."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGINT and SIGTERM end what is in here as if it had come to its end: whoever stops a service did
    nothing wrong."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise Ended

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except Ended:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._told = started

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._told is not None:
            port = self.servers[0].sockets[0].getsockname()[1]
            name = self.config.host if ":" not in self.config.host else f"[{self.config.host}]"
            self._told(f"http://{name}:{port}")


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """While nobody else serves this workspace. Raises WorkspaceError where somebody does."""
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise WorkspaceError(
            f"Another service serves {folder} already.",
            "Stop it first, or use it: its address is where it was started.",
        ) from None
    try:
        yield
    finally:
        lock.release()


def refuse_public_without_key(folder: Path, config: ServiceConfig) -> None:
    if config.asks_for_keys:
        desk = ServiceStore(folder)
        try:
            if any(row["revoked"] is None for row in keys.listing(desk)):
                return
        finally:
            desk.close()
        raise UsageError(
            f"Whoever reaches {config.host} could use this service: a key is wanted, and there is none.",
            f"Make one: brandfit key create NAME --scope admin -w {folder}",
        )
    if not config.local:
        raise UsageError(
            f"{config.host} is reached from elsewhere: without keys everybody could read and change this "
            "workspace.",
            "Leave --no-keys out.",
        )


def _deadline(seconds: float) -> type[HttpToolsProtocol]:
    """A protocol that ends a connection whose caller takes longer for the head of a request, or between two
    parts of its body.

    uvicorn itself waits for ever: a few hundred callers that never finish a request would keep everybody else
    out.
    """

    class Deadline(HttpToolsProtocol):
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            if self._body:
                self._wait()
            super().data_received(data)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._body = False
            self._wait()

        def on_headers_complete(self) -> None:
            self._body = True
            super().on_headers_complete()

        def on_message_complete(self) -> None:
            self._body = False
            self._stop()
            super().on_message_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop()
            super().connection_lost(exc)

        _body = False

        def _wait(self) -> None:
            self._stop()
            # in a context of its own: the timer belongs to no request
            self._timer = self.loop.call_later(seconds, self._end, context=contextvars.Context())

        def _stop(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _end(self) -> None:
            if not self.transport.is_closing():
                self.transport.close()

    return Deadline


class JsonLines(logging.Formatter):
    """One JSON object a line, with the number of the request it belongs to."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "what": record.getMessage(),
            "request": getattr(record, "request", request_id.get()),
        }
        told |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return msgspec.json.encode(told).decode()


def log_as_json() -> None:
    """To stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    for name, level in (("brandfit", "INFO"), ("uvicorn", "WARNING")):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(os.environ.get("BRANDFIT_LOG", level).upper())
