"""Runs the service of a workspace: one service for each workspace, no public address without keys, a time
limit for slow requests, logs in JSON."""

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
"""Name of the lock file in the folder of a workspace."""
LOG_FIELDS = ("method", "route", "status", "ms", "caller")
"""Fields of the access log, in this order."""


def serve(folder: str | Path, config: ServiceConfig, started: Callable[[str], None] | None = None) -> None:
    """Serve a workspace until SIGINT or SIGTERM. After the signal open requests are still answered. A running
    job stops, and continues when the workspace is served again.

    started  is called with the address of the service as soon as it accepts requests

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
    """Raised on SIGINT and SIGTERM. While uvicorn runs, it handles them itself; it raises them again after it
    has closed requests and jobs."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """A block that SIGINT and SIGTERM end without an error: the command that serves succeeds."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise Ended

    # Python lets only the main thread set signal handlers.
    if threading.current_thread() is not threading.main_thread():
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
    """A uvicorn server that reports its address after the start. With port 0 the system chooses the port, so
    the address is not known before."""

    def __init__(self, config: uvicorn.Config, started: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._report_address = started

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._report_address is not None:
            port = self.servers[0].sockets[0].getsockname()[1]
            host = self.config.host
            # An IPv6 address stands in brackets in a URL.
            url_host = f"[{host}]" if ":" in host else host
            self._report_address(f"http://{url_host}:{port}")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """A block that holds the lock of a workspace. Raises WorkspaceError if another service holds it."""
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
    """Raise UsageError if the service requires keys and the workspace has no valid key, or if other machines
    can reach the service and it requires no keys."""
    if config.requires_keys:
        store = ServiceStore(folder)
        try:
            # One key that is not revoked is enough.
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
            f"Other machines can reach {config.host}: without keys every person there could read and change "
            "this workspace.",
            "Leave --no-keys out.",
        )


class _Deadline(HttpToolsProtocol):
    """An HTTP connection that closes if the caller takes longer than ``seconds`` for the head of a request,
    or between two parts of its body.

    uvicorn has no such limit: callers that never finish a request would use up all connections.
    """

    seconds: float
    _timer: asyncio.TimerHandle | None = None
    _in_body = False
    """Whether the head of the current request is complete and its body is not."""

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
        # An empty context: the timer belongs to the connection, so its logs must not name a request.
        self._timer = self.loop.call_later(self.seconds, self._close, context=contextvars.Context())

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def _protocol_with_deadline(seconds: float) -> type[HttpToolsProtocol]:
    """A subclass of ``_Deadline`` with this limit. uvicorn makes the instances, so the limit cannot be an
    argument."""
    return type("Deadline", (_Deadline,), {"seconds": seconds})


class JsonLines(logging.Formatter):
    """Formats a log record as a line of JSON, with the id of the request that caused it."""

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
    """Write the logs of the service and of uvicorn to stderr as lines of JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    for name, level in (("brandfit", "INFO"), ("uvicorn", "WARNING")):
        logger = logging.getLogger(name)
        # The handlers of an earlier call are replaced and the root logger gets no records, so that no line
        # appears twice.
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(os.environ.get("BRANDFIT_LOG", level).upper())
