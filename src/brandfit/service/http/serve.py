"""The server: one service per workspace, keys on public addresses, a time limit for slow requests, JSON
logs."""

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
from brandfit.service.app import create_app
from brandfit.service.config import ServiceConfig
from brandfit.service.http.middleware import request_id
from brandfit.service.store import keys
from brandfit.service.store.service_store import ServiceStore
from brandfit.workspace import Workspace

LOCK = "service.lock"
LOG_FIELDS = ("method", "route", "status", "ms", "caller")
"""Fields of the access log, in this order."""


def serve(folder: str | Path, config: ServiceConfig, started: Callable[[str], None] | None = None) -> None:
    """Serve a workspace until SIGINT or SIGTERM. Open requests are answered then; a running job continues
    with the next service.

    started  called with the address once it is reachable

    Raises WorkspaceError if another service serves the workspace, UsageError for a public address without a
    key.
    """
    with Workspace(folder, create=True) as workspace:
        path = workspace.path
    with locked(path):
        refuse_public_without_key(path, config)
        log_as_json()
        # One process: rankings share the models in memory, and jobs run in other processes.
        server = Server(
            uvicorn.Config(
                create_app(path, config),
                host=config.host,
                port=config.port,
                http=_protocol_with_deadline(config.seconds),
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
    """A signal to end. uvicorn raises the signal again after it has closed requests and jobs."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGINT and SIGTERM end the block without an error: stopping a service is no failure."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise Ended

    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return
    handler_before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except Ended:
        pass
    finally:
        for number, handler in handler_before.items():
            signal.signal(number, handler)


class Server(uvicorn.Server):
    """A server that reports its address after the start; with port 0 it is known only then."""

    def __init__(self, config: uvicorn.Config, started: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._report_address = started

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._report_address is not None:
            port = self.servers[0].sockets[0].getsockname()[1]
            host = self.config.host if ":" not in self.config.host else f"[{self.config.host}]"  # IPv6
            self._report_address(f"http://{host}:{port}")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of the service of a workspace. Raises WorkspaceError if another service holds it."""
    # The operating system releases the lock if the process is killed.
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise WorkspaceError(
            f"Another service serves {folder} already.",
            "Stop it first, or use it: it printed its address when it was started.",
        ) from None
    try:
        yield
    finally:
        lock.release()


def refuse_public_without_key(folder: Path, config: ServiceConfig) -> None:
    """Raises UsageError if the service requires keys and there is none, and if it is public without keys."""
    if config.requires_keys:
        store = ServiceStore(folder)
        try:
            # One valid key is enough: its owner can make more.
            if any(row["revoked"] is None for row in keys.listing(store)):
                return
        finally:
            store.close()
        raise UsageError(
            f"The service on {config.host} requires a key, and there is none.",
            f"Make one: brandfit key create NAME --scope admin -w {folder}",
        )
    if not config.local:
        raise UsageError(
            f"{config.host} can be reached from other machines: without keys everyone there could read and "
            "change this workspace.",
            "Leave --no-keys out.",
        )


class _Deadline(HttpToolsProtocol):
    """Closes a connection if the caller takes longer than ``seconds`` for the head of a request, or between
    two parts of its body.

    uvicorn has no such limit: a few hundred callers that never finish a request would use up all connections.
    """

    seconds: float
    _timer: asyncio.TimerHandle | None = None
    _in_body = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._restart()

    def data_received(self, data: bytes) -> None:
        # Each part of a body restarts the timer; parts of a head do not.
        if self._in_body:
            self._restart()
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_body = False
        self._restart()

    def on_headers_complete(self) -> None:
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        self._stop()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _restart(self) -> None:
        self._stop()
        # A fresh context: the timer belongs to no request, so it must not keep the id of one.
        self._timer = self.loop.call_later(self.seconds, self._close, context=contextvars.Context())

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def _protocol_with_deadline(seconds: float) -> type[HttpToolsProtocol]:
    """uvicorn takes a class and passes no arguments of ours: a subclass holds the limit."""
    return type("Deadline", (_Deadline,), {"seconds": seconds})


class JsonLines(logging.Formatter):
    """One JSON object per line, with the id of its request."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "request": getattr(record, "request", request_id.get()),
        }
        for name in LOG_FIELDS:
            if hasattr(record, name):
                line[name] = getattr(record, name)
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def log_as_json() -> None:
    """Send the logs of the service and of uvicorn to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    for name, level in (("brandfit", "INFO"), ("uvicorn", "WARNING")):
        logger = logging.getLogger(name)
        # Handlers of earlier calls are replaced, so that no line appears twice.
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(os.environ.get("BRANDFIT_LOG", level).upper())
