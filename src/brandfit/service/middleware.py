"""What stands before every request: its number, its host, its size, its pace, and the headers of its
answer."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brandfit.service.access import caller_of
from brandfit.service.config import ServiceConfig

request_id: ContextVar[str] = ContextVar("request_id", default="")
access = logging.getLogger("brandfit.access")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
SAFE = ("GET", "HEAD", "OPTIONS")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
PREFIX = "/api/v1"
CALLERS = 10_000
"""Callers whose pace is remembered."""
NUMBER = re.compile(r"[\w.-]{1,64}")


class Metrics:
    """For Prometheus; a registry of its own, so that two services in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "brandfit_requests", "Requests answered", ["route", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "brandfit_request_seconds",
            "Time to answer",
            ["route"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self.registry,
        )
        self.open = Gauge("brandfit_requests_open", "Requests being answered", registry=self.registry)


class Middleware:
    """ASGI middleware around the whole application.

    refuse  makes the answer to a request that is turned away: (request, status, title, detail, headers)
    """

    def __init__(
        self, app: ASGIApp, config: ServiceConfig, *, metrics: Metrics, refuse: Callable[..., Response]
    ) -> None:
        self.app, self.config, self.metrics, self.refuse = app, config, metrics, refuse
        self.pace = RateLimiter(config.rate, config.burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["app"] = self.app  # who is turned away here is told on a page of it
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        number = given if NUMBER.fullmatch(given) else secrets.token_hex(8)
        token = request_id.set(number)
        started, status, begun = time.perf_counter(), 500, False
        limit = self.config.upload if await self._may_send_files(scope) else self.config.body
        taken = 0

        async def told(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                answer = MutableHeaders(scope=message)
                for name, value in {**HEADERS, "x-request-id": number, "cache-control": "no-store"}.items():
                    answer.setdefault(name, value)
            await send(message)

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise TooLarge(limit)
            return message

        self.metrics.open.inc()
        try:
            request = Request(scope)
            turned = self._turned_away(request, headers, limit)
            if turned is not None:
                await turned(scope, receive, told)
            else:
                await self.app(scope, counted, told)
        except Exception:
            if not begun:
                raise
            # What nobody foresaw was answered and logged where it came up.
        finally:
            self.metrics.open.dec()
            seconds = time.perf_counter() - started
            route = _route(scope)
            self.metrics.requests.labels(route, scope["method"], str(status)).inc()
            self.metrics.seconds.labels(route).observe(seconds)
            caller = (
                getattr(scope.get("state", {}).get("caller"), "id", "")
                if isinstance(scope.get("state"), dict)
                else ""
            )
            access.info(
                "request",
                extra={
                    "method": scope["method"],
                    "route": route,
                    "status": status,
                    "ms": round(seconds * 1000, 1),
                    "caller": caller,
                },
            )
            request_id.reset(token)

    def _turned_away(self, request: Request, headers: Headers, limit: int) -> Response | None:
        host = _name(headers.get("host", ""))
        if host not in (*LOOPBACK, self.config.host, *self.config.hosts):
            # Else a page elsewhere could reach this service under a name of its own (DNS rebinding).
            return self.refuse(
                request,
                421,
                title=f"This service is not known as {host[:80]!r}.",
                detail="Start it with --known-as NAME.",
            )
        origin = headers.get("origin")
        if request.method not in SAFE and origin is not None and not self._is_same_origin(origin, headers):
            return self.refuse(
                request,
                403,
                title="Asked by a page of another site.",
                detail="Name the site with --origin to allow it.",
            )
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > limit:
            return self.refuse(
                request,
                413,
                title=f"The request is larger than {limit:,} bytes.",
                detail="Send less at once.",
            )
        wait = self.pace.wait(request.client.host if request.client else "")
        if wait > 0:
            return self.refuse(
                request,
                429,
                title="Too many requests.",
                detail=f"Try again in {wait:.1f} seconds.",
                headers={"retry-after": str(int(wait) + 1)},
            )
        return None

    async def _may_send_files(self, scope: Scope) -> bool:
        """Bodies are read before routes ask who sends them: whoever has no key could fill the disk."""
        if scope["method"] in SAFE or not scope["path"].startswith(UPLOAD_PATHS):
            return False
        return not self.config.asks_for_keys or await run_in_threadpool(caller_of, Request(scope)) is not None

    def _is_same_origin(self, origin: str, headers: Headers) -> bool:
        return origin in self.config.origins or origin.partition("://")[2] == headers.get("host")


UPLOAD_PATHS = (
    "/api/v1/uploads",
    "/api/v1/advice",
    "/api/v1/rankings/brief",
    "/api/v1/similar/picture",
    "/upload",
    "/brands",
    "/influencers",
)
"""What takes files."""


class TooLarge(HTTPException):
    """Of this class, for whoever reads a body passes it on."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"The request is larger than {limit:,} bytes.")


class RateLimiter:
    """A bucket of tokens for each caller: ``rate`` a second, at most ``burst``; a rate of 0 is no limit."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst, self.clock = rate, burst, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str) -> float:
        """Takes a token; seconds to wait where there is none, else 0."""
        if not self.rate:
            return 0.0
        now = self.clock()
        left, since = self._left.pop(caller, (float(self.burst), now))
        left = min(left + (now - since) * self.rate, float(self.burst))
        allowed = left >= 1
        self._left[caller] = (left - allowed, now)
        while len(self._left) > CALLERS:
            self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self.rate


def _route(scope: Scope) -> str:
    """The pattern of the address: '/api/v1/rankings/{brand}'; 'none' where there is nothing."""
    path: str = getattr(scope.get("route"), "path", "none")
    prefixed = scope["path"].startswith(PREFIX) and path.startswith("/") and not path.startswith(PREFIX)
    return PREFIX + path if prefixed else path  # a route does not know the router that it is in


def _name(host: str) -> str:
    """Without the port: 'localhost:8080', '[::1]:8080'."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
